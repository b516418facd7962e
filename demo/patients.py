"""Thirty fictitious patients: identity, care circle, care plan, and three months of sessions of each.

Everything follows from a seed: the same resources, with the same ids, each time.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench.identity import INS_TEST_SYSTEM, matricule

from cordee.claims.canonical import INCLUSION_DECISION, PATHWAY_SYSTEM, PROFILE_SYSTEM, pathway_canonical
from demo.team import BY_ID, PATHWAY, STRUCTURE, Professional

Resource = dict[str, Any]

NUMBER_OF_PATIENTS = 30
FIRST_DAY = date(2026, 6, 1)
BILLED_UNTIL = date(2026, 8, 31)
_PARIS = ZoneInfo("Europe/Paris")
_SEED = 51
_ACTS = "https://cordee.example/fhir/CodeSystem/act"
_CIRCLE_PROFILE = "https://interop.esante.gouv.fr/ig/fhir/cds/StructureDefinition/cds-ihe-careteam"
_IDENTITY = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-identity-reliability"
_SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"
_PROFILES = ("OC", "OC-APA", "OC-TCA", "OC-TCA-APA")
_DEPARTMENTS = ("35", "29", "69", "75", "2A")

LEFT_THE_PARCOURS = 7
"""The patient who moved away in the middle of the second month."""
LEFT_AND_CAME_BACK = "dieteticien-5"
"""The professional who was away in July."""
_AWAY = (date(2026, 7, 1), date(2026, 7, 31))


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient: number from 1, profile, and the first day of the parcours."""

    number: int
    profile: str
    start: date

    @property
    def id(self) -> str:
        """`patient-01`"""
        return f"patient-{self.number:02d}"

    @property
    def treating(self) -> tuple[Professional, ...]:
        """Who sees them: doctors and dieticians take turns, the others come with the profile."""
        first_half = self.number % 4 < 2
        chosen = ["medecin-1" if first_half else "medecin-2", "infirmiere-3"]
        if not first_half:
            chosen.append(LEFT_AND_CAME_BACK)
        chosen.append("dieteticienne-4")  # alone, or standing in for her colleague in July
        if "TCA" in self.profile or self.number % 3 == 0:
            chosen.append("psychologue-6")
        if "APA" in self.profile:
            chosen.append("enseignante-7" if self.number % 8 < 4 else "enseignant-8")
        return tuple(BY_ID[id_] for id_ in chosen)

    @property
    def members(self) -> tuple[Professional, ...]:
        """Their care circle: those who see them, and for each other profession of the team one who would."""
        there = {member.profession for member in self.treating}
        needed = {BY_ID[id_].profession: BY_ID[id_] for id_ in ("psychologue-6", "enseignante-7")}
        return (*self.treating, *(member for profession, member in needed.items() if profession not in there))


def patients() -> list[Patient]:
    """All of them; most begin on 1 June, some on 15 June, so that not all séquences end in the billed months."""
    return [
        Patient(number, _PROFILES[number % 4], FIRST_DAY if number % 5 else date(2026, 6, 15))
        for number in range(1, NUMBER_OF_PATIENTS + 1)
    ]


def record_of(patient: Patient) -> Iterator[Resource]:
    """The patient's whole record."""
    yield _identity(patient)
    yield _consent(patient)
    yield _care_circle(patient)
    yield _care_plan(patient)
    yield from _sessions(patient)


def _identity(patient: Patient) -> Resource:
    male = patient.number % 3 == 0
    year, month = 1950 + patient.number, 1 + patient.number % 12
    ins = matricule(
        patient.number, male=male, year=year, month=month, department=_DEPARTMENTS[patient.number % len(_DEPARTMENTS)]
    )
    return {
        "resourceType": "Patient",
        "id": patient.id,
        "extension": [
            {
                "url": _IDENTITY,
                "extension": [
                    {
                        "url": "identityStatus",
                        "valueCoding": {
                            "system": "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0445",
                            "code": "PROV",
                        },
                    }
                ],
            }
        ],
        "identifier": [
            {
                "use": "official",
                "type": {
                    "coding": [
                        {
                            "system": "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203",
                            "code": "INS-NIR-TEST",
                        }
                    ]
                },
                "system": INS_TEST_SYSTEM,
                "value": ins,
            }
        ],
        "active": True,
        "name": [{"use": "official", "family": f"PATIENT-{patient.number:02d}", "given": ["Démonstration"]}],
        "gender": "male" if male else "female",
        "birthDate": f"{year}-{month:02d}-15",
    }


