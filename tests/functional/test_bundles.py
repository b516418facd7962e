"""Batch and transaction Bundles (R4 http.html#transaction)."""

import json
from typing import Any

import asyncpg
import httpx
import pytest

SYSTEM = "urn:oid:1.2.250.1.213.1.4.10"
REPRESENTATION = {"Prefer": "return=representation"}


def entry(method: str, url: str, resource: Any = None, full_url: str | None = None, **request: str) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        made["resource"] = resource
    if full_url is not None:
        made["fullUrl"] = full_url
    return made


def patient(value: str = "1", **members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": value}], **members}


def observation(subject: str, **members: Any) -> dict[str, Any]:
    base = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    return {**base, "subject": {"reference": subject}, **members}


def post(client: httpx.Client, kind: str, *entries: dict[str, Any], **headers: str) -> httpx.Response:
    bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return client.post("", json=bundle, headers={name.replace("_", "-"): value for name, value in headers.items()})


def statuses(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [found["response"]["status"][:3] for found in answer.json()["entry"]]


def stored(client: httpx.Client, location: str) -> Any:
    return client.get(location).raise_for_status().json()


def total(client: httpx.Client, resource_type: str) -> int:
    return int(client.get(f"{resource_type}?_summary=count").json()["total"])


def issues(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(issue["code"], issue["expression"][0]) for issue in answer.json()["issue"]]


def test_references_to_entries_follow_them_wherever_they_stand(client: httpx.Client) -> None:
    narrative = '<div xmlns="http://www.w3.org/1999/xhtml"><a href="urn:uuid:p">x</a></div>'
    seen = observation("urn:uuid:p", text={"status": "generated", "div": narrative}, valueString="urn:uuid:p")
    answer = post(
        client,
        "transaction",
        entry("POST", "Observation", seen, "urn:uuid:o"),
        entry("POST", "Patient", patient(), "urn:uuid:p"),
    )
    assert statuses(answer) == ["201", "201"]
    assert answer.json()["type"] == "transaction-response"
    locations = [found["response"]["location"] for found in answer.json()["entry"]]
    id_ = stored(client, locations[1])["id"]
    rewritten = stored(client, locations[0])
    assert rewritten["subject"]["reference"] == f"Patient/{id_}"
    assert f'href="Patient/{id_}"' in rewritten["text"]["div"]
    assert rewritten["valueString"] == "urn:uuid:p"


def test_relative_references_mean_the_entry_of_the_same_base_and_else_this_server(client: httpx.Client) -> None:
    client.put("Patient/1", json={"resourceType": "Patient", "id": "1"})
    there = "https://elsewhere.example.org/fhir"
    answer = post(
        client,
        "transaction",
        entry("POST", "Patient", patient(), f"{there}/Patient/1"),
        entry("POST", "Observation", observation("Patient/1"), f"{there}/Observation/1"),
        entry("POST", "Observation", observation("Patient/1"), "urn:uuid:o"),
        entry("POST", "Observation", observation(f"{there}/Patient/1"), "urn:uuid:o2"),
    )
    made, near, ours, absolute = [stored(client, e["response"]["location"]) for e in answer.json()["entry"]]
    assert near["subject"]["reference"] == absolute["subject"]["reference"] == f"Patient/{made['id']}"
    assert ours["subject"]["reference"] == "Patient/1"


def test_a_conditional_reference_becomes_the_one_that_matches_here_or_in_the_bundle(client: httpx.Client) -> None:
    id_ = client.post("Patient", json=patient("here")).json()["id"]
    answer = post(
        client,
        "transaction",
        entry("POST", "Observation", observation(f"Patient?identifier={SYSTEM}|here")),
        entry("POST", "Observation", observation(f"Patient?identifier={SYSTEM}|bundle")),
        entry("PUT", "Patient/in-bundle", patient("bundle", id="in-bundle")),
    )
    first, second, _ = [stored(client, e["response"]["location"]) for e in answer.json()["entry"]]
    assert first["subject"]["reference"] == f"Patient/{id_}"
    assert second["subject"]["reference"] == "Patient/in-bundle"


@pytest.mark.parametrize("criteria", ["identifier={0}|{1}", "identifier={1}&active=true", "family=name{1}x"])
def test_each_conditional_reference_finds_its_own_among_many_of_the_bundle(client: httpx.Client, criteria: str) -> None:
    values = [f"Value-{number}" for number in range(12)]
    answer = post(
        client,
        "transaction",
        *(entry("POST", "Observation", observation("Patient?" + criteria.format(SYSTEM, v))) for v in values),
        *(entry("POST", "Patient", patient(v, active=True, name=[{"family": f"name{v}x"}])) for v in values),
    )
    made = [stored(client, found["response"]["location"]) for found in answer.json()["entry"]]
    subjects = [seen["subject"]["reference"] for seen in made[:12]]
    assert subjects == [f"Patient/{found['id']}" for found in made[12:]]


@pytest.mark.parametrize("mark", ["?", r"\u003f", r"\u003F"])
def test_an_escape_in_a_reference_changes_nothing_of_its_meaning(client: httpx.Client, mark: str) -> None:
    id_ = client.post("Patient", json=patient("here")).json()["id"]
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [entry("POST", "Observation", observation(f"Patient?identifier={SYSTEM}|here"))],
    }
    answer = client.post("", content=json.dumps(bundle).replace("Patient?", f"Patient{mark}"))
    made = stored(client, answer.json()["entry"][0]["response"]["location"])
    assert made["subject"]["reference"] == f"Patient/{id_}"


def test_a_members_name_written_with_an_escape_is_refused_and_its_entry_named(client: httpx.Client) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            entry("POST", "Patient", patient('a "quoted": value\\')),
            entry("POST", "Observation", observation("urn:uuid:p")),
        ],
    }
    answer = client.post("", content=json.dumps(bundle).replace('"reference"', r'"\u0072eference"'))
    assert (answer.status_code, issues(answer)) == (400, [("structure", "Bundle.entry[1].resource")])
    assert total(client, "Observation") == 0


