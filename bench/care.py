"""Fictitious coordinated care: structures, professionals, and one record of 100 resources a patient.

All of it follows from the seed and the patient's number: the same seed gives the same bytes. Nobody is
real: families are called PATIENT-00000123, given names PRENOM-00000123, and identifiers are of test.
A patient's record of 2025 holds three sessions (Encounter) and one forfait (Claim) a month.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from bench.identity import DEPARTMENTS, INS_TEST_SYSTEM, matricule

Resource = dict[str, Any]
Entry = tuple[str, Resource]
"""A resource with the urn:uuid that the others of its bundle call it by."""

RESOURCES_PER_RECORD = 100
ENCOUNTERS_PER_RECORD = 36
CLAIMS_PER_RECORD = 12
NUMBERS_PER_SEED = 100_000
YEAR = 2025

LOCAL_SYSTEM = "https://bench.example/identifiant"
_QUOTE_PART_SYSTEM = "https://bench.example/CodeSystem/quote-part"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_TRE_G15 = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
_FR_IDENTIFIER_TYPES = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
_PARIS = ZoneInfo("Europe/Paris")
_STRUCTURES = 5
_MEASURES = (
    ("29463-7", "Poids", "kg", 75, 150),
    ("39156-5", "Indice de masse corporelle", "kg/m2", 30, 48),
    ("8280-0", "Tour de taille", "cm", 85, 150),
    ("8867-4", "Fréquence cardiaque", "/min", 55, 110),
)
_MEASURES_PER_RECORD = 46
_PROFESSIONS = (
    ("10", "Médecin"),
    ("60", "Infirmier"),
    ("70", "Masseur-kinésithérapeute"),
    ("95", "Diététicien"),
    ("96", "Psychomotricien"),
    ("94", "Ergothérapeute"),
    ("80", "Pédicure-podologue"),
    ("91", "Orthophoniste"),
)
_CIRCLE_SIZE = 5

# `decimal_format` keeps money and measures as JSON numbers in their written form (72.50, not 72.5).
_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Structure:
    """References to a coordinating structure, to the professionals who work there, and to its payer."""

    organization: str
    professionals: tuple[str, ...]
    payer: str


@dataclass(frozen=True, slots=True)
class Subject:
    """References that a claim of a patient needs."""

    patient: str
    coverage: str
    condition: str
    structure: Structure
    circle: tuple[str, ...]


def encode(resource: Resource) -> bytes:
    """A resource as JSON, in the order of its keys."""
    return _ENCODER.encode(resource)


def transaction(entries: Sequence[Entry]) -> bytes:
    """A transaction bundle that creates every entry."""
    listed = [
        {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
        for url, resource in entries
    ]
    return encode({"resourceType": "Bundle", "type": "transaction", "entry": listed})


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
    draw = _draw(seed, f"patient {number}")
    return str(_traits(draw, number)["matricule"])


def professional_identifier(seed: int, structure: int, rank: int) -> str:
    """The identifier, under `LOCAL_SYSTEM`, of a professional's PractitionerRole."""
    return f"PRO-{seed:03d}-{structure:02d}-{rank:02d}"


def structure_identifier(seed: int, structure: int) -> str:
    """The identifier, under `LOCAL_SYSTEM`, of an Organization; the one before the first is the payer's."""
    return f"STR-{seed:03d}-{structure:02d}"


def directory_entries(seed: int) -> list[Entry]:
    """The payer, the structures, and for each a Practitioner and a PractitionerRole by profession."""
    draw = _draw(seed, "directory")
    entries = [_entry(draw, _organization(seed, -1, "CPAM-FICTIVE"))]
    for structure in range(_STRUCTURES):
        organization = _entry(draw, _organization(seed, structure, f"STRUCTURE-{structure:02d}"))
        entries.append(organization)
        for rank, (code, profession) in enumerate(_PROFESSIONS):
            person = _entry(draw, _practitioner(seed, structure, rank))
            role = {
                "resourceType": "PractitionerRole",
                "identifier": [_local(professional_identifier(seed, structure, rank))],
                "active": True,
                "practitioner": {"reference": person[0]},
                "organization": {"reference": organization[0]},
                "code": [{"coding": [{"system": _TRE_G15, "code": code, "display": profession}]}],
            }
            entries += [person, _entry(draw, role)]
    return entries


