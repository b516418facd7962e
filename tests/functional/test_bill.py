"""`$bill` over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from demo.team import PATHWAY, STRUCTURE
from tests.functional.operation_answers import answered, named, refusal, value

FIRST_MONTHS = "2026-08-31"


def request(*, until: str = FIRST_MONTHS, dry_run: bool = False, **more: dict[str, Any]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": "pathway", "valueCode": PATHWAY.code},
        {"name": "until", "valueDate": until},
        {"name": "dry-run", "valueBoolean": dry_run},
        *({"name": name.replace("_", "-"), **given} for name, given in more.items()),
    ]
    return {"resourceType": "Parameters", "parameter": parameters}


def bill(client: httpx.Client, **options: Any) -> list[dict[str, Any]]:
    return answered(client.post("$bill", json=request(**options)))


def claims(client: httpx.Client) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in client.get("Claim?_count=100").json().get("entry", ())]


def group(parts: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    (found,) = named(parts, name)
    return list(found["part"])


def test_a_run_bills_what_is_due_and_says_how_many_and_how_much(practice: httpx.Client) -> None:
    report = bill(practice)
    stored = claims(practice)
    billed = group(report, "billed")
    assert value(billed, "count") == len(stored) == len(named(report, "forfait")) > 0
    listed = [forfait["part"] for forfait in named(report, "forfait")]
    assert sum(value(forfait, "total") for forfait in listed) == value(billed, "total")
    assert {value(forfait, "claim") for forfait in listed} == {f"Claim/{claim['id']}" for claim in stored}
    assert value(report, "not-due-count") == len(named(report, "not-due"))


def test_asked_for_again_it_bills_nothing_more(practice: httpx.Client) -> None:
    first = bill(practice)
    before = claims(practice)
    again = bill(practice)
    assert claims(practice) == before
    assert not named(again, "billed")
    assert group(again, "already-billed") == group(first, "billed")


def test_runs_at_once_bill_each_forfait_once(practice: httpx.Client) -> None:
    with ThreadPoolExecutor(3) as threads:
        reports = list(threads.map(lambda _: bill(practice), range(3)))
    stored = claims(practice)
    identifiers = [claim["identifier"][0]["value"] for claim in stored]
    assert len(identifiers) == len(set(identifiers))
    written = [value(group(report, "billed"), "count") for report in reports if named(report, "billed")]
    assert sum(written) == len(stored)


def test_a_dry_run_says_the_same_and_writes_nothing(practice: httpx.Client) -> None:
    dry = bill(practice, dry_run=True)
    assert claims(practice) == []
    assert group(dry, "would-be-billed") == group(bill(practice), "billed")


def test_a_structure_can_be_billed_alone(practice: httpx.Client) -> None:
    practice.put("Organization/other", json={"resourceType": "Organization", "id": "other", "name": "Autre"})
    other = bill(practice, structure={"valueReference": {"reference": "Organization/other"}})
    assert not named(other, "forfait")
    own = bill(practice, structure={"valueReference": {"reference": f"Organization/{STRUCTURE}"}})
    assert named(own, "forfait")


@pytest.mark.parametrize(
    ("more", "status", "issue"),
    [
        ({"pathway": {"valueCode": "twice"}}, 400, ("structure", ["Parameters.parameter[3]"])),
        ({"structure": {"valueString": "msp-demo"}}, 400, ("value", ["Parameters.parameter[3]"])),
        ({"structure": {"valueString": "Organization/nobody"}}, 404, ("not-found", [])),
        ({"sequence": {"valueCode": "x"}}, 400, ("not-supported", ["Parameters.parameter[3]"])),
    ],
)
def test_bad_input_is_refused_at_its_place_and_nothing_is_billed(
    practice: httpx.Client, more: dict[str, Any], status: int, issue: tuple[str, list[str]]
) -> None:
    assert refusal(practice.post("$bill", json=request(**more)), status) == [issue]
    assert claims(practice) == []


def test_what_is_missing_is_told_all_at_once(client: httpx.Client) -> None:
    found = refusal(client.post("$bill", json={"resourceType": "Parameters"}), 400)
    assert found == [("required", ["Parameters.parameter"])] * 2


def test_an_unknown_pathway_is_refused_naming_those_there_are(client: httpx.Client) -> None:
    body = {"resourceType": "Parameters", "parameter": [
        {"name": "pathway", "valueCode": "nothing"}, {"name": "until", "valueDate": "2026-08-31"}
    ]}  # fmt: skip
    answer = client.post("$bill", json=body)
    assert refusal(answer, 400) == [("invalid", ["Parameters.parameter[0]"])]
    assert PATHWAY.code in answer.text


def test_it_is_posted_only_and_not_within_a_transaction(practice: httpx.Client) -> None:
    answer = practice.get("$bill", params={"pathway": PATHWAY.code, "until": FIRST_MONTHS})
    assert refusal(answer, 405) == [("not-supported", [])]
    assert answer.headers["allow"] == "POST, OPTIONS"
    entry = {"request": {"method": "POST", "url": "$bill"}, "resource": request()}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert refusal(practice.post("", json=bundle), 400) == [("not-supported", ["Bundle.entry[0].request"])]
    batch = practice.post("", json={**bundle, "type": "batch"}).json()
    assert batch["entry"][0]["response"]["status"] == "200 OK"
    assert claims(practice)
