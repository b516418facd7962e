"""`$forecast` over HTTP."""

from typing import Any

import httpx
import pytest
from demo.team import PATHWAY, STRUCTURE
from tests.functional.operation_answers import answered, named, refusal, value

ASKED = {
    "structure": f"Organization/{STRUCTURE}",
    "pathway": PATHWAY.code,
    "from": "2026-06-01",
    "to": "2026-12-31",
    "as-of": "2026-07-01",
}


def forecast(client: httpx.Client, **changed: str) -> list[dict[str, Any]]:
    return answered(client.get("$forecast", params={**ASKED, **{k.replace("_", "-"): v for k, v in changed.items()}}))


def expected(answer: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [part["part"] for part in named(answer, "expected")]


def test_the_parts_by_month_pathway_and_payee_add_up_to_the_total(practice: httpx.Client) -> None:
    answer = forecast(practice)
    parts = expected(answer)
    assert value(answer, "forfait-count") > 0
    assert sum(value(part, "amount") for part in parts) == value(answer, "total") > 0
    assert all(value(part, "amo") + value(part, "amc") == value(part, "amount") for part in parts)
    keys = [(value(p, "month"), value(p, "pathway"), str(named(p, "payee"))) for p in parts]
    assert len(keys) == len(set(keys))
    assert all(month.endswith("-01") for month, _, _ in keys)
    assert value(answer, "hypothesis") == "as-planned"
    assert value(answer, "statement")


def test_what_is_done_already_is_never_more_than_what_is_planned(practice: httpx.Client) -> None:
    planned, done = forecast(practice), forecast(practice, hypothesis="as-done")
    assert value(done, "total") <= value(planned, "total")
    assert value(done, "not-expected-count") >= value(planned, "not-expected-count")


def test_what_is_billed_is_not_expected_any_more(practice: httpx.Client) -> None:
    before = value(forecast(practice, as_of="2026-08-31"), "forfait-count")
    parameters = [{"name": "pathway", "valueCode": PATHWAY.code}, {"name": "until", "valueDate": "2026-08-31"}]
    practice.post("$bill", json={"resourceType": "Parameters", "parameter": parameters}).raise_for_status()
    billed = practice.get("Claim?_summary=count").json()["total"]
    assert billed
    assert value(forecast(practice, as_of="2026-08-31"), "forfait-count") == before - billed


def test_without_a_pathway_all_are_forecast(practice: httpx.Client) -> None:
    asked = {name: given for name, given in ASKED.items() if name != "pathway"}
    assert expected(answered(practice.get("$forecast", params=asked))) == expected(forecast(practice))


def test_nothing_is_written(practice: httpx.Client) -> None:
    before = practice.get("_history").json()["entry"]
    forecast(practice)
    assert practice.get("_history").json()["entry"] == before


@pytest.mark.parametrize(
    ("change", "status", "found"),
    [
        ({"to": "soon"}, 400, [("value", ["http.to"])]),
        ({"to": "2026-05-31"}, 400, [("invalid", ["http.to"])]),
        ({"hypothesis": "optimistic"}, 400, [("invalid", ["http.hypothesis"])]),
        ({"pathway": "nothing"}, 400, [("invalid", ["http.pathway"])]),
        ({"structure": "Organization/nobody"}, 404, [("not-found", [])]),
        ({"structure": "msp-demo"}, 400, [("value", ["http.structure"])]),
        ({"month": "7"}, 400, [("not-supported", ["http.month"])]),
    ],
)
def test_bad_input_is_refused_at_its_place(
    practice: httpx.Client, change: dict[str, str], status: int, found: list[Any]
) -> None:
    assert refusal(practice.get("$forecast", params={**ASKED, **change}), status) == found


def test_another_method_is_405_and_another_tenant_404(practice: httpx.Client, server_url: str) -> None:
    assert refusal(practice.put("$forecast", json={}), 405) == [("not-supported", [])]
    assert refusal(httpx.get(f"{server_url}/t/nobody/fhir/$forecast", params=ASKED), 404) == [("not-found", [])]
