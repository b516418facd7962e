"""A collective payment settled, pure: is it due, how much, and who gets which part of it."""

from dataclasses import dataclass
from datetime import date

from cordee.claims.collective.amount import CollectiveAmount, Component, Undetermined
from cordee.claims.collective.capitation import CapitationTerms, capitation
from cordee.claims.collective.dossier import PARTICIPATION, CollectiveDossier
from cordee.claims.collective.gates import missing_of_the_dossier
from cordee.claims.collective.shared_savings import formula_in_force, shared_savings
from cordee.claims.counting import ActDone, Counted, NotCounted
from cordee.claims.explanation import Explanation, explain
from cordee.claims.free_distribution import signed_for
from cordee.claims.gates import Missing, lacking
from cordee.claims.quote_parts import QuotePart, quote_parts
from cordee.claims.session_rules import signed


@dataclass(frozen=True, slots=True)
class CollectiveSettlement:
    """A collective payment due: `total` cents are the sum of the parts, and with `not_billed` the amount."""

    dossier: CollectiveDossier
    settled_on: date
    amount: CollectiveAmount
    total: int
    not_billed: int
    parts: tuple[QuotePart, ...]
    insurers: Explanation | None
    not_counted: tuple[NotCounted, ...]


@dataclass(frozen=True, slots=True)
class CollectiveNotDue:
    """Why a collective payment can't be billed: `missing` is never empty; `components` are known and not billed."""

    dossier: CollectiveDossier
    settled_on: date
    missing: tuple[Missing, ...]
    components: tuple[Component, ...]
    set_aside: tuple[Explanation, ...]


def settle_collective(dossier: CollectiveDossier, *, as_of: date) -> CollectiveSettlement | CollectiveNotDue:
    """Settles one period of a structure, as things stand at the end of the day `as_of`.

    Raises ValueError for a pathway that is paid patient by patient.
    """
    gates = missing_of_the_dossier(dossier, day_read(dossier), as_of)
    amount = _amount(dossier)
    if isinstance(amount, Undetermined):
        return CollectiveNotDue(dossier, as_of, (*gates, *amount.missing), amount.components, amount.set_aside)
    if gates:
        return CollectiveNotDue(dossier, as_of, gates, amount.components, amount.set_aside)
    counted = _participation(dossier)
    signed_off = signed_for(dossier.distributions, dossier.period.code, as_of)
    split = quote_parts(dossier, dossier.period.days, counted, amount.total, signed_off)
    if isinstance(split, tuple):
        return CollectiveNotDue(dossier, as_of, split, amount.components, amount.set_aside)
    return CollectiveSettlement(
        dossier=dossier,
        settled_on=as_of,
        amount=amount,
        total=amount.total - split.not_billed,
        not_billed=split.not_billed,
        parts=split.parts,
        insurers=split.insurers,
        not_counted=counted.not_counted,
    )


def day_read(dossier: CollectiveDossier) -> date:
    """The day the list is read on, and the team must be there: what the convention says for a list, else the last."""
    period = dossier.period
    if dossier.pathway.payment_model == "capitation" and dossier.convention.collective.list_read_on == "first_day":
        return period.first
    return period.last


def _amount(dossier: CollectiveDossier) -> CollectiveAmount | Undetermined:
    pathway, convention, facts = dossier.pathway, dossier.convention, dossier.facts
    if pathway.payment_model == "capitation" and pathway.capitation is not None:
        stated = pathway.capitation
        terms = CapitationTerms(
            per_weighted_patient=_base(dossier),
            bands=stated.bands or convention.weight_bands,
            growth_cap=stated.growth_cap,
            deducts_care_elsewhere=stated.deducts_care_elsewhere,
            minimum_patients=stated.least_patients.count if stated.least_patients else None,
        )
        return capitation(terms, dossier.patients, facts.capitation, day_read(dossier), dossier.elsewhere)
    if pathway.payment_model == "shared_savings":
        formula = formula_in_force(pathway.shared_savings, dossier.period.days)
        if formula is None:
            return Undetermined((lacking("formula_not_in_force", year=dossier.period.code),))
        return shared_savings(formula, convention.collective.quality, facts.savings, facts.quality)
    raise ValueError(f"{pathway.code} is not paid collectively: bill its forfaits patient by patient")


def _base(dossier: CollectiveDossier) -> int | None:
    """The cents a weighted patient: the convention's, else the exact ones published, else None."""
    forfait = dossier.forfait
    if forfait is None:
        return None
    stated = next((a.cents for a in dossier.convention.amounts if a.forfait == forfait.code), None)
    if stated is not None:
        return stated
    published = next((a for a in forfait.amounts if a.validity.covers(dossier.period.first)), None)
    return None if published is None else published.exact


def _participation(dossier: CollectiveDossier) -> Counted:
    """One act a member who had signed and was there on the day; the others are told."""
    day = day_read(dossier)
    done: list[ActDone] = []
    refused: list[NotCounted] = []
    for member in dossier.circle.members:
        if not member.present(day):
            reason = explain("performer.outside_membership", performer=member.name, day=day)
        elif not signed(dossier.terms, member, day):
            reason = explain("performer.not_signatory", performer=member.name, day=day)
        else:
            done.append(ActDone(dossier.group, day, PARTICIPATION, None, member.key))
            continue
        refused.append(NotCounted(dossier.group, member.reference, reason))
    return Counted(tuple(done), tuple(refused))
