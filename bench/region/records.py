"""One patient's record: traits under an INS of test, consent, circle, plan, sessions, measures, forfaits.

Every resource is written as text from a template, since a million of them must be made in less than a minute. The sizes
of records are skewed as those of an active file are: half of the patients have less than 75 resources, one in ten more
than 200. So are codes: a few measures are of nearly everybody, others of one patient in hundreds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from math import log
from random import Random

from bench.bundle import LOCAL_SYSTEM, draw_for
from bench.identity import DEPARTMENTS, INS_TEST_SYSTEM, matricule
from bench.region.directory import CAISSE, Line, Structure

SIZES_REPEAT = 100
"""The sizes of records come round after so many patients, who have 10,000 resources together."""
FIRST_DAY = date(2024, 1, 1)
DAYS = 730
TREES = (
    *("ÉRABLE", "CHÊNE", "HÊTRE", "FRÊNE", "BOULEAU", "TILLEUL", "ORME", "SAULE", "CÈDRE", "SAPIN", "MÉLÈZE", "NOYER"),
    *("CHÂTAIGNIER", "POMMIER", "PRUNIER", "CERISIER", "SORBIER", "AULNE", "PEUPLIER", "CHARME", "GENÉVRIER", "CYPRÈS"),
)

_TERMS = "http://terminology.hl7.org/CodeSystem"
_UCUM = "http://unitsofmeasure.org"
_MEASURES = (
    # LOINC code, text, unit, lowest, highest, weight
    ("29463-7", "Poids", "kg", 75, 150, 3000),
    ("39156-5", "Indice de masse corporelle", "kg/m2", 30, 48, 2000),
    ("8867-4", "Fréquence cardiaque", "/min", 55, 110, 1500),
    ("8480-6", "Pression artérielle systolique", "mm[Hg]", 95, 180, 1200),
    ("8462-4", "Pression artérielle diastolique", "mm[Hg]", 55, 110, 1200),
    ("8280-0", "Tour de taille", "cm", 85, 150, 600),
    ("4548-4", "Hémoglobine glyquée", "%", 5, 11, 300),
    ("2339-0", "Glycémie", "mg/dL", 70, 250, 150),
    ("64098-7", "Test de marche de six minutes", "m", 200, 600, 40),
    ("2160-0", "Créatinine", "mg/dL", 1, 3, 9),
    ("33914-3", "Débit de filtration glomérulaire", "mL/min", 20, 120, 1),
)
_ACTS = (
    ("seance-apa", "Séance d'activité physique adaptée", 400),
    ("consultation-dietetique", "Consultation diététique", 250),
    ("consultation-medicale", "Consultation médicale", 150),
    ("consultation-psychologique", "Consultation psychologique", 120),
    ("entretien-infirmier", "Entretien infirmier", 70),
    ("atelier-collectif", "Atelier collectif", 9),
    ("reunion-pluriprofessionnelle", "Réunion de concertation", 1),
)
_CONDITIONS = (("E66", "Obésité", 700), ("I10", "Hypertension essentielle", 200), ("E11", "Diabète de type 2", 90),
               ("G47", "Troubles du sommeil", 9), ("F50", "Troubles de l'alimentation", 1))  # fmt: skip
_WEIGHTS = {
    "measures": tuple(accumulate(one[-1] for one in _MEASURES)),
    "acts": tuple(accumulate(one[-1] for one in _ACTS)),
    "conditions": tuple(accumulate(one[-1] for one in _CONDITIONS)),
    "encounter": (920, 960, 990, 1000),
    "observation": (970, 990, 1000),
    "claim": (950, 985, 1000),
    "class": (850, 970, 1000),
    "trees": tuple(accumulate(round(1000 / rank) for rank in range(1, len(TREES) + 1))),
}
_CIRCLE_SIZE = 5


def _record_sizes() -> tuple[int, ...]:
    skewed = [round(25 + 75 * -log(1 - (rank + 0.5) / SIZES_REPEAT)) for rank in range(SIZES_REPEAT)]
    skewed[-1] += SIZES_REPEAT * 100 - sum(skewed)
    return tuple(skewed)


_SIZES = _record_sizes()


@dataclass(frozen=True, slots=True)
class Patient:
    """Who the record of a number is of."""

    number: int
    id: str
    family: str
    ins: str
    birth: date
    male: bool
    department: str
    size: int


def patient(seed: int, number: int) -> Patient:
    """The traits of a patient: what a search asks for, without the record."""
    return _traits(draw_for(seed, f"region {number}"), number)


def record_lines(seed: int, number: int, among: tuple[Structure, ...]) -> Iterator[Line]:
    """The record of one patient; nothing in it refers forwards."""
    draw = draw_for(seed, f"region {number}")
    who = _traits(draw, number)
    structure = among[number % len(among)]
    circle = draw.sample(structure.roles, _CIRCLE_SIZE)
    begun = FIRST_DAY + timedelta(days=draw.randrange(DAYS // 2))
    yield "Patient", _patient(who)
    yield "Coverage", _coverage(who)
    for rank, (code, text, _) in enumerate(draw.choices(_CONDITIONS, cum_weights=_WEIGHTS["conditions"], k=2)):
        yield "Condition", _condition(who, rank, code, text, begun.year - 1 - draw.randrange(20))
    yield "Consent", _consent(who, begun, permitted=draw.random() < 0.98)
    yield "CareTeam", _care_team(who, structure, circle, begun)
    yield "CarePlan", _care_plan(who, structure, begun, active=draw.random() < 0.8)
    sessions = who.size * 2 // 5
    forfaits = sessions // 6
    measures = who.size - 7 - sessions - forfaits
    pace = max(1, (DAYS - (begun - FIRST_DAY).days) * 100 // max(1, sessions))
    days = [begun + timedelta(days=(rank * pace + draw.randrange(pace)) // 100) for rank in range(sessions)]
    hours = [f"{draw.randrange(8, 18):02d}:{draw.choice(('00', '15', '30'))}" for _ in range(sessions)]
    yield from _sessions(draw, who, structure, circle, days, hours)
    yield from _measures(draw, who, days, hours, measures)
    for rank in range(forfaits):
        yield "Claim", _claim(draw, who, structure, circle, rank, days[rank * 6], days[rank * 6 + 5])


def _traits(draw: Random, number: int) -> Patient:
    male, birth = draw.random() < 0.45, date(1935, 1, 1) + timedelta(days=draw.randrange(72 * 365))
    department = draw.choice(DEPARTMENTS)
    tree = draw.choices(TREES, cum_weights=_WEIGHTS["trees"])[0]
    ins = matricule(number, male=male, year=birth.year, month=birth.month, department=department)
    size = _SIZES[number * 37 % SIZES_REPEAT]
    return Patient(number, f"p{number:07d}", f"{tree}-FICTIF-{number:07d}", ins, birth, male, department, size)


def _patient(who: Patient) -> str:
    postcode = f"{'20' if who.department in ('2A', '2B') else who.department}000"
    return (
        f'{{"resourceType":"Patient","id":"{who.id}","identifier":[{{"use":"official","type":{{"coding":[{{"system":'
        '"https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203","code":"INS-NIR-TEST"}]},'
        f'"system":"{INS_TEST_SYSTEM}","value":"{who.ins}"}},{{"use":"secondary","type":{{"coding":[{{"system":'
        f'"{_TERMS}/v2-0203","code":"PI"}}]}},"system":"{LOCAL_SYSTEM}","value":"IPP-{who.number:07d}"}}],"active":true,'
        f'"name":[{{"use":"official","family":"{who.family}","given":["Prénom-{who.number % 40:02d}"]}}],'
        f'"telecom":[{{"system":"email","value":"p{who.number:07d}@patient.example","use":"home"}}],'
        f'"gender":"{"male" if who.male else "female"}","birthDate":"{who.birth}",'
        f'"address":[{{"use":"home","line":["{who.number % 90 + 1} rue de la Fiction"],"city":"VILLE-FICTIVE-'
        f'{who.department}","postalCode":"{postcode}","country":"FRA"}}]}}'
    )


def _coverage(who: Patient) -> str:
    return (
        f'{{"resourceType":"Coverage","id":"{who.id}-couv","status":"active","beneficiary":{{"reference":"Patient/'
        f'{who.id}"}},"payor":[{{"reference":"Organization/{CAISSE}"}}]}}'
    )


def _condition(who: Patient, rank: int, code: str, text: str, onset: int) -> str:
    return (
        f'{{"resourceType":"Condition","id":"{who.id}-aff-{rank}","clinicalStatus":{{"coding":[{{"system":'
        f'"{_TERMS}/condition-clinical","code":"active"}}]}},"verificationStatus":{{"coding":[{{"system":'
        f'"{_TERMS}/condition-ver-status","code":"confirmed"}}]}},"code":{{"coding":[{{"system":'
        f'"http://hl7.org/fhir/sid/icd-10","code":"{code}"}}],"text":"{text}"}},"subject":{{"reference":"Patient/'
        f'{who.id}"}},"onsetDateTime":"{onset}-06"}}'
    )


def _consent(who: Patient, day: date, *, permitted: bool) -> str:
    return (
        f'{{"resourceType":"Consent","id":"{who.id}-acc","status":"active","scope":{{"coding":[{{"system":'
        f'"{_TERMS}/consentscope","code":"patient-privacy"}}]}},"category":[{{"coding":[{{"system":"http://loinc.org",'
        f'"code":"59284-0"}}]}}],"patient":{{"reference":"Patient/{who.id}"}},"dateTime":"{day}",'
        f'"policyRule":{{"text":"Accord au partage, parcours fictif"}},'
        f'"provision":{{"type":"{"permit" if permitted else "deny"}"}}}}'
    )


def _care_team(who: Patient, structure: Structure, circle: list[str], day: date) -> str:
    members = ",".join(
        f'{{"member":{{"reference":"PractitionerRole/{role}"}},"period":{{"start":"{day}"}}}}' for role in circle
    )
    return (
        f'{{"resourceType":"CareTeam","id":"{who.id}-cercle","identifier":[{{"system":"{LOCAL_SYSTEM}","value":"CERCLE-'
        f'{who.number:07d}"}}],"status":"active","name":"Cercle de soins {who.number:07d}","subject":{{"reference":'
        f'"Patient/{who.id}"}},"period":{{"start":"{day}"}},"participant":[{members}],'
        f'"managingOrganization":[{{"reference":"Organization/{structure.id}"}}]}}'
    )


def _care_plan(who: Patient, structure: Structure, day: date, *, active: bool) -> str:
    end = "" if active else f',"end":"{day + timedelta(days=360)}"'
    return (
        f'{{"resourceType":"CarePlan","id":"{who.id}-plan","status":"{"active" if active else "completed"}","intent":'
        f'"plan","title":"Parcours coordonné renforcé","subject":{{"reference":"Patient/{who.id}"}},"period":'
        f'{{"start":"{day}"{end}}},"author":{{"reference":"Organization/{structure.id}"}},'
        f'"careTeam":[{{"reference":"CareTeam/{who.id}-cercle"}}],"addresses":[{{"reference":"Condition/{who.id}-aff-0"}}]}}'
    )


def _sessions(
    draw: Random, who: Patient, structure: Structure, circle: list[str], days: list[date], hours: list[str]
) -> Iterator[Line]:
    count = len(days)
    acts = draw.choices(_ACTS, cum_weights=_WEIGHTS["acts"], k=count)
    statuses = draw.choices(("finished", "cancelled", "planned", "arrived"), cum_weights=_WEIGHTS["encounter"], k=count)
    classes = draw.choices(("AMB", "VR", "HH"), cum_weights=_WEIGHTS["class"], k=count)
    members = draw.choices(circle, k=count)
    for rank, (day, hour) in enumerate(zip(days, hours, strict=True)):
        code, text, _ = acts[rank]
        zone = _zone(day)
        yield (
            "Encounter",
            f'{{"resourceType":"Encounter","id":"{who.id}-s{rank}","identifier":[{{"system":"{LOCAL_SYSTEM}","value":'
            f'"SEANCE-{who.number:07d}-{rank}"}}],"status":"{statuses[rank]}","class":{{"system":"{_TERMS}/v3-ActCode",'
            f'"code":"{classes[rank]}"}},"type":[{{"coding":[{{"system":"https://bench.example/CodeSystem/act","code":'
            f'"{code}"}}],"text":"{text}"}}],"subject":{{"reference":"Patient/{who.id}"}},"participant":[{{"individual":'
            f'{{"reference":"PractitionerRole/{members[rank]}"}}}}],"period":{{"start":"{day}T{hour}:00{zone}","end":'
            f'"{day}T{hour}:45{zone}"}},"reasonReference":[{{"reference":"Condition/{who.id}-aff-0"}}],'
            f'"serviceProvider":{{"reference":"Organization/{structure.id}"}}}}',
        )


def _measures(draw: Random, who: Patient, days: list[date], hours: list[str], count: int) -> Iterator[Line]:
    measures = draw.choices(_MEASURES, cum_weights=_WEIGHTS["measures"], k=count)
    statuses = draw.choices(("final", "amended", "entered-in-error"), cum_weights=_WEIGHTS["observation"], k=count)
    for rank, (code, text, unit, low, high, _) in enumerate(measures):
        session = rank % len(days)
        day = days[session]
        tenths = draw.randrange(low * 10, high * 10)
        yield (
            "Observation",
            f'{{"resourceType":"Observation","id":"{who.id}-m{rank}","status":"{statuses[rank]}","category":[{{"coding":'
            f'[{{"system":"{_TERMS}/observation-category","code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":'
            f'"http://loinc.org","code":"{code}"}}],"text":"{text}"}},"subject":{{"reference":"Patient/{who.id}"}},'
            f'"encounter":{{"reference":"Encounter/{who.id}-s{session}"}},"effectiveDateTime":'
            f'"{day}T{hours[session]}:00{_zone(day)}","valueQuantity":{{"value":{tenths // 10}.{tenths % 10},"unit":'
            f'"{unit}","system":"{_UCUM}","code":"{unit}"}}}}',
        )


def _claim(
    draw: Random, who: Patient, structure: Structure, circle: list[str], rank: int, first: date, last: date
) -> str:
    status = draw.choices(("active", "draft", "cancelled"), cum_weights=_WEIGHTS["claim"])[0]
    cents = [draw.randrange(10_00, 40_00) for _ in circle]
    period = f'{{"start":"{first}","end":"{last}"}}'
    members = ",".join(
        f'{{"sequence":{place},"provider":{{"reference":"PractitionerRole/{role}"}}}}'
        for place, role in enumerate(circle, 1)
    )
    items = ",".join(
        f'{{"sequence":{place},"careTeamSequence":[{place}],"productOrService":{{"coding":[{{"system":'
        f'"https://bench.example/CodeSystem/quote-part","code":"QP-{place}"}}]}},"servicedPeriod":{period},"net":'
        f'{{"value":{part // 100}.{part % 100:02d},"currency":"EUR"}},"encounter":[{{"reference":"Encounter/'
        f'{who.id}-s{rank * 6 + place}"}}]}}'
        for place, part in enumerate(cents, 1)
    )
    total = sum(cents)
    return (
        f'{{"resourceType":"Claim","id":"{who.id}-f{rank}","identifier":[{{"system":"{LOCAL_SYSTEM}","value":"FORFAIT-'
        f'{who.number:07d}-{rank}"}}],"status":"{status}","type":{{"coding":[{{"system":"{_TERMS}/claim-type","code":'
        f'"professional"}}]}},"use":"claim","patient":{{"reference":"Patient/{who.id}"}},"billablePeriod":{period},'
        f'"created":"{last + timedelta(days=1)}","insurer":{{"reference":"Organization/{CAISSE}"}},"provider":'
        f'{{"reference":"Organization/{structure.id}"}},"priority":{{"coding":[{{"system":"{_TERMS}/processpriority",'
        f'"code":"normal"}}]}},"careTeam":[{members}],"diagnosis":[{{"sequence":1,"diagnosisReference":{{"reference":'
        f'"Condition/{who.id}-aff-0"}}}}],"insurance":[{{"sequence":1,"focal":true,"coverage":{{"reference":"Coverage/'
        f'{who.id}-couv"}}}}],"item":[{items}],"total":{{"value":{total // 100}.{total % 100:02d},"currency":"EUR"}}}}'
    )


def _zone(day: date) -> str:
    # Paris, within a day or two of when clocks change.
    return "+02:00" if 4 <= day.month <= 10 else "+01:00"
