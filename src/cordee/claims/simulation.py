"""What one care plan would give if it were billed on a day: read, judged, and nothing written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import orjson

from cordee.claims.canonical import pathway_code
from cordee.claims.fhir_evidence import EvidenceError, Resource, local_reference
from cordee.claims.judgement import PlanJudge, Unchanged, Unreadable, executed_conventions
from cordee.claims.records import Readable, plan_record
from cordee.claims.settlement import NotDue, Settlement
from cordee.pathways.model import Pathway


@dataclass(frozen=True, slots=True)
class Simulation:
    """Each forfait of the plan, settled or not due; `unreadable` are the Contracts that were left out."""

    pathway: Pathway
    results: tuple[Settlement | NotDue, ...]
    unreadable: tuple[Unreadable, ...]


async def simulate(
    records: Readable, care_plan: str, pathways: Mapping[str, Pathway], *, as_of: date, forfait: str | None = None
) -> Simulation:
    """Settles every forfait of the CarePlan with the id `care_plan`, or the one coded `forfait`, as on the day `as_of`.

    Raises `NotFound` or `Gone` when there is no such plan, EvidenceError when it can't be judged: the message names
    what to mend.
    """
    plan: Resource = orjson.loads((await records.read("CarePlan", care_plan)).body)
    pathway = _pathway_of(plan, pathways)
    conventions, unreadable = await executed_conventions(records, pathway, pathways)
    record = await plan_record(records, plan)
    try:
        judged = PlanJudge(pathway, pathways, conventions).judge(record, as_of=as_of, only_due=False)
        results = [one.result for one in judged if not isinstance(one.result, Unchanged)]
    except EvidenceError as error:
        raise _with_contracts(error, unreadable) from error
    if forfait is not None:
        chosen = [result for result in results if result.context.forfait == forfait]
        if not chosen:
            known = ", ".join(result.context.forfait for result in results) or "none"
            raise EvidenceError(f"CarePlan/{care_plan} has no forfait «{forfait}»; it has: {known}")
        results = chosen
    return Simulation(pathway, tuple(results), tuple(unreadable))


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


def _with_contracts(error: EvidenceError, unreadable: list[Unreadable]) -> EvidenceError:
    """A plan without a convention may lack it because its Contract can't be read: that is said with it."""
    return EvidenceError("; ".join([str(error), *(fault.message for fault in unreadable)]))
