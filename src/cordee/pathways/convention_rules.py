"""What a convention may state, given its pathway: known codes, amounts in range, shares that fit."""

from collections.abc import Iterable
from datetime import date

from cordee.pathways.convention import (
    ByProfession,
    Convention,
    FixedAmount,
    Percentage,
    PricePerAct,
    Remainder,
    StatedSequence,
)
from cordee.pathways.durations import NO_TIME, Duration
from cordee.pathways.fields import refuse_duplicates, refuse_unknown
from cordee.pathways.model import Amount, Pathway
from cordee.pathways.money import in_english, percent_text
from cordee.pathways.strict_yaml import Section

STRUCTURE = "structure"
"""The beneficiary code of the structure itself, always there."""

_ANY_DAY = date(2001, 1, 1)


def check_convention(root: Section, pathway: Pathway, convention: Convention) -> None:
    """Records in `root`'s document every problem a readable convention has."""
    if convention.validity.first < pathway.validity.first:
        root.refuse("valid_from", f"the pathway is in force from {pathway.validity.first}: no earlier date")
    _check_codes(root, pathway, convention)
    _check_sequences(root, pathway, convention)
    _check_amounts(root, pathway, convention)
    _check_split(root, pathway, convention)


def _check_codes(root: Section, pathway: Pathway, convention: Convention) -> None:
    acts = _act_codes(pathway, convention)
    refuse_duplicates(root, "acts", acts)
    refuse_duplicates(root, "acts", (f"{a.system}|{a.code}" for a in (*pathway.acts, *convention.acts)))
    refuse_duplicates(root, "beneficiaries", (STRUCTURE, *(b.code for b in convention.beneficiaries)))
    refuse_duplicates(root, "signatories", (s.identifier for s in convention.signatories))
    required = (r.act for s in convention.sequences for r in s.required_acts)
    refuse_unknown(root, "sequences", required, acts, "act")
    professions = tuple(p.name for p in pathway.professions)
    refuse_unknown(root, "outside_split", (o.profession for o in convention.outside_split), professions, "profession")


def _check_sequences(root: Section, pathway: Pathway, convention: Convention) -> None:
    if not convention.sequences:
        for sequence in pathway.sequences:
            if sequence.duration is None or sequence.required_acts is None:
                root.refuse(
                    "",
                    f"the duration or the required acts of séquence {sequence.code!r} are not public: "
                    "the convention states its séquences under 'sequences'",
                )
        return
    known = tuple(s.code for s in pathway.sequences)
    refuse_duplicates(root, "sequences", (s.code for s in convention.sequences))
    refuse_unknown(root, "sequences", (s.within for s in convention.sequences), known, "séquence")
    order = [known.index(s.within) for s in convention.sequences if s.within in known]
    if order != sorted(order):
        root.refuse("sequences", f"the séquences follow the order of the pathway's: {', '.join(known)}")
    for published in pathway.sequences:
        inside = [s for s in convention.sequences if s.within == published.code]
        if not inside:
            root.refuse("sequences", f"no séquence is within {published.code!r}: each of the pathway's needs one")
            continue
        if published.duration is not None and not _same(_total(inside), published.duration):
            root.refuse("sequences", f"séquences within {published.code!r} must last {published.duration} together")
        for required in published.required_acts or ():
            stated = sum(r.count for s in inside for r in s.required_acts if r.act == required.act)
            if stated < required.count:
                root.refuse("sequences", f"{published.code!r} requires {required.count} {required.act}, not {stated}")
    if (bounds := pathway.total_duration) is not None:
        total = _total(convention.sequences)
        if not bounds.minimum.after(_ANY_DAY) <= total.after(_ANY_DAY) <= bounds.maximum.after(_ANY_DAY):
            root.refuse(
                "sequences",
                f"the séquences last {total} in all: the parcours lasts {bounds.minimum} to {bounds.maximum}",
            )


