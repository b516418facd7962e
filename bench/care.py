"""Fictitious coordinated care: one record of 100 resources a patient.

All of it follows from the seed and the patient's number: the same seed gives the same bytes. Nobody is
real: families are called PATIENT-00000123, given names PRENOM-00000123, and identifiers are of test.
A patient's record of 2025 holds three sessions (Encounter) and one forfait (Claim) a month.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bench.bundle import LOCAL_SYSTEM, Entry, Resource, draw_for, entry, local_identifier
from bench.directory import Structure
from bench.identity import DEPARTMENTS, INS_TEST_SYSTEM, matricule

RESOURCES_PER_RECORD = 100
ENCOUNTERS_PER_RECORD = 36
CLAIMS_PER_RECORD = 12
NUMBERS_PER_SEED = 100_000
YEAR = 2025

_QUOTE_PART_SYSTEM = "https://bench.example/CodeSystem/quote-part"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_FR_IDENTIFIER_TYPES = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
_PARIS = ZoneInfo("Europe/Paris")
_MEASURES = (
    ("29463-7", "Poids", "kg", 75, 150),
    ("39156-5", "Indice de masse corporelle", "kg/m2", 30, 48),
    ("8280-0", "Tour de taille", "cm", 85, 150),
    ("8867-4", "Fréquence cardiaque", "/min", 55, 110),
)
_MEASURES_PER_RECORD = 46
_CIRCLE_SIZE = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """References that a claim of a patient needs."""

    patient: str
    coverage: str
    condition: str
    structure: Structure
    circle: tuple[str, ...]


def split(total_cents: int, weights: Sequence[int]) -> list[int]:
    """Shares of an amount in cents by weight, by largest remainder: they add up to it exactly."""
    whole = sum(weights)
    shares = [total_cents * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(total_cents * weights[i] % whole))
    for i in by_remainder[: total_cents - sum(shares)]:
        shares[i] += 1
    return shares


def patient_number(seed: int, index: int) -> int:
    """The number, in all the seeds, of the patient at an index of one seed."""
    return seed * NUMBERS_PER_SEED + index


def family_name(number: int) -> str:
    """The family name of a patient: all have the same length, so that none is the start of another."""
    return f"PATIENT-{number:08d}"


def ins(seed: int, number: int) -> str:
    """The matricule INS of a patient, always the first thing drawn of the patient's own sequence."""
    draw = draw_for(seed, f"patient {number}")
    return str(_traits(draw, number)["matricule"])


