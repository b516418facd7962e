"""Pages of searches: links, totals, parts of resources, preferences (R4 search.html, http.html#search)."""

from typing import Any

import httpx
import pytest


@pytest.fixture
def patients(client: httpx.Client) -> list[str]:
    """Seven patients, in the order of their ids."""
    ids = [f"p{number}" for number in range(7)]
    for id_ in ids:
        resource = {"resourceType": "Patient", "id": id_, "active": True, "name": [{"family": "Fictif", "text": id_}]}
        client.put(f"Patient/{id_}", json=resource).raise_for_status()
    return ids


def pages(client: httpx.Client, first: httpx.Response) -> list[dict[str, Any]]:
    found = [first.raise_for_status().json()]
    while address := links(found[-1]).get("next"):
        found.append(client.get(address).raise_for_status().json())
    return found


def links(page: dict[str, Any]) -> dict[str, str]:
    return {link["relation"]: link["url"] for link in page["link"]}


def ids(page: dict[str, Any]) -> list[str]:
    return [entry["resource"]["id"] for entry in page.get("entry", []) if entry["search"]["mode"] == "match"]


@pytest.mark.parametrize("query", ["", "&_sort=_id", "&_sort=-_id", "&_sort=name", "&_sort=-_lastUpdated"])
def test_pages_give_each_match_once_while_others_write(client: httpx.Client, patients: list[str], query: str) -> None:
    seen: list[str] = []
    page = client.get(f"Patient?_count=2&name=fictif{query}").json()
    while True:
        seen += ids(page)
        fresh = {"resourceType": "Patient", "name": [{"family": "Fictif"}]}
        client.post("Patient", json=fresh).raise_for_status()
        if "next" not in links(page):
            break
        page = client.get(links(page)["next"]).json()
    assert sorted(seen) == patients


def test_links_lead_to_the_tenant_and_say_what_was_understood(
    client: httpx.Client, patients: list[str], base_url: str
) -> None:
    page = client.get("Patient?_count=2&name=fictif&_format=json").json()
    assert links(page)["self"] == f"{base_url}/Patient?name=fictif&_count=2"
    assert links(page)["next"].startswith(f"{base_url}/Patient?name=fictif&_count=2&_cursor=")
    assert page["entry"][0]["fullUrl"] == f"{base_url}/Patient/{patients[0]}"


def test_a_posted_search_takes_body_and_address_and_its_pages_follow(client: httpx.Client, patients: list[str]) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    first = client.post("Patient/_search?_count=3", content="name=Fictif&_sort=_id", headers=form)
    found = pages(client, first)
    assert [len(ids(page)) for page in found] == [3, 3, 1]
    assert [id_ for page in found for id_ in ids(page)] == patients
    assert client.post("Patient/_search", json={"name": "x"}).status_code == 415


def test_the_total_comes_when_asked_for(client: httpx.Client, patients: list[str]) -> None:
    assert "total" not in client.get("Patient?_count=2").json()
    assert client.get("Patient?_count=2&_total=accurate").json()["total"] == len(patients)
    for query in ("_count=0", "_summary=count"):
        counted = client.get(f"Patient?{query}").json()
        assert (counted["total"], counted.get("entry")) == (len(patients), None)


def test_a_page_is_never_longer_than_the_server_allows_and_the_link_says_so(client: httpx.Client) -> None:
    assert "_count=1000" in links(client.get("Patient?_count=5000").json())["self"]


def test_unknown_parameters_are_refused_unless_lenience_is_preferred(client: httpx.Client, patients: list[str]) -> None:
    strict = client.get("Patient?poem=1")
    assert (strict.status_code, strict.json()["issue"][0]["code"]) == (400, "not-supported")
    lenient = client.get("Patient?poem=1&_id=p1", headers={"Prefer": "handling=lenient"}).json()
    assert ids(lenient) == ["p1"]
    outcome = lenient["entry"][-1]
    assert outcome["search"]["mode"] == "outcome"
    assert "poem" in outcome["resource"]["issue"][0]["diagnostics"]
    assert "poem" not in links(lenient)["self"]


