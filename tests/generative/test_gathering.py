"""A gathering's pages are its one page, and its one page is what the resources themselves say (in memory)."""

from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st
from tests.generative.search_populations import DATES
from tests.generative.test_search_sql import SETTINGS, stored_population, writes

from cordee.fhir.care_records import care_date_parameters, patients_named
from cordee.fhir.gathering import Part, around_patient
from cordee.fhir.search_value_types import ReferenceValue
from cordee.fhir.search_values import extract, extract_parameter
from cordee.fhir.temporal import EARLIEST, DateRange, date_range

KINDS = ["Patient", "Encounter", "Observation", "CareTeam", "CarePlan", "Practitioner", "Location", "Claim"]


def key_of(resource):
    return resource["resourceType"], resource["id"]


def references_in(node):
    """Each local reference, found by walking."""
    if isinstance(node, list):
        return {found for item in node for found in references_in(item)}
    if not isinstance(node, dict):
        return set()
    found = {found for value in node.values() for found in references_in(value)}
    text = node.get("reference")
    if isinstance(text, str) and not text.startswith(("#", "http", "urn")):
        type_, id_, *_ = text.split("/")
        found.add((type_, id_))
    return found


def is_about(resource, gathering):
    return any(
        isinstance(value, ReferenceValue) and (value.type, value.id) == target
        for type_, code, target in gathering.referring
        if type_ == resource["resourceType"]
        for value in extract_parameter(resource, code)
    )


def is_in_care(resource, care):
    said = extract(resource)
    dates = [value for code in care_date_parameters(resource["resourceType"]) for value in said.get(code, ())]
    return not dates or any(date.low < care.high and date.high > care.low for date in dates)


def expected(held, gathering, part):
    """Members, and what they refer to, of the resources held."""
    every = {key for key, resource in held.items() if is_about(resource, gathering)} - {gathering.owner}
    members = {key for key in every if part.care is None or is_in_care(held[key], part.care)}
    referred = set()
    waiting = {found for key in (*members, gathering.owner) for found in references_in(held[key])}
    while waiting:
        key = waiting.pop()
        if key not in held or key in referred or key in every or key == gathering.owner:
            continue
        patients = patients_named(held[key])
        if patients and patients.isdisjoint(gathering.patients):
            continue
        referred.add(key)
        if not patients:
            waiting |= references_in(held[key])

    def chosen(keys):
        return {
            key
            for key in keys
            if (part.types is None or key[0] in part.types)
            and (part.since is None or datetime.fromisoformat(held[key]["meta"]["lastUpdated"]) >= part.since)
        }

    return chosen({gathering.owner, *members}), chosen(referred)


def parts(held):
    moments = sorted(datetime.fromisoformat(resource["meta"]["lastUpdated"]) for resource in held.values())
    starts = st.sampled_from(DATES).map(date_range)
    return st.builds(
        Part,
        types=st.none() | st.sets(st.sampled_from(KINDS), min_size=1, max_size=3).map(frozenset),
        since=st.none() | st.sampled_from([*moments, datetime(2020, 1, 1, tzinfo=UTC)]),
        care=st.none() | starts | starts.map(lambda until: DateRange(EARLIEST, until.high)),
    )


async def page_of(repository, gathering, part, count=None, position=None):
    return await repository.gather(gathering, part, count=count, position=position, base_url="")


@given(st.data())
@SETTINGS
async def test_pages_of_a_record_are_its_one_page_and_that_is_what_the_resources_say(database, data):
    written = data.draw(writes(KINDS))
    owner = {"resourceType": "Patient", "generalPractitioner": [{"reference": "Practitioner/1"}]}
    repository, held = await stored_population(database, [*written, ("Patient", "1", owner)])
    gathering = around_patient("1", patients_named(held["Patient", "1"]))
    for part in data.draw(st.lists(parts(held), min_size=1, max_size=4)):
        whole = await page_of(repository, gathering, part)
        assert whole.following is None
        matches, included = expected(held, gathering, part)
        told = [key_of(orjson.loads(version.body)) for version in (*whole.matches, *whole.included)]
        assert set(told[: len(whole.matches)]) == matches
        assert set(told[len(whole.matches) :]) == included
        assert len(told) == len(set(told))
        count = data.draw(st.integers(1, 5))
        paged, position = [], None
        while True:
            page = await page_of(repository, gathering, part, count, position)
            paged += [(v.resource_type, v.id) for v in (*page.matches, *page.included)]
            position = page.following
            if position is None:
                break
            assert len(page.matches) + len(page.included) == count
        assert paged == told
