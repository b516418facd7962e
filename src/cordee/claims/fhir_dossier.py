"""One patient's dossier from FHIR resources, and which of its forfaits are to be settled."""

from collections.abc import Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from cordee.claims.dossier import Dossier
from cordee.claims.fhir_circle import circle_from_care_teams
from cordee.claims.fhir_distribution import distribution_from_contract
from cordee.claims.fhir_evidence import Resource, structure_from_organization
from cordee.claims.fhir_inclusion import inclusion_from_care_plan
from cordee.pathways.convention import Convention
from cordee.pathways.model import Pathway
from cordee.pathways.schedule import PlannedForfait


def dossier_from_resources(
    pathway: Pathway,
    convention: Convention,
    *,
    organization: Resource,
    care_plan: Resource,
    patient: Resource | None,
    care_teams: Iterable[Resource],
    resources: Mapping[str, Resource],
    consents: Iterable[Resource] = (),
    other_plans: Iterable[Resource] = (),
    distributions: Iterable[Resource] = (),
) -> Dossier:
    """The dossier of a CarePlan, read in the time zone of the convention.

    `care_teams` are those of `CarePlan.careTeam`; `resources` holds by reference the PractitionerRoles of their
    participants, with their Practitioners and Organizations; `consents` are the patient's Consents, `other_plans` their
    other CarePlans, `distributions` the Contracts of the plan's free distributions. Raises EvidenceError, or
    FileRefusedError, for what can't be read.
    """
    zone = ZoneInfo(convention.time_zone)
    inclusion = inclusion_from_care_plan(care_plan, patient, zone, consents=consents, other_plans=other_plans)
    circle = circle_from_care_teams(inclusion.patient, care_teams, resources, pathway, zone)
    signed = tuple(distribution_from_contract(contract) for contract in distributions)
    return Dossier(pathway, convention, structure_from_organization(organization), inclusion, circle, signed)


def due_forfaits(dossier: Dossier, as_of: date) -> tuple[PlannedForfait, ...]:
    """The forfaits whose day has come by `as_of` and that began under this version of the convention."""
    return tuple(
        planned
        for planned in dossier.planned(as_of)
        if planned.due_on <= as_of and dossier.convention.validity.covers(planned.start)
    )
