"""What the split of a convention may say: known payees and acts, shares that fit, limits that can be kept."""

from collections.abc import Iterable, Sequence

from cordee.pathways.convention import (
    ByProfession,
    Convention,
    FixedAmount,
    FreeDistribution,
    Limit,
    Percentage,
    PricePerAct,
    Remainder,
)
from cordee.pathways.convention_amounts import smallest_amount
from cordee.pathways.fields import refuse_unknown
from cordee.pathways.model import Pathway
from cordee.pathways.money import in_english, percent_text
from cordee.pathways.strict_yaml import Section

STRUCTURE = "structure"
"""The beneficiary code of the structure itself, always there."""


def check_split(root: Section, pathway: Pathway, convention: Convention) -> None:
    """Records in `root`'s document what is wrong with `split`, `limits` and `outside_split`."""
    smallest = smallest_amount(pathway, convention)
    _check_steps(root, pathway, convention)
    _check_sums(root, convention, smallest)
    _check_limits(root, pathway, convention, smallest)
    professions = _professions(pathway)
    for index, outside in enumerate(convention.outside_split):
        refuse_unknown(root, f"outside_split[{index}].profession", (outside.profession,), professions, "profession")


def _check_steps(root: Section, pathway: Pathway, convention: Convention) -> None:
    acts = tuple(act.code for act in (*pathway.acts, *convention.acts))
    professions = _professions(pathway)
    beneficiaries = (STRUCTURE, *(b.code for b in convention.beneficiaries))
    for index, step in enumerate(convention.steps):
        key = f"split[{index}]"
        match step:
            case FixedAmount(beneficiary) | Percentage(beneficiary):
                refuse_unknown(root, f"{key}.beneficiary", (beneficiary,), beneficiaries, "beneficiary")
            case PricePerAct(prices):
                refuse_unknown(root, f"{key}.prices", (act for act, _ in prices), acts, "act")
            case ByProfession(shares, points, amounts):
                refuse_unknown(root, f"{key}.shares", (name for name, _ in shares), professions, "profession")
                refuse_unknown(root, f"{key}.amounts", (name for name, _ in amounts), professions, "profession")
                if points is not None:
                    _check_points(root, f"{key}.points", points, acts)
            case Remainder(kind, points, shares):
                if kind == "points":
                    _check_points(root, f"{key}.points", points, acts)
                if kind == "percentages":
                    _check_percentages(root, f"{key}.shares", shares, convention)
            case FreeDistribution():
                pass
        if isinstance(step, Remainder | FreeDistribution) and index != len(convention.steps) - 1:
            root.refuse(key, "the remainder leaves nothing for the steps after it: put it last")


def _check_points(root: Section, key: str, points: tuple[tuple[str, int], ...], acts: tuple[str, ...]) -> None:
    refuse_unknown(root, key, (act for act, _ in points), acts, "act")
    missing = sorted(set(acts) - {act for act, _ in points})
    if missing:
        root.refuse(key, f"no points for {', '.join(missing)}: write 0 for an act that weighs nothing")


def _check_percentages(root: Section, key: str, shares: tuple[tuple[str, int], ...], convention: Convention) -> None:
    for identifier, _ in shares:
        _check_known_person(root, key, identifier, convention)
    total = sum(share for _, share in shares)
    if total != 10_000:
        root.refuse(key, f"the percentages add up to {percent_text(total)}: they divide the whole remainder, so 100 %")


def _check_known_person(root: Section, key: str, identifier: str | None, convention: Convention) -> None:
    """A person must have signed, unless an employer signed for its employees, who are not named."""
    signatories = tuple(s.identifier for s in convention.signatories)
    if not any(s.for_employees for s in convention.signatories):
        refuse_unknown(root, key, (identifier,), signatories, "signatory")


def _check_sums(root: Section, convention: Convention, smallest: int | None) -> None:
    fixed = shares = 0
    for step in convention.steps:
        match step:
            case FixedAmount(_, cents):
                fixed += cents
            case Percentage(_, basis_points):
                shares += basis_points
            case ByProfession(table, _, amounts):
                shares += sum(share for _, share in table)
                fixed += sum(cents for _, cents in amounts)
    if shares > 10_000:
        root.refuse("split", f"the shares add up to {percent_text(shares)}: more than the forfait")
    if smallest is not None and fixed * 10_000 + smallest * shares > smallest * 10_000:
        root.refuse(
            "split",
            f"{in_english(fixed)} and {percent_text(shares)} off the top are more than "
            f"the smallest amount stated, {in_english(smallest)}",
        )


def _check_limits(root: Section, pathway: Pathway, convention: Convention, smallest: int | None) -> None:
    seen: set[tuple[str | None, str | None]] = set()
    for index, limit in enumerate(convention.limits):
        key = f"limits[{index}]"
        refuse_unknown(root, f"{key}.profession", (limit.profession,), _professions(pathway), "profession")
        _check_known_person(root, f"{key}.identifier", limit.identifier, convention)
        if (limit.profession, limit.identifier) in seen:
            root.refuse(key, "the same members have a limit already: write one with both minimum and maximum")
        seen.add((limit.profession, limit.identifier))
    if smallest is None:
        return
    families: tuple[Sequence[Limit], ...] = (
        [limit for limit in convention.limits if limit.identifier is not None],
        [limit for limit in convention.limits if limit.profession is not None],
        [limit for limit in convention.limits if limit.identifier is None and limit.profession is None],
    )
    for family in families:
        minima = _sum(limit.minimum for limit in family)
        if minima > smallest:
            root.refuse(
                "limits",
                f"the minima add up to {in_english(minima)}: more than the smallest amount, {in_english(smallest)}",
            )


def _sum(cents: Iterable[int | None]) -> int:
    return sum(found or 0 for found in cents)


def _professions(pathway: Pathway) -> tuple[str, ...]:
    return tuple(p.name for p in pathway.professions)