@pytest.mark.parametrize(("matches", "code"), [(0, "not-found"), (2, "multiple-matches")])
def test_a_conditional_reference_without_its_one_match_stops_everything(
    client: httpx.Client, matches: int, code: str
) -> None:
    for _ in range(matches):
        client.post("Patient", json=patient("1"))
    answer = post(
        client,
        "transaction",
        entry("POST", "Organization", {"resourceType": "Organization", "name": "x"}),
        entry("POST", "Observation", observation(f"Patient?identifier={SYSTEM}|1")),
    )
    assert answer.status_code == 412
    assert issues(answer) == [(code, "Bundle.entry[1].resource")]
    assert total(client, "Organization") == 0


def test_conditions_inside_a_transaction_create_update_delete_and_spare(client: httpx.Client) -> None:
    for value in ("update", "delete", "spare"):
        client.post("Patient", json=patient(value))
    answer = post(
        client,
        "transaction",
        entry("PUT", f"Patient?identifier={SYSTEM}|update", patient("update", active=True)),
        entry("PUT", f"Patient?identifier={SYSTEM}|new", patient("new")),
        entry("DELETE", f"Patient?identifier={SYSTEM}|delete"),
        entry("DELETE", f"Patient?identifier={SYSTEM}|nobody"),
        entry("POST", "Patient", patient("spare"), "urn:uuid:s", ifNoneExist=f"identifier={SYSTEM}|spare"),
        entry("POST", "Observation", observation("urn:uuid:s")),
    )
    assert statuses(answer) == ["200", "201", "204", "204", "200", "201"]
    assert total(client, "Patient") == 3
    spared = answer.json()["entry"][4]["response"]["location"].split("/_history")[0]
    assert spared.endswith(stored(client, answer.json()["entry"][5]["response"]["location"])["subject"]["reference"])


