"""What a convention may state, given its pathway: known codes, amounts in range, shares that fit."""

from collections.abc import Iterable
from datetime import date

from cordee.pathways.collective_terms import check_collective_terms
from cordee.pathways.convention import Convention, StatedSequence
from cordee.pathways.convention_amounts import check_amounts
from cordee.pathways.durations import NO_TIME, Duration
from cordee.pathways.fields import refuse_duplicates, refuse_unknown
from cordee.pathways.model import Pathway
from cordee.pathways.split_rules import STRUCTURE, check_split
from cordee.pathways.strict_yaml import Section

_ANY_DAY = date(2001, 1, 1)


def check_convention(root: Section, pathway: Pathway, convention: Convention) -> None:
    """Records in `root`'s document every problem a readable convention has."""
    if convention.validity.first < pathway.validity.first:
        root.refuse("valid_from", f"the pathway is in force from {pathway.validity.first}: no earlier date")
    _check_codes(root, pathway, convention)
    _check_sequences(root, pathway, convention)
    check_amounts(root, pathway, convention)
    check_split(root, pathway, convention)
    _check_weight_bands(root, pathway, convention)
    check_collective_terms(root, pathway, convention)


def _check_codes(root: Section, pathway: Pathway, convention: Convention) -> None:
    acts = _act_codes(pathway, convention)
    refuse_duplicates(root, "acts", acts)
    refuse_duplicates(root, "acts", (f"{a.system}|{a.code}" for a in (*pathway.acts, *convention.acts)))
    refuse_duplicates(root, "beneficiaries", (STRUCTURE, *(b.code for b in convention.beneficiaries)))
    refuse_duplicates(root, "signatories", (s.identifier for s in convention.signatories))
    professions = tuple(p.name for p in pathway.professions)
    for index, sequence in enumerate(convention.sequences):
        for rank, required in enumerate(sequence.required_acts):
            key = f"sequences[{index}].required_acts[{rank}]"
            refuse_unknown(root, f"{key}.act", (required.act,), acts, "act")
            refuse_unknown(root, f"{key}.profession", (required.profession,), professions, "profession")


def _check_weight_bands(root: Section, pathway: Pathway, convention: Convention) -> None:
    capitation = pathway.capitation
    if convention.weight_bands and capitation is None:
        root.refuse("weight_bands", f"{pathway.code!r} is not paid by capitation: remove this list")
    elif convention.weight_bands and capitation is not None and capitation.bands is not None:
        root.refuse("weight_bands", "the pathway publishes the weights: remove this list")
    elif capitation is not None and capitation.bands is None and not convention.weight_bands:
        root.refuse("", "the list 'weight_bands' is missing: the weights of patients are not public")


def _check_sequences(root: Section, pathway: Pathway, convention: Convention) -> None:
    if not convention.sequences:
        by_sequence = any(f.trigger == "end_of_sequence" or f.sequences for f in pathway.forfaits)
        for sequence in pathway.sequences if by_sequence else ():
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


def _act_codes(pathway: Pathway, convention: Convention) -> tuple[str, ...]:
    return tuple(act.code for act in (*pathway.acts, *convention.acts))


def _total(sequences: Iterable[StatedSequence]) -> Duration:
    return sum((s.duration for s in sequences), NO_TIME)


def _same(one: Duration, other: Duration) -> bool:
    return one.after(_ANY_DAY) == other.after(_ANY_DAY)
