"""The care view of a plan: all that its care circle did and was paid for, around one CarePlan.

Its members are the plan and what it names (patient, circle, goals, conditions), what refers to it (Claims, Tasks,
documents), its sessions with what belongs to them (observations, documents), and what answers or pays its Claims.
A session is of the plan that it names; one that names none, of the plans of its patient that its time is in, as for
settling them.
"""

from cordee.claims.fhir_evidence import Resource, session_care_plan
from cordee.fhir.care_records import patients_named
from cordee.fhir.gathering import Gathering, Key, about_encounter
from cordee.fhir.patch.resource_text import resource_from_text
from cordee.fhir.query import Include
from cordee.fhir.query_includes import referring_parameters
from cordee.fhir.temporal import DateRange, period_range
from cordee.fhir.written_references import references_written
from cordee.store.reader import Reader


async def care_view(reader: Reader, plan_id: str) -> Gathering:
    """What to gather around a plan; raises `NotFound` or `Gone`."""
    stored = await reader.read("CarePlan", plan_id)
    plan = resource_from_text(stored.body)
    owner = ("CarePlan", plan_id)
    sessions = await _sessions(reader, plan, owner)
    claims = await reader.referring("Claim", "care-plan", [owner])
    referring = _referring(owner)
    referring |= {member for session in sessions for member in about_encounter(session)}
    referring |= {member for claim in claims for member in _referring(("Claim", claim.id))}
    return Gathering(
        owner,
        frozenset(referring),
        named=frozenset(references_written(stored.body)) | sessions,
        patients=patients_named(plan),
        mixed=True,
    )


async def _sessions(reader: Reader, plan: Resource, owner: Key) -> frozenset[Key]:
    patients = [("Patient", id_) for id_ in patients_named(plan)]
    time = _time(plan)
    sessions = set()
    for version in await reader.referring("Encounter", "subject", patients):
        session = resource_from_text(version.body)
        named = session_care_plan(session)
        its_time = _time(session)
        within = its_time.low < time.high and its_time.high > time.low
        if named == "/".join(owner) or (named is None and "period" in session and within):
            sessions.add(("Encounter", version.id))
    return frozenset(sessions)


def _time(resource: Resource) -> DateRange:
    period = resource.get("period", {})
    return period_range(period.get("start"), period.get("end"))


def _referring(target: Key) -> set[tuple[str, str, Key]]:
    return {(type_, code, target) for type_, code in referring_parameters(Include("*", "*", None), target[0])}