def record(seed: int, number: int, structures: Sequence[Structure]) -> list[Entry]:
    """The record of one patient: 100 resources that refer to each other and to one of the structures."""
    draw = draw_for(seed, f"patient {number}")
    person = entry(draw, patient(_traits(draw, number), "PATIENT", number, f"IPP-{number:08d}"))
    reference = {"reference": person[0]}
    structure = structures[number % len(structures)]
    circle = tuple(draw.sample(structure.professionals, _CIRCLE_SIZE))
    coverage = entry(draw, _coverage(reference, structure))
    conditions = [entry(draw, _condition(reference, *which)) for which in _CONDITIONS]
    team = entry(draw, _care_team(reference, structure, circle, number))
    plan = entry(draw, _care_plan(reference, team[0], conditions[0][0]))
    entries = [person, coverage, *conditions, team, plan]
    subject = Subject(person[0], coverage[0], conditions[0][0], structure, circle)
    for month in range(1, CLAIMS_PER_RECORD + 1):
        days = draw.sample(range(3, 27), ENCOUNTERS_PER_RECORD // CLAIMS_PER_RECORD)
        sessions = [
            entry(draw, encounter(draw, subject, date(YEAR, month, day), f"SEANCE-{number:08d}-{month}-{day}"))
            for day in sorted(days)
        ]
        forfait = claim(draw, subject, month, [url for url, _ in sessions], f"FORFAIT-{number:08d}-{month:02d}")
        entries += [*sessions, entry(draw, forfait)]
    held = [entry for entry in entries if entry[1]["resourceType"] == "Encounter"]
    for i in range(_MEASURES_PER_RECORD):
        url, session = held[i % len(held)]
        entries.append(entry(draw, _observation(draw, reference, url, session, i)))
    return entries


def new_patient(seed: int, rank: int, serial: str) -> Resource:
    """A patient of no record, with a serial in its identifier, to be created, updated and deleted."""
    draw = draw_for(seed, f"new patient {rank}")
    number = patient_number(seed, NUMBERS_PER_SEED - 1 - rank)
    return patient(_traits(draw, number), "NOUVEAU", number, f"IPP-{serial}")


def new_encounter(seed: int, rank: int, serial: str, subject: Subject) -> Resource:
    """One more session of a patient already stored."""
    draw = draw_for(seed, f"new encounter {rank}")
    day = date(YEAR, 1, 1) + timedelta(days=draw.randrange(365))
    return encounter(draw, subject, day, f"SEANCE-{serial}")


def new_claim(seed: int, rank: int, serial: str, subject: Subject, sessions: Sequence[str]) -> Resource:
    """One more forfait of a patient already stored, about 3 kB, for sessions already stored."""
    draw = draw_for(seed, f"new claim {rank}")
    return claim(draw, subject, draw.randrange(1, 13), sessions, f"FORFAIT-{serial}")


def patient(traits: Resource, name: str, number: int, own_number: str) -> Resource:
    """A Patient called by a word and a number, with an INS of test and a local identifier (IPP)."""
    family = f"{name}-{number:08d}"
    return {
        "resourceType": "Patient",
        "identifier": [
            {
                "use": "official",
                "type": {"coding": [{"system": _FR_IDENTIFIER_TYPES, "code": "INS-NIR-TEST"}]},
                "system": INS_TEST_SYSTEM,
                "value": traits["matricule"],
            },
            {
                "use": "secondary",
                "type": {"coding": [{"system": f"{_TERMINOLOGY}/v2-0203", "code": "PI"}]},
                "system": LOCAL_SYSTEM,
                "value": own_number,
            },
        ],
        "active": True,
        "name": [{"use": "official", "family": family, "given": [f"PRENOM-{number:08d}"]}],
        "telecom": [{"system": "email", "value": f"{family.lower()}@patient.example", "use": "home"}],
        "gender": traits["gender"],
        "birthDate": traits["birth"],
        "address": [
            {
                "use": "home",
                "line": ["1 rue de la Fiction"],
                "postalCode": traits["postcode"],
                "country": "FRA",
            }
        ],
    }


def encounter(draw: random.Random, subject: Subject, day: date, identifier: str) -> Resource:
    """One session: an ambulatory Encounter of 30 to 60 minutes with one member of the circle."""
    start = datetime(day.year, day.month, day.day, draw.randrange(8, 18), draw.choice((0, 15, 30)), tzinfo=_PARIS)
    minutes = draw.choice((30, 45, 60))
    return {
        "resourceType": "Encounter",
        "identifier": [local_identifier(identifier)],
        "status": "finished",
        "class": {"system": f"{_TERMINOLOGY}/v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [{"text": "Séance individuelle du parcours"}],
        "subject": {"reference": subject.patient},
        "participant": [{"individual": {"reference": draw.choice(subject.circle)}}],
        "period": {"start": start.isoformat(), "end": (start + timedelta(minutes=minutes)).isoformat()},
        "length": {
            "value": minutes,
            "unit": "min",
            "system": "http://unitsofmeasure.org",
            "code": "min",
        },
        "reasonReference": [{"reference": subject.condition}],
        "serviceProvider": {"reference": subject.structure.organization},
    }


def claim(draw: random.Random, subject: Subject, month: int, sessions: Sequence[str], identifier: str) -> Resource:
    """The forfait of a month, split among the circle: one item a quote-part, and they add up to the total."""
    total_cents = draw.randrange(90_00, 150_00)
    shares = split(total_cents, [draw.randrange(1, 8) for _ in subject.circle])
    last = (date(YEAR, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    period = {"start": date(YEAR, month, 1).isoformat(), "end": last.isoformat()}
    return {
        "resourceType": "Claim",
        "identifier": [local_identifier(identifier)],
        "status": "active",
        "type": {"coding": [{"system": f"{_TERMINOLOGY}/claim-type", "code": "professional"}]},
        "use": "claim",
        "patient": {"reference": subject.patient},
        "billablePeriod": period,
        "created": (last + timedelta(days=1)).isoformat(),
        "insurer": {"reference": subject.structure.payer},
        "provider": {"reference": subject.structure.organization},
        "priority": {"coding": [{"system": f"{_TERMINOLOGY}/processpriority", "code": "normal"}]},
        "careTeam": [
            {"sequence": rank, "provider": {"reference": member}, "responsible": rank == 1}
            for rank, member in enumerate(subject.circle, 1)
        ],
        "diagnosis": [{"sequence": 1, "diagnosisReference": {"reference": subject.condition}}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": subject.coverage}}],
        "item": [
            {
                "sequence": rank,
                "careTeamSequence": [rank],
                "productOrService": {"coding": [{"system": _QUOTE_PART_SYSTEM, "code": f"QP-{rank}"}]},
                "servicedPeriod": period,
                "net": _money(cents),
                "encounter": [{"reference": sessions[rank % len(sessions)]}],
            }
            for rank, cents in enumerate(shares, 1)
        ],
        "total": _money(total_cents),
    }


_CONDITIONS = (("E66", "Obésité"), ("I10", "Hypertension essentielle"))


def _traits(draw: random.Random, number: int) -> Resource:
    male, year, month = draw.random() < 0.5, draw.randrange(1940, 2005), draw.randrange(1, 13)
    department = draw.choice(DEPARTMENTS)
    return {
        "matricule": matricule(number, male=male, year=year, month=month, department=department),
        "gender": "male" if male else "female",
        "birth": date(year, month, draw.randrange(1, 29)).isoformat(),
        "postcode": f"{'20' if department.startswith('2') and not department.isdigit() else department}000",
    }


def _money(cents: int) -> Resource:
    return {"value": Decimal(cents).scaleb(-2), "currency": "EUR"}


def _coverage(patient_reference: Resource, structure: Structure) -> Resource:
    return {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": patient_reference,
        "payor": [{"reference": structure.payer}],
    }


def _condition(patient_reference: Resource, code: str, text: str) -> Resource:
    return {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"system": f"{_TERMINOLOGY}/condition-clinical", "code": "active"}]},
        "verificationStatus": {"coding": [{"system": f"{_TERMINOLOGY}/condition-ver-status", "code": "confirmed"}]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}], "text": text},
        "subject": patient_reference,
        "onsetDateTime": f"{YEAR - 2}-06",
    }


