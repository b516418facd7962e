"""`CarePlan/{id}/$eligibility` over HTTP."""

from typing import Any

import httpx
import pytest
from tests.functional.operation_answers import answered, named, refusal, value

PLAN = "CarePlan/patient-01"


@pytest.fixture
def session(practice: httpx.Client) -> dict[str, str]:
    """An act that was done in the plan, by whom and when: asked for again it is still a fair question."""
    found = practice.get("Encounter?subject=Patient/patient-01&status=finished&_sort=date").json()["entry"]
    encounter = found[0]["resource"]
    return {
        "act": encounter["type"][0]["coding"][0]["code"],
        "performer": encounter["participant"][0]["individual"]["reference"],
        "date": encounter["period"]["start"][:10],
        "as-of": encounter["period"]["start"][:10],
    }


def ask(client: httpx.Client, session: dict[str, str], **changed: str) -> list[dict[str, Any]]:
    return answered(client.get(f"{PLAN}/$eligibility", params={**session, **changed}))


def test_a_session_as_the_convention_wants_it_is_paid_or_says_on_which_condition(
    practice: httpx.Client, session: dict[str, str]
) -> None:
    answer = ask(practice, session)
    assert value(answer, "paid") in ("yes", "conditional")
    assert named(answer, "forfait")
    if value(answer, "paid") == "conditional":
        reasons = [reason["part"] for reason in named(answer, "reason")]
        assert all(value(reason, "sentence") for reason in reasons)
        assert value(answer, "by-when") == min(value(r, "until") for r in reasons if named(r, "until"))


def test_an_act_that_the_pathway_does_not_know_is_not_paid(practice: httpx.Client, session: dict[str, str]) -> None:
    answer = ask(practice, session, act="massage")
    assert value(answer, "paid") == "no"
    (reason,) = named(answer, "reason")
    assert value(reason["part"], "code") == "session.unknown-act"


def test_somebody_outside_of_the_circle_is_not_paid(practice: httpx.Client, session: dict[str, str]) -> None:
    answer = ask(practice, session, performer="PractitionerRole/nobody")
    assert value(answer, "paid") == "no"
    assert named(answer, "reason")


def test_a_day_outside_of_the_plan_is_not_paid(practice: httpx.Client, session: dict[str, str]) -> None:
    answer = ask(practice, session, date="2020-01-01")
    assert value(answer, "paid") == "no"
    assert not named(answer, "forfait")


def test_nothing_is_written_and_a_post_says_the_same(practice: httpx.Client, session: dict[str, str]) -> None:
    before = practice.get("_history").json()["entry"]
    parameters = [
        {"name": "act", "valueString": session["act"]},
        {"name": "performer", "valueReference": {"reference": session["performer"]}},
        {"name": "date", "valueDate": session["date"]},
        {"name": "as-of", "valueDate": session["as-of"]},
    ]
    posted = practice.post(f"{PLAN}/$eligibility", json={"resourceType": "Parameters", "parameter": parameters})
    assert answered(posted) == ask(practice, session)
    assert practice.get("_history").json()["entry"] == before


def test_once_billed_the_claim_is_named(practice: httpx.Client, session: dict[str, str]) -> None:
    parameters = [
        {"name": "pathway", "valueCode": "pcr-obesite-complexe-adulte"},
        {"name": "until", "valueDate": "2026-08-31"},
    ]
    practice.post("$bill", json={"resourceType": "Parameters", "parameter": parameters}).raise_for_status()
    answer = ask(practice, session, **{"as-of": "2026-08-31"})
    assert value(answer, "paid") != "yes"
    assert "Claim/" in str(named(answer, "reason"))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"date": "15/07/2026"}, [("value", ["http.date"])]),
        ({"performer": "Patient/patient-01"}, [("value", ["http.performer"])]),
        ({"act": ""}, [("value", ["http.act"])]),
        ({"room": "3"}, [("not-supported", ["http.room"])]),
    ],
)
def test_bad_input_is_refused_at_its_place(
    practice: httpx.Client, session: dict[str, str], change: dict[str, str], found: list[Any]
) -> None:
    assert refusal(practice.get(f"{PLAN}/$eligibility", params={**session, **change}), 400) == found


def test_all_that_is_missing_is_told_at_once(practice: httpx.Client) -> None:
    assert refusal(practice.get(f"{PLAN}/$eligibility"), 400) == [
        ("required", ["http.act"]),
        ("required", ["http.performer"]),
        ("required", ["http.date"]),
    ]


def test_an_unknown_plan_or_tenant_is_404(practice: httpx.Client, session: dict[str, str], server_url: str) -> None:
    for base in (f"{practice.base_url}CarePlan/nobody", f"{server_url}/fhir/{PLAN}", f"{server_url}/t/no/fhir/{PLAN}"):
        assert refusal(httpx.get(f"{base}/$eligibility", params=session), 404) == [("not-found", [])]
