"""What the patient's inclusion must have before a forfait is billed (R. 162-138 CSS, R. 4012-1 CSP)."""

from collections.abc import Iterator
from datetime import date

from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Decision
from cordee.claims.gates import Missing, lacking
from cordee.pathways.schedule import PlannedForfait

_HEALTH_PROFESSIONS = "https://mos.esante.gouv.fr/NOS/TRE_G15-"
_DOCTOR = "10"


def missing_of_the_inclusion(dossier: Dossier, planned: PlannedForfait, as_of: date) -> Iterator[Missing]:
    """All that the inclusion lacks for a planned forfait, on the day `as_of`."""
    pathway, inclusion = dossier.pathway, dossier.inclusion
    if not inclusion.active:
        yield Missing("plan_not_active", planned.end)
    decision = inclusion.decision
    if decision is None:
        yield Missing("not_included", planned.end)
    elif decision.day > as_of:
        yield Missing("not_included", decision.day)
    else:
        yield from _decision(dossier, decision, planned)
    if not pathway.renewable and inclusion.earlier_plan is not None:
        yield lacking("not_renewable", found=inclusion.earlier_plan)
    if pathway.consent_required and (inclusion.consent is None or inclusion.consent.given_on > planned.end):
        yield Missing("consent", planned.end)
    if as_of < planned.due_on:
        yield lacking("sequence_not_ended", planned.due_on, end=planned.due_on)


def _decision(dossier: Dossier, decision: Decision, planned: PlannedForfait) -> Iterator[Missing]:
    pathway, eligibility = dossier.pathway, dossier.pathway.eligibility
    if not pathway.validity.covers(decision.day):
        yield lacking("pathway_not_in_force", day=decision.day, opening=pathway.validity.first)
    if eligibility.medical_prescription and not _prescribed(dossier, decision):
        yield Missing("prescription", planned.end)
    if eligibility.minimum_age is None and eligibility.maximum_age is None:
        return
    born = dossier.inclusion.birth_date
    if born is None:
        yield Missing("birth_date", planned.end)
        return
    age = age_on(born, decision.day)
    if eligibility.minimum_age is not None and age < eligibility.minimum_age:
        yield lacking("too_young", day=decision.day, minimum_years=eligibility.minimum_age)
    if eligibility.maximum_age is not None and age > eligibility.maximum_age:
        yield lacking("too_old", day=decision.day, maximum_years=eligibility.maximum_age)


def _prescribed(dossier: Dossier, decision: Decision) -> bool:
    """A prescription is named, a doctor validated the decision, or a doctor of the circle took it."""
    if decision.prescriber is not None or decision.validator is not None:
        return True
    deciders = dossier.members_by_reference.get(decision.decider, ())
    professions = [member.profession for member in deciders if member.profession is not None]
    return any(p.code == _DOCTOR and p.system.startswith(_HEALTH_PROFESSIONS) for p in professions)


def age_on(born: date, day: date) -> int:
    """Age in whole years; somebody born on 29 February is a year older on 1 March of a common year."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
