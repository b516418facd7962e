"""A pathway and a convention put together: which séquences a patient goes through, when, and for how much."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from cordee.pathways.convention import HOME_TERRITORY, Convention
from cordee.pathways.convention_rules import stated_total
from cordee.pathways.durations import NO_TIME
from cordee.pathways.model import Amount, Label, Pathway, RequiredAct, TerritoryUplift


@dataclass(frozen=True, slots=True)
class PlannedSequence:
    """A billable séquence of one patient: its days, both included, and the acts it requires."""

    code: str
    label: Label
    start: date
    end: date
    required_acts: tuple[RequiredAct, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """The forfait of a séquence in cents: `base` before the territory's uplift, `cents` after."""

    cents: int
    base: int
    uplift: TerritoryUplift | None
    origin: str


@dataclass(frozen=True, slots=True)
class NoPrice:
    """Why nothing can be billed for `found`: no amount is stated, or `stated` contradicts `published`."""

    found: str
    stated: int = 0
    published: Amount | None = None


def schedule(pathway: Pathway, convention: Convention, start: date) -> tuple[PlannedSequence, ...]:
    """The séquences of a patient whose parcours starts on `start`, one after the other without a gap.

    Each date is counted from `start`, so that a parcours begun on the 31st does not drift through short
    months. A séquence of the pathway whose duration nobody states is left out, with all that follow it.
    """
    planned: list[PlannedSequence] = []
    elapsed = NO_TIME
    for sequence in convention.sequences or pathway.sequences:
        if sequence.duration is None:
            break
        first = elapsed.after(start)
        elapsed = elapsed + sequence.duration
        last = elapsed.after(start) - timedelta(days=1)
        planned.append(PlannedSequence(sequence.code, sequence.label, first, last, sequence.required_acts or ()))
    return tuple(planned)


def convention_in_force(conventions: Iterable[Convention], day: date) -> Convention | None:
    """The version in force on a day; the one that began last when two overlap."""
    found = [convention for convention in conventions if convention.validity.covers(day)]
    return max(found, key=lambda c: (c.validity.first, c.version), default=None)


def price(pathway: Pathway, convention: Convention, profile: str, sequence: str, day: date) -> Price | NoPrice:
    """The forfait of a séquence for a profile, at the amounts in force on the day of inclusion.

    The convention's amount, checked against what is published, or else the exact published one. The
    territory's uplift is taken on the running total of the séquences, so that the whole parcours is
    uplifted to the cent.
    """
    amounts: list[tuple[str, int | None]]
    if convention.sequences:
        amounts = [(s.code, s.amount(profile)) for s in convention.sequences]
        origin = f"{convention.identifier} {convention.version}"
    else:
        published = [(s.code, pathway.amount(profile, s.code, day)) for s in pathway.sequences]
        amounts = [(code, amount.exact if amount else None) for code, amount in published]
        origin = f"{pathway.code} {pathway.version}"
    base = dict(amounts).get(sequence)
    if base is None:
        return NoPrice(f"{profile}, {sequence}")
    if convention.sequences:
        for within in (None, *(s.code for s in pathway.sequences)):
            amount = pathway.amount(profile, within, day)
            stated = stated_total(convention, profile, within)
            if amount is not None and not amount.minimum <= stated <= amount.maximum:
                return NoPrice(", ".join(filter(None, (profile, within))), stated, amount)
    if convention.territory == HOME_TERRITORY:
        return Price(base, base, None, origin)
    uplift = pathway.uplift(convention.territory, day)
    if uplift is None:
        return NoPrice(convention.territory)
    codes = [code for code, _ in amounts]
    before = sum(cents or 0 for _, cents in amounts[: codes.index(sequence)])
    factor = 10_000 + uplift.basis_points
    return Price(part(before + base, factor) - part(before, factor), base, uplift, origin)


def part(cents: int, basis_points: int) -> int:
    """A share of an amount, to the nearest cent, half a cent up."""
    return (cents * basis_points + 5_000) // 10_000
