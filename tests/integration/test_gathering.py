"""What belongs to a resource, a page at a time: bounds, other patients, what is written meanwhile, plans."""

import orjson
import pytest

from cordee.fhir.body import accept
from cordee.fhir.gathering import Gathering, Part, around_encounter, around_patient
from cordee.fhir.outcome import Gone, InvalidSearch, NotFound
from cordee.store import gathering as store_gathering
from cordee.store import gathering_walk

OWNER = ("Patient", "p")
WHOLE = Part()


def observation(id_, **members):
    return {"resourceType": "Observation", "id": id_, "status": "final", "code": {"text": "x"},
            "subject": {"reference": "Patient/p"}} | members  # fmt: skip


def performed_by(*references):
    return {"performer": [{"reference": reference} for reference in references]}


@pytest.fixture
def store(repository):
    async def store(*resources):
        for resource in resources:
            await repository.update(resource["resourceType"], resource["id"], accept(orjson.dumps(resource)))

    return store


@pytest.fixture
def gathered(repository):
    async def gathered(gathering=None, part=WHOLE, *, count=None, position=None, **limits):
        async with repository._connections.searches() as connection:
            return await store_gathering.gather(
                connection, repository.tenant, gathering or around_patient("p"), part, count=count, position=position,
                base_url="http://here.example/fhir", **limits,
            )  # fmt: skip

    return gathered


def ids(page):
    return [f"{v.resource_type}/{v.id}" for v in (*page.matches, *page.included)]


PATIENT = {"resourceType": "Patient", "id": "p"}


async def test_a_resource_written_after_the_first_page_does_not_come_in(store, gathered):
    await store(PATIENT, observation("a"), observation("b"))
    first = await gathered(count=2)
    await store(observation("c"), observation("a0"))
    second = await gathered(count=2, position=first.following)
    assert (ids(first), ids(second)) == (["Patient/p", "Observation/a"], ["Observation/b"])
    assert second.following is None


async def test_a_page_ends_before_its_bodies_are_too_long_and_the_next_goes_on(store, gathered):
    long = {"note": [{"text": "x" * 5000}]}
    practitioner = {"resourceType": "Practitioner", "id": "d", "name": [{"text": "y" * 5000}]}
    await store(PATIENT, *(observation(name, **long, **performed_by("Practitioner/d")) for name in "abc"), practitioner)
    told, position, pages = [], None, 0
    while pages == 0 or position is not None:
        page = await gathered(position=position, most_bytes=11_000)
        assert sum(len(v.body) for v in (*page.matches, *page.included)) <= 11_000
        told, position, pages = told + ids(page), page.following, pages + 1
    assert told == ["Patient/p", "Observation/a", "Observation/b", "Observation/c", "Practitioner/d"]
    assert pages == 2


async def test_one_body_longer_than_a_page_comes_alone(store, gathered):
    await store(PATIENT, observation("a", note=[{"text": "x" * 5000}]), observation("b"))
    first = await gathered(count=1)
    second = await gathered(position=first.following, most_bytes=100)
    assert ids(second) == ["Observation/a"]


async def test_what_is_about_another_patient_is_left_out_even_where_it_is_referred_to(store, gathered):
    mother = observation("of-mother", subject={"reference": "Patient/mother"}, **performed_by("Practitioner/hers"))
    await store(
        PATIENT, {"resourceType": "Patient", "id": "mother"}, mother,
        {"resourceType": "Practitioner", "id": "hers"}, {"resourceType": "Practitioner", "id": "his"},
        observation("a", hasMember=[{"reference": "Observation/of-mother"}], focus=[{"reference": "Patient/mother"}],
                    **performed_by("Practitioner/his")),
        {"resourceType": "Group", "id": "g", "type": "person", "actual": True,
         "member": [{"entity": {"reference": "Patient/p"}}, {"entity": {"reference": "Patient/mother"}}]},
    )  # fmt: skip
    assert ids(await gathered()) == ["Patient/p", "Group/g", "Observation/a", "Practitioner/his"]


async def test_the_same_person_under_another_id_is_told(store, gathered):
    linked = PATIENT | {"link": [{"other": {"reference": "Patient/older"}, "type": "replaces"}]}
    await store(linked, {"resourceType": "Patient", "id": "older"})
    assert ids(await gathered(around_patient("p", {"older"}))) == ["Patient/p", "Patient/older"]


