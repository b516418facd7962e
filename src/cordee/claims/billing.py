"""A billing run: every forfait that is due becomes a Claim, once.

The Claim is created on the condition that none has its forfait's identifier, so running again, or two runs at once,
bill nothing twice. A Claim is never changed here: where the evidence has moved since, the outcome says so.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import orjson

from cordee.claims import canonical
from cordee.claims.fhir_claim import claim_from_settlement, claim_text
from cordee.claims.fhir_evidence import EvidenceError, reference_of
from cordee.claims.judgement import Unreadable, executed_conventions, judge
from cordee.claims.records import Records, plan_records
from cordee.claims.settlement import NotDue, Settlement
from cordee.fhir.body import accept
from cordee.fhir.query import Search, parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.pathways.convention import Convention
from cordee.pathways.model import Pathway

__all__ = ["Billed", "Outcome", "Refused", "Unreadable", "bill"]

_KEPT_OF_ITEM = ("sequence", "careTeamSequence", "net", "encounter")


@dataclass(frozen=True, slots=True)
class Billed:
    """A forfait due. `claim` is its address, None in a dry run; `effect` says whether this run wrote it.

    `moved` is true when a Claim was there already and the evidence now gives another split: nothing is changed, it is
    for a correction.
    """

    settlement: Settlement
    claim: str | None
    effect: Literal["billed", "already_billed", "would_be_billed"]
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A forfait that is not due, with what is missing."""

    reason: NotDue


Outcome = Billed | Refused | Unreadable


async def bill(
    records: Records,
    pathway: Pathway,
    pathways: Mapping[str, Pathway],
    *,
    until: date,
    structure: str | None = None,
    dry_run: bool = False,
) -> AsyncIterator[Outcome]:
    """Judges every forfait of `pathway` whose day has come by `until`, and writes the Claims that are due.

    `structure`, an Organization's id, keeps to its plans. Days are of the structure's time zone. Outcomes come as they
    are reached, plan by plan.
    """
    contracts, faults = await executed_conventions(records, pathway, pathways)
    for fault in faults:
        yield fault
    async for record in plan_records(records, pathway.code, structure):
        try:
            judged = judge(record, pathway, contracts, as_of=until, only_due=True)
        except (ValueError, ArithmeticError) as error:
            # Whatever is wrong with one plan, the others are billed.
            reference = reference_of(record.care_plan)
            yield Unreadable(reference, str(error) if isinstance(error, EvidenceError) else f"{reference}: {error}")
            continue
        for settled in judged:
            if isinstance(settled, NotDue):
                yield Refused(settled)
            else:
                contract = next(
                    version for convention, version in contracts.items() if _settled_by(convention, settled)
                )
                versions = (contract, *record.evidence_versions())
                yield await _write(records, settled, versions, dry_run=dry_run)


def _settled_by(convention: Convention, settlement: Settlement) -> bool:
    context = settlement.context
    return (convention.identifier, convention.version) == (context.convention, context.convention_version)


async def _write(
    records: Records, settlement: Settlement, evidence_versions: Iterable[str], *, dry_run: bool
) -> Billed:
    condition = _same_forfait(settlement)
    claim = claim_from_settlement(settlement, evidence_versions=evidence_versions)
    if dry_run:
        found = (await records.search(condition, count=1)).matches
        if not found:
            return Billed(settlement, None, "would_be_billed")
        return Billed(settlement, _address(found[0]), "already_billed", _moved(found[0], claim))
    written = await records.create(accept(claim_text(claim), "Claim"), condition)
    if written.version is None:
        raise RuntimeError("a conditional create answers the version stored or found")
    if written.effect == "created":
        return Billed(settlement, _address(written.version), "billed")
    return Billed(settlement, _address(written.version), "already_billed", _moved(written.version, claim))


def _same_forfait(settlement: Settlement) -> Search:
    identifier = f"{canonical.FORFAIT_IDENTIFIER}|{settlement.context.identifier}"
    return parse_search("Claim", [("identifier", identifier)])


def _moved(stored: StoredVersion, claim: Mapping[str, Any]) -> bool:
    """Whether the evidence gives other quote-parts than those claimed."""
    fresh = orjson.loads(claim_text(claim))
    return _split(orjson.loads(stored.body)) != _split(fresh)


def _split(claim: Mapping[str, Any]) -> list[object]:
    items = [{name: item.get(name) for name in _KEPT_OF_ITEM} for item in claim.get("item", ())]
    return [items, [member.get("provider") for member in claim.get("careTeam", ())], claim.get("total")]


def _address(version: StoredVersion) -> str:
    return f"{version.resource_type}/{version.id}"