def directory_identifiers(seed: int) -> list[tuple[str, str]]:
    """Type and identifier, under `LOCAL_SYSTEM`, of what a server must hold to give back the directory."""
    found = [("Organization", structure_identifier(seed, -1))]
    for structure in range(_STRUCTURES):
        found.append(("Organization", structure_identifier(seed, structure)))
        found += [
            ("PractitionerRole", professional_identifier(seed, structure, rank))
            for rank in range(len(_PROFESSIONS))
        ]
    return found


def directory(references: Sequence[str]) -> tuple[Structure, ...]:
    """The structures, from references to Organizations and PractitionerRoles in the order of the entries.

    References to Practitioners are left out: in France a professional acts in a situation of exercise.
    """
    wanted = [reference for reference in references if not reference.startswith("Practitioner/")]
    payer, rest = wanted[0], wanted[1:]
    size = 1 + len(_PROFESSIONS)
    if len(rest) != _STRUCTURES * size:
        raise ValueError(f"{len(wanted)} references cannot be the directory of {_STRUCTURES} structures")
    return tuple(
        Structure(rest[at], tuple(rest[at + 1 : at + size]), payer) for at in range(0, len(rest), size)
    )


def record(seed: int, number: int, structures: Sequence[Structure]) -> list[Entry]:
    """The record of one patient: 100 resources that refer to each other and to one of the structures."""
    draw = _draw(seed, f"patient {number}")
    person = _entry(draw, patient(_traits(draw, number), "PATIENT", number, f"IPP-{number:08d}"))
    reference = {"reference": person[0]}
    structure = structures[number % len(structures)]
    circle = tuple(draw.sample(structure.professionals, _CIRCLE_SIZE))
    coverage = _entry(draw, _coverage(reference, structure))
    conditions = [_entry(draw, _condition(reference, *which)) for which in _CONDITIONS]
    team = _entry(draw, _care_team(reference, structure, circle, number))
    plan = _entry(draw, _care_plan(reference, team[0], conditions[0][0]))
    entries = [person, coverage, *conditions, team, plan]
    subject = Subject(person[0], coverage[0], conditions[0][0], structure, circle)
    for month in range(1, CLAIMS_PER_RECORD + 1):
        days = draw.sample(range(3, 27), ENCOUNTERS_PER_RECORD // CLAIMS_PER_RECORD)
        sessions = [
            _entry(
                draw, encounter(draw, subject, date(YEAR, month, day), f"SEANCE-{number:08d}-{month}-{day}")
            )
            for day in sorted(days)
        ]
        forfait = claim(
            draw, subject, month, [url for url, _ in sessions], f"FORFAIT-{number:08d}-{month:02d}"
        )
        entries += [*sessions, _entry(draw, forfait)]
    held = [entry for entry in entries if entry[1]["resourceType"] == "Encounter"]
    for i in range(_MEASURES_PER_RECORD):
        url, session = held[i % len(held)]
        entries.append(_entry(draw, _observation(draw, reference, url, session, i)))
    return entries


def new_patient(seed: int, rank: int, serial: str) -> Resource:
    """A patient of no record, with a serial in its identifier, to be created, updated and deleted."""
    draw = _draw(seed, f"new patient {rank}")
    number = patient_number(seed, NUMBERS_PER_SEED - 1 - rank)
    return patient(_traits(draw, number), "NOUVEAU", number, f"IPP-{serial}")


def new_encounter(seed: int, rank: int, serial: str, subject: Subject) -> Resource:
    """One more session of a patient already stored."""
    draw = _draw(seed, f"new encounter {rank}")
    day = date(YEAR, 1, 1) + timedelta(days=draw.randrange(365))
    return encounter(draw, subject, day, f"SEANCE-{serial}")


def new_claim(seed: int, rank: int, serial: str, subject: Subject, sessions: Sequence[str]) -> Resource:
    """One more forfait of a patient already stored, about 3 kB, for sessions already stored."""
    draw = _draw(seed, f"new claim {rank}")
    return claim(draw, subject, draw.randrange(1, 13), sessions, f"FORFAIT-{serial}")


def patient(traits: Resource, name: str, number: int, local_identifier: str) -> Resource:
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
                "value": local_identifier,
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
    start = datetime(
        day.year, day.month, day.day, draw.randrange(8, 18), draw.choice((0, 15, 30)), tzinfo=_PARIS
    )
    minutes = draw.choice((30, 45, 60))
    return {
        "resourceType": "Encounter",
        "identifier": [_local(identifier)],
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


def claim(
    draw: random.Random, subject: Subject, month: int, sessions: Sequence[str], identifier: str
) -> Resource:
    """The forfait of a month, split among the circle: one item a quote-part, and they add up to the total."""
    total_cents = draw.randrange(90_00, 150_00)
    shares = split(total_cents, [draw.randrange(1, 8) for _ in subject.circle])
    last = (date(YEAR, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    period = {"start": date(YEAR, month, 1).isoformat(), "end": last.isoformat()}
    return {
        "resourceType": "Claim",
        "identifier": [_local(identifier)],
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


def _draw(seed: int, what: str) -> random.Random:
    # Each thing has a sequence of its own, so that adding a workload never changes the data of another.
    return random.Random(f"{seed} {what}")


def _traits(draw: random.Random, number: int) -> Resource:
    male, year, month = draw.random() < 0.5, draw.randrange(1940, 2005), draw.randrange(1, 13)
    department = draw.choice(DEPARTMENTS)
    return {
        "matricule": matricule(number, male=male, year=year, month=month, department=department),
        "gender": "male" if male else "female",
        "birth": date(year, month, draw.randrange(1, 29)).isoformat(),
        "postcode": f"{'20' if department.startswith('2') and not department.isdigit() else department}000",
    }


def _entry(draw: random.Random, resource: Resource) -> Entry:
    return f"urn:uuid:{UUID(int=draw.getrandbits(128), version=4)}", resource


def _local(value: str) -> Resource:
    return {"system": LOCAL_SYSTEM, "value": value}


def _money(cents: int) -> Resource:
    return {"value": Decimal(cents).scaleb(-2), "currency": "EUR"}


def _organization(seed: int, structure: int, name: str) -> Resource:
    identifier = _local(structure_identifier(seed, structure))
    return {"resourceType": "Organization", "identifier": [identifier], "active": True, "name": name}


def _practitioner(seed: int, structure: int, rank: int) -> Resource:
    return {
        "resourceType": "Practitioner",
        "identifier": [{"system": LOCAL_SYSTEM, "value": f"PERSONNE-{seed:03d}-{structure:02d}-{rank:02d}"}],
        "active": True,
        "name": [{"family": f"PROFESSIONNEL-{structure:02d}-{rank:02d}", "given": ["PRENOM"]}],
    }


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
        "verificationStatus": {
            "coding": [{"system": f"{_TERMINOLOGY}/condition-ver-status", "code": "confirmed"}]
        },
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}], "text": text},
        "subject": patient_reference,
        "onsetDateTime": f"{YEAR - 2}-06",
    }


def _care_team(
    patient_reference: Resource, structure: Structure, circle: Sequence[str], number: int
) -> Resource:
    return {
        "resourceType": "CareTeam",
        "identifier": [_local(f"CERCLE-{number:08d}")],
        "status": "active",
        "name": f"Cercle de soins {number:08d}",
        "subject": patient_reference,
        "period": {"start": f"{YEAR}-01-01"},
        "participant": [
            {"member": {"reference": member}, "period": {"start": f"{YEAR}-01-01"}} for member in circle
        ],
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
