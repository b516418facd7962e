"""One care plan judged: its forfaits, each under the version of the convention in force when it began."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from cordee.claims import canonical
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import EarlierForfait, Session
from cordee.claims.fhir_claim import claim_id
from cordee.claims.fhir_contract import convention_from_contract
from cordee.claims.fhir_dossier import dossier_from_resources
from cordee.claims.fhir_evidence import (
    EvidenceError,
    Resource,
    identifiers_of,
    local_reference,
    reference_of,
    versioned_reference,
)
from cordee.claims.records import PlanRecord, Searched, all_matches
from cordee.claims.settlement import NotDue, Settlement, earlier_forfait, settle
from cordee.claims.standing_claims import StoredClaim
from cordee.pathways.convention import Convention
from cordee.pathways.convention_versions import overlapping_versions
from cordee.pathways.model import Pathway
from cordee.pathways.schedule import PlannedForfait, convention_in_force


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A plan, or the Contracts of conventions, that could not be judged by at all: the message names what to mend."""

    care_plan: str
    message: str


Contracts = Mapping[Convention, str]
"""The conventions in use, each with the version of the Contract that keeps it."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A forfait whose Claim stands on the very versions that are stored now: there is nothing to judge anew."""

    planned: PlannedForfait
    claim: StoredClaim


@dataclass(frozen=True, slots=True)
class Judged:
    """One forfait, and the versions of all that was looked at for it."""

    result: Settlement | NotDue | Unchanged
    evidence: tuple[str, ...]


class PlanJudge:
    """Judges the forfaits of one plan after another, each knowing what stands for its patient."""

    def __init__(
        self, pathway: Pathway, pathways: Mapping[str, Pathway], contracts: Contracts, definition: str | None = None
    ) -> None:
        """`definition` is the version of the pathway's PlanDefinition in the tenant, if it is published there."""
        self._pathway = pathway
        self._pathways = pathways
        self._contracts = contracts
        self._definition = () if definition is None else (definition,)
        self._billed: dict[str, dict[str, EarlierForfait]] = {}
        self._versions: dict[str, str] = {}

    def stands_as(self, identifier: str, claim: str) -> None:
        """The version of the Claim (`Claim/x/_history/1`) that a forfait just judged is billed by, or will be."""
        self._versions[identifier] = claim

    def judge(
        self,
        record: PlanRecord,
        *,
        as_of: date,
        only_due: bool,
        only: str | None = None,
        skip_unchanged: bool = False,
    ) -> Iterator[Judged]:
        """Each forfait of the plan, settled as things stand at the end of the day `as_of`, in the order of due dates.

        With `only_due`, those whose day has come by then; without, also those to come; with `only`, the one of that
        code. Raises ValueError or ArithmeticError when one can't be judged; EvidenceError, a ValueError, names what to
        mend.
        """
        standing = record.claims.earlier_forfaits(self._pathways, record.encounters)
        patient = local_reference(record.care_plan.get("subject")) or ""
        standing |= self._billed.get(patient, {})
        claims = record.claims.standing()
        self._versions |= {key: claim.versioned_reference for key, claim in claims.items() if key not in self._versions}
        of_the_plan = record.evidence_versions()
        sessions: dict[str, tuple[Session, ...]] = {}
        planned_still: set[str] = set()
        for dossier, planned in planned_forfaits(record, self._pathway, self._contracts, as_of):
            identifier = dossier.identifier(planned.code)
            planned_still.add(identifier)
            if (only_due and planned.due_on > as_of) or only not in (None, planned.code):
                continue
            zone = dossier.convention.time_zone
            if zone not in sessions:
                sessions[zone] = record.sessions(ZoneInfo(zone))
            scope = {s.reference for s in sessions[zone] if s.day is None or planned.start <= s.day <= planned.end}
            contract = next(version for kept, version in self._contracts.items() if kept is dossier.convention)
            evidence = (*self._definition, contract, *of_the_plan, *record.session_versions(scope))
            claim = claims.get(identifier)
            others = {key: one for key, one in standing.items() if key != identifier}
            if skip_unchanged and claim is not None and _stands_on(claim, evidence, others):
                yield Judged(Unchanged(planned, claim), evidence)
                continue
            scope.update(session for one in others.values() for session, _ in one.acts)
            looked_at = [session for session in sessions[zone] if session.reference in scope]
            earlier = _knowing(others, claims, identifier)
            result = settle(dossier, looked_at, forfait=planned.code, as_of=as_of, earlier=earlier)
            if isinstance(result, Settlement):
                standing[identifier] = earlier_forfait(result, f"Claim/{claim_id(identifier)}", earlier)
            else:
                standing.pop(identifier, None)
            billed_by = sorted(self._versions[key] for key in others if key in self._versions)
            yield Judged(result, (*evidence, *billed_by))
        if only_due and only is None:
            for left in self._not_planned_any_more(record, planned_still, as_of):
                standing.pop(left.context.identifier, None)
                yield Judged(left, ())
        self._billed[patient] = standing

    def _not_planned_any_more(self, record: PlanRecord, planned: set[str], as_of: date) -> Iterator[NotDue]:
        """What Claims stand for and the plan no longer has, its days or its agreement being others since.

        `planned` are the identifiers of what it has by `as_of`; a run until a later day may have billed more.
        """
        plan = reference_of(record.care_plan)
        stand = [
            claim
            for identifier, claim in record.claims.standing().items()
            if (claim.care_plan, claim.pathway) == (plan, self._pathway.code) and identifier not in planned
        ]
        if not stand:
            return
        until = max(claim.first_day for claim in stand)
        later = {d.identifier(p.code) for d, p in planned_forfaits(record, self._pathway, self._contracts, until)}
        dossier = dossiers(record, self._pathway, self._contracts)[-1]
        for claim in stand:
            of_this_structure = claim.forfait_identifier == dossier.identifier(claim.forfait)
            if claim.forfait_identifier in later or not of_this_structure:
                continue
            result = settle(dossier, (), forfait=claim.forfait, as_of=as_of)
            if isinstance(result, NotDue):
                yield result


