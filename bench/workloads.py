"""What is asked of the server: one endless session of requests a client, for each workload.

A session is a generator: it yields a `Request` and is sent the `Response`. Written data and searched data are
kept apart (patients of even and odd rank), so that a search has the same matches all along a run.
"""

import itertools
import random
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

import orjson

from bench.bundle import transaction
from bench.care import (
    CLAIMS_PER_RECORD,
    ENCOUNTERS_PER_RECORD,
    RESOURCES_PER_RECORD,
    YEAR,
    family_name,
    patient_number,
    record,
)
from bench.connection import Client, Response, Target
from bench.identity import INS_TEST_SYSTEM
from bench.population import (
    Population,
    SetupError,
    StoredPatient,
    excerpt,
    location,
    stored_references,
    token,
)
from bench.templates import WRITTEN_TYPES, Template, templates

FIRST_BUNDLE_INDEX = 50_000
"""Patients of a seed from this index on are for the `bundle` workload; the population is before them."""

_TEMPLATES = 200
_BUNDLES = 40
_CHECK_EVERY = 16
_MIX = ("create",) * 10 + ("read",) * 60 + ("update",) * 25 + ("delete",) * 5
_OWNED_MINIMUM = 6
_OWNED = 30

Check = Callable[[Response], str | None]


class Request(NamedTuple):
    """One request, the statuses expected, the resources it stores, and a check of the body if any.

    A check returns what is wrong, or None.
    """

    payload: bytes
    expected: tuple[int, ...] = (200,)
    resources: int = 0
    check: Check | None = None


Session = Generator[Request, Response, None]


@dataclass(frozen=True, slots=True)
class Context:
    """What the sessions of a run share."""

    target: Target
    seed: int
    population: Population
    templates: dict[str, tuple[Template, ...]]
    bundles: tuple[bytes, ...]
    serials: Iterator[int]

    @property
    def searched(self) -> Sequence[StoredPatient]:
        """Patients whose records no workload changes."""
        return self.population.patients[1::2]


@dataclass(frozen=True, slots=True)
class Workload:
    """A named kind of load. `owned` resources are created for each client before it starts."""

    name: str
    what: str
    session: Callable[[Context, random.Random, list[str]], Session]
    owned: int = 0


def context(target: Target, seed: int, population: Population) -> Context:
    """The bodies of a run, all made before measuring."""
    bundles = [
        transaction(record(seed, patient_number(seed, FIRST_BUNDLE_INDEX + i), population.structures))
        for i in range(_BUNDLES)
    ]
    made = templates(seed, population.patients[::2], population.structures, _TEMPLATES)
    return Context(target, seed, population, made, tuple(bundles), itertools.count(1))


def bare_context(target: Target, seed: int) -> Context:
    """A context without data, for workloads that bring their own."""
    return Context(target, seed, Population((), (), None), {}, (), itertools.count(1))


async def create_owned(shared: Context, client: Client, count: int) -> list[str]:
    """References to new resources, of the written types in turn, that only one client will change."""
    entries = []
    for i in range(count):
        resource_type = WRITTEN_TYPES[i % len(WRITTEN_TYPES)]
        serial = next(shared.serials)
        body = shared.templates[resource_type][serial % _TEMPLATES].body(serial)
        entries.append(b'{"resource":%b,"request":{"method":"POST","url":"%b"}}' % (body, resource_type.encode()))
    bundle = b'{"resourceType":"Bundle","type":"transaction","entry":[%b]}' % b",".join(entries)
    return stored_references(await client.exchange(shared.target.post("", bundle)))


def searchset(matches: int, included: int = 0) -> Check:
    """A check that the answer is a searchset with that many matches and included resources."""

    def check(response: Response) -> str | None:
        try:
            bundle = orjson.loads(response.body)
        except orjson.JSONDecodeError as error:
            return f"the answer is not JSON: {error}"
        if bundle.get("type") != "searchset":
            return f"a searchset was expected: {excerpt(response.body)}"
        modes = [entry.get("search", {}).get("mode", "match") for entry in bundle.get("entry", ())]
        found = modes.count("match"), modes.count("include")
        if found != (matches, included):
            return f"{matches} matches and {included} included were expected, {found[0]} and {found[1]} came"
        return None

    return check


def searchset_answered(response: Response) -> str | None:
    """A check that the answer is a searchset, whatever it holds."""
    return None if b'"type":"searchset"' in response.body[:400] else f"no searchset: {excerpt(response.body)}"


def stored(count: int) -> Check:
    """A check that each of the entries of a transaction or batch was stored."""

    def check(response: Response) -> str | None:
        try:
            references = stored_references(response)
        except (SetupError, orjson.JSONDecodeError) as error:
            return str(error)
        return None if len(references) == count else f"{len(references)} entries of {count} were stored"

    return check


def _located(response: Response) -> str | None:
    return None if location(response) else "a create was answered without a Location header"


def _create(shared: Context, resource_type: str, check: Check | None = None) -> Request:
    serial = next(shared.serials)
    body = shared.templates[resource_type][serial % _TEMPLATES].body(serial)
    return Request(shared.target.post(resource_type, body), (201,), check=check)


