"""Each submitted Claim settled again on the very versions it names: what it claims must come out, to the cent."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import orjson

from cordee.claims.claim_record import ClaimItem, ClaimRecord
from cordee.claims.fhir_claim import claim_from_settlement, claim_resource
from cordee.claims.fhir_claim_record import claim_record_from_claim, supporting_information_of
from cordee.claims.fhir_contract import convention_from_contract
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_distribution import is_distribution
from cordee.claims.fhir_evidence import Resource, reference_of
from cordee.claims.judgement import PlanJudge
from cordee.claims.records import PlanRecord
from cordee.claims.settlement import Settlement
from cordee.claims.standing_claims import PatientClaims, StoredClaim, is_same_payment, stored_claim
from cordee.claims.wording import missing_sentence
from cordee.fhir.query import parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.pathways.convention import Convention
from cordee.pathways.fhir_plan_definition import pathway_of
from cordee.pathways.model import Pathway
from cordee.pathways.shipped import shipped_pathways
from cordee.store.reader import Reader
from cordee.store.repository import Repository
from cordee.store.verification import Checked, Progress

_CLAIMS_A_PAGE = 100

Version = tuple[str, str, int]


async def replay_claims(repository: Repository, structure: str | None, progress: Progress) -> Checked:
    """Settles every submitted Claim again, or those of one structure (`Organization/x`); stops at the first fault.

    A credit must take back its original to the cent, a resubmission claim one of its parts.
    """
    kept = _Kept()
    count = 0
    async for page in _submitted(repository, structure):
        for fault in await _faults(repository, page, kept):
            if fault is not None:
                return Checked("Claims", count, fault)
            count += 1
        progress(len(page))
    return Checked("Claims", count, None)


@dataclass(slots=True)
class _Kept:
    """Files read once, by the version that keeps them."""

    pathways: dict[str, Pathway] = field(default_factory=dict)
    conventions: dict[str, Convention] = field(default_factory=dict)


async def _submitted(reader: Reader, structure: str | None) -> AsyncIterator[Sequence[StoredVersion]]:
    criteria = [("status", "active"), ("state", "submitted")]
    if structure is not None:
        criteria.append(("provider", structure))
    wanted, position = parse_search("Claim", criteria), None
    while True:
        page = await reader.search(wanted, count=_CLAIMS_A_PAGE, position=position)
        yield page.matches
        position = page.following
        if position is None:
            return


async def faults_of(reader: Reader, claims: Sequence[StoredVersion]) -> list[str | None]:
    """For each Claim how it differs from what the versions it names give, None where it does not."""
    return await _faults(reader, claims, _Kept())


async def _faults(reader: Reader, claims: Sequence[StoredVersion], kept: _Kept) -> list[str | None]:
    """For each Claim what is wrong with it, None where nothing is."""
    read: list[tuple[str, Element, ClaimRecord | str]] = []
    for version in claims:
        reference, resource = f"Claim/{version.id}", claim_resource(version.body.encode())
        try:
            read.append((reference, resource, claim_record_from_claim(resource)))
        except ValueError as error:
            read.append((reference, resource, str(error)))
    records = [record for _, _, record in read if isinstance(record, ClaimRecord)]
    evidence = await _evidence(reader, records)
    originals = await reader.read_many(
        [("Claim", r.original.removeprefix("Claim/")) for r in records if r.original is not None]
    )
    found: list[str | None] = []
    for reference, resource, record in read:
        if isinstance(record, str):
            found.append(record)
            continue
        try:
            match record.kind:
                case "forfait" | "replacement":
                    fault = _settled_again(record, resource, evidence, kept)
                case _:
                    fault = _of_its_original(record, originals)
        except (ValueError, KeyError, ArithmeticError) as error:
            fault = f"it can't be settled again: {error}"
        found.append(None if fault is None else f"{reference}: {fault}")
    return found


async def _evidence(reader: Reader, records: Sequence[ClaimRecord]) -> dict[str, StoredVersion]:
    """All the versions that Claims name, and those that the Claims named by them do: their sessions count too."""
    found = await _read(reader, {name for record in records for name in record.evidence_versions})
    others = [stored_claim(version) for name, version in found.items() if name.startswith("Claim/")]
    named = {name for claim in others if claim is not None for name in claim.evidence if name.startswith("Encounter/")}
    return found | await _read(reader, named - found.keys())


async def _read(reader: Reader, names: set[str]) -> dict[str, StoredVersion]:
    wanted = {name: _version(name) for name in names}
    found = await reader.read_versions(wanted.values())
    return {name: found[version] for name, version in wanted.items() if version in found}


def _version(name: str) -> Version:
    kind, id_, _, number = name.split("/")
    return kind, id_, int(number)


def _settled_again(
    record: ClaimRecord, resource: Element, evidence: Mapping[str, StoredVersion], kept: _Kept
) -> str | None:
    missing = [name for name in record.evidence_versions if name not in evidence]
    if missing:
        return f"{missing[0]}, which it was settled on, is not stored"
    versions = {name: evidence[name] for name in record.evidence_versions}
    pathway, definition = _pathway(record, versions, kept)
    contract, convention = _convention(record, versions, pathway, kept)
    plan = _plan_record(record, versions, evidence)
    judge = PlanJudge(pathway, {pathway.code: pathway}, {convention: contract}, definition)
    as_of = date.fromisoformat(supporting_information_of(resource)["settled-on"]["timingDate"])
    for judged in judge.judge(plan, as_of=as_of, only_due=False, only=record.forfait):
        if not isinstance(judged.result, Settlement):
            reasons = "; ".join(missing_sentence(one, "en") for one in getattr(judged.result, "missing", ()))
            return f"its evidence gives no forfait: {reasons}"
        fresh = claim_from_settlement(judged.result)
        if is_same_payment(resource, fresh):
            return None
        return _difference(record, claim_record_from_claim(fresh))
    return f"its evidence gives no forfait {record.forfait!r}"


def _pathway(record: ClaimRecord, versions: Mapping[str, StoredVersion], kept: _Kept) -> tuple[Pathway, str | None]:
    for name, version in versions.items():
        if name.startswith("PlanDefinition/"):
            if name not in kept.pathways:
                kept.pathways[name] = pathway_of(orjson.loads(version.body))
            return kept.pathways[name], name
    shipped = shipped_pathways().get(record.pathway)
    if shipped is None or shipped.version != record.pathway_version:
        raise ValueError(f"version {record.pathway_version} of the pathway {record.pathway} is not known here")
    return shipped, None


def _convention(
    record: ClaimRecord, versions: Mapping[str, StoredVersion], pathway: Pathway, kept: _Kept
) -> tuple[str, Convention]:
    for name, version in versions.items():
        if not name.startswith("Contract/"):
            continue
        contract = orjson.loads(version.body)
        if is_distribution(contract):
            continue
        if name not in kept.conventions:
            kept.conventions[name] = convention_from_contract(contract, {pathway.code: pathway})
        return name, kept.conventions[name]
    raise ValueError(f"it names no Contract of the convention {record.convention}")


def _plan_record(
    record: ClaimRecord, versions: Mapping[str, StoredVersion], evidence: Mapping[str, StoredVersion]
) -> PlanRecord:
    resources: dict[str, Resource] = {}
    others: list[StoredClaim] = []
    for name, version in versions.items():
        if name.startswith("Claim/"):
            claim = stored_claim(version)
            others += [] if claim is None else [claim]
        else:
            resources[f"{version.resource_type}/{version.id}"] = orjson.loads(version.body)
    of_others = {name for claim in others for name in claim.evidence if name.startswith("Encounter/")}
    for name in of_others & evidence.keys():
        version = evidence[name]
        resources.setdefault(f"Encounter/{version.id}", orjson.loads(version.body))

    def of_kind(kind: str) -> tuple[Resource, ...]:
        return tuple(resource for resource in resources.values() if resource["resourceType"] == kind)

    return PlanRecord(
        care_plan=resources[record.care_plan],
        resources=resources,
        encounters=of_kind("Encounter"),
        consents=of_kind("Consent"),
        other_plans=tuple(plan for plan in of_kind("CarePlan") if reference_of(plan) != record.care_plan),
        distributions=tuple(contract for contract in of_kind("Contract") if is_distribution(contract)),
        claims=PatientClaims(tuple(others), record.patient),
    )


def _difference(record: ClaimRecord, fresh: ClaimRecord) -> str:
    claimed = {item.payee: item.cents for item in record.items}
    settled = {item.payee: item.cents for item in fresh.items}
    for payee in sorted(claimed.keys() | settled.keys()):
        if claimed.get(payee) != settled.get(payee):
            return f"{payee} is claimed {claimed.get(payee, 0)} cents, its evidence gives {settled.get(payee, 0)}"
    return f"it claims {record.total} cents for other sessions or insurers than its evidence gives"


def _of_its_original(record: ClaimRecord, originals: Mapping[tuple[str, str], StoredVersion]) -> str | None:
    """A credit is its original with every amount negative, a resubmission one part of it, or one insurer's share."""
    stored = originals.get(("Claim", (record.original or "").removeprefix("Claim/")))
    if stored is None or stored.deleted:
        return f"{record.original}, which it is about, is not stored"
    original = claim_record_from_claim(claim_resource(stored.body.encode()))
    if record.kind == "credit":
        taken_back = [(item.payee, -item.amo, -item.amc) for item in record.items]
        whole = [(item.payee, item.amo, item.amc) for item in original.items]
        return None if taken_back == whole else f"it does not take back {original.reference} to the cent"
    parts = {part for item in original.items for part in _claimable_alone(item)}
    own = [(item.payee, item.amo, item.amc) for item in record.items]
    return None if len(own) == 1 and own[0] in parts else f"it is no part of {original.reference}"


def _claimable_alone(item: ClaimItem) -> tuple[tuple[str, int, int], ...]:
    return (item.payee, item.amo, item.amc), (item.payee, item.amo, 0), (item.payee, 0, item.amc)
