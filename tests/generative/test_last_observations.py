"""`$lastn` tells what the standard's words say, worked out in memory over what the search finds; its pages are one."""

from hypothesis import given
from hypothesis import strategies as st
from tests.generative.search_populations import DATES, IDS
from tests.generative.test_search_sql import SETTINGS, stored_population

from cordee.fhir.query import parse_search
from cordee.fhir.search_values import extract_parameter
from cordee.store.index_values import microseconds

codings = st.fixed_dictionaries(
    {"code": st.sampled_from("abcd")}, optional={"system": st.sampled_from(("urn:x", "urn:y"))}
)
concepts = st.one_of(
    st.lists(codings, min_size=1, max_size=2).map(lambda coding: {"coding": coding}),
    st.sampled_from(("a", "b c")).map(lambda text: {"text": text}),
)
times = st.one_of(
    st.just({}),
    st.sampled_from(DATES).map(lambda date: {"effectiveDateTime": date}),
    st.sampled_from(DATES).map(lambda date: {"effectivePeriod": {"start": date}}),
)
observations = st.builds(
    lambda code, time, status, patient: {
        "resourceType": "Observation", "status": status, "code": code, "subject": {"reference": f"Patient/{patient}"},
    } | time,
    concepts, times, st.sampled_from(("final", "amended")), st.sampled_from(IDS[:2]),
)  # fmt: skip


def names(resource):
    codes = {(c.get("system", ""), c["code"]) for c in resource["code"].get("coding", ())}
    return codes or {("text", resource["code"]["text"], "")}


def groups(resources):
    """Sets of resources that share a name, put together until none share one."""
    found = []
    for resource in resources:
        touching = [group for group in found if any(names(resource) & names(other) for other in group)]
        found = [group for group in found if group not in touching]
        found.append([resource, *(other for group in touching for other in group)])
    return found


def time_of(resource):
    return max((microseconds(value.high) for value in extract_parameter(resource, "date")), default=None)


def latest(group, most):
    """Those of the group than which fewer than `most` are more recent; without a time, the last written."""

    def is_later(one, than):
        mine, other = time_of(one), time_of(than)
        if mine is None or other is None:
            return other is None and (mine is not None or one["rid"] > than["rid"])
        return mine > other

    return {r["id"] for r in group if sum(is_later(one, r) for one in group) < most}


@given(st.data())
@SETTINGS
async def test_the_most_recent_of_each_group_are_told_page_by_page(database, data):
    written = [
        ("Observation", str(number), resource)
        for number, resource in enumerate(data.draw(st.lists(observations, min_size=1, max_size=20)))
    ]
    repository, held = await stored_population(database, written)
    stored = await repository.read_many(held)
    for key, resource in held.items():
        resource["rid"] = stored[key].rid
    for status in ("", "final"):
        search = parse_search("Observation", [("patient", "Patient/1"), *([("status", status)] if status else [])])
        found = [
            r for r in held.values()
            if r["subject"]["reference"] == "Patient/1"
            and status in ("", r["status"])
        ]  # fmt: skip
        most = data.draw(st.integers(1, 3))
        whole = await repository.last_observations(search, most=most, count=1000, position=None)
        told = [version.id for version in whole.matches]
        assert set(told) == {id_ for group in groups(found) for id_ in latest(group, most)}
        assert len(told) == len(set(told)) == whole.total
        assert told == in_order([held["Observation", id_] for id_ in told], found)
        count = data.draw(st.integers(1, 4))
        paged, position = [], None
        while not paged or position is not None:
            page = await repository.last_observations(search, most=most, count=count, position=position)
            if not page.matches:
                break
            paged += [version.id for version in page.matches]
            position = page.following
        assert paged == told


def in_order(told, found):
    """Group by group, the one with the most recent first; in a group the most recent first."""

    def newest_first(time, rid):
        return (time is None, -(time or 0), -rid)

    ordered = []
    for group in groups(found):
        mine = sorted((r for r in told if r in group), key=lambda r: newest_first(time_of(r), r["rid"]))
        if mine:
            times = [time_of(r) for r in mine if time_of(r) is not None]
            head = newest_first(max(times, default=None), max(r["rid"] for r in mine))
            ordered.append((head, [r["id"] for r in mine]))
    return [id_ for _, ids in sorted(ordered) for id_ in ids]
