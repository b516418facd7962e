import itertools
import json
import random
from collections import Counter
from functools import cache

import orjson
import pytest
from bench.connection import Response, Target
from bench.directory import directory, directory_entries
from bench.population import Population, SetupError, StoredPatient, location, stored_references
from bench.templates import WRITTEN_TYPES
from bench.workloads import WORKLOADS, Context, context, searchset, stored


@cache
def shared() -> Context:
    references = [f"{resource['resourceType']}/{url[-36:]}" for url, resource in directory_entries(1)]
    structures = directory(references)
    sessions, claims = tuple(f"Encounter/{n}" for n in range(36)), ("Claim/1",)
    patients = tuple(
        StoredPatient(n, f"ins{n}", f"Patient/{n}", "Coverage/1", "Condition/1", sessions, claims) for n in range(10)
    )
    population = Population(structures, patients, None)
    return context(Target.of("http://server.example/fhir"), 1, population)


def answer(status: int, body: object, head: bytes = b"HTTP/1.1 200 OK") -> Response:
    return Response(status, head, orjson.dumps(body))


def body_of(payload: bytes) -> bytes:
    return payload.partition(b"\r\n\r\n")[2]


def test_no_two_bodies_of_a_template_are_the_same() -> None:
    template = shared().templates["Claim"][0]
    assert json.loads(template.body(1)) != json.loads(template.body(2))
    assert len(template.body(1)) == len(template.body(10**9))


@pytest.mark.parametrize("resource_type", WRITTEN_TYPES)
def test_the_body_of_an_update_is_that_of_a_create_with_the_id(resource_type: str) -> None:
    template = shared().templates[resource_type][0]
    created, updated = json.loads(template.body(5)), json.loads(template.body_of("a.b-1", 5))
    assert updated.pop("id") == "a.b-1"
    assert created == updated
    assert created["resourceType"] == resource_type


def test_the_mix_creates_reads_updates_and_deletes_in_the_shares_stated() -> None:
    [mix] = [one for one in WORKLOADS if one.name == "mix"]
    owned = [f"Claim/{n}" for n in range(60)]
    session = mix.session(shared(), random.Random(1), owned)
    methods: Counter[str] = Counter()
    request = next(session)
    serial = itertools.count()
    for _ in range(10_000):
        method = request.payload.split(b" ", 1)[0].decode()
        methods[method] += 1
        if method == "POST":
            created = json.loads(body_of(request.payload))["resourceType"]
            head = f"HTTP/1.1 201 Created\r\nLocation: /fhir/{created}/n{next(serial)}/_history/1".encode()
            request = session.send(Response(201, head, b""))
        else:
            request = session.send(answer(200, {}))
    for method, share in {"POST": 10, "GET": 60, "PUT": 25, "DELETE": 5}.items():
        assert methods.pop(method) / 100 == pytest.approx(share, abs=1.5)
    assert not methods


def test_a_client_never_asks_for_what_it_deleted() -> None:
    [mix] = [one for one in WORKLOADS if one.name == "mix"]
    session = mix.session(shared(), random.Random(2), [f"Claim/{n}" for n in range(10)])
    deleted: set[bytes] = set()
    request = next(session)
    for n in range(3_000):
        method, path = request.payload.split(b" ", 2)[:2]
        assert path not in deleted
        if method == b"DELETE":
            deleted.add(path)
        request = session.send(Response(201, f"HTTP/1.1 201 Created\r\nlocation: Claim/new{n}".encode(), b""))
    assert deleted


def test_searches_only_name_patients_whose_records_are_not_written() -> None:
    run = shared()
    written = {one.patient for one in run.population.patients[::2]}
    for resource_type in ("Encounter", "Claim"):
        for template in run.templates[resource_type]:
            resource = json.loads(template.body(1))
            assert (resource.get("subject") or resource.get("patient"))["reference"] in written
    assert not written & {one.patient for one in run.searched}


def test_a_searchset_with_another_number_of_matches_is_a_fault() -> None:
    def bundle(*modes: str) -> dict[str, object]:
        return {"type": "searchset", "entry": [{"search": {"mode": mode}} for mode in modes]}

    check = searchset(2, 1)
    assert check(answer(200, bundle("match", "match", "include"))) is None
    assert "2 and 0 came" in str(check(answer(200, bundle("match", "match"))))
    assert "searchset was expected" in str(check(answer(200, {"type": "history"})))
    assert "not JSON" in str(check(Response(200, b"", b"<html>")))


def test_a_bundle_with_one_entry_refused_is_a_fault() -> None:
    created = {"response": {"status": "201 Created", "location": "http://x/fhir/Claim/1/_history/1"}}
    refused = {"response": {"status": "422 Unprocessable Entity"}}
    assert stored(1)(answer(200, {"entry": [created]})) is None
    assert "entry 1" in str(stored(2)(answer(200, {"entry": [created, refused]})))
    assert "1 entries of 2" in str(stored(2)(answer(200, {"entry": [created]})))
    with pytest.raises(SetupError, match="status 400"):
        stored_references(answer(400, {}))


@pytest.mark.parametrize(
    ("value", "reference"),
    [
        ("http://x/fhir/Claim/12/_history/3", "Claim/12"),
        ("Claim/a-b.c", "Claim/a-b.c"),
        ("/fhir/Patient/1", "Patient/1"),
    ],
)
def test_the_reference_of_a_create_is_read_from_its_location(value: str, reference: str) -> None:
    head = f"HTTP/1.1 201 Created\r\ncontent-location: Other/1\r\nLOCATION: {value}".encode()
    assert location(Response(201, head, b"")) == reference


def test_a_create_without_location_has_no_reference() -> None:
    assert location(Response(201, b"HTTP/1.1 201 Created\r\nETag: W/1", b"")) is None
