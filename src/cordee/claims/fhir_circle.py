"""CareTeams (ANS «Cercle de soins» profile) into a CareCircle: members with all their periods.

A professional who leaves and comes back is several participants, and one member. RelatedPersons and
Organizations of the team are not payees: they can't perform a session.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from cordee.claims.canonical import RPPS
from cordee.claims.evidence import CareCircle, Code, Member
from cordee.claims.fhir_dates import validity_of
from cordee.claims.fhir_evidence import (
    EvidenceError,
    Resource,
    codes_of,
    identifiers_of,
    local_reference,
    reading,
    reference_of,
    refuse_elsewhere,
)
from cordee.pathways.model import Pathway, Validity

_PROFESSIONS = tuple(f"https://mos.esante.gouv.fr/NOS/TRE_{table}-" for table in ("G15", "R95", "R94", "R85", "R356"))
"""The national tables of professions and roles; PractitionerRole.code also holds other things."""

_Professions = Mapping[tuple[str, str], str]
"""The French names of the pathway's professions, by system and code."""

_ABSENT = frozenset({"proposed", "entered-in-error"})


@dataclass(slots=True)
class _Found:
    """A member being gathered from participants."""

    profession: Code | None
    practitioner: Resource
    roles: dict[str, Resource] = field(default_factory=dict)
    intervals: list[tuple[Validity, str]] = field(default_factory=list)


def circle_from_care_teams(
    patient: str,
    care_teams: Iterable[Resource],
    resources: Mapping[str, Resource],
    pathway: Pathway,
    zone: tzinfo,
) -> CareCircle:
    """The care circle of a patient (`Patient/abc`) from the CareTeams of the plan.

    `resources` holds, by reference, the PractitionerRoles of the participants, their Practitioners and,
    for employers' signatures, their Organizations. Raises EvidenceError when a participant's role or
    practitioner is not among them, or when a CareTeam is of another patient.
    """
    found: dict[tuple[str, str], _Found] = {}
    known = {(profession.system, profession.code): profession.label.fr for profession in pathway.professions}
    for team in sorted(care_teams, key=reference_of):
        reference = reference_of(team)
        if local_reference(team.get("subject")) != patient:
            raise EvidenceError(f"{reference}: this care circle is not of {patient}: name it in the right CarePlan")
        if team.get("status") in _ABSENT:
            continue
        with reading(f"{reference}.period"):
            whole = validity_of(team.get("period", {}), zone)
        for index, participant in enumerate(team.get("participant", ())):
            member = local_reference(participant.get("member"))
            refuse_elsewhere(member, f"{reference}.participant[{index}]")
            if member is None or member.partition("/")[0] not in {"PractitionerRole", "Practitioner"}:
                continue
            place = f"{reference}.participant[{index}]"
            with reading(f"{place}.period"):
                interval = _common(whole, validity_of(participant.get("period", {}), zone))
            if interval is not None:
                profession, practitioner, stored = _identity(member, resources, known, place)
                person = reference_of(practitioner) if practitioner else member
                key = (person, profession.code if profession else "")
                entry = found.setdefault(key, _Found(profession, practitioner))
                entry.roles[member] = stored
                entry.intervals.append((interval, member))
    return CareCircle(patient, tuple(sorted((_member(f, resources) for f in found.values()), key=lambda m: m.key)))


def _identity(
    reference: str, resources: Mapping[str, Resource], known: _Professions, place: str
) -> tuple[Code | None, Resource, Resource]:
    """The profession, the Practitioner (empty when the role names none) and the resource of a participant."""
    stored = resources.get(reference)
    if stored is None:
        raise EvidenceError(f"{place}: {reference} is not stored: the member's identity and profession are unknown")
    if stored["resourceType"] == "Practitioner":
        return _profession({}, stored, known), stored, stored
    named = local_reference(stored.get("practitioner"))
    if named is not None and named not in resources:
        raise EvidenceError(f"{place}: {named}, the practitioner of {reference}, is not stored")
    practitioner = resources[named] if named is not None else {}
    return _profession(stored, practitioner, known), practitioner, stored


def _member(found: _Found, resources: Mapping[str, Resource]) -> Member:
    intervals = sorted(found.intervals, key=lambda entry: (entry[0].first, entry[1]))
    latest = intervals[-1][1]
    person = reference_of(found.practitioner) if found.practitioner else latest
    identifiers = tuple(sorted({i for r in (found.practitioner, *found.roles.values()) for i in identifiers_of(r)}))
    national = [identifier for identifier in identifiers if identifier.startswith(f"{RPPS}|")]
    employers = {
        identifier
        for role in found.roles.values()
        if (employer := local_reference(role.get("organization"))) in resources and employer is not None
        for identifier in identifiers_of(resources[employer])
    }
    return Member(
        identifier=(*national, *identifiers, person)[0],
        name=_name(found.practitioner) or person,
        profession=found.profession,
        reference=latest,
        references=tuple(sorted({person, *found.roles})),
        identifiers=identifiers,
        employers=tuple(sorted(employers)),
        intervals=tuple(interval for interval, _ in intervals),
    )


def _profession(role: Resource, practitioner: Resource, known: _Professions) -> Code | None:
    """The role's first profession of the pathway, else the practitioner's, else their first national code."""
    concepts = (*role.get("code", ()), *(q.get("code", {}) for q in practitioner.get("qualification", ())))
    codes = list(codes_of(concepts))
    of_pathway = [
        replace(code, display=code.display or known[code.system, code.code])
        for code in codes
        if (code.system, code.code) in known
    ]
    national = [code for code in codes if code.system.startswith(_PROFESSIONS)]
    return next(iter((*of_pathway, *national)), None)


def _name(practitioner: Resource) -> str:
    for name in practitioner.get("name", ()):
        parts = [*name.get("prefix", ()), *name.get("given", ()), name.get("family", "")]
        text = name.get("text") or " ".join(part for part in parts if part)
        if text:
            return str(text)
    return ""


def _common(one: Validity, other: Validity) -> Validity | None:
    if not one.overlaps(other):
        return None
    ends = [end for end in (one.last, other.last) if end is not None]
    return Validity(max(one.first, other.first), min(ends, default=None))
