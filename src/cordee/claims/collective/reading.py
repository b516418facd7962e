"""What a collective payment is judged on, read from the store: a page of patients or reports in memory at a time."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import orjson

from cordee.claims.canonical import MEASURE, PATHWAY_SYSTEM
from cordee.claims.collective.dossier import CollectiveDossier
from cordee.claims.collective.facts import facts_from_figures
from cordee.claims.collective.fhir_figures import figures_of, is_about
from cordee.claims.collective.fhir_invoice import CollectiveEvidence
from cordee.claims.collective.fhir_patient_list import listed_elsewhere, patients_listed, patients_named
from cordee.claims.collective.period import BillingPeriod
from cordee.claims.fhir_circle import circle_from_care_teams
from cordee.claims.fhir_distribution import distribution_from_contract, is_distribution
from cordee.claims.fhir_evidence import (
    EvidenceError,
    Resource,
    identifiers_of,
    local_reference,
    reference_of,
    structure_from_organization,
    versioned_reference,
)
from cordee.claims.judgement import Unreadable, executed_conventions
from cordee.claims.records import Searched, all_matches, read_around
from cordee.fhir.query import parse_search
from cordee.pathways.convention import Convention
from cordee.pathways.model import Pathway
from cordee.pathways.schedule import convention_in_force

_A_PAGE = 1000
_KEPT_OF_PATIENT = ("birthDate", "gender", "deceasedDateTime", "deceasedBoolean")
_EXACT = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class CollectiveCase:
    """A dossier, and the versions of all it was read from; `unreadable` are Contracts that were left out."""

    dossier: CollectiveDossier
    evidence: CollectiveEvidence
    unreadable: tuple[Unreadable, ...]


async def collective_case(
    records: Searched, pathway: Pathway, pathways: Mapping[str, Pathway], *, structure: str, period: BillingPeriod
) -> CollectiveCase:
    """The case of a structure (an Organization's id) for a period, under the convention in force on its first day.

    Raises EvidenceError, or FileRefusedError for the file of a distribution, naming what is missing or can't be read.
    """
    organization = await _organization(records, structure)
    contracts, unreadable = await executed_conventions(records, pathway, pathways)
    convention = _convention(contracts, unreadable, pathway, organization, period)
    zone = ZoneInfo(convention.time_zone)
    group, others = await _groups(records, pathway, organization)
    reference = reference_of(group)
    teams = await all_matches(records, "CareTeam", [("subject", reference)])
    around = await read_around(records, (reference_of(team) for team in teams))
    listed = pathway.payment_model == "capitation"
    patients, patient_versions = await _patients(records, group) if listed else ({}, [])
    reports = [report async for report in _reports(records, pathway, reference, period)]
    distributions = await _distributions(records, group["id"])
    dossier = CollectiveDossier(
        pathway=pathway,
        convention=convention,
        structure=structure_from_organization(organization),
        circle=circle_from_care_teams(reference, teams, around, pathway, zone),
        period=period,
        group=reference,
        patients=patients_listed(group, patients, zone) if listed else (),
        facts=facts_from_figures(figures_of(reports, reference, period.days, zone), reference),
        distributions=tuple(distribution_from_contract(contract) for contract in distributions),
        elsewhere=tuple(one for other in others for one in listed_elsewhere(other, patients, zone)),
    )
    of_list = [report for report in reports if is_about(report, reference)]
    of_patients = [versioned_reference(report) for report in reports if not is_about(report, reference)]
    read = (organization, group, *others, *around.values(), *of_list, *distributions)
    versions = sorted({contracts[convention], *(versioned_reference(resource) for resource in read)})
    return CollectiveCase(dossier, _evidence(versions, [*patient_versions, *of_patients]), tuple(unreadable))


async def _organization(records: Searched, structure: str) -> Resource:
    found = await read_around(records, [f"Organization/{structure}"])
    if not found:
        raise EvidenceError(f"Organization/{structure} is not stored: name the structure by the id of its Organization")
    return found[f"Organization/{structure}"]


def _convention(
    conventions: Iterable[Convention],
    unreadable: Iterable[Unreadable],
    pathway: Pathway,
    organization: Resource,
    period: BillingPeriod,
) -> Convention:
    """The structure's convention in force on the first day."""
    identifiers = identifiers_of(organization)
    found = convention_in_force((c for c in conventions if c.structure.identifier in identifiers), period.first)
    if found is None:
        name = organization.get("name", reference_of(organization))
        left_out = "".join(f"\n{fault.care_plan}: {fault.message}" for fault in unreadable)
        raise EvidenceError(
            f"{name} has no executed convention (Contract) for {pathway.code} in force on {period.first}{left_out}"
        )
    return found


async def _groups(records: Searched, pathway: Pathway, organization: Resource) -> tuple[Resource, list[Resource]]:
    """The list of a structure, and those of the others for the same pathway."""
    reference = reference_of(organization)
    found = await all_matches(records, "Group", [("code", f"{PATHWAY_SYSTEM}|{pathway.code}")])
    active = [group for group in found if group.get("active", True)]
    groups = [group for group in active if local_reference(group.get("managingEntity")) == reference]
    if len(groups) != 1:
        named = f": {', '.join(sorted(reference_of(group) for group in groups))}" if groups else ""
        raise EvidenceError(
            f"{reference} has {len(groups)} active Groups for {pathway.code}{named}; one is expected, with the code "
            f"{PATHWAY_SYSTEM}|{pathway.code} and managingEntity {reference}"
        )
    return groups[0], [group for group in active if group is not groups[0]]


async def _patients(records: Searched, group: Resource) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """What is read of each stored Patient of a list, by reference, and their versions."""
    found: dict[str, Mapping[str, Any]] = {}
    versions: list[str] = []
    named = patients_named(group)
    for start in range(0, len(named), _A_PAGE):
        keys = [("Patient", name.removeprefix("Patient/")) for name in named[start : start + _A_PAGE]]
        for version in (await records.read_many(keys)).values():
            if not version.deleted:
                patient = orjson.loads(version.body)
                found[f"Patient/{version.id}"] = {key: patient[key] for key in _KEPT_OF_PATIENT if key in patient}
                versions.append(f"Patient/{version.id}/_history/{version.version}")
    return found, versions


async def _reports(records: Searched, pathway: Pathway, group: str, period: BillingPeriod) -> AsyncIterator[Resource]:
    """The reports of the pathway's measure on the list, or on one patient of it, that touch the period."""
    days = [("period", f"ge{period.first.isoformat()}"), ("period", f"le{period.last.isoformat()}")]
    for about in ("subject", "evaluated-resource"):
        wanted = parse_search("MeasureReport", [(about, group), *days])
        position = None
        while True:
            page = await records.search(wanted, count=_A_PAGE, position=position)
            for version in page.matches:
                report = _EXACT.decode(version.body)
                again = about != "subject" and is_about(report, group)
                if not again and report["measure"].partition("|")[0] == MEASURE + pathway.code:
                    yield report
            position = page.following
            if position is None:
                break


async def _distributions(records: Searched, group: str) -> list[Resource]:
    """The Contracts of the free distributions about the list."""
    stored = await records.referring("Contract", "subject", [("Group", group)])
    contracts: list[Resource] = [orjson.loads(version.body) for version in stored]
    return [contract for contract in contracts if is_distribution(contract)]


def _evidence(versions: Iterable[str], of_patients: Iterable[str]) -> CollectiveEvidence:
    """The versions, and the SHA-256 of those of patients: sorted, one a line."""
    lines = sorted(of_patients)
    digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    return CollectiveEvidence(tuple(versions), digest, len(lines))
