"""`CarePlan/{id}/$settle` over HTTP."""

from typing import Any

import httpx
import pytest
from tests.functional.operation_answers import answered, named, refusal, value

PLAN = "CarePlan/patient-01"


def forfaits(response: httpx.Response) -> list[list[dict[str, Any]]]:
    return [parameter["part"] for parameter in named(answered(response), "forfait")]


def due(response: httpx.Response) -> list[list[dict[str, Any]]]:
    return [forfait for forfait in forfaits(response) if value(forfait, "due")]


def test_each_forfait_is_due_with_parts_that_add_up_or_says_what_it_lacks(practice: httpx.Client) -> None:
    found = forfaits(practice.get(f"{PLAN}/$settle", params={"as-of": "2026-08-31"}))
    assert {value(forfait, "due") for forfait in found} == {True, False}
    for forfait in found:
        if value(forfait, "due"):
            parts = [part["part"] for part in named(forfait, "quote-part")]
            for name in ("amount", "amo", "amc"):
                whole = value(forfait, "total" if name == "amount" else name)
                assert sum(value(part, name) for part in parts) == whole
            assert all(value(part, "amo") + value(part, "amc") == value(part, "amount") for part in parts)
            assert not named(forfait, "missing")
        else:
            reasons = [part["part"] for part in named(forfait, "missing")]
            assert all(value(reason, "reason") for reason in reasons)
            assert any(named(reason, "until") for reason in reasons)


def test_every_amount_is_explained_by_a_tree_that_gives_it_in_both_languages(practice: httpx.Client) -> None:
    forfait = due(practice.get(f"{PLAN}/$settle", params={"as-of": "2026-08-31"}))[0]
    for quote_part in named(forfait, "quote-part"):
        (explanation,) = named(quote_part["part"], "explanation")
        assert value(explanation["part"], "amount") == value(quote_part["part"], "amount")
        reasons = [reason["part"] for reason in named(explanation["part"], "because")]
        assert sum(value(reason, "amount") for reason in reasons) == value(quote_part["part"], "amount")
        (sentence,) = named(explanation["part"], "sentence")
        english = sentence["_valueString"]["extension"][0]["extension"][1]["valueString"]
        assert sentence["valueString"] != english


def test_a_post_a_get_and_a_batch_entry_say_the_same(practice: httpx.Client) -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "as-of", "valueDate": "2026-08-31"}]}
    asked = practice.get(f"{PLAN}/$settle?as-of=2026-08-31").json()
    assert practice.post(f"{PLAN}/$settle", json=body).json() == asked
    entries = [
        {"request": {"method": "GET", "url": f"{PLAN}/$settle?as-of=2026-08-31"}},
        {"request": {"method": "POST", "url": f"{PLAN}/$settle"}, "resource": body},
        {"request": {"method": "GET", "url": "CarePlan/nobody/$settle"}},
    ]
    batch = practice.post("", json={"resourceType": "Bundle", "type": "batch", "entry": entries}).json()
    assert [entry["response"]["status"] for entry in batch["entry"]] == ["200 OK", "200 OK", "404 Not Found"]
    assert [entry["resource"] for entry in batch["entry"][:2]] == [asked, asked]


def test_it_is_read_within_a_transaction_and_sees_what_that_writes(practice: httpx.Client) -> None:
    plan = practice.get(PLAN).json()
    plan["status"] = "draft"
    entries = [
        {"request": {"method": "PUT", "url": PLAN}, "resource": plan},
        {"request": {"method": "GET", "url": f"{PLAN}/$settle?as-of=2026-08-31"}},
    ]
    answer = practice.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries}).json()
    found = named(answer["entry"][1]["resource"]["parameter"], "forfait")
    assert not any(value(forfait["part"], "due") for forfait in found)


def test_nothing_is_written(practice: httpx.Client) -> None:
    before = practice.get("_history").json()
    practice.get(f"{PLAN}/$settle")
    assert practice.get("_history").json()["entry"] == before["entry"]
    assert practice.get("Claim?_summary=count").json()["total"] == 0


def test_one_forfait_can_be_asked_for(practice: httpx.Client) -> None:
    everything = forfaits(practice.get(f"{PLAN}/$settle"))
    code = value(everything[1], "code")
    assert forfaits(practice.get(f"{PLAN}/$settle", params={"forfait": code})) == [everything[1]]