def _update(shared: Context, reference: str) -> Request:
    resource_type, _, identifier = reference.partition("/")
    serial = next(shared.serials)
    body = shared.templates[resource_type][serial % _TEMPLATES].body_of(identifier, serial)
    return Request(shared.target.put(reference, body))


def _creates(resource_type: str) -> Callable[[Context, random.Random, list[str]], Session]:
    def session(shared: Context, _draw: random.Random, _owned: list[str]) -> Session:
        while True:
            yield _create(shared, resource_type)

    return session


def _reads(shared: Context, draw: random.Random, _owned: list[str]) -> Session:
    while True:
        one = draw.choice(shared.population.patients)
        for reference in (one.patient, draw.choice(one.encounters), draw.choice(one.claims)):
            yield Request(shared.target.get(reference))


def _updates(shared: Context, _draw: random.Random, owned: list[str]) -> Session:
    for reference in itertools.cycle(owned):
        yield _update(shared, reference)


def _mix(shared: Context, draw: random.Random, owned: list[str]) -> Session:
    kinds = itertools.cycle(WRITTEN_TYPES)
    while True:
        step = draw.choice(_MIX)
        if step == "create" or len(owned) < _OWNED_MINIMUM:
            created = location((yield _create(shared, next(kinds), _located)))
            if created is not None:
                owned.append(created)
        elif step == "read":
            yield Request(shared.target.get(draw.choice(owned)))
        elif step == "update":
            yield _update(shared, draw.choice(owned))
        else:
            deleted = owned.pop(draw.randrange(len(owned)))
            yield Request(shared.target.delete(deleted), (200, 204))


def _bundles(shared: Context, draw: random.Random, _owned: list[str]) -> Session:
    check = stored(RESOURCES_PER_RECORD)
    while True:
        yield Request(shared.target.post("", draw.choice(shared.bundles)), (200,), RESOURCES_PER_RECORD, check)


def _searches(
    query: Callable[[StoredPatient], str], matches: int, included: int = 0
) -> Callable[[Context, random.Random, list[str]], Session]:
    def session(shared: Context, draw: random.Random, _owned: list[str]) -> Session:
        check = searchset(matches, included)
        for rank in itertools.count():
            payload = shared.target.get(query(draw.choice(shared.searched)))
            yield Request(payload, check=check if rank % _CHECK_EVERY == 0 else None)

    return session


def _id(reference: str) -> str:
    return reference.partition("/")[2]


def _by_token(one: StoredPatient) -> str:
    return f"Patient?identifier={token(INS_TEST_SYSTEM, one.ins)}"


def _by_patient_and_date(one: StoredPatient) -> str:
    month = 1 + one.number % 11
    following = f"{YEAR}-{month + 2:02d}-01" if month < 11 else f"{YEAR + 1}-01-01"
    return f"Encounter?patient={_id(one.patient)}&date=ge{YEAR}-{month:02d}-01&date=lt{following}"


def _by_date(one: StoredPatient) -> str:
    month = 1 + one.number % 12
    return f"Encounter?date=ge{YEAR}-{month:02d}-01&date=lt{YEAR}-{month:02d}-15&_count=20"


def _by_string(one: StoredPatient) -> str:
    return f"Patient?family={quote(family_name(one.number).lower())}"


def _by_patient(one: StoredPatient) -> str:
    return f"Claim?patient={_id(one.patient)}&_count=50"


def _by_chain(one: StoredPatient) -> str:
    return f"Claim?patient:Patient.identifier={token(INS_TEST_SYSTEM, one.ins)}&_count=50"


def _with_include(one: StoredPatient) -> str:
    return f"Encounter?patient={_id(one.patient)}&_include=Encounter:patient&_count=12"


_TWO_MONTHS = ENCOUNTERS_PER_RECORD // 12 * 2

WORKLOADS = (
    Workload("read", "read by id: Patient, Encounter, Claim in turn", _reads),
    Workload("search-token", "Patient?identifier=: 1 match", _searches(_by_token, 1)),
    Workload(
        "search-patient-date",
        "Encounter?patient&date: 6 matches",
        _searches(_by_patient_and_date, _TWO_MONTHS),
    ),
    Workload("search-patient", "Claim?patient: 12 matches", _searches(_by_patient, CLAIMS_PER_RECORD)),
    Workload("search-string", "Patient?family=: 1 match", _searches(_by_string, 1)),
    Workload(
        "search-chain",
        "Claim?patient:Patient.identifier=: 12 matches",
        _searches(_by_chain, CLAIMS_PER_RECORD),
    ),
    Workload(
        "search-include",
        "Encounter?patient&_include: 12 matches and the patient",
        _searches(_with_include, 12, 1),
    ),
    Workload("search-date", "Encounter?date, a page of 20 of all patients", _searches(_by_date, 20)),
    Workload("update", "update: Patient, Encounter, Claim in turn", _updates, _OWNED),
    Workload("mix", "create 10 %, read 60 %, update 25 %, delete 5 %", _mix, _OWNED),
    Workload("create-patient", "create a Patient of 0.7 kB", _creates("Patient")),
    Workload("create-encounter", "create an Encounter of 0.8 kB", _creates("Encounter")),
    Workload("create-claim", "create a Claim of 3 kB", _creates("Claim")),
    Workload("bundle", "transaction of 100 resources, one patient's record", _bundles),
)
"""In the order they run: those that only read come first, on exactly the resources loaded."""