async def test_what_shared_resources_refer_to_is_told_once(store, gathered):
    role = {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "Practitioner/d"},
            "organization": {"reference": "Organization/o"}}  # fmt: skip
    part = {"resourceType": "Organization", "id": "o", "name": "O", "partOf": {"reference": "Organization/whole"}}
    whole = {"resourceType": "Organization", "id": "whole", "name": "W", "partOf": {"reference": "Organization/o"}}
    await store(
        PATIENT | {"managingOrganization": {"reference": "Organization/o"}},
        observation("a", **performed_by("PractitionerRole/r", "http://here.example/fhir/Practitioner/d")),
        observation("b", **performed_by("PractitionerRole/r", "Practitioner/none", "https://else.example/Patient/p")),
        role, part, whole, {"resourceType": "Practitioner", "id": "d"},
    )  # fmt: skip
    page = await gathered()
    assert [f"{v.resource_type}/{v.id}" for v in page.included] == [
        "Organization/o", "Organization/whole", "Practitioner/d", "PractitionerRole/r",
    ]  # fmt: skip


async def test_attachments_kept_as_binaries_are_told(store, gathered):
    def document(id_, url):
        return {"resourceType": "DocumentReference", "id": id_, "status": "current",
                "subject": {"reference": "Patient/p"}, "content": [{"attachment": {"url": url}}]}  # fmt: skip

    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": "eA=="}
    await store(
        PATIENT, document("a", "Binary/1"), document("b", "http://here.example/fhir/Binary/2"),
        document("c", "http://else.example/fhir/Binary/3"), *(binary | {"id": id_} for id_ in "123"),
    )  # fmt: skip
    assert [v.id for v in (await gathered()).included] == ["1", "2"]


async def test_deleted_resources_are_not_told(store, gathered, repository):
    await store(PATIENT, observation("a", **performed_by("Practitioner/d")), observation("b"),
                {"resourceType": "Practitioner", "id": "d"})  # fmt: skip
    await repository.delete("Observation", "b")
    await repository.delete("Practitioner", "d")
    assert ids(await gathered()) == ["Patient/p", "Observation/a"]


async def test_a_task_about_the_patient_is_told_though_it_is_in_no_compartment(store, gathered):
    task = {"resourceType": "Task", "id": "t", "status": "requested", "intent": "order",
            "for": {"reference": "Patient/p"}}  # fmt: skip
    await store(PATIENT, task)
    assert ids(await gathered()) == ["Patient/p", "Task/t"]


async def test_an_owner_that_is_not_there_is_told_as_by_a_read(store, gathered, repository):
    with pytest.raises(NotFound):
        await gathered()
    await store(PATIENT)
    await repository.delete(*OWNER)
    with pytest.raises(Gone):
        await gathered()


@pytest.mark.parametrize("position", ["", "e30", "W10", "WzEsIm1lbWJlcnMiLCJBIiwtMV0", "WzEsIm90aGVyIiwiQSIsMV0", "é"])
async def test_a_position_that_is_not_ours_is_refused(store, gathered, position):
    await store(PATIENT)
    with pytest.raises(InvalidSearch):
        await gathered(position=position)


async def test_more_referred_resources_than_may_be_looked_at_are_refused(store, gathered, monkeypatch):
    monkeypatch.setattr(gathering_walk, "MOST_REFERRED", 1)
    await store(PATIENT, observation("a", **performed_by("Practitioner/1", "Practitioner/2")),
                *({"resourceType": "Practitioner", "id": id_} for id_ in "12"))  # fmt: skip
    with pytest.raises(InvalidSearch) as refused:
        await gathered()
    assert refused.value.issues[0].code == "too-costly"


async def test_a_group_session_tells_the_observations_of_everybody_in_it(store, gathered):
    session = {"resourceType": "Encounter", "id": "s", "status": "finished", "class": {"code": "AMB"}}
    await store(
        session, *(observation(p, subject={"reference": f"Patient/{p}"}, encounter={"reference": "Encounter/s"})
                   for p in "pq"), PATIENT, {"resourceType": "Patient", "id": "q"},
    )  # fmt: skip
    told = ids(await gathered(around_encounter("s", frozenset())))
    assert told == ["Encounter/s", "Observation/p", "Observation/q", "Patient/p", "Patient/q"]


async def test_members_of_a_mixed_gathering_that_are_about_others_are_left_out(store, gathered):
    plan = {"resourceType": "CarePlan", "id": "c", "status": "active", "intent": "plan",
            "subject": {"reference": "Patient/p"}}  # fmt: skip
    based = {"basedOn": [{"reference": "CarePlan/c"}]}
    await store(PATIENT, plan, observation("a", **based), observation("b", subject={"reference": "Patient/q"}, **based))
    gathering = Gathering(
        ("CarePlan", "c"), frozenset({("Observation", "based-on", ("CarePlan", "c"))}), named=frozenset({OWNER}),
        patients=frozenset({"p"}), mixed=True,
    )  # fmt: skip
    assert ids(await gathered(gathering)) == ["CarePlan/c", "Observation/a", "Patient/p"]
    first = await gathered(gathering, count=2)
    assert ids(await gathered(gathering, position=first.following)) == ["Patient/p"]
