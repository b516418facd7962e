"""What is left of a forfait, divided by hand: signed off for each forfait, and taken only when it adds up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from cordee.claims.evidence import SignedDistribution
from cordee.claims.explanation import Explanation, explain
from cordee.claims.gates import Missing, lacking
from cordee.claims.payees import Payee


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one payee must and may still get: `least` cents, and `most` or None."""

    least: int
    most: int | None


def signed_for(
    distributions: Iterable[SignedDistribution], forfait: str, as_of: date
) -> tuple[SignedDistribution, ...]:
    """The distributions of one planned forfait (its code in the plan) signed off by the end of `as_of`."""
    return tuple(found for found in distributions if found.forfait == forfait and found.signed_on <= as_of)


def distributed(
    left: int, signed: Iterable[SignedDistribution], payees: Mapping[str, Payee], limits: Mapping[Payee, Allowed]
) -> Mapping[Payee, Explanation] | tuple[Missing, ...]:
    """What each payee gets of `left` cents, by the last of the distributions signed off for the forfait.

    `payees` are those who may have a part, by identifier and by `Member.key`. What is missing instead: a signature, two
    that differ on one day, somebody unknown, an amount below zero or outside of the limits, a sum that is not `left`.
    """
    last = _last(left, signed)
    if isinstance(last, Missing):
        return (last,)
    missing: list[Missing] = []
    given: dict[Payee, int] = {}
    for who, cents in last.amounts:
        payee = payees.get(who)
        if payee is None:
            missing.append(lacking("distribution_unknown_payee", identifier=who, stated_cents=cents))
        elif cents < 0:
            missing.append(lacking("distribution_negative", payee=payee.name, stated_cents=cents))
        else:
            given[payee] = given.get(payee, 0) + cents
    for payee, allowed in limits.items():
        cents = given.get(payee, 0)
        if cents < allowed.least:
            missing.append(
                lacking("distribution_too_little", payee=payee.name, stated_cents=cents, least_cents=allowed.least)
            )
        if allowed.most is not None and cents > allowed.most:
            missing.append(
                lacking("distribution_too_much", payee=payee.name, stated_cents=cents, most_cents=allowed.most)
            )
    total = sum(cents for _, cents in last.amounts)
    if total != left:
        missing.append(lacking("distribution_sum", stated_cents=total, left_cents=left))
    if missing:
        return tuple(missing)
    return {
        payee: explain("split.signed", cents, signatory=last.signed_by, day=last.signed_on)
        for payee, cents in given.items()
    }


def _last(left: int, signed: Iterable[SignedDistribution]) -> SignedDistribution | Missing:
    by_day: dict[date, dict[tuple[tuple[str, int], ...], SignedDistribution]] = {}
    for found in signed:
        by_day.setdefault(found.signed_on, {})[tuple(sorted(found.amounts))] = found
    if not by_day:
        return lacking("distribution_not_signed", left_cents=left)
    day = max(by_day)
    if len(by_day[day]) > 1:
        return lacking("distribution_signed_twice", day=day)
    return next(iter(by_day[day].values()))