def test_a_forfait_that_the_plan_does_not_have_is_refused_naming_those_it_has(practice: httpx.Client) -> None:
    answer = practice.get(f"{PLAN}/$settle?forfait=nothing")
    assert refusal(answer, 422) == [("processing", ["CarePlan"])]
    assert value(forfaits(practice.get(f"{PLAN}/$settle"))[0], "code") in answer.text


@pytest.mark.parametrize(
    ("query", "paths"),
    [("as-of=yesterday", ["http.as-of"]), ("as_of=2026-08-31", ["http.as_of"]), ("forfait=", ["http.forfait"])],
)
def test_bad_input_is_refused_at_its_place(practice: httpx.Client, query: str, paths: list[str]) -> None:
    assert [found for _, found in refusal(practice.get(f"{PLAN}/$settle?{query}"), 400)] == [paths]


def test_bad_parameters_are_refused_at_their_place(practice: httpx.Client) -> None:
    def posted(*parameters: dict[str, Any]) -> httpx.Response:
        return practice.post(f"{PLAN}/$settle", json={"resourceType": "Parameters", "parameter": list(parameters)})

    assert refusal(posted({"name": "as-of", "valueString": "2026-08-31"}), 400) == [
        ("value", ["Parameters.parameter[0]"])
    ]
    assert refusal(practice.post(f"{PLAN}/$settle", json={"resourceType": "Patient"}), 400)
    assert refusal(practice.post(f"{PLAN}/$settle?as-of=2026-08-31", json={"resourceType": "Parameters"}), 400)
    assert practice.post(f"{PLAN}/$settle").status_code == 200


def test_who_and_what_is_not_there_is_404(practice: httpx.Client, server_url: str) -> None:
    assert refusal(practice.get("CarePlan/nobody/$settle"), 404) == [("not-found", [])]
    assert refusal(practice.get("CarePlan/$settle"), 404) == [("not-found", [])]
    assert refusal(practice.get("Patient/patient-01/$settle"), 404) == [("not-found", [])]
    assert refusal(practice.get(f"{server_url}/t/nobody/fhir/{PLAN}/$settle"), 404) == [("not-found", [])]
    assert refusal(practice.get(f"{server_url}/fhir/{PLAN}/$settle"), 404) == [("not-found", [])]


def test_a_deleted_plan_is_410(practice: httpx.Client) -> None:
    practice.delete(PLAN)
    assert refusal(practice.get(f"{PLAN}/$settle"), 410) == [("deleted", [])]


def test_other_methods_are_405_and_options_tell_those_that_apply(practice: httpx.Client) -> None:
    for method in ("PUT", "DELETE"):
        answer = practice.request(method, f"{PLAN}/$settle")
        assert refusal(answer, 405) == [("not-supported", [])]
        assert answer.headers["allow"] == "GET, POST, HEAD, OPTIONS"
    assert practice.options(f"{PLAN}/$settle").headers["allow"] == "GET, POST, HEAD, OPTIONS"
    head = practice.head(f"{PLAN}/$settle")
    assert (head.status_code, head.content) == (200, b"")


def test_a_plan_without_its_structure_is_422_and_says_what_to_mend(practice: httpx.Client) -> None:
    plan = practice.get(PLAN).json()
    del plan["author"]
    practice.put(PLAN, json=plan).raise_for_status()
    answer = practice.get(f"{PLAN}/$settle")
    assert refusal(answer, 422) == [("processing", ["CarePlan"])]
    assert "author" in answer.text


def test_requests_are_counted_under_the_name_of_the_operation(practice: httpx.Client, server_url: str) -> None:
    practice.get(f"{PLAN}/$settle")
    assert 'cordee_requests_total{interaction="$settle",status="200"}' in httpx.get(f"{server_url}/metrics").text


@pytest.mark.parametrize("start", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_session_that_can_not_be_read_is_422_and_named(practice: httpx.Client, start: str) -> None:
    encounter = practice.get("Encounter?subject=Patient/patient-01&_count=1").json()["entry"][0]["resource"]
    encounter["period"] = {"start": start}
    practice.put(f"Encounter/{encounter['id']}", json=encounter).raise_for_status()
    answer = practice.get(f"{PLAN}/$settle")
    assert refusal(answer, 422) == [("processing", ["CarePlan"])]
    assert f"Encounter/{encounter['id']}" in answer.text