def _consent(patient: Patient) -> Resource:
    return {
        "resourceType": "Consent",
        "id": patient.id,
        "status": "active",
        "scope": {"coding": [{"system": _SCOPES, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": PATHWAY_SYSTEM, "code": PATHWAY.code}]}],
        "patient": {"reference": f"Patient/{patient.id}"},
        "dateTime": "2026-05-28",
        "policyRule": {"text": "Article R. 4012-1 du code de la santé publique"},
    }


def _care_circle(patient: Patient) -> Resource:
    return {
        "resourceType": "CareTeam",
        "id": patient.id,
        "meta": {"profile": [_CIRCLE_PROFILE]},
        "identifier": [{"system": "https://cordee.example/cercle-de-soins", "value": patient.id}],
        "status": "active",
        "name": f"Cercle de soins de PATIENT-{patient.number:02d}",
        "subject": {"reference": f"Patient/{patient.id}"},
        "period": {"start": patient.start.isoformat()},
        "participant": [entry for member in patient.members for entry in _memberships(member, patient)],
        "managingOrganization": [{"reference": f"Organization/{STRUCTURE}"}],
    }


def _memberships(member: Professional, patient: Patient) -> list[Resource]:
    """One participant a stay: a member who comes back has two (ANS «Cercle de soins»)."""
    named = {"member": {"reference": member.role, "display": f"{member.given} {member.family}"}}
    begins = patient.start.isoformat()
    if member.id != LEFT_AND_CAME_BACK:
        return [named | {"period": {"start": begins}}]
    left, back = _AWAY[0] - timedelta(days=1), _AWAY[1] + timedelta(days=1)
    return [
        named | {"period": {"start": begins, "end": left.isoformat()}},
        named | {"period": {"start": back.isoformat()}},
    ]


def _care_plan(patient: Patient) -> Resource:
    left = patient.number == LEFT_THE_PARCOURS
    period = {"start": patient.start.isoformat()} | ({"end": "2026-07-17"} if left else {})
    return {
        "resourceType": "CarePlan",
        "id": patient.id,
        "extension": [
            {
                "url": INCLUSION_DECISION,
                "extension": [
                    {"url": "date", "valueDate": "2026-05-28"},
                    {"url": "decider", "valueReference": {"reference": patient.members[0].role}},
                    {"url": "prescriber", "valueReference": {"reference": patient.members[0].role}},
                ],
            }
        ],
        "instantiatesCanonical": [f"{pathway_canonical(PATHWAY.code)}|{PATHWAY.version}"],
        "status": "revoked" if left else "active",
        "intent": "plan",
        "category": [{"coding": [{"system": PROFILE_SYSTEM, "code": patient.profile}]}],
        "title": PATHWAY.label.fr,
        "subject": {"reference": f"Patient/{patient.id}"},
        "period": period,
        "author": {"reference": f"Organization/{STRUCTURE}"},
        "careTeam": [{"reference": f"CareTeam/{patient.id}"}],
    }


def _sessions(patient: Patient) -> Iterator[Resource]:
    chance = random.Random(_SEED * 1000 + patient.number)
    number = 0
    for month in range(3):
        for act, member, status in _planned(patient, month, chance):
            day = _working_day(patient.start + timedelta(days=month * 30 + chance.randrange(27)))
            if patient.number == LEFT_THE_PARCOURS and day > date(2026, 7, 17):
                continue
            number += 1
            yield _encounter(patient, number, act, (member,), day, status, chance)
        if month == 0:
            number += 1
            day = _working_day(patient.start + timedelta(days=20))
            team = tuple(m for m in patient.treating if m.profession != "infirmier" and not _is_away(m, day))
            yield _encounter(patient, number, "rcp", team, day, "finished", chance)


def _planned(patient: Patient, month: int, chance: random.Random) -> Iterator[tuple[str, Professional, str]]:
    """The acts of a month, their performer, and what became of each: some are missed."""
    by_profession: dict[str, list[Professional]] = {}
    for member in patient.treating:
        by_profession.setdefault(member.profession, []).append(member)
    wanted = {"medecin": ("consultation-medicale", 1), "dieteticien": ("consultation-dietetique", 2)}
    wanted |= {"psychologue": ("consultation-psychologique", 2), "enseignant-apa": ("seance-apa", 3)}
    for profession, (act, count) in wanted.items():
        members = by_profession.get(profession, [])
        for _ in range(count if members else 0):
            missed = chance.random() < 0.12
            # July's sessions of the absent dietician are done by the colleague, but for a few entered by mistake.
            away = month == 1 and len(members) > 1 and chance.random() < 0.8
            yield act, members[-1 if away else 0], "cancelled" if missed else "finished"


def _encounter(
    patient: Patient,
    number: int,
    act: str,
    members: tuple[Professional, ...],
    day: date,
    status: str,
    chance: random.Random,
) -> Resource:
    begins = datetime.combine(day, time(8 + chance.randrange(9), chance.choice((0, 15, 30, 45))), _PARIS)
    ends = begins + timedelta(minutes=chance.choice((30, 45, 60)))
    return {
        "resourceType": "Encounter",
        "id": f"{patient.id}-seance-{number:02d}",
        "identifier": [{"system": "https://cordee.example/seance", "value": f"{patient.id}-{number:02d}"}],
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "type": [{"coding": [{"system": _ACTS, "code": act}]}],
        "subject": {"reference": f"Patient/{patient.id}"},
        "participant": [{"individual": {"reference": member.role}} for member in members],
        "period": {"start": begins.isoformat(), "end": ends.isoformat()},
        "serviceProvider": {"reference": f"Organization/{STRUCTURE}"},
    }


def _working_day(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day


def _is_away(member: Professional, day: date) -> bool:
    return member.id == LEFT_AND_CAME_BACK and _AWAY[0] <= day <= _AWAY[1]
