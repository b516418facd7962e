"""What one forfait is worth in cents: the amounts a convention states, checked against the published ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from cordee.pathways.agreed_terms import kept_for_versions
from cordee.pathways.convention import HOME_TERRITORY, Convention, StatedAmount
from cordee.pathways.model import Amount, Forfait, Pathway, TerritoryUplift
from cordee.pathways.schedule import PlannedForfait, PlannedSequence, sequences_for


@dataclass(frozen=True, slots=True)
class Price:
    """A forfait in cents: `base` before the territory's uplift, `cents` after."""

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


@dataclass(frozen=True, slots=True)
class ActPrice:
    """The cents of one act, and whether the convention states them."""

    cents: int
    by_convention: bool


def part(cents: int, basis_points: int) -> int:
    """A share of an amount, to the nearest cent, half a cent up."""
    return (cents * basis_points + 5_000) // 10_000


def price(
    pathway: Pathway,
    convention: Convention,
    profile: str | None,
    planned: PlannedForfait,
    sequences: Iterable[PlannedSequence],
    day: date,
) -> Price | NoPrice:
    """What a planned forfait is worth for a profile, at the amounts in force on `day`.

    The convention's amount, checked against what is published, or else the exact published one. The territory's uplift
    is taken on the running total of the séquences, so that the whole parcours is uplifted to the cent. `sequences` are
    those of the whole plan.
    """
    forfait = _named(pathway, planned.forfait)
    before = 0
    if planned.sequence is None:
        stated = _stated(convention, forfait, profile, None, None)
        published = _published(forfait, profile, None, None, day)
        if problem := _contradiction(profile, None, stated, published):
            return problem
        base = _first_of(stated, published)
    else:
        own = sequences_for(forfait, sequences)
        found = _by_sequence(pathway, convention, forfait.code, profile, tuple((s.code, s.within) for s in own), day)
        if isinstance(found, NoPrice):
            return found
        codes = [s.code for s in own]
        base, stated = found.get(planned.sequence, (None, None))
        before = sum(found[code][0] for code in codes[: codes.index(planned.sequence)] if code in found)
    if base is None:
        return NoPrice(", ".join(filter(None, (profile, planned.code))))
    by_convention = stated is not None
    return _uplifted(pathway, convention, base, before, day, by_convention=by_convention)


def act_price(
    pathway: Pathway,
    convention: Convention,
    forfait: str,
    profile: str | None,
    act: str,
    day: date,
) -> ActPrice | NoPrice:
    """The price of one act of a forfait, without uplift: the convention's, or else the exact published one."""
    found = _named(pathway, forfait)
    stated = _stated(convention, found, profile, None, act)
    published = _published(found, profile, None, act, day)
    if problem := _contradiction(profile, act, stated, published):
        return problem
    base = _first_of(stated, published)
    if base is None:
        return NoPrice(", ".join(filter(None, (profile, act))))
    return ActPrice(base, by_convention=stated is not None)


def acts_price(
    pathway: Pathway, convention: Convention, base: int, day: date, *, by_convention: bool
) -> Price | NoPrice:
    """The price of acts done that come to `base` cents; `by_convention`: at prices the convention states."""
    return _uplifted(pathway, convention, base, 0, day, by_convention=by_convention)


def _named(pathway: Pathway, code: str) -> Forfait:
    forfait = pathway.forfait(code)
    if forfait is None:
        raise ValueError(f"pathway {pathway.code} has no forfait {code!r}")
    return forfait


def _first_of(stated: int | None, published: Amount | None) -> int | None:
    return stated if stated is not None else published.exact if published else None


@kept_for_versions
def _by_sequence(
    pathway: Pathway,
    convention: Convention,
    code: str,
    profile: str | None,
    own: tuple[tuple[str, str], ...],
    day: date,
) -> Mapping[str, tuple[int, int | None]] | NoPrice:
    """For each séquence of a forfait its cents, and those the convention states; what nobody states is left out.

    `own` are the séquences of the forfait, each with that of the pathway it is within.
    """
    forfait = _named(pathway, code)
    stated = {s: _stated_for(pathway, convention, forfait, profile, s, within, len(own)) for s, within in own}
    found: dict[str, tuple[int, int | None]] = {}
    for s, within in own:
        divided = sum(other == within for _, other in own) > 1
        published = None if divided else _published(forfait, profile, within, None, day)
        if published is None and len(own) == 1:
            published = _published(forfait, profile, None, None, day)
        cents = _first_of(stated[s], published)
        if cents is not None:
            found[s] = cents, stated[s]
    for about in (None, *dict.fromkeys(within for _, within in own)):
        known = [cents for s, within in own if about in {None, within} and (cents := stated[s]) is not None]
        published = _published(forfait, profile, about, None, day)
        if known and (problem := _contradiction(profile, about, sum(known), published)):
            return problem
    return found


def _stated_for(
    pathway: Pathway,
    convention: Convention,
    forfait: Forfait,
    profile: str | None,
    sequence: str,
    within: str,
    sequences: int,
) -> int | None:
    """What the convention states for a séquence: in `amounts`, or with it when no other forfait is of it.

    An amount without a séquence is that of the only one, when the forfait has no more `sequences` than one.
    """
    found = _stated(convention, forfait, profile, sequence, None)
    if found is None and sequences == 1:
        found = _stated(convention, forfait, profile, None, None)
    if found is not None:
        return found
    ending = [f for f in pathway.forfaits if f.trigger == "end_of_sequence" and within in (f.sequences or (within,))]
    if len(ending) > 1:
        return None
    billable = next((s for s in convention.sequences if s.code == sequence), None)
    return billable.amount(profile or "") if billable else None


def _stated(
    convention: Convention, forfait: Forfait, profile: str | None, sequence: str | None, act: str | None
) -> int | None:
    """The convention's own amount; one for the profile goes before one for every profile."""
    found: StatedAmount | None = None
    for amount in convention.amounts:
        wanted = (amount.forfait, amount.sequence, amount.act) == (forfait.code, sequence, act)
        if wanted and amount.profile in {profile, None} and (found is None or amount.profile is not None):
            found = amount
    return found.cents if found else None


def _published(
    forfait: Forfait, profile: str | None, sequence: str | None, act: str | None, day: date
) -> Amount | None:
    """The published amount in force; one for the profile goes before one for every profile."""
    found: Amount | None = None
    for amount in forfait.amounts:
        wanted = (amount.sequence, amount.act) == (sequence, act) and amount.validity.covers(day)
        if wanted and amount.profile in {profile, None} and (found is None or amount.profile is not None):
            found = amount
    return found


def _contradiction(
    profile: str | None, about: str | None, stated: int | None, published: Amount | None
) -> NoPrice | None:
    if stated is None or published is None or published.minimum <= stated <= published.maximum:
        return None
    return NoPrice(", ".join(filter(None, (profile, about))), stated, published)


def _uplifted(
    pathway: Pathway, convention: Convention, base: int, before: int, day: date, *, by_convention: bool
) -> Price | NoPrice:
    by = convention.identifier if by_convention else pathway.code
    origin = f"{by} {convention.version if by_convention else pathway.version}"
    if convention.territory == HOME_TERRITORY:
        return Price(base, base, None, origin)
    uplift = pathway.uplift(convention.territory, day)
    if uplift is None:
        return NoPrice(convention.territory)
    factor = 10_000 + uplift.basis_points
    return Price(part(before + base, factor) - part(before, factor), base, uplift, origin)