def _care_team(patient_reference: Resource, structure: Structure, circle: Sequence[str], number: int) -> Resource:
    return {
        "resourceType": "CareTeam",
        "identifier": [local_identifier(f"CERCLE-{number:08d}")],
        "status": "active",
        "name": f"Cercle de soins {number:08d}",
        "subject": patient_reference,
        "period": {"start": f"{YEAR}-01-01"},
        "participant": [{"member": {"reference": member}, "period": {"start": f"{YEAR}-01-01"}} for member in circle],
        "managingOrganization": [{"reference": structure.organization}],
    }


def _care_plan(patient_reference: Resource, team: str, condition: str) -> Resource:
    return {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "title": "Parcours coordonné renforcé",
        "subject": patient_reference,
        "period": {"start": f"{YEAR}-01-01", "end": f"{YEAR}-12-31"},
        "careTeam": [{"reference": team}],
        "addresses": [{"reference": condition}],
    }


def _observation(
    draw: random.Random, patient_reference: Resource, session_url: str, session: Resource, rank: int
) -> Resource:
    code, text, unit, low, high = _MEASURES[rank % len(_MEASURES)]
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": f"{_TERMINOLOGY}/observation-category", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": text},
        "subject": patient_reference,
        "encounter": {"reference": session_url},
        "effectiveDateTime": session["period"]["start"],
        "valueQuantity": {
            "value": Decimal(draw.randrange(low * 10, high * 10)).scaleb(-1),
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": unit,
        },
    }
