"""Read, vread, create, update, delete and history over HTTP (R4 http.html)."""

from typing import Any

import httpx
import pytest

PATIENT = {"resourceType": "Patient", "active": True}


def put(client: httpx.Client, id_: str, headers: dict[str, str] | None = None, **members: Any) -> httpx.Response:
    return client.put(f"Patient/{id_}", json={"resourceType": "Patient", "id": id_, **members}, headers=headers or {})


def test_a_creation_answers_201_with_location_validator_and_the_resource(client: httpx.Client, base_url: str) -> None:
    created = client.post("Patient", json={**PATIENT, "id": "ignored"})
    assert created.status_code == 201
    id_ = created.json()["id"]
    assert id_ != "ignored"
    assert created.headers["location"] == f"{base_url}/Patient/{id_}/_history/1"
    assert created.headers["etag"] == 'W/"1"'
    assert created.headers["last-modified"].endswith("GMT")
    assert created.headers["content-type"] == "application/fhir+json; fhirVersion=4.0; charset=utf-8"
    assert client.get(created.headers["location"]).json() == client.get(f"Patient/{id_}").json() == created.json()


def test_an_update_makes_the_next_version_and_the_first_one_stays_readable(client: httpx.Client) -> None:
    assert put(client, "p").status_code == 201
    updated = put(client, "p", active=True)
    assert (updated.status_code, updated.headers["etag"]) == (200, 'W/"2"')
    assert updated.json()["meta"]["versionId"] == "2"
    assert "active" not in client.get("Patient/p/_history/1").json()


def test_an_update_that_changes_nothing_makes_no_version(client: httpx.Client) -> None:
    put(client, "p", active=True)
    assert put(client, "p", active=True).headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("body_id", [None, "q"])
def test_an_update_whose_body_has_another_id_or_none_is_refused(client: httpx.Client, body_id: str | None) -> None:
    body = {"resourceType": "Patient"} | ({"id": body_id} if body_id else {})
    refused = client.put("Patient/p", json=body)
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["expression"] == ["Patient.id"]


def test_a_deletion_leaves_410_a_history_and_can_be_repeated_and_undone(client: httpx.Client) -> None:
    put(client, "p")
    deleted = client.delete("Patient/p")
    assert (deleted.status_code, deleted.headers["etag"], deleted.content) == (204, 'W/"2"', b"")
    assert client.get("Patient/p").status_code == 410
    assert client.get("Patient/p/_history/2").status_code == 410
    assert client.get("Patient/p/_history/1").status_code == 200
    assert client.delete("Patient/p").status_code == 204
    assert client.delete("Patient/never-was").status_code == 204
    revived = put(client, "p")
    assert (revived.status_code, revived.headers["etag"]) == (201, 'W/"3"')
    history = client.get("Patient/p/_history").json()
    assert history["total"] == 3
    assert [entry["request"]["method"] for entry in history["entry"]] == ["PUT", "DELETE", "PUT"]
    assert ["resource" in entry for entry in history["entry"]] == [True, False, True]


