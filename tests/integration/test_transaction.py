"""What a door may rely on when it hands a transaction to the store."""

import json
from typing import Any

import pytest

from cordee.fhir.bundle import BundleEntry, parse_bundle
from cordee.fhir.outcome import FhirError, Gone, NotFound
from cordee.fhir.query import Search, parse_search
from cordee.store.changes import Precondition
from cordee.store.reader import Reader
from cordee.store.repository import Repository


def entries(*given: dict[str, Any]) -> tuple[BundleEntry, ...]:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(given)}
    return parse_bundle(json.dumps(bundle).encode()).entries


def put(id_: str) -> dict[str, Any]:
    resource = {"resourceType": "Basic", "id": id_, "code": {"text": "x"}}
    return {"request": {"method": "PUT", "url": f"Basic/{id_}"}, "resource": resource}


def get(url: str) -> dict[str, Any]:
    return {"request": {"method": "GET", "url": url}}


def no_precondition(_entry: BundleEntry) -> Precondition:
    return Precondition()


def no_criteria(resource_type: str, _text: str) -> Search:
    return parse_search(resource_type, [])


async def test_reads_see_what_is_written_before_anybody_else_does(repository: Repository) -> None:
    seen: list[str] = []

    async def read(reader: Reader, entry: BundleEntry) -> None:
        found = await reader.read(str(entry.resource_type), str(entry.id))
        with pytest.raises(NotFound):
            await repository.read(found.resource_type, found.id)
        counted = await reader.search(parse_search("Basic", [("_id", found.id)]), count=10)
        seen.extend(match.id for match in counted.matches)

    await repository.transaction(entries(get("Basic/a"), put("a")), no_precondition, no_criteria, read)
    assert seen == ["a"]
    assert (await repository.read("Basic", "a")).version == 1


async def test_what_a_read_raises_undoes_what_was_written_and_names_the_entry(repository: Repository) -> None:
    async def read(reader: Reader, entry: BundleEntry) -> None:
        await reader.read("Basic", str(entry.id))

    with pytest.raises(NotFound) as caught:
        await repository.transaction(entries(put("a"), get("Basic/b")), no_precondition, no_criteria, read)
    assert caught.value.issues[0].path == "Bundle.entry[1].request"
    with pytest.raises(NotFound):
        await repository.read("Basic", "a")


async def test_any_failure_of_a_reader_undoes_the_transaction(repository: Repository) -> None:
    async def read(_reader: Reader, _entry: BundleEntry) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await repository.transaction(entries(put("a"), get("Basic/a")), no_precondition, no_criteria, read)
    with pytest.raises(NotFound):
        await repository.read("Basic", "a")


async def test_a_condition_without_criteria_is_refused_before_anything_is_done(repository: Repository) -> None:
    everything = {"request": {"method": "DELETE", "url": "Basic?_count=1"}}
    with pytest.raises(FhirError, match="at least one"):
        await repository.transaction(entries(put("a"), everything), no_precondition, no_criteria)
    with pytest.raises(NotFound):
        await repository.read("Basic", "a")


async def test_each_effect_is_told_by_the_entrys_index(repository: Repository) -> None:
    await repository.transaction(entries(put("same"), put("gone"), put("back")), no_precondition, no_criteria)
    await repository.delete("Basic", "back")
    done = await repository.transaction(
        entries(
            put("same"),
            {"request": {"method": "DELETE", "url": "Basic/gone"}},
            {"request": {"method": "DELETE", "url": "Basic/never"}},
            put("back"),
            put("new"),
        ),
        no_precondition,
        no_criteria,
    )
    assert [done[index].effect for index in range(5)] == ["unchanged", "deleted", "absent", "created", "created"]
    with pytest.raises(Gone):
        await repository.read("Basic", "gone")
    assert (await repository.read("Basic", "back")).version == 3
