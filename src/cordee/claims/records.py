"""What judging a plan reads from the store: the thin shell around the pure core."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Protocol

import orjson

from cordee.claims.evidence import Session
from cordee.claims.fhir_distribution import is_distribution
from cordee.claims.fhir_evidence import (
    EvidenceError,
    Resource,
    local_reference,
    reference_of,
    session_care_plan,
    session_from_encounter,
    versioned_reference,
)
from cordee.claims.fhir_inclusion import named_pathways
from cordee.claims.standing_claims import NO_CLAIMS, PatientClaims, StoredClaim, stored_claim
from cordee.fhir.query import Search, parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.store.search import SearchPage

_RESOURCES_A_PAGE = 1000
_FOLLOWED = frozenset({"active", "on-hold", "completed", "revoked"})


class Searched(Protocol):
    """What judging needs of a tenant's resources; `cordee.store.repository.Reader` is one."""

    async def search(self, wanted: Search, *, count: int, position: str | None = None) -> SearchPage:
        """A page of matches."""
        ...

    async def read_many(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], StoredVersion]:
        """The current versions of those that exist."""
        ...

    async def referring(self, resource_type: str, code: str, targets: Iterable[tuple[str, str]]) -> list[StoredVersion]:
        """The resources of a type whose reference parameter names any of the targets."""
        ...


class Readable(Searched, Protocol):
    """What reading one resource by its id needs besides; `cordee.store.repository.Reader` is one."""

    async def read(self, resource_type: str, resource_id: str) -> StoredVersion:
        """The current version; raises `NotFound` or `Gone`."""
        ...


class Streamed(Searched, Protocol):
    """What going through all the plans needs besides; `cordee.store.repository.Reader` is one."""

    async def all_of_type(self, resource_type: str, *, count: int, after: int = 0) -> list[StoredVersion]:
        """The next resources of a type, after a row."""
        ...


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A CarePlan and the resources that a settlement of it looks at, by reference.

    `encounters`, `consents`, `other_plans` and `claims` are all of the patient's, `distributions` the Contracts of the
    plan's.
    """

    care_plan: Resource
    resources: Mapping[str, Resource]
    encounters: tuple[Resource, ...]
    consents: tuple[Resource, ...] = ()
    other_plans: tuple[Resource, ...] = ()
    distributions: tuple[Resource, ...] = ()
    claims: PatientClaims = NO_CLAIMS

    def sessions(self, zone: tzinfo) -> tuple[Session, ...]:
        """The patient's sessions, days told in `zone`: the structure's.

        Raises EvidenceError for one that can't be read, unless it is a mistake or of another plan: those never count.
        """
        found: list[Session] = []
        for encounter in self.encounters:
            try:
                found.append(session_from_encounter(encounter, zone))
            except EvidenceError:
                own_plan = session_care_plan(encounter) in {None, reference_of(self.care_plan)}
                if own_plan and encounter.get("status") != "entered-in-error":
                    raise
        return tuple(found)

    def session_versions(self, sessions: Collection[str]) -> tuple[str, ...]:
        """The versions of the patient's Encounters that `sessions` names, as references."""
        return tuple(versioned_reference(one) for one in self.encounters if reference_of(one) in sessions)

    def evidence_versions(self) -> tuple[str, ...]:
        """The version of each resource a settlement of the plan looks at, the sessions aside, as references."""
        found = {reference_of(self.care_plan): self.care_plan}
        wanted = _named_by_plan(self.care_plan)
        while wanted:
            added = {name: self.resources[name] for name in wanted if name in self.resources and name not in found}
            found |= added
            wanted = [name for resource in added.values() for name in _named_by(resource)]
        further = (*self.consents, *self.other_plans, *self.distributions)
        return tuple(versioned_reference(resource) for resource in (*found.values(), *further))


async def plan_pages(
    records: Streamed, pathway: str, structure: str | None, count: int, *, with_errors: bool = False
) -> AsyncIterator[list[Resource]]:
    """The plans of a pathway, in a stable order, `count` of them at a time.

    `structure`, an Organization's id, keeps to the plans it is the author of. `with_errors` adds those entered in
    error: what they were billed for is to be taken back.
    """
    statuses = {*_FOLLOWED, "entered-in-error"} if with_errors else _FOLLOWED
    waiting: list[Resource] = []
    after = 0
    while versions := await records.all_of_type("CarePlan", count=_RESOURCES_A_PAGE, after=after):
        after = versions[-1].rid
        for plan in map(_parsed, versions):
            followed = plan.get("status") in statuses and pathway in named_pathways(plan)
            if followed and structure in (None, _author(plan)):
                waiting.append(plan)
            if len(waiting) == count:
                yield waiting
                waiting = []
    if waiting:
        yield waiting


async def plan_record(records: Searched, care_plan: Resource) -> PlanRecord:
    """One plan, with what its settlement looks at."""
    return (await plan_records(records, [care_plan]))[0]


async def plan_records(records: Searched, plans: Sequence[Resource]) -> list[PlanRecord]:
    """Each plan with what its settlement looks at, in the order given."""
    resources = await _surroundings(records, plans)
    patients = _keys({p for plan in plans if (p := local_reference(plan.get("subject"))) is not None})
    encounters = await _of_patients(records, "Encounter", "subject", patients)
    consents = await _of_patients(records, "Consent", "patient", patients)
    all_plans = await _of_patients(records, "CarePlan", "subject", patients)
    distributions = await _distributions(records, plans)
    claims = await _claims(records, patients, encounters, all_plans)
    found = []
    for plan in plans:
        patient = local_reference(plan.get("subject")) or ""
        found.append(
            PlanRecord(
                plan,
                resources,
                tuple(encounters.get(patient, ())),
                tuple(consents.get(patient, ())),
                tuple(other for other in all_plans.get(patient, ()) if other["id"] != plan["id"]),
                tuple(distributions.get(reference_of(plan), ())),
                claims.get(patient, NO_CLAIMS),
            )
        )
    return found