@pytest.mark.parametrize("address", ["Patient/x", "Patient/x/_history", "Patient/x/_history/1", "Patient/x/_history/y"])
def test_what_never_was_is_404(client: httpx.Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_history_pages_give_every_version_once_newest_first_whatever_is_written_meanwhile(client: httpx.Client) -> None:
    for number in range(7):
        put(client, "p", multipleBirthInteger=number)
    seen: list[str] = []
    address = "Patient/p/_history?_count=3"
    while address:
        page = client.get(address).json()
        assert page["type"] == "history"
        seen += [entry["resource"]["meta"]["versionId"] for entry in page["entry"]]
        put(client, "p", multipleBirthInteger=100 + len(seen))
        address = next((found["url"] for found in page["link"] if found["relation"] == "next"), "")
    assert seen == ["7", "6", "5", "4", "3", "2", "1"]


def test_history_of_type_and_system_hold_what_was_written_since(client: httpx.Client) -> None:
    put(client, "before")
    moment = put(client, "p").json()["meta"]["lastUpdated"]
    client.put("Organization/o", json={"resourceType": "Organization", "id": "o", "name": "x"})
    client.delete("Patient/p")
    entries = client.get("_history", params={"_since": moment}).json()["entry"]
    assert {entry["fullUrl"].rsplit("/", 1)[1] for entry in entries} >= {"p", "o"}
    patients = client.get("Patient/_history", params={"_since": moment}).json()["entry"]
    assert [e["request"]["method"] for e in patients if e["fullUrl"].endswith("/p")] == ["DELETE", "PUT"]


@pytest.mark.parametrize("query", ["_since=soon", "_count=0", "_count=x", "_at=someday", "_cursor=zzz"])
def test_history_refuses_what_it_does_not_understand(client: httpx.Client, query: str) -> None:
    assert client.get(f"Patient/_history?{query}").status_code == 400


@pytest.mark.parametrize("tags", ['W/"2"', '"2"', 'W/"9", W/"2"', "*"])
def test_if_match_lets_an_update_through_over_that_version(client: httpx.Client, tags: str) -> None:
    put(client, "p")
    put(client, "p", active=True)
    assert put(client, "p", {"If-Match": tags}, active=False).status_code == 200


def test_if_match_refuses_another_version_and_says_which_one_is_there(client: httpx.Client) -> None:
    put(client, "p")
    put(client, "p", active=True)
    refused = put(client, "p", {"If-Match": 'W/"1"'}, active=False)
    assert refused.status_code == 412
    assert "version 2" in refused.json()["issue"][0]["diagnostics"]
    assert client.delete("Patient/p", headers={"If-Match": 'W/"1"'}).status_code == 412
    assert put(client, "none", {"If-Match": 'W/"1"'}).status_code == 412
    assert put(client, "none", {"If-Match": "*"}).status_code == 412
    assert put(client, "p", {"If-Match": "yesterday"}).status_code == 400


def test_if_none_match_star_creates_only_where_nothing_is(client: httpx.Client) -> None:
    assert put(client, "p", {"If-None-Match": "*"}).status_code == 201
    assert put(client, "p", {"If-None-Match": "*"}, active=True).status_code == 412
    assert put(client, "p", {"If-None-Match": 'W/"1"'}, active=True).status_code == 412
    client.delete("Patient/p")
    assert put(client, "p", {"If-None-Match": "*"}).status_code == 201


def test_a_read_is_304_for_the_version_or_the_moment_that_the_client_has(client: httpx.Client) -> None:
    stored = put(client, "p")
    known = client.get("Patient/p", headers={"If-None-Match": 'W/"1"'})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", 'W/"1"')
    assert client.get("Patient/p", headers={"If-None-Match": 'W/"2"'}).status_code == 200
    since = {"If-Modified-Since": stored.headers["last-modified"]}
    assert client.get("Patient/p", headers=since).status_code == 304
    old = {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}
    assert client.get("Patient/p", headers=old).status_code == 200
    assert client.get("Patient/p", headers=since | {"If-None-Match": 'W/"2"'}).status_code == 200


def test_tenants_do_not_see_each_other(client: httpx.Client, server_url: str) -> None:
    put(client, "p")
    assert httpx.get(f"{server_url}/t/default/fhir/Patient/p").status_code == 404
    for unknown in ("no-such", "%00", "x" * 200, ""):
        answer = httpx.get(f"{server_url}/t/{unknown}/fhir/Patient/p")
        assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome")


def test_an_encoded_id_a_slash_at_the_end_and_a_doubled_one_mean_the_same(client: httpx.Client) -> None:
    put(client, "p1")
    for address in ("Patient/p%31", "Patient/p1/", "Patient//p1"):
        assert client.get(address).status_code == 200
