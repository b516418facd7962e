import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from cordee.fhir.body import accept
from cordee.fhir.outcome import NotFound
from cordee.fhir.temporal import DateRange
from cordee.store.changes import Written
from cordee.store.history import HistoryPage
from cordee.store.repository import Repository


async def put(repository: Repository, id_: str, **members: Any) -> Written:
    body = json.dumps({"resourceType": "Basic", "id": id_, "code": {"text": "x"}, **members})
    return await repository.update("Basic", id_, accept(body.encode()))


async def all_pages(repository: Repository, **wanted: Any) -> list[HistoryPage]:
    pages = [await repository.history(**wanted)]
    while pages[-1].following is not None:
        pages.append(await repository.history(**wanted, after=pages[-1].following))
    return pages


@pytest.mark.parametrize("count", [1, 2, 3, 100])
async def test_pages_of_any_length_give_every_version_once_newest_first(repository: Repository, count: int) -> None:
    for number in range(3):
        for id_ in ("a", "b"):
            await put(repository, id_, created=f"202{number}")
    await repository.delete("Basic", "a")
    versions = [v for page in await all_pages(repository, count=count) for v in page.versions]
    assert len({(v.id, v.version) for v in versions}) == len(versions) == 7
    moments = [v.last_updated for v in versions]
    assert moments == sorted(moments, reverse=True)
    assert [(v.version, v.deleted) for v in versions if v.id == "a"] == [(4, True), (3, False), (2, False), (1, False)]


async def test_the_versions_of_one_resource_are_counted_those_of_a_type_are_not(repository: Repository) -> None:
    first = await put(repository, "a")
    second = await put(repository, "a", created="2020")
    assert first.version
    assert second.version
    page = await repository.history(count=1, resource_type="Basic", resource_id="a")
    assert (page.total, len(page.versions)) == (2, 1)
    since = second.version.last_updated + timedelta(milliseconds=1)
    later = await repository.history(count=1, resource_type="Basic", resource_id="a", since=since)
    assert (later.total, later.versions) == (0, ())
    assert (await repository.history(count=1, resource_type="Basic")).total is None


async def test_an_id_that_never_was_has_no_history(repository: Repository) -> None:
    with pytest.raises(NotFound):
        await repository.history(count=1, resource_type="Basic", resource_id="never-was")


async def test_at_gives_the_versions_that_were_current_in_that_time(repository: Repository) -> None:
    moments = [(await put(repository, "a", created=f"202{number}")).version for number in range(3)]
    await put(repository, "b")
    first, second, third = (version.last_updated for version in moments if version is not None)
    tick = timedelta(milliseconds=1)

    async def versions(low: datetime, high: datetime) -> list[int]:
        at = DateRange(low, high)
        page = await repository.history(count=10, resource_type="Basic", resource_id="a", at=at)
        assert page.total == len(page.versions)
        return [version.version for version in page.versions]

    assert await versions(first - tick, first) == []
    assert await versions(third, third + tick) == [3]
    assert await versions(third + timedelta(days=1), third + timedelta(days=2)) == [3]
    assert await versions(first, third + tick) == ([3, 2, 1] if first < second else [3, 2])
    of_type = await repository.history(count=10, resource_type="Basic", at=DateRange(third, third + timedelta(days=1)))
    assert {(version.id, version.version) for version in of_type.versions} == {("a", 3), ("b", 1)}
