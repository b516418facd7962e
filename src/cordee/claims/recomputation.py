"""The forfait of a Claim settled again on the evidence as it now is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import orjson

from cordee.claims.claim_record import ClaimRecord
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.judgement import PlanJudge, Unchanged, executed_conventions
from cordee.claims.records import plan_record
from cordee.claims.settlement import NotDue, Settlement
from cordee.pathways.model import Pathway
from cordee.store.repository import Repository


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The forfait as it is now, due or not, and the versions of what was read for it."""

    result: Settlement | NotDue
    evidence_versions: tuple[str, ...]


async def settled_again(
    repository: Repository, claim: ClaimRecord, pathways: Mapping[str, Pathway], as_of: date
) -> Recomputed:
    """The forfait of `claim` as things stand at the end of the day `as_of`.

    Raises `NotFound` or `Gone` without its care plan, EvidenceError when it can't be judged: the message names what to
    mend.
    """
    pathway = pathways.get(claim.pathway)
    if pathway is None:
        known = ", ".join(sorted(pathways))
        raise EvidenceError(f"{claim.reference}: the pathway {claim.pathway} is not known here: {known} are")
    version = await repository.read("CarePlan", claim.care_plan.removeprefix("CarePlan/"))
    record = await plan_record(repository, orjson.loads(version.body))
    contracts, _ = await executed_conventions(repository, pathway, pathways)
    judge = PlanJudge(pathway, pathways, contracts)
    for judged in judge.judge(record, as_of=as_of, only_due=False, only=claim.forfait):
        if not isinstance(judged.result, Unchanged):
            return Recomputed(judged.result, judged.evidence)
    raise EvidenceError(f"{claim.care_plan} has no forfait «{claim.forfait}» any more: cancel {claim.reference}")
