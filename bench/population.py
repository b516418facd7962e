"""What the server holds before measuring: loaded by transaction bundles, or found when already there."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from bench.bundle import LOCAL_SYSTEM, transaction
from bench.care import RESOURCES_PER_RECORD, ins, patient_number, record
from bench.connection import Client, Response, Target
from bench.directory import Structure, directory, directory_entries, directory_identifiers
from bench.identity import INS_TEST_SYSTEM

_LOCATION = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/|$)")
_REPORT_EVERY_SECONDS = 5.0


class SetupError(Exception):
    """The server can't be measured: what failed before measuring, and what to do."""


@dataclass(frozen=True, slots=True)
class StoredPatient:
    """A patient of the population: references of the form "Encounter/123", as the server gave them."""

    number: int
    ins: str
    patient: str
    coverage: str
    condition: str
    encounters: tuple[str, ...]
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Population:
    """What is stored, and what loading it took (None when it was already there)."""

    structures: tuple[Structure, ...]
    patients: tuple[StoredPatient, ...]
    loading_seconds: float | None

    @property
    def resources(self) -> int:
        """The number of resources of the patients' records."""
        return len(self.patients) * RESOURCES_PER_RECORD


def token(system: str, value: str) -> str:
    """A token as a search writes it in a URL: system|value."""
    return quote(f"{system}|{value}", safe="")


def stored_references(response: Response) -> list[str]:
    """References to what a transaction or batch stored, in the order of its entries.

    Raises SetupError when the bundle, or one entry of it, was refused.
    """
    if response.status != 200:
        raise SetupError(f"a bundle got status {response.status}: {excerpt(response.body)}")
    references = []
    for position, entry in enumerate(orjson.loads(response.body).get("entry", ())):
        answer = entry.get("response", {})
        location = _LOCATION.search(str(answer.get("location", "")))
        if not str(answer.get("status", "")).startswith(("200", "201")) or location is None:
            raise SetupError(f"entry {position} of a bundle was answered {excerpt(orjson.dumps(entry))}")
        references.append(f"{location[1]}/{location[2]}")
    return references


def location(response: Response) -> str | None:
    """The reference that a create gave in its Location header, None when it gave none."""
    for line in response.head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        found = _LOCATION.search(value.strip()) if name.lower() == "location" else None
        if found is not None:
            return f"{found[1]}/{found[2]}"
    return None


def excerpt(body: bytes, length: int = 300) -> str:
    """The start of a body, on one line, to be shown in a message."""
    return " ".join(body[: 4 * length].decode(errors="replace").split())[:length]


async def prepare(target: Target, seed: int, patients: int, clients: int, report: Callable[[str], None]) -> Population:
    """The population of a seed: found when its first and last patients are stored, otherwise loaded.

    Raises SetupError when only part of it is stored, or when the server refuses it.
    """
    first, last = (ins(seed, patient_number(seed, index)) for index in (0, patients - 1))
    client = Client(target)
    try:
        stored = [
            await _search(client, target, f"Patient?identifier={token(INS_TEST_SYSTEM, one)}") for one in (first, last)
        ]
        if all(stored):
            report(f"the {patients} patients of seed {seed} are already stored: looking them up")
            return await _find(target, client, seed, patients, clients)
        if any(stored):
            raise SetupError(
                f"the server holds part of the patients of seed {seed}: "
                "give the --resources they were loaded with, another --seed, or an empty server"
            )
        return await _load(target, client, seed, patients=patients, clients=clients, report=report)
    finally:
        client.close()


async def _load(
    target: Target, client: Client, seed: int, *, patients: int, clients: int, report: Callable[[str], None]
) -> Population:
    entries = directory_entries(seed)
    structures = directory(stored_references(await client.exchange(target.post("", transaction(entries)))))
    started = shown = time.perf_counter()
    loaded = 0

    async def load(client: Client, index: int) -> StoredPatient:
        nonlocal loaded, shown
        number = patient_number(seed, index)
        body = transaction(record(seed, number, structures))
        references = stored_references(await client.exchange(target.post("", body)))
        loaded += 1
        now = time.perf_counter()
        if now - shown >= _REPORT_EVERY_SECONDS or loaded == patients:
            shown = now
            count = loaded * RESOURCES_PER_RECORD
            report(f"loaded {count} resources, {count / (now - started):.0f} resources/s")
        return _stored(number, ins(seed, number), references)

    stored = await _spread(target, patients, clients, load)
    return Population(structures, tuple(stored), time.perf_counter() - started)


async def _find(target: Target, client: Client, seed: int, patients: int, clients: int) -> Population:
    found: list[str] = []
    for resource_type, identifier in directory_identifiers(seed):
        found += await _search(client, target, f"{resource_type}?identifier={token(LOCAL_SYSTEM, identifier)}")

    async def find(client: Client, index: int) -> StoredPatient:
        number = patient_number(seed, index)
        matricule = ins(seed, number)
        [patient] = await _search(client, target, f"Patient?identifier={token(INS_TEST_SYSTEM, matricule)}")
        references = [patient]
        for query in ("Coverage?beneficiary", "Condition?patient", "Encounter?patient", "Claim?patient"):
            references += await _search(client, target, f"{query}={patient}&_count=50")
        return _stored(number, matricule, references)

    stored = await _spread(target, patients, clients, find)
    return Population(directory(found), tuple(stored), None)


async def _spread(
    target: Target, count: int, clients: int, work: Callable[[Client, int], Awaitable[StoredPatient]]
) -> list[StoredPatient]:
    indexes = iter(range(count))
    done: list[StoredPatient] = []

    async def worker() -> None:
        client = Client(target)
        try:
            for index in indexes:
                done.append(await work(client, index))
        finally:
            client.close()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(worker())
    except* SetupError as failures:
        raise failures.exceptions[0] from None
    return sorted(done, key=lambda one: one.number)


async def _search(client: Client, target: Target, query: str) -> list[str]:
    response = await client.exchange(target.get(query))
    if response.status != 200:
        raise SetupError(f"GET {query} got status {response.status}: {excerpt(response.body)}")
    resources = (entry["resource"] for entry in orjson.loads(response.body).get("entry", ()))
    return [f"{resource['resourceType']}/{resource['id']}" for resource in resources]


def _stored(number: int, matricule: str, references: Sequence[str]) -> StoredPatient:
    by_type: dict[str, list[str]] = {}
    for reference in references:
        by_type.setdefault(reference.partition("/")[0], []).append(reference)
    return StoredPatient(
        number=number,
        ins=matricule,
        patient=by_type["Patient"][0],
        coverage=by_type["Coverage"][0],
        condition=by_type["Condition"][0],
        encounters=tuple(by_type["Encounter"]),
        claims=tuple(by_type["Claim"]),
    )