def test_a_condition_written_twice_makes_one_resource(client: httpx.Client) -> None:
    once = f"identifier={SYSTEM}|1"
    answer = post(
        client,
        "transaction",
        entry("POST", "Patient", patient(), "urn:uuid:a", ifNoneExist=once),
        entry("POST", "Patient", patient(), "urn:uuid:b", ifNoneExist=once),
        entry("POST", "Observation", observation("urn:uuid:b")),
    )
    assert statuses(answer) == ["201", "200", "201"]
    assert total(client, "Patient") == 1
    assert total(client, "Observation") == 1
    found = client.get(f"Observation?subject:Patient.identifier={SYSTEM}|1&_summary=count").json()
    assert found["total"] == 1
    other = f"Patient?identifier={SYSTEM}|2"
    refused = post(client, "transaction", entry("PUT", other, patient("2")), entry("PUT", other, patient("2")))
    assert refused.status_code == 400


def test_conditional_deletions_without_a_match_leave_everything_as_it_was(client: httpx.Client) -> None:
    client.put("Patient/None", json={"resourceType": "Patient", "id": "None"})
    nobody = entry("DELETE", f"Patient?identifier={SYSTEM}|nobody")
    answer = post(client, "transaction", nobody, entry("DELETE", f"Patient?identifier={SYSTEM}|else"), nobody)
    assert statuses(answer) == ["204", "204", "204"]
    assert client.get("Patient/None").status_code == 200


def test_a_conditional_update_never_overwrites_what_its_condition_does_not_match(client: httpx.Client) -> None:
    client.put("Patient/there", json=patient("there", id="there"))
    update = entry("PUT", f"Patient?identifier={SYSTEM}|other", patient("other", id="there"))
    answer = post(client, "transaction", entry("POST", "Organization", {"resourceType": "Organization"}), update)
    assert (answer.status_code, issues(answer)) == (409, [("conflict", "Bundle.entry[1]")])
    assert stored(client, "Patient/there")["meta"]["versionId"] == "1"
    client.delete("Patient/there")
    assert statuses(post(client, "transaction", update)) == ["201"]


@pytest.mark.parametrize("url", ["Patient/there", f"Patient?identifier={SYSTEM}|there"])
def test_a_creation_is_not_answered_with_what_the_same_bundle_deletes(client: httpx.Client, url: str) -> None:
    client.put("Patient/there", json=patient("there", id="there"))
    spare = entry("POST", "Patient", patient("there"), ifNoneExist=f"identifier={SYSTEM}|there")
    answer = post(client, "transaction", spare, entry("DELETE", url))
    assert (answer.status_code, issues(answer)) == (400, [("invalid", "Bundle.entry[0]")])
    assert client.get("Patient/there").status_code == 200


def test_deletions_come_first_and_reads_last_whatever_the_order_written(client: httpx.Client) -> None:
    client.put("Patient/old", json={"resourceType": "Patient", "id": "old"})
    answer = post(
        client,
        "transaction",
        entry("GET", "Patient?_summary=count"),
        entry("GET", "Patient/put"),
        entry("PUT", "Patient/put", {"resourceType": "Patient", "id": "put"}),
        entry("POST", "Patient", patient()),
        entry("DELETE", "Patient/old"),
        entry("GET", "Patient/put/_history"),
    )
    found = answer.json()["entry"]
    assert statuses(answer) == ["200", "200", "201", "201", "204", "200"]
    assert found[0]["resource"]["total"] == 2
    assert found[1]["resource"]["id"] == "put"
    assert found[1]["response"]["etag"] == 'W/"1"'
    assert found[5]["resource"]["type"] == "history"


def test_a_read_that_fails_undoes_the_whole_transaction(client: httpx.Client) -> None:
    answer = post(client, "transaction", entry("POST", "Patient", patient()), entry("GET", "Patient/none"))
    assert (answer.status_code, issues(answer)) == (404, [("not-found", "Bundle.entry[1].request")])
    assert total(client, "Patient") == 0


