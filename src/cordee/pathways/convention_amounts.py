"""The amounts a convention may state: of forfaits the pathway has, once each, within what is published."""

from collections.abc import Iterator

from cordee.pathways.convention import Convention, StatedAmount
from cordee.pathways.fields import refuse_unknown
from cordee.pathways.model import Amount, Forfait, Pathway
from cordee.pathways.money import in_english
from cordee.pathways.strict_yaml import Section


def check_amounts(root: Section, pathway: Pathway, convention: Convention) -> None:
    """Records in `root`'s document what is wrong with the amounts of `sequences` and of `amounts`."""
    _check_sequence_amounts(root, pathway, convention)
    _check_stated_amounts(root, pathway, convention)


def smallest_amount(pathway: Pathway, convention: Convention) -> int | None:
    """The smallest forfait in cents that may be split under a convention, None when no amount is known."""
    return min(_known_amounts(pathway, convention), default=None)


def _known_amounts(pathway: Pathway, convention: Convention) -> Iterator[int]:
    yield from (cents for s in convention.sequences for _, cents in s.amounts)
    yield from (amount.cents for amount in convention.amounts)
    if not any(s.amounts for s in convention.sequences):
        published = (a for a in pathway.amounts if a.validity.overlaps(convention.validity))
        yield from (a.exact for a in published if a.exact is not None)


def _check_sequence_amounts(root: Section, pathway: Pathway, convention: Convention) -> None:
    profiles = tuple(p.code for p in pathway.profiles)
    for index, sequence in enumerate(convention.sequences):
        for profile, _ in sequence.amounts:
            refuse_unknown(root, f"sequences[{index}].amounts.{profile}", (profile,), profiles, "profile")
    stated = {profile for s in convention.sequences for profile, _ in s.amounts}
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
                total = _sequences_total(convention, profile, published.sequence)
                if published.act is None and (problem := _out_of_range(published, total)):
                    root.refuse("sequences", f"profile {profile}: {problem}")


def _sequences_total(convention: Convention, profile: str, within: str | None) -> int:
    """The cents stated for a profile, over the whole parcours or within one séquence of the pathway."""
    return sum(s.amount(profile) or 0 for s in convention.sequences if within in {None, s.within})


def _check_stated_amounts(root: Section, pathway: Pathway, convention: Convention) -> None:
    profiles = tuple(p.code for p in pathway.profiles)
    sequences = tuple(s.code for s in convention.sequences or pathway.sequences)
    acts = tuple(a.code for a in (*pathway.acts, *convention.acts))
    seen: set[tuple[str, str | None, str | None, str | None]] = set()
    for index, amount in enumerate(convention.amounts):
        key = f"amounts[{index}]"
        forfait = pathway.forfait(amount.forfait)
        refuse_unknown(root, f"{key}.forfait", (amount.forfait,), tuple(f.code for f in pathway.forfaits), "forfait")
        refuse_unknown(root, f"{key}.profile", (amount.profile,), profiles, "profile")
        refuse_unknown(root, f"{key}.sequence", (amount.sequence,), sequences, "séquence")
        refuse_unknown(root, f"{key}.act", (amount.act,), acts, "act")
        what = (amount.forfait, amount.profile, amount.sequence, amount.act)
        if what in seen:
            root.refuse(key, "this forfait has an amount already for the same profile, séquence and act: keep one")
        seen.add(what)
        if forfait is not None:
            _check_place(root, key, amount, forfait, sequences)
            if problem := _contradiction(amount, forfait, convention):
                root.refuse(f"{key}.amount", problem)
        of_it = (s for s in convention.sequences if s.code == amount.sequence)
        if any(profile in {amount.profile, None} for s in of_it for profile, _ in s.amounts):
            root.refuse(
                key, f"séquence {amount.sequence!r} has amounts of its own under 'sequences': keep one of the two"
            )


def _check_place(root: Section, key: str, amount: StatedAmount, forfait: Forfait, sequences: tuple[str, ...]) -> None:
    """An amount that nothing would ever look up is refused."""
    by_act, at_end = forfait.trigger == "per_act", forfait.trigger == "end_of_sequence"
    if by_act != (amount.act is not None):
        fix = "name the act" if by_act else "remove the act"
        root.refuse(key, f"forfait {forfait.code!r} is {'' if by_act else 'not '}paid per act: {fix}")
    if amount.sequence is not None and not at_end:
        root.refuse(f"{key}.sequence", f"forfait {forfait.code!r} is not paid by séquence: remove this line")
    own = [code for code in sequences if not forfait.sequences or code in forfait.sequences]
    if amount.sequence is None and at_end and len(own) > 1:
        root.refuse(key, f"forfait {forfait.code!r} falls due at the end of each séquence: name the séquence")


def _contradiction(amount: StatedAmount, forfait: Forfait, convention: Convention) -> str | None:
    """Why an amount contradicts a published one, alone or, for the whole parcours, with the others of its forfait."""
    within = next((s.within for s in convention.sequences if s.code == amount.sequence), amount.sequence)
    for published in forfait.amounts:
        if published.profile not in {amount.profile, None} or not published.validity.overlaps(convention.validity):
            continue
        if (published.sequence, published.act) == (within, amount.act):
            alike = [a for a in convention.amounts if _within(a, convention) == within]
        elif published.sequence is None and published.act is None and amount.act is None:
            alike = list(convention.amounts)
        else:
            continue
        same = [a for a in alike if (a.forfait, a.profile, a.act) == (amount.forfait, amount.profile, amount.act)]
        if same[0] is amount and (problem := _out_of_range(published, sum(a.cents for a in same))):
            return problem
    return None


def _within(amount: StatedAmount, convention: Convention) -> str | None:
    return next((s.within for s in convention.sequences if s.code == amount.sequence), amount.sequence)


def _out_of_range(published: Amount, cents: int) -> str | None:
    """Why `cents` contradicts a published amount, or None when it agrees."""
    if published.minimum <= cents <= published.maximum:
        return None
    what = f"séquence {published.sequence}" if published.sequence else "the whole parcours"
    if published.act:
        what = f"act {published.act}"
    if published.exact is not None:
        return f"{in_english(cents)} is stated for {what}, {in_english(published.exact)} is published"
    bounds = f"{in_english(published.minimum)} to {in_english(published.maximum)}"
    return f"{in_english(cents)} is stated for {what}, outside of the published range of {bounds}"
