"""Care plans to be billed: each with a patient, a care circle of five, and six sessions in a séquence that has ended.

Nobody is real: families are PATIENT-00000123, identifiers are of test. The structure, its team and its convention are
those of the demo.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from demo.team import BY_ID, PATHWAY, STRUCTURE, team_resources

from bench.identity import DEPARTMENTS, INS_TEST_SYSTEM, matricule
from cordee.claims.canonical import INCLUSION_DECISION, PATHWAY_SYSTEM, PROFILE_SYSTEM, pathway_canonical

START = date(2026, 7, 1)
BILLED_UNTIL = date(2026, 7, 31)
SESSIONS_A_PLAN = 6
_PARIS = ZoneInfo("Europe/Paris")
_PROFILES = ("OC", "OC-APA", "OC-TCA", "OC-TCA-APA")
_ACTS = "https://cordee.example/fhir/CodeSystem/act"
_DOCTORS, _DIETICIANS, _TEACHERS = (
    ("medecin-1", "medecin-2"),
    ("dieteticienne-4", "dieteticien-5"),
    ("enseignante-7", "enseignant-8"),
)

Resource = dict[str, Any]


def shared_resources() -> list[Resource]:
    """The structure, its professionals and its convention."""
    return list(team_resources())


def dossiers(numbers: Iterable[int]) -> Iterator[Resource]:
    """The resources of the plans of these numbers."""
    for number in numbers:
        yield from _dossier(number)


def _dossier(number: int) -> Iterator[Resource]:
    name = f"{number:08d}"
    team = (
        _DOCTORS[number % 2],
        "infirmiere-3",
        _DIETICIANS[number // 2 % 2],
        "psychologue-6",
        _TEACHERS[number // 4 % 2],
    )
    patient = {"reference": f"Patient/{name}"}
    yield _patient(number, name)
    yield {
        "resourceType": "Consent",
        "id": name,
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": PATHWAY_SYSTEM, "code": PATHWAY.code}]}],
        "patient": patient,
        "dateTime": "2026-06-20",
        "policyRule": {"text": "R. 4012-1 CSP"},
    }
    yield {
        "resourceType": "CareTeam",
        "id": name,
        "identifier": [{"system": "https://cordee.example/cercle-de-soins", "value": name}],
        "status": "active",
        "name": f"Cercle de soins {name}",
        "subject": patient,
        "period": {"start": START.isoformat()},
        "participant": [
            {"member": {"reference": BY_ID[member].role}, "period": {"start": START.isoformat()}} for member in team
        ],
        "managingOrganization": [{"reference": f"Organization/{STRUCTURE}"}],
    }
    yield {
        "resourceType": "CarePlan",
        "id": name,
        "extension": [
            {
                "url": INCLUSION_DECISION,
                "extension": [
                    {"url": "date", "valueDate": "2026-06-25"},
                    {"url": "decider", "valueReference": {"reference": BY_ID[team[0]].role}},
                    {"url": "prescriber", "valueReference": {"reference": BY_ID[team[0]].role}},
                ],
            }
        ],
        "instantiatesCanonical": [pathway_canonical(PATHWAY.code)],
        "status": "active",
        "intent": "plan",
        "category": [{"coding": [{"system": PROFILE_SYSTEM, "code": _PROFILES[number % 4]}]}],
        "subject": patient,
        "period": {"start": START.isoformat()},
        "author": {"reference": f"Organization/{STRUCTURE}"},
        "careTeam": [{"reference": f"CareTeam/{name}"}],
    }
    acts = (
        ("consultation-medicale", team[0]),
        ("consultation-dietetique", team[2]),
        ("consultation-dietetique", team[2]),
        ("consultation-psychologique", team[3]),
        ("seance-apa", team[4]),
        ("seance-apa", team[4]),
    )
    for rank, (act, member) in enumerate(acts):
        day = START + timedelta(days=1 + 4 * rank + number % 3)
        begins = datetime(day.year, day.month, day.day, 8 + (number + rank) % 9, tzinfo=_PARIS)
        yield {
            "resourceType": "Encounter",
            "id": f"{name}-{rank + 1}",
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "type": [{"coding": [{"system": _ACTS, "code": act}]}],
            "subject": patient,
            "participant": [{"individual": {"reference": BY_ID[member].role}}],
            "period": {"start": begins.isoformat(), "end": (begins + timedelta(minutes=45)).isoformat()},
            "serviceProvider": {"reference": f"Organization/{STRUCTURE}"},
        }


def _patient(number: int, name: str) -> Resource:
    male, year, month = number % 3 == 0, 1940 + number % 60, 1 + number % 12
    department = DEPARTMENTS[number % len(DEPARTMENTS)]
    return {
        "resourceType": "Patient",
        "id": name,
        "identifier": [
            {
                "use": "official",
                "system": INS_TEST_SYSTEM,
                "value": matricule(number, male=male, year=year, month=month, department=department),
            }
        ],
        "active": True,
        "name": [{"use": "official", "family": f"PATIENT-{name}", "given": [f"PRENOM-{name}"]}],
        "gender": "male" if male else "female",
        "birthDate": f"{year}-{month:02d}-15",
    }