@pytest.mark.parametrize(
    ("bad", "status", "place"),
    [
        (entry("POST", "Patient", {"resourceType": "Patient", "nope": 1}), 400, "Bundle.entry[1].resource.nope"),
        (entry("POST", "Patient", {"resourceType": "Observation"}), 400, "Bundle.entry[1].resource"),
        (entry("PUT", "Patient/a", patient(id="b")), 400, "Bundle.entry[1].resource.id"),
        (entry("PUT", "Patient/x", patient(id="x"), ifMatch='W/"3"'), 412, "Bundle.entry[1].resource"),
        (entry("POST", "Observation", observation("urn:uuid:nowhere")), 400, "Bundle.entry[1].resource"),
        (entry("POST", "Patient"), 400, "Bundle.entry[1]"),
        (entry("PATCH", "Patient/x", patient()), 400, "Bundle.entry[1].resource"),
        (entry("SHAKE", "Patient/x", patient()), 400, "Bundle.entry[1].request.method"),
        (entry("POST", "Poem", {"resourceType": "Poem"}), 400, "Bundle.entry[1].request.url"),
        (entry("PUT", "Patient", patient()), 400, "Bundle.entry[1].request.url"),
        (entry("POST", "Patient", patient(), ifNoneExist="nonsense=1"), 400, "Bundle.entry[1].request"),
        (entry("POST", "Patient", patient(), "urn:uuid:one"), 400, "Bundle.entry["),
        (entry("DELETE", "Patient/same"), 400, "Bundle.entry["),
        ({"resource": patient()}, 400, "Bundle.entry[1].request"),
    ],
)
def test_one_fault_refuses_a_transaction_says_where_and_stores_nothing(
    client: httpx.Client, bad: dict[str, Any], status: int, place: str
) -> None:
    good = [
        entry("PUT", "Patient/same", {"resourceType": "Patient", "id": "same"}, "urn:uuid:one"),
        entry("POST", "Organization", {"resourceType": "Organization", "name": "x"}),
    ]
    answer = post(client, "transaction", good[0], bad, good[1])
    assert answer.status_code == status, answer.text
    assert issues(answer)[0][1].startswith(place)
    assert (total(client, "Patient"), total(client, "Organization")) == (0, 0)


def test_every_fault_of_a_transaction_is_told_at_once(client: httpx.Client) -> None:
    wrong = {"resourceType": "Patient", "nope": 1, "gender": "x"}
    answer = post(client, "transaction", entry("POST", "Patient", wrong), entry("POST", "Patient", wrong))
    assert {place for _, place in issues(answer)} == {
        f"Bundle.entry[{index}].resource.{name}" for index in (0, 1) for name in ("nope", "gender")
    }


def test_each_entry_of_a_batch_stands_alone(client: httpx.Client) -> None:
    client.put("Patient/old", json={"resourceType": "Patient", "id": "old"})
    answer = post(
        client,
        "batch",
        entry("POST", "Patient", patient()),
        entry("POST", "Patient", {"resourceType": "Patient", "nope": 1}),
        entry("GET", "Patient/none"),
        entry("GET", "Patient/old"),
        entry("GET", "Patient/old", ifNoneMatch='W/"1"'),
        entry("GET", "Patient?_summary=count"),
        entry("GET", "metadata"),
        entry("PATCH", "Patient/old"),
        entry("GET", "Poem/1"),
        entry("PUT", "Patient/new", {"resourceType": "Patient", "id": "new"}),
        entry("PUT", "Patient/new2", {"resourceType": "Patient"}),
        entry("DELETE", "Patient/gone"),
        {"resource": patient()},
        entry("PUT", "Patient/old", {"resourceType": "Patient", "id": "old", "active": True}, ifMatch='W/"4"'),
    )
    assert answer.json()["type"] == "batch-response"
    expected = "201 400 404 200 304 200 200 400 400 201 201 204 400 412"
    assert " ".join(statuses(answer)) == expected
    for found in answer.json()["entry"]:
        refused = found["response"]["status"] >= "4"
        assert ("outcome" in found["response"]) == refused
        assert ("resource" in found) == (found["response"]["status"] == "200 OK")


