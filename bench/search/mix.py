"""What is asked: what a program of a care team asks all day, and what is hard for a server."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

from bench.identity import INS_TEST_SYSTEM
from bench.region.directory import structures
from bench.region.records import DAYS, FIRST_DAY, TREES, Patient, patient


@dataclass(frozen=True, slots=True)
class Region:
    """What searches are drawn from."""

    seed: int
    patients: int

    def draw_patient(self, draw: random.Random) -> Patient:
        """One of the patients."""
        return patient(self.seed, draw.randrange(self.patients))

    def draw_role(self, draw: random.Random) -> str:
        """The id of a PractitionerRole."""
        return draw.choice(draw.choice(structures(self.patients)).roles)

    def draw_large(self, draw: random.Random) -> Patient:
        """A patient whose record has about 200 resources."""
        while not 180 <= (one := self.draw_patient(draw)).size <= 220:
            pass
        return one


Query = Callable[[Region, random.Random], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request: its median is to be under `limit_ms` (None: nothing was asked), and one path of it."""

    name: str
    group: str
    query: Query
    limit_ms: float | None = None


def _of_patient(path: str) -> Query:
    return lambda region, draw: path.format(region.draw_patient(draw).id)


def _of_large(path: str) -> Query:
    return lambda region, draw: path.format(region.draw_large(draw).id)


def fixed(path: str) -> Query:
    """The same path each time."""
    return lambda _region, _draw: path


def _by_ins(path: str) -> Query:
    def query(region: Region, draw: random.Random) -> str:
        return path.format(quote(f"{INS_TEST_SYSTEM}|{region.draw_patient(draw).ins}", safe=""))

    return query


def _by_family(path: str, length: int | None = None) -> Query:
    def query(region: Region, draw: random.Random) -> str:
        return path.format(quote(region.draw_patient(draw).family.lower()[:length]))

    return query


def _between(path: str, days: int) -> Query:
    """`path` has the places of the first day and of the one after the last."""

    def query(_region: Region, draw: random.Random) -> str:
        first = _day(draw)
        return path.format(first, first + timedelta(days=days))

    return query


def _day(draw: random.Random) -> date:
    return FIRST_DAY + timedelta(days=draw.randrange(DAYS // 4, DAYS - 40))


def _of_role(path: str) -> Query:
    def query(region: Region, draw: random.Random) -> str:
        first = _day(draw)
        return path.format(region.draw_role(draw), first, first + timedelta(days=30))

    return query


def _of_tree(path: str) -> Query:
    return lambda _region, draw: path.format(quote(draw.choice(TREES).lower()))


def _of_many(path: str, count: int) -> Query:
    def query(region: Region, draw: random.Random) -> str:
        return path.format(",".join(f"Patient/{region.draw_patient(draw).id}" for _ in range(count)))

    return query


_PATIENT, _BASE, ORDER, _BROAD = "one patient", "whole base", "order and pages", "broad or rare"
_OPERATION = "operations"

KINDS = (
    Kind("read", _PATIENT, _of_patient("Patient/{}")),
    Kind("history", _PATIENT, _of_patient("Patient/{}/_history")),
    Kind("everything-200", _PATIENT, _of_large("Patient/{}/$everything?_count=250"), 40),
    Kind("patient-code-date", _PATIENT, _of_patient("Observation?patient={}&code=29463-7&date=ge2024-06"), 10),
    Kind("encounter-patient-sorted", _PATIENT, _of_patient("Encounter?patient={}&_sort=-date&_count=20"), 10),
    Kind("claim-patient", _PATIENT, _of_patient("Claim?patient={}"), 10),
    Kind("compartment", _PATIENT, _of_patient("Patient/{}/Observation?code=8867-4"), 10),
    Kind("identifier", _PATIENT, _by_ins("Patient?identifier={}"), 10),
    Kind("code-day", _BASE, _between("Observation?code=http://loinc.org%7C29463-7&date=ge{}&date=lt{}", 1), 25),
    Kind("code-month", _BASE, _between("Observation?code=8280-0&date=ge{}&date=lt{}", 30), 25),
    Kind("rare-code-month", _BASE, _between("Observation?code=2160-0&date=ge{}&date=lt{}", 30), 25),
    Kind("status-month", _BASE, _between("Encounter?status=planned,arrived&date=ge{}&date=lt{}", 30), 25),
    Kind("professional-month", _BASE, _of_role("Encounter?participant=PractitionerRole/{}&date=ge{}&date=lt{}"), 25),
    Kind("code-date-sorted", _BASE, _between("Observation?code=8280-0&date=ge{0}&_sort=date", 1), 25),
    Kind("chain-identifier", _BASE, _by_ins("Observation?subject:Patient.identifier={}"), 25),
    Kind("chain-name", _BASE, _by_family("CarePlan?subject:Patient.name={}"), 25),
    Kind("has", _BASE, fixed("Patient?_has:Observation:patient:code=2160-0"), 25),
    Kind("include-50", _BASE, _between("Encounter?date={0}&_include=Encounter:patient&_count=50", 1), 25),
    Kind("revinclude-50", _BASE, _of_tree("Patient?family={}&_revinclude=CarePlan:patient&_count=50"), 25),
    Kind("many-references", _BASE, _of_many("Encounter?patient={}", 150)),
    Kind("name-prefix", _BASE, _of_tree("Patient?family={}")),
    Kind("name-contains", _BASE, _by_family("Patient?family:contains={}", 4)),
    Kind("last-updated", _BASE, fixed("Observation?_lastUpdated=gt2024-01-01")),
    Kind("quantity", _BASE, fixed("Observation?code=29463-7&value-quantity=gt149%7C%7Ckg")),
    Kind("code-quantity", _BASE, fixed("Observation?code-value-quantity=29463-7$gt149")),
    Kind("type-sorted", ORDER, fixed("Encounter?_sort=-date&_count=20")),
    Kind("status-sorted", ORDER, fixed("Encounter?status=arrived&_sort=-date&_count=20")),
    Kind("value-sorted", ORDER, fixed("Observation?code=29463-7&_sort=-value-quantity&_count=20")),
    Kind("family-sorted", ORDER, fixed("Patient?gender=female&_sort=family&_count=20")),
    Kind("not", _BROAD, fixed("Encounter?status:not=finished")),
    Kind("not-nobody", _BROAD, fixed("Encounter?status:not=finished,cancelled,planned,arrived")),
    Kind("missing-nobody", _BROAD, fixed("Observation?value-quantity:missing=true")),
    Kind("chain-half", _BROAD, fixed("Encounter?subject:Patient.gender=female")),
    Kind("chain-half-rare", _BROAD, fixed("Observation?subject:Patient.gender=female&code=2160-0")),
    Kind("has-many", _BROAD, fixed("Patient?_has:Claim:patient:status=draft")),
    Kind("total-estimate", _BROAD, fixed("Observation?code=29463-7&_total=estimate")),
    Kind("total-accurate", _BROAD, fixed("Observation?code=8280-0&_total=accurate")),
    Kind("total-type", _BROAD, fixed("Encounter?_summary=count")),
    Kind("everything-paged", _OPERATION, _of_large("Patient/{}/$everything?_count=50"), 40),
    Kind("everything-of-all", _OPERATION, fixed("Patient/$everything?_count=50")),
    Kind("care-view", _OPERATION, _of_patient("CarePlan/{}-plan/$everything")),
    Kind("lastn", _OPERATION, _of_patient("Observation/$lastn?patient={}&max=3")),
)  # fmt: skip
