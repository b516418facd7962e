"""A CarePlan, its Patient and the patient's Consents into an Inclusion; shapes are in docs/decisions/0005."""

from collections.abc import Iterable
from datetime import tzinfo

from cordee.claims.canonical import COPAYMENT_EXEMPT, INCLUSION_DECISION, PROFILE_SYSTEM, pathway_code
from cordee.claims.evidence import Decision, Exit, Inclusion
from cordee.claims.fhir_consent import consent_to
from cordee.claims.fhir_dates import exact_day, first_day, last_day
from cordee.claims.fhir_evidence import (
    EvidenceError,
    Resource,
    codes_of,
    extension_of,
    local_reference,
    reading,
    reference_of,
    refuse_elsewhere,
)

_FOLLOWED = frozenset({"active", "on-hold", "completed", "revoked"})
_ENDED = frozenset({"completed", "revoked"})


def inclusion_from_care_plan(
    care_plan: Resource,
    patient: Resource | None,
    zone: tzinfo,
    *,
    consents: Iterable[Resource] = (),
    other_plans: Iterable[Resource] = (),
) -> Inclusion:
    """The inclusion a CarePlan tells. Raises EvidenceError.

    `patient` tells of a death and the birth date, `consents` are the patient's Consents, `other_plans` their other
    CarePlans: one of the same pathway that began before is the earlier one.
    """
    with reading(reference_of(care_plan)):
        return _inclusion(care_plan, patient or {}, zone, consents, other_plans)


def _inclusion(
    care_plan: Resource,
    patient: Resource,
    zone: tzinfo,
    consents: Iterable[Resource],
    other_plans: Iterable[Resource],
) -> Inclusion:
    reference = reference_of(care_plan)
    pathways = named_pathways(care_plan)
    if len(pathways) != 1:
        raise EvidenceError(f"{reference}: instantiatesCanonical must name one pathway, it names {len(pathways)}")
    period = care_plan.get("period", {})
    if "start" not in period:
        raise EvidenceError(f"{reference}: period.start is missing: write the first day of the parcours")
    profiles = [c.code for c in codes_of(care_plan.get("category", ())) if c.system == PROFILE_SYSTEM]
    if len(profiles) > 1:
        raise EvidenceError(f"{reference}: several profiles in category: {', '.join(profiles)}; keep one")
    author = local_reference(care_plan.get("author"))
    for name in ("subject", "author"):
        refuse_elsewhere(local_reference(care_plan.get(name)), f"{reference}.{name}")
    start = first_day(period["start"], zone)
    named = local_reference(care_plan.get("subject")) or ""
    consent, withdrawn = consent_to(pathways[0], named, consents, start, zone)
    exits = (*_exits(care_plan, patient, reference, zone), *withdrawn)
    with reading(f"{reference}: the Patient's birthDate"):
        born = exact_day(patient.get("birthDate"), zone)
    return Inclusion(
        care_plan=reference,
        patient=named,
        pathway=pathways[0],
        profile=profiles[0] if profiles else None,
        structure=author if author is not None and author.startswith("Organization/") else None,
        start=start,
        active=care_plan.get("status") in _FOLLOWED,
        decision=_decision(care_plan, reference, zone),
        exit=min(exits, key=lambda gone: gone.day, default=None),
        care_teams=tuple(
            team for member in care_plan.get("careTeam", ()) if (team := local_reference(member)) is not None
        ),
        birth_date=born,
        consent=consent,
        copayment_exempt=(extension_of(care_plan, COPAYMENT_EXEMPT) or {}).get("valueBoolean") is True,
        earlier_plan=_earlier_plan(care_plan, pathways[0], named, other_plans),
    )


def named_pathways(care_plan: Resource) -> list[str]:
    """The codes of the pathways that a CarePlan follows, as its `instantiatesCanonical` names them."""
    return [code for text in care_plan.get("instantiatesCanonical", ()) if (code := pathway_code(text))]


def _earlier_plan(care_plan: Resource, pathway: str, patient: str, others: Iterable[Resource]) -> str | None:
    """The first followed plan of the same pathway that began before this one; of one day, the first by id."""
    before = [
        _began(other)
        for other in others
        if other.get("status") in _FOLLOWED
        and local_reference(other.get("subject")) == patient
        and pathway in named_pathways(other)
        and _began(other) < _began(care_plan)
    ]
    return f"CarePlan/{min(before)[1]}" if before else None


def _began(care_plan: Resource) -> tuple[str, str]:
    return care_plan.get("period", {}).get("start", ""), care_plan["id"]


def _decision(care_plan: Resource, reference: str, zone: tzinfo) -> Decision | None:
    extension = extension_of(care_plan, INCLUSION_DECISION)
    if extension is None:
        return None
    day = (extension_of(extension, "date") or {}).get("valueDate")
    decider = local_reference((extension_of(extension, "decider") or {}).get("valueReference"))
    if day is None or decider is None:
        raise EvidenceError(f"{reference}: the inclusion decision needs a date (valueDate) and a decider")
    validator = local_reference((extension_of(extension, "validator") or {}).get("valueReference"))
    prescriber = local_reference((extension_of(extension, "prescriber") or {}).get("valueReference"))
    for part, named in (("decider", decider), ("validator", validator), ("prescriber", prescriber)):
        refuse_elsewhere(named, f"{reference}: the inclusion decision's {part}")
    return Decision(first_day(day, zone), decider, validator, prescriber)


def _exits(care_plan: Resource, patient: Resource, reference: str, zone: tzinfo) -> list[Exit]:
    end = care_plan.get("period", {}).get("end")
    died = patient.get("deceasedDateTime")
    found: list[Exit] = []
    if died is not None:
        with reading(f"{reference}: the Patient's deceasedDateTime"):
            found.append(Exit(last_day(died, zone), "died"))
    if care_plan.get("status") in _ENDED:
        if end is None:
            raise EvidenceError(f"{reference}: a plan {care_plan['status']} needs period.end, the patient's last day")
        found.append(Exit(last_day(end, zone), "died" if patient.get("deceasedBoolean") else "left"))
    elif patient.get("deceasedBoolean"):
        raise EvidenceError(f"{reference}: the patient died, no day is known: end the plan, with period.end")
    return found
