"""What an audit reads: the ledger with the Claims it is about, and the Claims with the sessions they stand on."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from cordee.claims.claim_record import ClaimRecord
from cordee.claims.collective.fhir_invoice_record import stored_invoice
from cordee.claims.evidence import CareCircle
from cordee.claims.fhir_circle import circle_from_care_teams
from cordee.claims.fhir_claim import claim_resource
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.fhir_evidence import EvidenceError, Resource, local_reference, session_from_encounter
from cordee.claims.records import read_around
from cordee.claims.standing_claims import stored_claim
from cordee.fhir.query import parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.ledger.model import LedgerEntry
from cordee.pathways.model import Pathway
from cordee.reporting.activity import ActivityReport, ClaimFacts, Key, ReportRow
from cordee.reporting.anomalies import (
    Anomaly,
    ClaimedSessions,
    PerformedAct,
    Thresholds,
    changed_amounts,
    claimed_sessions,
    claimed_twice,
    improbable_days,
    outside_membership,
)
from cordee.store.reader import Reader

_ENTRIES_A_BATCH = 500
_CLAIMS_A_PAGE = 200
_PARIS = ZoneInfo("Europe/Paris")


async def activity_report(
    reader: Reader, structure: str, by: Iterable[Key], *, first: date | None = None, last: date | None = None
) -> tuple[ReportRow, ...]:
    """What a structure (`Organization/x`) booked from day `first` to day `last`, kept apart by some of the keys."""
    report = ActivityReport(by)
    batch: list[LedgerEntry] = []
    async for chained in reader.ledger.entries(structure, first=first, last=last):
        batch.append(chained.entry)
        if len(batch) == _ENTRIES_A_BATCH:
            await _add(reader, report, batch)
            batch = []
    await _add(reader, report, batch)
    return report.rows()


async def _add(reader: Reader, report: ActivityReport, entries: Sequence[LedgerEntry]) -> None:
    named = {entry.claim for entry in entries if entry.claim is not None}
    stored = await reader.read_many([(kind, id_) for kind, _, id_ in (name.partition("/") for name in named)])
    facts = {
        f"{version.resource_type}/{version.id}": known
        for version in stored.values()
        if not version.deleted and (known := _facts(version)) is not None
    }
    for entry in entries:
        report.add(entry, None if entry.claim is None else facts.get(entry.claim))


def _facts(version: StoredVersion) -> ClaimFacts | None:
    """What is known of a Claim or Invoice; None for one that is not as the project writes it."""
    if version.resource_type == "Invoice":
        try:
            invoice = stored_invoice(version)
        except EvidenceError:
            return None
        return ClaimFacts(invoice.pathway, invoice.period.first.replace(day=1))
    claim = stored_claim(version)
    return None if claim is None else ClaimFacts(claim.pathway, claim.first_day.replace(day=1))


@dataclass(slots=True)
class AuditedSessions:
    """What an audit keeps of the Claims it went through: enough to find what is odd, and no more."""

    claims: list[ClaimedSessions] = field(default_factory=list)
    acts: list[PerformedAct] = field(default_factory=list)
    found: list[Anomaly] = field(default_factory=list)


async def anomalies(
    reader: Reader,
    structure: str,
    pathways: Mapping[str, Pathway],
    *,
    first: date | None = None,
    last: date | None = None,
    thresholds: Thresholds,
) -> AsyncIterator[Anomaly]:
    """What is odd in the submitted Claims of a structure (`Organization/x`) created from `first` to `last`.

    Days are those of Europe/Paris. Raises EvidenceError for a Claim or a session that can't be read.
    """
    audited = AuditedSessions()
    async for page in _submitted(reader, structure, first, last):
        records = [claim_record_from_claim(claim_resource(version.body.encode())) for version in page]
        audited.claims += map(claimed_sessions, records)
        for anomaly in changed_amounts(await _versions(reader, records)):
            yield anomaly
        acts, circles = await _performed(reader, records, pathways)
        audited.acts += acts
        for anomaly in outside_membership(acts, circles):
            yield anomaly
    for anomaly in claimed_twice(audited.claims):
        yield anomaly
    for anomaly in improbable_days(audited.acts, thresholds):
        yield anomaly


async def _submitted(
    reader: Reader, structure: str, first: date | None, last: date | None
) -> AsyncIterator[Sequence[StoredVersion]]:
    criteria = [("status", "active"), ("provider", structure)]
    criteria += [("created", f"ge{first.isoformat()}")] if first else []
    criteria += [("created", f"le{last.isoformat()}")] if last else []
    wanted, position = parse_search("Claim", criteria), None
    while True:
        page = await reader.search(wanted, count=_CLAIMS_A_PAGE, position=position)
        yield page.matches
        position = page.following
        if position is None:
            return


async def _versions(reader: Reader, records: Sequence[ClaimRecord]) -> list[ClaimRecord]:
    """Every version of the Claims that were written more than once, oldest first."""
    wanted = [
        ("Claim", record.reference.removeprefix("Claim/"), number)
        for record in records
        for number in range(1, record.version + 1)
        if record.version > 1
    ]
    found = await reader.read_versions(wanted)
    stored = [found[key] for key in wanted if key in found and not found[key].deleted]
    return [claim_record_from_claim(claim_resource(version.body.encode())) for version in stored]


async def _performed(
    reader: Reader, records: Sequence[ClaimRecord], pathways: Mapping[str, Pathway]
) -> tuple[list[PerformedAct], dict[str, CareCircle]]:
    """The acts that forfaits stand on, as the record tells them now, and the care circles of their plans."""
    standing = [record for record in records if record.kind in ("forfait", "replacement")]
    sessions = {session for record in standing for item in record.items for session in item.sessions}
    encounters = await read_around(reader, sessions)
    plans = await read_around(reader, {record.care_plan for record in standing})
    teams = {local_reference(team) for plan in plans.values() for team in plan.get("careTeam", ())}
    members = await read_around(reader, {team for team in teams if team is not None})
    acts: dict[tuple[str, str], PerformedAct] = {}
    circles: dict[str, CareCircle] = {}
    for record in standing:
        pathway, plan = pathways.get(record.pathway), plans.get(record.care_plan)
        if pathway is not None and plan is not None and record.care_plan not in circles:
            named = [members[ref] for team in plan.get("careTeam", ()) if (ref := local_reference(team)) in members]
            circles[record.care_plan] = circle_from_care_teams(record.patient, named, members, pathway, _PARIS)
        for item in record.items:
            for reference in item.sessions:
                for act in _acts(encounters.get(reference), record.care_plan):
                    acts[act.session, act.performer] = act
    return list(acts.values()), circles


def _acts(encounter: Resource | None, care_plan: str) -> list[PerformedAct]:
    if encounter is None:
        return []
    session = session_from_encounter(encounter, _PARIS)
    if session.day is None:
        return []
    start = encounter.get("period", {}).get("start", "")
    return [
        PerformedAct(
            session=session.reference,
            performer=performer,
            patient=session.patient,
            care_plan=care_plan,
            act=session.codes[0].code if session.codes else "",
            day=session.day,
            begins=datetime.fromisoformat(start) if "T" in start else None,
            minutes=session.minutes,
        )
        for performer in session.performers
    ]
