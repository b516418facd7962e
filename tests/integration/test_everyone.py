"""The records of all the patients, a page at a time."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from cordee.fhir.body import accept
from cordee.fhir.gathering import Part
from cordee.fhir.temporal import date_range
from cordee.store import everyone as store_everyone

WHOLE = Part()


def resource(type_, id_, **members):
    return {"resourceType": type_, "id": id_} | members


def observation(id_, subject, **members):
    return resource("Observation", id_, status="final", code={"text": "x"}, subject={"reference": subject}, **members)


PEOPLE = (
    resource("Practitioner", "d"),
    observation("a", "Patient/p"),
    resource("Patient", "q"),
    observation("of-a-place", "Location/l"),
    observation("b", "Patient/q"),
    resource("Organization", "o", name="O"),
    resource("Patient", "p"),
    resource("List", "of-nobody", status="current", mode="working"),
    resource("Device", "shared"),
    resource("Device", "of-a-patient", patient={"reference": "Patient/p"}),
    resource("CodeSystem", "c", status="active", content="complete"),
)
TOLD = [
    "Device/shared",
    "Device/of-a-patient",
    "Observation/a",
    "Observation/b",
    "Patient/q",
    "Patient/p",
    "Organization/o",
    "Practitioner/d",
]


@pytest.fixture
async def store(repository):
    async def store(*resources):
        for one in resources:
            await repository.update(one["resourceType"], one["id"], accept(orjson.dumps(one)))

    return store


@pytest.fixture
def told(repository):
    async def told(part=WHOLE, *, count=None, between=None, **limits):
        """What each page tells; `between` is done after the first one."""
        pages, position = [], None
        async with repository._connections.searches() as connection:
            while not pages or position is not None:
                page = await store_everyone.everyone(
                    connection, repository.tenant, part, count=count, position=position, **limits
                )
                pages.append([f"{v.resource_type}/{v.id}" for v in (*page.matches, *page.included)])
                position = page.following
                if between and len(pages) == 1:
                    await between()
        return pages

    return told


async def test_all_that_is_about_patients_comes_then_what_they_share(store, told):
    await store(*PEOPLE)
    assert await told() == [TOLD]


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_pages_are_the_one_page(store, told, count):
    await store(*PEOPLE)
    pages = await told(count=count)
    assert [one for page in pages for one in page] == TOLD
    assert all(len(page) <= count for page in pages)


async def test_pages_end_by_bytes_and_by_what_was_looked_at(store, told):
    await store(*PEOPLE)
    for limits in ({"most_bytes": 400}, {"most_looked_at": 2}):
        pages = await told(**limits)
        assert [one for page in pages for one in page] == TOLD
        assert len(pages) > 2


async def test_what_is_written_or_changed_meanwhile_comes_neither_in_nor_twice(store, told):
    await store(*PEOPLE)

    async def written():
        await store(
            observation("late", "Patient/p"), resource("Patient", "p", active=True), observation("a", "Patient/q")
        )

    pages = await told(count=2, between=written)
    assert [one for page in pages for one in page] == TOLD


async def test_types_time_of_writing_and_of_care_choose(store, told):
    await store(*PEOPLE, observation("dated", "Patient/p", effectiveDateTime="2026-03-01"))
    assert await told(Part(types=frozenset({"Patient", "Organization"}))) == [
        ["Patient/q", "Patient/p", "Organization/o"]
    ]
    assert await told(Part(since=datetime.now(UTC) + timedelta(days=1))) == [[]]
    only = frozenset({"Observation"})
    assert await told(Part(types=only, care=date_range("2026-03"))) == [[*TOLD[2:4], "Observation/dated"]]
    assert await told(Part(types=only, care=date_range("2026-04"))) == [TOLD[2:4]]
    pages = await told(Part(types=only, care=date_range("2026-04")), most_passed=2)
    assert [one for page in pages for one in page] == TOLD[2:4]
    assert len(pages) > 1


async def test_no_other_tenant_is_seen(store, told, database):
    await store(*PEOPLE)
    async with database.searches() as connection:
        assert (await store_everyone.everyone(connection, 0, WHOLE)).matches == ()
