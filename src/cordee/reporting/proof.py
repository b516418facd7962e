"""The proof of a Claim: all that it rests on, in the versions it names, with what came of it, as one archive.

An auditor needs nothing else: every amount can be computed again from these files, and each can be checked by its hash.
"""

import base64
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec
import orjson

from cordee.claims.claim_record import ClaimRecord
from cordee.claims.evidence import CareCircle, Session
from cordee.claims.fhir_circle import circle_from_care_teams
from cordee.claims.fhir_claim import claim_resource, claim_text
from cordee.claims.fhir_contract import convention_from_contract
from cordee.claims.fhir_evidence import Resource, local_reference, reference_of, session_from_encounter
from cordee.fhir.body import instant
from cordee.fhir.query import parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.pathways.fhir_plan_definition import NoPathwayFileError, pathway_text
from cordee.pathways.model import Pathway
from cordee.pathways.money import euros
from cordee.pathways.shipped import shipped_texts
from cordee.reporting.claim_explanation import ClaimExplanation, claim_explanation
from cordee.reporting.explanation_document import explanation_document
from cordee.reporting.proof_archive import ProofFile, archive
from cordee.store.reader import Reader

Version = tuple[str, str, int]

_FOLDERS = {
    "CarePlan": "inclusion",
    "Patient": "inclusion",
    "Consent": "inclusion",
    "ServiceRequest": "inclusion",
    "Encounter": "sessions",
    "CareTeam": "circle",
    "PractitionerRole": "circle",
    "Practitioner": "circle",
    "Organization": "circle",
    "Contract": "convention",
    "PlanDefinition": "pathway",
    "Claim": "other-claims",
}
_FOLLOWING = (
    ("ClaimResponse", "request", "answers", "What the caisse answered"),
    ("PaymentReconciliation", "claim", "answers", "A payment notice: the lines that pay it, without those of others"),
    ("Claim", "corrected", "corrections", "A Claim that corrects it"),
)
_MOST_FOLLOWING = 1000


@dataclass(frozen=True, slots=True)
class Proof:
    """The files of a proof, and what its manifest says beside: what it is about, and what could not be found."""

    record: ClaimRecord
    files: tuple[ProofFile, ...]
    missing: tuple[str, ...]

    @property
    def name(self) -> str:
        """A name for the archive."""
        return f"preuve-{self.record.reference.rpartition('/')[2]}-v{self.record.version}.zip"

    def pieces(self) -> Iterator[bytes]:
        """The archive, piece by piece."""
        about = {
            "format": "cordee.proof/1",
            "claim": f"{self.record.reference}/_history/{self.record.version}",
            "forfait": self.record.identifier,
            "total": f"{euros(self.record.total)} EUR",
            "missing": list(self.missing),
        }
        return archive(self.files, about)


async def prove(reader: Reader, claim_id: str, pathways: Mapping[str, Pathway]) -> Proof:
    """The proof of the Claim with the id `claim_id`.

    The evidence is in the versions that the Claim names; one that can't be found is listed as missing, never replaced
    by another. Raises `NotFound` or `Gone`, EvidenceError for a Claim that the project did not write.
    """
    stored = await reader.read("Claim", claim_id)
    explanation = claim_explanation(claim_resource(stored.body.encode()))
    record = explanation.record
    read, missing = await _evidence(reader, record)
    files = [ProofFile("claim.json", stored.body.encode(), "The Claim")]
    files += [_evidence_file(record, version) for version in read.values()]
    files += _conventions(read)
    pathway = _pathway_file(record, read, pathways)
    if pathway is None:
        missing.append(f"pathway {record.pathway} {record.pathway_version}")
    else:
        files.append(pathway)
    files += [file async for file in _following(reader, record)]
    files += [file async for file in _ledger(reader, record)]
    files.sort(key=lambda file: file.path)
    try:
        sessions, circle = _as_settled(record, read, pathways)
    except ValueError as error:
        sessions, circle = (), None
        missing.append(f"the care circle can't be read from these versions: {error}")
    files.append(_document(explanation, sessions, circle, files))
    return Proof(record, tuple(files), tuple(missing))


async def _evidence(reader: Reader, record: ClaimRecord) -> tuple[dict[Version, StoredVersion], list[str]]:
    """What the settlement read, by version, and what of it can't be found.

    A Claim of the patient that stood then is named without a version: what it claims is final once it is submitted.
    """
    wanted: dict[str, Version] = {}
    for name in record.evidence_versions:
        kind, id_, *number = name.split("/")
        if number:
            wanted[name] = kind, id_, int(number[-1])
        else:
            current = (await reader.read_many([(kind, id_)])).get((kind, id_))
            wanted[name] = kind, id_, current.version if current is not None else 0
    found = await reader.read_versions(wanted.values())
    missing = [name for name, version in wanted.items() if version not in found or found[version].deleted]
    return {version: found[version] for version in sorted(found) if not found[version].deleted}, missing


