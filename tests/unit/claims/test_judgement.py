"""One plan judged again: what its Claims stand for is judged too when the plan no longer has it."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from cordee.claims.canonical import INCLUSION_DECISION, PROFILE_SYSTEM, STRUCTURE_CATEGORY, pathway_canonical
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Member
from cordee.claims.fhir_claim import claim_from_settlement, claim_text
from cordee.claims.judgement import Judged, PlanJudge
from cordee.claims.records import PlanRecord
from cordee.claims.settlement import NotDue, Settlement
from cordee.claims.standing_claims import PatientClaims, stored_claim
from cordee.fhir.stored_version import StoredVersion
from cordee.pathways.model import Pathway

PATHWAY = "essai-tnd"
UNTIL = date(2026, 12, 31)


def resource(kind: str, id_: str, **members: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": id_, "meta": {"versionId": "1"}, **members}


def record(plan: dict[str, Any], member: Member, pathway: Pathway, claims: PatientClaims) -> PlanRecord:
    """A plan with one professional, and one assessment done by them in August."""
    assert member.profession is not None
    act = next(act for act in pathway.acts if act.code == "bilan")
    identifiers = [dict(zip(("system", "value"), i.split("|"), strict=True)) for i in member.identifiers]
    organization = resource(
        "Organization",
        "s",
        name="Structure d'essai",
        identifier=[{"system": "https://finess.esante.gouv.fr", "value": "990000001"}],
        type=[{"coding": [{"system": STRUCTURE_CATEGORY, "code": code}]} for code in ("msp", "sisa")],
    )
    patient = resource("Patient", "p", birthDate="2020-01-01")
    team = resource(
        "CareTeam",
        "t",
        status="active",
        subject={"reference": "Patient/p"},
        participant=[{"member": {"reference": "PractitionerRole/P"}, "period": {"start": "2026-01-01"}}],
    )
    profession = {"system": member.profession.system, "code": member.profession.code}
    role = resource(
        "PractitionerRole", "P", practitioner={"reference": "Practitioner/P"}, code=[{"coding": [profession]}]
    )
    practitioner = resource("Practitioner", "P", identifier=identifiers, name=[{"family": "Fictif"}])
    session = resource(
        "Encounter",
        "e",
        status="finished",
        subject={"reference": "Patient/p"},
        type=[{"coding": [{"system": act.system, "code": act.code}]}],
        participant=[{"individual": {"reference": "PractitionerRole/P"}}],
        period={"start": "2026-08-05T10:00:00+02:00", "end": "2026-08-05T11:00:00+02:00"},
    )
    around = (organization, patient, team, role, practitioner)
    return PlanRecord(plan, {f"{r['resourceType']}/{r['id']}": r for r in around}, (session,), claims=claims)


def plan(**changed: Any) -> dict[str, Any]:
    decision = [
        {"url": "date", "valueDate": "2026-06-20"},
        {"url": "decider", "valueReference": {"reference": "PractitionerRole/P"}},
        {"url": "prescriber", "valueReference": {"reference": "PractitionerRole/P"}},
    ]
    return (
        resource(
            "CarePlan",
            "c",
            status="active",
            instantiatesCanonical=[pathway_canonical(PATHWAY)],
            subject={"reference": "Patient/p"},
            author={"reference": "Organization/s"},
            careTeam=[{"reference": "CareTeam/t"}],
            category=[{"coding": [{"system": PROFILE_SYSTEM, "code": "tous"}]}],
            extension=[{"url": INCLUSION_DECISION, "extension": decision}],
            period={"start": "2026-07-01"},
        )
        | changed
    )


def test_what_was_billed_for_days_after_an_exit_recorded_later_is_not_due_any_more(
    pathways: Mapping[str, Pathway], dossier: Callable[..., Dossier], member: Callable[..., Member]
) -> None:
    pathway, professional = pathways[PATHWAY], member("P", "psychomotricien", PATHWAY)
    convention = dossier("tous", [professional], PATHWAY).convention

    def judged(care_plan: dict[str, Any], claims: PatientClaims) -> list[Judged]:
        judge = PlanJudge(pathway, pathways, {convention: "Contract/k/_history/1"})
        read = record(care_plan, professional, pathway, claims)
        return list(judge.judge(read, as_of=UNTIL, only_due=True, skip_unchanged=True))

    (first,) = [one for one in judged(plan(), PatientClaims()) if isinstance(one.result, Settlement)]
    assert isinstance(first.result, Settlement)
    assert first.result.forfait.start == date(2026, 8, 1)
    claim = claim_from_settlement(first.result, evidence_versions=first.evidence)
    at, body = datetime(2026, 9, 1, tzinfo=UTC), claim_text(claim).decode()
    version = StoredVersion("Claim", claim["id"], 1, at, deleted=False, method="PUT", body=body, rid=1)
    stored = stored_claim(version)
    assert stored is not None
    gone = plan(status="revoked", period={"start": "2026-07-01", "end": "2026-07-15"})
    again = [one.result for one in judged(gone, PatientClaims((stored,)))]
    (left,) = [r for r in again if isinstance(r, NotDue) and r.context.identifier == stored.forfait_identifier]
    assert "patient_left" in [missing.code for missing in left.missing]
