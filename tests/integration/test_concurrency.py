"""Parallel writers: nothing is made twice, nothing is lost, nobody waits for ever."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from cordee.fhir.body import Incoming, accept
from cordee.fhir.bundle import BundleEntry, parse_bundle
from cordee.fhir.outcome import Conflict, PreconditionFailed
from cordee.fhir.patch import accept_patched, json_patched
from cordee.fhir.query import Search, parse_search
from cordee.store.changes import Precondition, Written
from cordee.store.connection import Database
from cordee.store.integrity import DanglingReference
from cordee.store.repository import Repository
from cordee.store.tenant_policies import WritePolicies

SYSTEM = "urn:oid:1.2.250.1.213.1.4.10"
WRITERS = 20


def patient(**members: Any) -> Incoming:
    identifier = [{"system": SYSTEM, "value": "1"}]
    return accept(json.dumps({"resourceType": "Patient", "identifier": identifier, **members}).encode())


def condition() -> Search:
    return parse_search("Patient", [("identifier", f"{SYSTEM}|1")])


async def count(repository: Repository, resource_type: str = "Patient") -> int | None:
    return (await repository.search(parse_search(resource_type, [("_summary", "count")]), count=0)).total


async def transaction(repository: Repository, entries: list[dict[str, Any]]) -> dict[int, Written]:
    bundle = parse_bundle(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode())

    def unconditional(_entry: BundleEntry) -> Precondition:
        return Precondition()

    def criteria(resource_type: str, text: str) -> Search:
        return parse_search(resource_type, [tuple(pair.split("=", 1)) for pair in text.split("&")])

    return await repository.transaction(bundle.entries, unconditional, criteria)


def entry(method: str, url: str, resource: dict[str, Any], **request: str) -> dict[str, Any]:
    return {"resource": resource, "request": {"method": method, "url": url, **request}}


async def test_parallel_conditional_creates_make_one_resource(repository: Repository) -> None:
    made = await asyncio.gather(*(repository.create(patient(), condition()) for _ in range(WRITERS)))
    assert sorted(written.effect for written in made) == ["created"] + ["unchanged"] * (WRITERS - 1)
    assert len({written.version.id for written in made if written.version}) == 1
    assert await count(repository) == 1


async def test_parallel_patches_are_all_applied(repository: Repository) -> None:
    made = (await repository.create(patient())).version
    assert made is not None

    def named(number: int) -> Callable[[str], Incoming]:
        patch = json.dumps([{"op": "add", "path": "/identifier/-", "value": {"value": str(number)}}]).encode()
        return lambda body: accept_patched(json_patched(body, patch, most_bytes=10_000), body)

    await asyncio.gather(*(repository.patch("Patient", made.id, named(n)) for n in range(WRITERS)))
    kept = await repository.read("Patient", made.id)
    assert kept.version == WRITERS + 1
    values = {one["value"] for one in json.loads(kept.body)["identifier"]}
    assert values == {"1", *map(str, range(WRITERS))}


async def test_parallel_conditional_updates_make_one_resource_and_lose_no_version(repository: Repository) -> None:
    made = await asyncio.gather(
        *(repository.conditional_update(condition(), patient(multipleBirthInteger=n)) for n in range(WRITERS))
    )
    assert sorted(written.effect for written in made) == ["created"] + ["updated"] * (WRITERS - 1)
    assert {written.version.version for written in made if written.version} == set(range(1, WRITERS + 1))
    assert await count(repository) == 1


async def test_parallel_transactions_under_one_condition_make_one_resource(repository: Repository) -> None:
    body = dict(patient().resource)
    entries = [entry("POST", "Patient", body, ifNoneExist=f"identifier={SYSTEM}|1")]
    made = await asyncio.gather(*(transaction(repository, entries) for _ in range(WRITERS)))
    assert sorted(written[0].effect for written in made) == ["created"] + ["unchanged"] * (WRITERS - 1)
    assert await count(repository) == 1


async def test_single_creates_and_transactions_share_the_condition(repository: Repository) -> None:
    body = dict(patient().resource)
    entries = [entry("POST", "Patient", body, ifNoneExist=f"identifier={SYSTEM}|1")]
    singles = [repository.create(patient(), condition()) for _ in range(5)]
    await asyncio.gather(*singles, *(transaction(repository, entries) for _ in range(5)))
    assert await count(repository) == 1


@pytest.mark.parametrize("exists", [False, True])
async def test_parallel_updates_each_make_a_version(repository: Repository, exists: bool) -> None:
    first = 1
    if exists:
        await repository.update("Patient", "p", patient(id="p"))
        first = 2
    made = await asyncio.gather(
        *(repository.update("Patient", "p", patient(id="p", multipleBirthInteger=n)) for n in range(WRITERS))
    )
    versions = {written.version.version: written.version.body for written in made if written.version}
    assert set(versions) == set(range(first, first + WRITERS))
    for number, body in versions.items():
        assert (await repository.vread("Patient", "p", number)).body == body
    kept = {json.loads(body)["multipleBirthInteger"] for body in versions.values()}
    assert kept == set(range(WRITERS))


async def test_of_parallel_writers_over_one_version_one_wins(repository: Repository) -> None:
    await repository.update("Patient", "p", patient(id="p"))
    over_first = Precondition(frozenset({1}))
    made = await asyncio.gather(
        *(
            repository.update("Patient", "p", patient(id="p", multipleBirthInteger=n), over_first)
            for n in range(WRITERS)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Written) for one in made) == 1
    assert sum(isinstance(one, PreconditionFailed) for one in made) == WRITERS - 1
    assert (await repository.read("Patient", "p")).version == 2


async def test_of_parallel_creators_of_one_id_where_nothing_may_be_one_wins(repository: Repository) -> None:
    made = await asyncio.gather(
        *(
            repository.update("Patient", "p", patient(id="p", multipleBirthInteger=n), Precondition(absent=True))
            for n in range(WRITERS)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Written) for one in made) == 1
    assert sum(isinstance(one, PreconditionFailed) for one in made) == WRITERS - 1


async def test_transactions_over_the_same_resources_in_opposite_orders_all_succeed(repository: Repository) -> None:
    names = ["a", "b", "c", "d"]

    def entries(order: list[str], number: int) -> list[dict[str, Any]]:
        return [
            entry("PUT", f"Basic/{id_}", {"resourceType": "Basic", "id": id_, "code": {"text": f"{number}"}})
            for id_ in order
        ]

    rounds = [transaction(repository, entries(names[:: 1 if n % 2 else -1], n)) for n in range(WRITERS)]
    made = await asyncio.gather(*rounds)
    assert all(len(written) == len(names) for written in made)
    bodies = [json.loads((await repository.read("Basic", id_)).body) for id_ in names]
    assert len({body["code"]["text"] for body in bodies}) == 1
    assert [body["meta"]["versionId"] for body in bodies] == [str(WRITERS)] * len(names)


async def test_a_conditional_deletion_never_deletes_what_has_ceased_to_match(repository: Repository) -> None:
    await repository.update("Patient", "p", patient(id="p", active=True))
    inactive = parse_search("Patient", [("active", "true")])
    outcomes = await asyncio.gather(
        repository.conditional_delete(inactive),
        repository.update("Patient", "p", patient(id="p", active=False)),
        return_exceptions=True,
    )
    assert not any(isinstance(outcome, Conflict) for outcome in outcomes)
    last = await repository.history(count=10, resource_type="Patient", resource_id="p")
    newest_first = [(version.method, version.deleted) for version in last.versions]
    assert newest_first in ([("PUT", False), ("PUT", False)], [("PUT", False), ("DELETE", True), ("PUT", False)])


async def test_who_deletes_and_who_refers_at_once_do_not_both_succeed(
    database: Database, repository: Repository
) -> None:
    held = Repository(
        database, repository.tenant, WritePolicies(dangling_references="refuse", delete_referred="refuse")
    )
    for _ in range(10):
        made = (await held.create(patient())).version
        assert made is not None
        reference = {"reference": f"Patient/{made.id}"}
        basic = accept(json.dumps({"resourceType": "Basic", "code": {"text": "x"}, "subject": reference}).encode())
        deleted, referring = await asyncio.gather(
            held.delete("Patient", made.id), held.create(basic), return_exceptions=True
        )
        assert isinstance(deleted, Conflict) != isinstance(referring, DanglingReference), (deleted, referring)