def _check_amounts(root: Section, pathway: Pathway, convention: Convention) -> None:
    profiles = tuple(p.code for p in pathway.profiles)
    stated = {profile for s in convention.sequences for profile, _ in s.amounts}
    refuse_unknown(root, "sequences", sorted(stated), profiles, "profile")
    for profile in sorted(stated & set(profiles)):
        missing = [s.code for s in convention.sequences if s.amount(profile) is None]
        if missing:
            root.refuse(
                "sequences",
                f"profile {profile} has amounts, but none in {', '.join(missing)}: state all or none",
            )
            continue
        for published in pathway.amounts:
            if published.profile in {profile, None} and published.validity.overlaps(convention.validity):
                problem = out_of_range(published, stated_total(convention, profile, published.sequence))
                if problem:
                    root.refuse("sequences", f"profile {profile}: {problem}")


def stated_total(convention: Convention, profile: str, within: str | None) -> int:
    """The cents stated for a profile, over the whole parcours or within one séquence of the pathway."""
    return sum(s.amount(profile) or 0 for s in convention.sequences if within in {None, s.within})


def out_of_range(published: Amount, cents: int) -> str | None:
    """Why `cents` contradicts a published amount, or None when it agrees."""
    if published.minimum <= cents <= published.maximum:
        return None
    what = f"séquence {published.sequence}" if published.sequence else "the whole parcours"
    if published.exact is not None:
        return f"{in_english(cents)} is stated for {what}, {in_english(published.exact)} is published"
    bounds = f"{in_english(published.minimum)} to {in_english(published.maximum)}"
    return f"{in_english(cents)} is stated for {what}, outside of the published range of {bounds}"


def _check_split(root: Section, pathway: Pathway, convention: Convention) -> None:
    acts = _act_codes(pathway, convention)
    professions = tuple(p.name for p in pathway.professions)
    beneficiaries = (STRUCTURE, *(b.code for b in convention.beneficiaries))
    fixed = shares = 0
    for index, step in enumerate(convention.steps):
        key = f"split[{index}]"
        match step:
            case FixedAmount(beneficiary, cents):
                refuse_unknown(root, key, (beneficiary,), beneficiaries, "beneficiary")
                fixed += cents
            case Percentage(beneficiary, basis_points):
                refuse_unknown(root, key, (beneficiary,), beneficiaries, "beneficiary")
                shares += basis_points
            case PricePerAct(prices):
                refuse_unknown(root, key, (act for act, _ in prices), acts, "act")
            case ByProfession(table, points):
                refuse_unknown(root, key, (name for name, _ in table), professions, "profession")
                shares += sum(share for _, share in table)
                if points is not None:
                    _check_points(root, key, points, acts)
            case Remainder(kind, points):
                if kind == "points":
                    _check_points(root, key, points, acts)
                if index != len(convention.steps) - 1:
                    root.refuse(key, "the remainder leaves nothing for the steps after it: put it last")
    if shares > 10_000:
        root.refuse("split", f"the shares add up to {percent_text(shares)}: more than the forfait")
    smallest = min((cents for s in convention.sequences for _, cents in s.amounts), default=None)
    if smallest is not None and fixed * 10_000 + smallest * shares > smallest * 10_000:
        root.refuse(
            "split",
            f"{in_english(fixed)} and {percent_text(shares)} off the top are more than "
            f"the smallest amount stated, {in_english(smallest)}",
        )


def _check_points(root: Section, key: str, points: tuple[tuple[str, int], ...], acts: tuple[str, ...]) -> None:
    refuse_unknown(root, key, (act for act, _ in points), acts, "act")
    missing = sorted(set(acts) - {act for act, _ in points})
    if missing:
        root.refuse(key, f"no points for {', '.join(missing)}: write 0 for an act that weighs nothing")


def _act_codes(pathway: Pathway, convention: Convention) -> tuple[str, ...]:
    return tuple(act.code for act in (*pathway.acts, *convention.acts))


def _total(sequences: Iterable[StatedSequence]) -> Duration:
    return sum((s.duration for s in sequences), NO_TIME)


def _same(one: Duration, other: Duration) -> bool:
    return one.after(_ANY_DAY) == other.after(_ANY_DAY)
