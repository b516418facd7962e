"""A billing run: every forfait that is due becomes a Claim, once.

A page of plans is one transaction that holds their patients: two runs at once take turns over a patient, and each reads
what the other billed. The id of a Claim follows from its forfait, so that a second one has no place to stand. A draft
is written anew when its evidence moved; a submitted Claim is never edited: the run credits it and claims it again.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from cordee.claims.billing_outcome import Billed, Outcome, Refused, billed, unchanged
from cordee.claims.correction import regularise
from cordee.claims.fhir_claim import claim_from_settlement, claim_id, claim_text
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_evidence import EvidenceError, Resource, local_reference, reference_of
from cordee.claims.judgement import Contracts, Judged, PlanJudge, Unchanged, Unreadable, executed_conventions
from cordee.claims.records import PlanRecord, Searched, plan_pages, plan_records
from cordee.claims.refusals import ClaimRefused
from cordee.claims.settlement import NotDue, Settlement
from cordee.claims.standing_claims import StoredClaim, is_same_payment, stored_claim
from cordee.fhir.body import accept
from cordee.fhir.outcome import Conflict, InvalidResource
from cordee.pathways.model import Pathway
from cordee.pathways.publication import TenantPathways
from cordee.store.repository import Repository
from cordee.store.unit_of_work import Met, Put

__all__ = ["Billed", "BillingOrder", "Outcome", "Refused", "Unreadable", "bill", "bill_page"]

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class BillingOrder:
    """What a run is asked: every forfait of the pathway coded `pathway` whose day has come by `until`.

    `structure`, an Organization's id, keeps to its plans. Days are of the structure's time zone. A dry run writes
    nothing. `plans_a_page` are judged and billed in one transaction. `anew` settles also what stands on the versions
    that are stored now, for its explanation.
    """

    pathway: str
    until: date
    structure: str | None = None
    dry_run: bool = False
    plans_a_page: int = 100
    anew: bool = False


async def bill(repository: Repository, order: BillingOrder, known: TenantPathways) -> AsyncIterator[Outcome]:
    """Carries out an order in this process; outcomes come as they are reached, page by page of plans.

    Raises KeyError when the tenant has no such pathway.
    """
    contracts, faults = await executed_conventions(repository, known.pathways[order.pathway], known.pathways)
    for fault in faults:
        yield fault
    async for page in plan_pages(repository, order.pathway, order.structure, order.plans_a_page, with_errors=True):
        for outcome in await bill_page(repository, page, order, known, contracts):
            yield outcome


async def bill_page(
    repository: Repository,
    plans: Sequence[Resource],
    order: BillingOrder,
    known: TenantPathways,
    contracts: Contracts,
) -> list[Outcome]:
    """Judges the forfaits of some plans and writes their Claims, all in one transaction.

    Raises `Conflict` when other writers kept changing the same Claims; then nothing of the page is written.
    """
    if order.dry_run:
        return (await _judged(repository, plans, order, known, contracts)).outcomes
    patients = {reference_of(plan): local_reference(plan.get("subject")) or "" for plan in plans}
    set_aside: dict[str, Unreadable] = {}
    for _ in range(_ATTEMPTS):
        async with repository.unit() as unit:
            await unit.lock(f"patient:{patient}" for patient in set(patients.values()) if patient)
            page = await _judged(unit, [p for p in plans if reference_of(p) not in set_aside], order, known, contracts)
            met = [result for result in await unit.put_many(page.puts) if isinstance(result, Met)]
            if not met:
                break
            # Somebody submitted or removed a draft meanwhile: what was written stays, and the page is judged again.
            set_aside |= _claimed_for_another(met, patients)
    else:
        raise Conflict("Other writers kept changing the drafts of these plans; bill again.")
    page.outcomes += set_aside.values()
    for place, moved in page.moved:
        try:
            page.outcomes[place] = await _regularised(repository, page.outcomes[place], moved, order.until)
        except (ClaimRefused, ValueError) as error:
            # Whatever keeps one forfait from being corrected, the others are.
            page.outcomes.append(Unreadable(moved.care_plan, f"{moved.care_plan}: {_in_english(error)}"))
    return page.outcomes


def _claimed_for_another(met: Iterable[Met], patients: Mapping[str, str]) -> dict[str, Unreadable]:
    """The plans whose forfaits were claimed for another patient than the one of each in `patients`."""
    found = {}
    for one in met:
        claim = stored_claim(one.version) if one.version is not None and not one.version.deleted else None
        if claim is None or claim.care_plan not in patients:
            continue
        before, now = claim.patient, patients[claim.care_plan]
        if before != now:
            said = (
                f"{claim.care_plan}: {claim.reference} claims a forfait of this plan for {before}, and the plan names "
                f"{now} now: give it its patient back, or cancel the Claim and write a plan of its own for {now}"
            )
            found[claim.care_plan] = Unreadable(claim.care_plan, said)
    return found


def _in_english(error: Exception) -> str:
    return error.reason.en if isinstance(error, ClaimRefused) else str(error)


@dataclass(frozen=True, slots=True)
class _Moved:
    """A submitted forfait whose evidence moved, as it is settled now; None when it is no longer due."""

    identifier: str
    care_plan: str
    settlement: Settlement | None
    evidence: tuple[str, ...]


@dataclass(slots=True)
class _Page:
    """What plans come to: outcomes in order, what is to be written, and what a submitted Claim disagrees with."""

    outcomes: list[Outcome] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)
    moved: list[tuple[int, _Moved]] = field(default_factory=list)

    def append(self, other: "_Page") -> None:
        """Adds what further plans come to."""
        before = len(self.outcomes)
        self.outcomes += other.outcomes
        self.puts += other.puts
        self.moved += [(before + place, moved) for place, moved in other.moved]


async def _judged(
    reader: Searched, plans: Sequence[Resource], order: BillingOrder, known: TenantPathways, contracts: Contracts
) -> _Page:
    page = _Page()
    pathway: Pathway = known.pathways[order.pathway]
    judge = PlanJudge(pathway, known.pathways, contracts, known.references.get(order.pathway))
    for record in await plan_records(reader, plans):
        reference = reference_of(record.care_plan)
        if record.care_plan.get("status") == "entered-in-error" and not record.claims.stand_for(reference):
            continue
        of_the_plan = _Page()
        try:
            for judged in judge.judge(record, as_of=order.until, only_due=True, skip_unchanged=not order.anew):
                _decide(of_the_plan, record, judged, judge, dry_run=order.dry_run)
        except (ValueError, ArithmeticError, InvalidResource) as error:
            # Whatever is wrong with one plan, the others are billed.
            said = str(error) if isinstance(error, EvidenceError) else f"{reference}: {error}"
            page.outcomes.append(Unreadable(reference, said))
            continue
        page.append(of_the_plan)
    return page


def _decide(page: _Page, record: PlanRecord, judged: Judged, judge: PlanJudge, *, dry_run: bool) -> None:
    """What comes of one forfait, given the Claims that are there."""
    match judged.result:
        case Unchanged() as forfait:
            patient = local_reference(record.care_plan.get("subject")) or ""
            identifier = forfait.claim.forfait_identifier
            page.outcomes.append(unchanged(identifier, forfait, reference_of(record.care_plan), patient))
        case NotDue() as reason:
            page.outcomes.append(_not_due(page, record, reason))
        case Settlement() as settlement:
            page.outcomes.append(_due(page, record, settlement, judged.evidence, dry_run=dry_run))
            if page.puts and page.puts[-1].id == claim_id(settlement.context.identifier):
                written = page.puts[-1]
                judge.stands_as(
                    settlement.context.identifier, f"Claim/{written.id}/_history/{(written.expected or 0) + 1}"
                )


def _not_due(page: _Page, record: PlanRecord, reason: NotDue) -> Refused:
    standing = record.claims.standing().get(reason.context.identifier)
    if standing is None:
        return Refused(reason)
    if standing.submitted or standing.kind != "forfait":
        page.moved.append((len(page.outcomes), _Moved(standing.forfait_identifier, standing.care_plan, None, ())))
        return Refused(reason)
    page.puts.append(_put({**standing.resource, "status": "cancelled"}, standing.version))
    return Refused(reason, withdrawn=standing.reference)


def _due(
    page: _Page, record: PlanRecord, settlement: Settlement, evidence: tuple[str, ...], *, dry_run: bool
) -> Billed:
    claim = claim_from_settlement(settlement, evidence_versions=evidence)
    identifier = settlement.context.identifier
    first, standing = record.claims.first(identifier), record.claims.standing().get(identifier)
    if first is None:
        page.puts.append(_put(claim, 0))
        return billed(
            settlement, None if dry_run else f"Claim/{claim['id']}", "would_be_billed" if dry_run else "billed"
        )
    if standing is not None and not standing.mistagged and is_same_payment(standing.resource, claim):
        return billed(settlement, standing.reference, "already_billed")
    if _is_draft(first) and (standing is None or standing is first):
        page.puts.append(_put(claim, first.version))
        return billed(settlement, first.reference, "would_be_billed" if dry_run else "recomputed")
    page.moved.append((len(page.outcomes), _Moved(identifier, settlement.context.care_plan, settlement, evidence)))
    return billed(settlement, (standing or first).reference, "already_billed", moved=True)


def _is_draft(claim: StoredClaim) -> bool:
    return not claim.submitted


def _put(claim: Element, expected: int) -> Put:
    return Put(claim["id"], accept(claim_text(claim), "Claim"), expected)


async def _regularised(repository: Repository, outcome: Outcome, moved: _Moved, on: date) -> Outcome:
    done = await regularise(repository, moved.identifier, moved.settlement, on, evidence_versions=moved.evidence)
    if done is None:
        return replace(outcome, moved=False) if isinstance(outcome, Billed) else outcome
    if isinstance(outcome, Billed):
        return replace(outcome, effect="regularised", corrections=done.claims)
    return replace(outcome, corrections=done.claims) if isinstance(outcome, Refused) else outcome
