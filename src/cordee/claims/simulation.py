"""What one care plan would give, and whether a session of it would be paid: read, judged, and nothing written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import orjson

from cordee.claims.canonical import pathway_code
from cordee.claims.dossier import Dossier
from cordee.claims.eligibility import Answer, will_be_paid
from cordee.claims.evidence import Code
from cordee.claims.fhir_evidence import EvidenceError, Resource, local_reference, reference_of
from cordee.claims.judgement import PlanJudge, Unchanged, Unreadable, executed_conventions, planned_forfaits
from cordee.claims.records import PlanRecord, Readable, plan_record
from cordee.claims.settlement import NotDue, Settlement
from cordee.pathways.convention import Convention
from cordee.pathways.model import Pathway


@dataclass(frozen=True, slots=True)
class Simulation:
    """Each forfait of the plan, settled or not due; `unreadable` are the Contracts that were left out."""

    pathway: Pathway
    results: tuple[Settlement | NotDue, ...]
    unreadable: tuple[Unreadable, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that a plan is judged by."""

    pathway: Pathway
    record: PlanRecord
    conventions: Mapping[Convention, str]
    unreadable: tuple[Unreadable, ...]

    def explained(self, error: Exception) -> EvidenceError:
        """A plan without a convention may lack it because its Contract can't be read: that is said with it."""
        plan = reference_of(self.record.care_plan)
        said = str(error) if isinstance(error, EvidenceError) else f"{plan}: {error}"
        return EvidenceError("; ".join([said, *(fault.message for fault in self.unreadable)]))


async def simulate(
    records: Readable, care_plan: str, pathways: Mapping[str, Pathway], *, as_of: date, forfait: str | None = None
) -> Simulation:
    """Settles every forfait of the CarePlan with the id `care_plan`, or the one coded `forfait`, as on the day `as_of`.

    Raises `NotFound` or `Gone` when there is no such plan, EvidenceError when it can't be judged: the message names
    what to mend.
    """
    plan = await _read_plan(records, care_plan, pathways)
    try:
        judged = PlanJudge(plan.pathway, pathways, plan.conventions).judge(plan.record, as_of=as_of, only_due=False)
        results = [one.result for one in judged if not isinstance(one.result, Unchanged)]
    except (ValueError, ArithmeticError) as error:
        raise plan.explained(error) from error
    if forfait is not None:
        chosen = [result for result in results if result.context.forfait == forfait]
        if not chosen:
            known = ", ".join(result.context.forfait for result in results) or "none"
            raise EvidenceError(f"CarePlan/{care_plan} has no forfait «{forfait}»; it has: {known}")
        results = chosen
    return Simulation(plan.pathway, tuple(results), plan.unreadable)


async def check_session(
    records: Readable,
    care_plan: str,
    pathways: Mapping[str, Pathway],
    *,
    act: Code,
    performer: str,
    day: date,
    as_of: date,
) -> Answer:
    """Whether a session of the CarePlan with the id `care_plan` would be paid, before it is done; see `will_be_paid`.

    Raises as `simulate` does.
    """
    plan = await _read_plan(records, care_plan, pathways)
    try:
        dossier = _dossier_on(plan, day, as_of)
        sessions = plan.record.sessions(ZoneInfo(dossier.convention.time_zone))
        return will_be_paid(
            dossier,
            act=act,
            performer=performer,
            day=day,
            sessions=sessions,
            as_of=as_of,
            earlier=plan.record.claims.earlier_forfaits(pathways, plan.record.encounters).values(),
        )
    except (ValueError, ArithmeticError) as error:
        raise plan.explained(error) from error


def _dossier_on(plan: _Plan, day: date, as_of: date) -> Dossier:
    """The dossier under the version of the convention that governs a day: that of the forfait the day is in."""
    found = planned_forfaits(plan.record, plan.pathway, plan.conventions, max(as_of, day))
    if not found:
        reference = f"CarePlan/{plan.record.care_plan['id']}"
        raise EvidenceError(f"{reference}: no version of the convention is in force for any of its forfaits")
    within = (dossier for dossier, planned in found if planned.start <= day <= planned.end)
    return next(within, found[-1][0])


async def _read_plan(records: Readable, care_plan: str, pathways: Mapping[str, Pathway]) -> _Plan:
    resource: Resource = orjson.loads((await records.read("CarePlan", care_plan)).body)
    pathway = _pathway_of(resource, pathways)
    conventions, unreadable = await executed_conventions(records, pathway, pathways)
    return _Plan(pathway, await plan_record(records, resource), conventions, tuple(unreadable))


def _pathway_of(plan: Resource, pathways: Mapping[str, Pathway]) -> Pathway:
    reference = f"CarePlan/{plan['id']}"
    codes = [code for text in plan.get("instantiatesCanonical", ()) if (code := pathway_code(text))]
    if len(codes) != 1:
        raise EvidenceError(f"{reference}: instantiatesCanonical must name one pathway, it names {len(codes)}")
    if codes[0] not in pathways:
        raise EvidenceError(f"{reference}: the pathway {codes[0]} is not known here: {', '.join(sorted(pathways))} are")
    if local_reference(plan.get("author")) is None:
        raise EvidenceError(f"{reference}: author must be the Organization responsible for coordination")
    return pathways[codes[0]]