def _evidence_file(record: ClaimRecord, version: StoredVersion) -> ProofFile:
    kind = version.resource_type
    is_structure = f"{kind}/{version.id}" == record.structure
    folder = "structure" if is_structure else _FOLDERS.get(kind, "other")
    return ProofFile(_path(folder, version), version.body.encode(), f"{kind}/{version.id}, version {version.version}")


def _path(folder: str, version: StoredVersion) -> str:
    return f"{folder}/{version.resource_type}-{version.id}-v{version.version}.json"


def _conventions(read: Mapping[Version, StoredVersion]) -> Iterator[ProofFile]:
    """The YAML of each convention, as it was signed, beside the Contract that carries it."""
    for (kind, id_, number), version in read.items():
        if kind != "Contract":
            continue
        for rule in orjson.loads(version.body).get("rule", ()):
            attachment = rule.get("contentAttachment", {})
            if "data" in attachment:
                path = f"convention/Contract-{id_}-v{number}.yaml"
                yield ProofFile(path, base64.b64decode(attachment["data"]), "The convention, as it was signed")


def _pathway_file(
    record: ClaimRecord, read: Mapping[Version, StoredVersion], pathways: Mapping[str, Pathway]
) -> ProofFile | None:
    """The pathway's file: that of the PlanDefinition settled with, or else as shipped if it is that version."""
    path = f"pathway/{record.pathway}-{record.pathway_version}.yaml"
    title = f"The pathway {record.pathway}, version {record.pathway_version}"
    for (kind, _, _), version in read.items():
        if kind == "PlanDefinition":
            with suppress(NoPathwayFileError):
                return ProofFile(path, pathway_text(orjson.loads(version.body)).encode(), title)
    known = pathways.get(record.pathway)
    text = shipped_texts().get(f"{record.pathway}.yaml")
    if known is None or known.version != record.pathway_version or text is None:
        return None
    return ProofFile(path, text.encode(), title)


async def _following(reader: Reader, record: ClaimRecord) -> AsyncIterator[ProofFile]:
    for kind, parameter, folder, title in _FOLLOWING:
        wanted = parse_search(kind, [(parameter, record.reference)])
        for found in (await reader.search(wanted, count=_MOST_FOLLOWING)).matches:
            content = found.body.encode()
            if kind == "PaymentReconciliation":
                content = _own_lines(content, record)
            yield ProofFile(_path(folder, found), content, title)


def _own_lines(notice: bytes, record: ClaimRecord) -> bytes:
    """A payment notice with the lines about one Claim only: the others are about other patients."""
    resource = claim_resource(notice)
    own = [line for line in resource.get("detail", ()) if local_reference(line.get("request")) == record.reference]
    return msgspec.json.format(claim_text({**resource, "detail": own}))


async def _ledger(reader: Reader, record: ClaimRecord) -> AsyncIterator[ProofFile]:
    """The entries of the structure's ledger about the Claim, each with its place and hash in the chain."""
    booked = [
        {"number": e.number, "recordedAt": instant(e.recorded_at), "hash": e.hash.hex(), "entry": e.entry}
        async for e in reader.ledger.entries(record.structure, claim=record.reference)
    ]
    if booked:
        content = msgspec.json.format(msgspec.json.encode({"structure": record.structure, "entries": booked}))
        yield ProofFile("ledger/entries.json", content, "What the ledger says of it; amounts are cents")


def _as_settled(
    record: ClaimRecord, read: Mapping[Version, StoredVersion], pathways: Mapping[str, Pathway]
) -> tuple[tuple[Session, ...], CareCircle | None]:
    """The sessions and the care circle as they were read for the settlement."""
    resources = {f"{kind}/{id_}": orjson.loads(version.body) for (kind, id_, _), version in read.items()}

    def of_kind(kind: str) -> list[Resource]:
        return [resource for resource in resources.values() if resource["resourceType"] == kind]

    pathway = pathways.get(record.pathway)
    contracts = of_kind("Contract")
    if pathway is None or not contracts:
        return (), None
    zone = ZoneInfo(convention_from_contract(contracts[0], pathways).time_zone)
    claimed = {session for item in record.items for session in item.sessions}
    sessions = tuple(
        session_from_encounter(encounter, zone)
        for encounter in of_kind("Encounter")
        if reference_of(encounter) in claimed
    )
    circle = circle_from_care_teams(record.patient, of_kind("CareTeam"), resources, pathway, zone)
    return sessions, circle


def _document(
    explanation: ClaimExplanation, sessions: Iterable[Session], circle: CareCircle | None, files: Iterable[ProofFile]
) -> ProofFile:
    hashes = {file.path: file.digest for file in files}
    content = explanation_document(explanation, sessions=sessions, circle=circle, hashes=hashes)
    return ProofFile("explication.pdf", content, "The explanation, for reading")
