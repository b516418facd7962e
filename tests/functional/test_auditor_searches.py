"""Claims found by what an auditor knows: the project's own search parameters over HTTP."""

from typing import Any

import httpx
import pytest
from demo.team import PATHWAY
from tests.functional.test_bill import bill


@pytest.fixture
def billed(practice: httpx.Client) -> httpx.Client:
    bill(practice)
    return practice


def found(client: httpx.Client, query: str) -> list[dict[str, Any]]:
    answer = client.get(f"Claim?{query}&_count=200").raise_for_status().json()
    return [entry["resource"] for entry in answer.get("entry", ())]


def information(claim: dict[str, Any], category: str) -> dict[str, Any]:
    entries = claim["supportingInfo"]
    return next(entry for entry in entries if entry["category"]["coding"][0]["code"] == category)


def test_by_pathway(billed: httpx.Client) -> None:
    every = found(billed, "status=draft,active")
    assert every
    assert found(billed, f"pathway={PATHWAY.code}") == every
    assert found(billed, "pathway=icope") == []


def test_by_convention(billed: httpx.Client) -> None:
    every = found(billed, "status=draft,active")
    identifier = information(every[0], "convention")["valueReference"]["identifier"]
    assert found(billed, f"convention={identifier['system']}|{identifier['value']}") == every
    assert found(billed, f"convention={identifier['system']}|other") == []


def test_by_care_plan(billed: httpx.Client) -> None:
    plan = information(found(billed, "status=draft,active")[0], "inclusion")["valueReference"]["reference"]
    of_plan = found(billed, f"care-plan={plan}")
    assert of_plan
    assert all(information(claim, "inclusion")["valueReference"]["reference"] == plan for claim in of_plan)


def test_by_total_and_by_quote_part(billed: httpx.Client) -> None:
    every = found(billed, "status=draft,active")
    amounts = sorted({claim["total"]["value"] for claim in every})
    middle = amounts[len(amounts) // 2]
    above = found(billed, f"total=gt{middle}")
    assert {c["id"] for c in above} == {c["id"] for c in every if c["total"]["value"] > middle}
    assert found(billed, f"total={middle}|urn:iso:std:iso:4217|EUR")
    assert found(billed, f"total={middle}|urn:iso:std:iso:4217|USD") == []
    part = every[0]["item"][0]["net"]["value"]
    assert every[0]["id"] in {claim["id"] for claim in found(billed, f"quote-part={part}")}
    assert found(billed, "quote-part=gt100000") == []


def test_by_state_kind_and_period(billed: httpx.Client) -> None:
    every = found(billed, "status=draft,active")
    assert found(billed, "state=ready") == found(billed, "_tag=ready") == every
    assert found(billed, "state=submitted") == []
    assert found(billed, "kind=forfait") == every
    assert found(billed, "kind=credit") == []
    start = every[0]["billablePeriod"]["start"]
    assert every[0]["id"] in {claim["id"] for claim in found(billed, f"period=ge{start}")}
    assert found(billed, "period=gt2027-01-01") == []


def test_by_session_and_by_professional(billed: httpx.Client) -> None:
    claim = found(billed, "status=draft,active")[0]
    session = next(item["encounter"][0]["reference"] for item in claim["item"] if item.get("encounter"))
    assert claim["id"] in {c["id"] for c in found(billed, f"encounter={session}")}
    payee = claim["careTeam"][0]["provider"]["reference"]
    assert claim["id"] in {c["id"] for c in found(billed, f"care-team={payee}&pathway={PATHWAY.code}")}


def test_an_amount_that_is_not_one_is_refused(billed: httpx.Client) -> None:
    assert billed.get("Claim?total=beaucoup").status_code == 400