async def test_a_failure_of_the_server_is_the_answer_of_its_entry_only(client: httpx.Client, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("""
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'broken'; END$$;
        CREATE TRIGGER fail BEFORE INSERT ON resource FOR EACH ROW WHEN (new.id = 'it-fails') EXECUTE FUNCTION fail()
    """)
    try:
        answer = post(
            client,
            "batch",
            entry("PUT", "Patient/before", {"resourceType": "Patient"}),
            entry("PUT", "Patient/it-fails", {"resourceType": "Patient"}),
            entry("PUT", "Patient/after", {"resourceType": "Patient"}),
            X_Request_Id="asked-1",
        )
    finally:
        await connection.execute("DROP TRIGGER fail ON resource; DROP FUNCTION fail()")
        await connection.close()
    assert statuses(answer) == ["201", "500", "201"]
    told = answer.json()["entry"][1]["response"]["outcome"]["issue"][0]
    assert told["code"] == "exception"
    assert "asked-1" in told["diagnostics"]
    assert total(client, "Patient") == 2


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_prefer_says_what_the_entries_return(client: httpx.Client, kind: str) -> None:
    def first(**headers: str) -> dict[str, Any]:
        found: dict[str, Any] = post(client, kind, entry("POST", "Patient", patient()), **headers).json()["entry"][0]
        return found

    assert "resource" not in first()
    assert "resource" not in first(Prefer="return=minimal")
    assert first(Prefer="return=representation")["resource"]["resourceType"] == "Patient"
    told = first(Prefer="return=OperationOutcome")
    assert "resource" not in told
    assert told["response"]["outcome"]["resourceType"] == "OperationOutcome"


def test_absolute_addresses_of_this_server_are_its_own(client: httpx.Client, base_url: str) -> None:
    client.put("Patient/p", json={"resourceType": "Patient", "id": "p"})
    assert statuses(post(client, "batch", entry("GET", f"{base_url}/Patient/p"))) == ["200"]


def test_a_document_inside_a_transaction_keeps_its_own_references(client: httpx.Client) -> None:
    document = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": "urn:uuid:p", "resource": {"resourceType": "Patient"}},
            {"fullUrl": "urn:uuid:o", "resource": observation("urn:uuid:p")},
        ],
    }
    answer = post(
        client, "transaction", entry("POST", "Bundle", document), entry("POST", "Patient", patient(), "urn:uuid:p")
    )
    kept = stored(client, answer.json()["entry"][0]["response"]["location"])
    assert kept["entry"] == document["entry"]


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_post_to_an_id_creates_under_an_id_of_the_server(client: httpx.Client, kind: str) -> None:
    answer = post(client, kind, entry("POST", "Patient/mine", patient()))
    assert statuses(answer) == ["201"]
    assert client.get("Patient/mine").status_code == 404


@pytest.mark.parametrize("kind", ["collection", "searchset", "nonsense"])
def test_other_bundles_are_not_carried_out(client: httpx.Client, kind: str) -> None:
    assert post(client, kind, entry("POST", "Patient", patient())).status_code == 400
    assert total(client, "Patient") == 0


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_an_empty_bundle_does_nothing(client: httpx.Client, kind: str) -> None:
    answer = client.post("", json={"resourceType": "Bundle", "type": kind})
    assert (answer.status_code, answer.json()) == (200, {"resourceType": "Bundle", "type": f"{kind}-response"})


@pytest.mark.parametrize(
    "body",
    [
        b'{"resourceType":"Bundle","type":"batch","type":"transaction","entry":[]}',
        b'{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","method":"PUT","url":"Patient"}}]}',
        b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":{},"resource":{},"request":{"method":"GET","url":"Patient"}}]}',
        b'{"resourceType":"Bundle","type":"batch","entry":[],"poem":1}',
        b'{"resourceType":"Patient"}',
        b'{"resourceType":"Bundle","type":"batch","entry":[1]}',
        b'{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET"}}]}',
    ],
)
def test_what_is_no_bundle_is_refused_as_a_whole(client: httpx.Client, body: bytes) -> None:
    answer = client.post("", content=body)
    assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")