@pytest.mark.parametrize(
    ("query", "members"),
    [
        ("_elements=name", {"resourceType", "id", "meta", "name", "active"}),
        ("_summary=true", {"resourceType", "id", "meta", "name", "active"}),
        ("_summary=data", {"resourceType", "id", "meta", "name", "active", "photo"}),
        ("_summary=text", {"resourceType", "id", "meta", "text"}),
        ("_summary=false", {"resourceType", "id", "meta", "text", "name", "active", "photo"}),
    ],
)
def test_a_part_of_a_resource_is_tagged_as_a_part(client: httpx.Client, query: str, members: set[str]) -> None:
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
    body = {"resourceType": "Patient", "id": "p", "text": text, "active": True, "name": [{"text": "Fictif"}]}
    client.put("Patient/p", json={**body, "photo": [{"title": "x"}]})
    for part in (
        client.get(f"Patient/p?{query}").json(),
        client.get(f"Patient?{query}").json()["entry"][0]["resource"],
    ):
        kept = {name for name in part if name not in ("active",)} | {"active"} & members
        assert kept == members
        tags = [tag["code"] for tag in part["meta"].get("tag", [])]
        assert tags == ([] if query == "_summary=false" else ["SUBSETTED"])


def test_mandatory_elements_are_always_there(client: httpx.Client) -> None:
    body = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueString": "y"}
    id_ = client.post("Observation", json={**body, "note": [{"text": "z"}]}).json()["id"]
    part = client.get(f"Observation/{id_}?_elements=value").json()
    assert set(part) == {"resourceType", "id", "meta", "status", "code", "valueString"}


@pytest.mark.parametrize(
    "query",
    [
        "_summary=text&_include=Patient:organization",
        "_count=-1",
        "_count=99999999999",
        "_cursor=zzz",
        "_summary=poem",
        "_elements=poem",
        "birthdate=2020-13-45",
        "name=%00",
        "name=%ff",
        "&".join(["name=a"] * 60),
        "&".join(["name=a"] * 1200),
        "name=" + ",".join(f"a{number}" for number in range(300)),
        "_id=" + ",".join(f"a{number}" for number in range(6000)),
    ],
)
def test_a_search_that_can_not_be_or_costs_too_much_is_400(client: httpx.Client, query: str) -> None:
    refused = client.get(f"Patient?{query}")
    assert (refused.status_code, refused.json()["resourceType"]) == (400, "OperationOutcome")


@pytest.mark.parametrize("address", ["Patient/p?poem=1", "Patient/p?_summary=count", "Patient?_type=Patient"])
def test_parameters_where_they_mean_nothing_are_refused(client: httpx.Client, address: str) -> None:
    client.put("Patient/p", json={"resourceType": "Patient", "id": "p"})
    assert client.get(address).status_code == 400


def test_a_long_query_is_answered_with_links_that_work(client: httpx.Client, patients: list[str]) -> None:
    wanted = ",".join([*patients, *(f"nobody-{number}" for number in range(1500))])
    found = pages(client, client.get("Patient", params={"_id": wanted, "_count": 3}))
    assert [id_ for page in found for id_ in ids(page)] == patients


def test_a_reference_to_this_servers_own_address_is_local(client: httpx.Client, base_url: str) -> None:
    client.put("Patient/own", json={"resourceType": "Patient", "id": "own"})
    body = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": f"{base_url}/Patient/own"},
    }
    created = client.post("Observation", json=body).json()
    assert created["subject"] == {"reference": "Patient/own"}
    for reference in ("Patient/own", f"{base_url}/Patient/own"):
        found = client.get("Observation", params={"subject": reference}).json()
        assert [entry["resource"]["id"] for entry in found["entry"]] == [created["id"]]


def test_a_searched_form_has_a_limit_of_its_own(client: httpx.Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("Patient/_search", content="name=" + "a" * 1_000_000, headers=form).status_code == 413


def test_a_date_of_change_that_no_calendar_has_is_ignored(client: httpx.Client, patients: list[str]) -> None:
    impossible = {"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 +99999999999999"}
    assert client.get(f"Patient/{patients[0]}", headers=impossible).status_code == 200