async def _distributions(records: Searched, plans: Sequence[Resource]) -> dict[str, list[Resource]]:
    """The Contracts of free distributions, by the plan they are about."""
    found: dict[str, list[Resource]] = {}
    for version in await records.referring("Contract", "subject", [("CarePlan", plan["id"]) for plan in plans]):
        contract = _parsed(version)
        if is_distribution(contract):
            found.setdefault(local_reference(contract["subject"][0]) or "", []).append(contract)
    return found


async def _claims(
    records: Searched,
    patients: Iterable[tuple[str, str]],
    encounters: Mapping[str, Iterable[Resource]],
    plans: Mapping[str, Iterable[Resource]],
) -> dict[str, PatientClaims]:
    """The Claims of each patient, and those of others' plans that name one of their sessions."""
    found: dict[str, list[StoredClaim]] = {}
    for version in await records.referring("Claim", "patient", patients):
        claim = stored_claim(version)
        if claim is not None:
            found.setdefault(claim.patient, []).append(claim)
    # Only a session that was changed can have been another patient's.
    now = {
        reference_of(session): patient
        for patient, sessions in encounters.items()
        for session in sessions
        if session["meta"]["versionId"] != "1"
    }
    for version in await records.referring("Claim", "encounter", _keys(now)):
        claim = stored_claim(version)
        if claim is not None:
            for patient in {now[session] for session in claim.sessions if session in now} - {claim.patient}:
                if claim.care_plan not in map(reference_of, plans.get(patient, ())):
                    found.setdefault(patient, []).append(claim)
    return {patient: PatientClaims(tuple(claims), patient) for patient, claims in found.items()}


async def all_matches(records: Searched, resource_type: str, criteria: Sequence[tuple[str, str]]) -> list[Resource]:
    """Every match of a search."""
    return [found async for page in pages(records, resource_type, criteria, _RESOURCES_A_PAGE) for found in page]


async def pages(
    records: Searched, resource_type: str, criteria: Sequence[tuple[str, str]], count: int
) -> AsyncIterator[list[Resource]]:
    """The matches of a search, a page at a time."""
    wanted = parse_search(resource_type, criteria)
    position = None
    while True:
        page = await records.search(wanted, count=count, position=position)
        yield [_parsed(version) for version in page.matches]
        position = page.following
        if position is None:
            return


async def _surroundings(records: Searched, plans: Iterable[Resource]) -> dict[str, Resource]:
    """Patients, structures, care teams, then their members, then the people behind the members' roles."""
    return await read_around(records, (reference for plan in plans for reference in _named_by_plan(plan)))


async def read_around(records: Searched, references: Iterable[str]) -> dict[str, Resource]:
    """The resources named and, for care teams, their members and the people behind the members' roles; those stored."""
    found: dict[str, Resource] = {}
    wanted = set(references)
    while wanted:
        added = await _read(records, wanted)
        found |= added
        wanted = {reference for resource in added.values() for reference in _named_by(resource)} - found.keys()
    return found


def _named_by_plan(plan: Resource) -> list[str]:
    references = [plan.get("subject"), plan.get("author"), *plan.get("careTeam", ())]
    return [reference for named in references if (reference := local_reference(named)) is not None]


def _named_by(resource: Resource) -> list[str]:
    match resource["resourceType"]:
        case "CareTeam":
            named = [participant.get("member") for participant in resource.get("participant", ())]
        case "PractitionerRole":
            named = [resource.get("practitioner"), resource.get("organization")]
        case _:
            named = []
    references = (local_reference(reference) for reference in named)
    return [r for r in references if r is not None and r.partition("/")[0] in _EVIDENCE_TYPES]


_EVIDENCE_TYPES = frozenset({"PractitionerRole", "Practitioner", "Organization"})


async def _read(records: Searched, references: Iterable[str]) -> dict[str, Resource]:
    versions = await records.read_many(_keys(references))
    parsed = [_parsed(version) for version in versions.values() if not version.deleted]
    return {reference_of(resource): resource for resource in parsed}


async def _of_patients(
    records: Searched, resource_type: str, code: str, patients: Iterable[tuple[str, str]]
) -> dict[str, list[Resource]]:
    """The resources of a type that are about patients, by patient; `code` is the search parameter that says whom."""
    found: dict[str, list[Resource]] = {}
    for version in await records.referring(resource_type, code, patients):
        resource = _parsed(version)
        about = resource.get("subject") or resource.get("patient")
        found.setdefault(local_reference(about) or "", []).append(resource)
    return found


def _keys(references: Iterable[str]) -> list[tuple[str, str]]:
    return [(kind, id_) for kind, slash, id_ in (reference.partition("/") for reference in references) if slash]


def _author(plan: Resource) -> str | None:
    author = local_reference(plan.get("author"))
    return author.removeprefix("Organization/") if author is not None else None


def _parsed(version: StoredVersion) -> dict[str, Any]:
    parsed: dict[str, Any] = orjson.loads(version.body)
    return parsed