def _knowing(
    others: Mapping[str, EarlierForfait], claims: Mapping[str, StoredClaim], identifier: str
) -> list[EarlierForfait]:
    """The other forfaits that stand, each with whether it was settled after the one of this identifier."""
    own = {f"Claim/{claim_id(identifier)}"} | ({claims[identifier].reference} if identifier in claims else set())
    found = []
    for key, one in others.items():
        stored = claims.get(key)
        knew = stored is not None and stored.reference == one.claim and not own.isdisjoint(stored.settled_after)
        found.append(replace(one, after=(*one.after, identifier)) if knew else one)
    return found


def _stands_on(claim: StoredClaim, evidence: Iterable[str], others: Mapping[str, EarlierForfait]) -> bool:
    """Whether a submitted Claim was settled on just this, and all the Claims it knew of still stand.

    A draft is always settled again: somebody may have edited it.
    """
    if not claim.submitted:
        return False
    looked_at = {reference for reference in claim.evidence if not reference.startswith("Claim/")}
    return looked_at == set(evidence) and claim.settled_after <= {one.claim for one in others.values()}


async def executed_conventions(
    records: Searched, pathway: Pathway, pathways: Mapping[str, Pathway]
) -> tuple[dict[Convention, str], list[Unreadable]]:
    """The executed conventions, each with the version of its Contract, and those that can't be read or used.

    Two versions in force on one day are both refused: nobody knows which one was meant.
    """
    criteria = [("instantiates", canonical.pathway_canonical(pathway.code)), ("status", "executed")]
    read: dict[Convention, str] = {}
    faults: list[Unreadable] = []
    for contract in await all_matches(records, "Contract", criteria):
        try:
            read[convention_from_contract(contract, pathways)] = versioned_reference(contract)
        except ValueError as error:
            faults.append(Unreadable(reference_of(contract), str(error)))
    overlaps = overlapping_versions(read)
    for overlap in overlaps:
        contracts = ", ".join(read[version].partition("/_history/")[0] for version in (overlap.earlier, overlap.later))
        faults.append(Unreadable(contracts, str(overlap)))
    refused = {version for overlap in overlaps for version in (overlap.earlier, overlap.later)}
    return {version: contract for version, contract in read.items() if version not in refused}, faults


def planned_forfaits(
    record: PlanRecord, pathway: Pathway, conventions: Iterable[Convention], until: date
) -> list[tuple[Dossier, PlannedForfait]]:
    """The forfaits of a plan, each with the dossier under the version in force when it began.

    Of those that repeat, the intervals that begin by `until`. Raises EvidenceError when the plan can't be read, or its
    structure has no convention.
    """
    by_version = dossiers(record, pathway, conventions)
    versions = [dossier.convention for dossier in by_version]
    return [
        (dossier, planned)
        for dossier in by_version
        for planned in dossier.planned(until)
        if convention_in_force(versions, planned.start) is dossier.convention
    ]


def dossiers(record: PlanRecord, pathway: Pathway, conventions: Iterable[Convention]) -> list[Dossier]:
    """The dossier of a plan under each version of its structure's convention, the oldest first; there is at least one.

    Raises EvidenceError as `planned_forfaits` does.
    """
    plan = record.care_plan
    organization = _resource(record, plan.get("author"), "author must be the Organization responsible for coordination")
    identifiers = identifiers_of(organization)
    versions = [c for c in conventions if c.structure.identifier in identifiers]
    if not versions:
        name = organization.get("name", reference_of(organization))
        raise EvidenceError(f"{reference_of(plan)}: {name} has no executed convention (Contract) for {pathway.code}")
    return [
        dossier_from_resources(
            pathway,
            convention,
            organization=organization,
            care_plan=plan,
            patient=record.resources.get(local_reference(plan.get("subject")) or ""),
            care_teams=[_resource(record, team, "careTeam must be stored") for team in plan.get("careTeam", ())],
            resources=record.resources,
            consents=record.consents,
            other_plans=record.other_plans,
            distributions=record.distributions,
        )
        for convention in sorted(versions, key=lambda version: version.validity.first)
    ]


def _resource(record: PlanRecord, reference: Resource | None, rule: str) -> Resource:
    named = local_reference(reference)
    found = record.resources.get(named or "")
    if found is None:
        what = f"{named} is named and not stored" if named else "it is not named"
        raise EvidenceError(f"{reference_of(record.care_plan)}: {rule}; {what}")
    return found
