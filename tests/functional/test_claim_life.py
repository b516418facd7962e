"""`$submit` and `$correct` over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from demo.team import PATHWAY, STRUCTURE
from tests.functional.operation_answers import answered, named, refusal, value
from tests.functional.test_bill import bill, claims, group

ON = {"name": "on", "valueDate": "2026-09-01"}
REASON = {"name": "reason", "valueString": "séance annulée"}


def posted(client: httpx.Client, address: str, *parameters: dict[str, Any]) -> httpx.Response:
    return client.post(address, json={"resourceType": "Parameters"} | ({"parameter": parameters} if parameters else {}))


@pytest.fixture
def billed(practice: httpx.Client) -> list[dict[str, Any]]:
    bill(practice)
    return claims(practice)


@pytest.fixture
def submitted(practice: httpx.Client, billed: list[dict[str, Any]]) -> dict[str, Any]:
    answered(posted(practice, f"Claim/{billed[0]['id']}/$submit", ON))
    found: dict[str, Any] = practice.get(f"Claim/{billed[0]['id']}").json()
    return found


def test_a_submitted_claim_is_active_tagged_booked_and_final(
    practice: httpx.Client, billed: list[dict[str, Any]]
) -> None:
    claim = billed[0]
    answer = answered(posted(practice, f"Claim/{claim['id']}/$submit", ON))
    assert value(answer, "claim") == f"Claim/{claim['id']}"
    assert float(value(answer, "total")) == claim["total"]["value"]
    assert value(answer, "bordereau") == f"{STRUCTURE}-20260901"
    assert value(answer, "again") is False
    stored = practice.get(f"Claim/{claim['id']}").json()
    assert stored["status"] == "active"
    assert [found["resource"]["id"] for found in practice.get("Claim?state=submitted").json()["entry"]] == [claim["id"]]
    assert practice.get(f"ClaimResponse?request=Claim/{claim['id']}&_summary=count").json()["total"] == 1
    assert refusal(practice.put(f"Claim/{claim['id']}", json={**stored, "status": "draft"}), 409)
    assert refusal(practice.delete(f"Claim/{claim['id']}"), 409)


def test_submitted_again_or_at_once_it_is_submitted_once(practice: httpx.Client, billed: list[dict[str, Any]]) -> None:
    address = f"Claim/{billed[0]['id']}/$submit"
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: answered(posted(practice, address, ON)), range(4)))
    assert sorted(value(answer, "again") for answer in answers) == [False, True, True, True]
    assert value(answered(posted(practice, address)), "again") is True
    assert practice.get(f"ClaimResponse?request=Claim/{billed[0]['id']}&_summary=count").json()["total"] == 1


def test_all_that_is_ready_goes_by_bordereau(practice: httpx.Client, billed: list[dict[str, Any]]) -> None:
    structure = {"name": "structure", "valueReference": {"reference": f"Organization/{STRUCTURE}"}}
    answer = answered(posted(practice, "Claim/$submit", structure, ON))
    bordereau = group(answer, "bordereau")
    assert value(bordereau, "count") == len(billed)
    assert float(value(bordereau, "total")) == pytest.approx(sum(claim["total"]["value"] for claim in billed))
    assert value(answer, "not-submitted-count") == 0
    pathway = {"name": "pathway", "valueCode": PATHWAY.code}
    assert not named(answered(posted(practice, "Claim/$submit", pathway, ON)), "bordereau")


def test_named_claims_go_and_those_that_can_not_are_told(practice: httpx.Client, billed: list[dict[str, Any]]) -> None:
    given = [
        {"name": "claim", "valueReference": {"reference": reference}}
        for reference in (f"Claim/{billed[0]['id']}", "Claim/nobody")
    ]
    answer = answered(posted(practice, "Claim/$submit", *given, ON))
    assert value(group(answer, "bordereau"), "count") == 1
    assert value(group(answer, "not-submitted"), "claim") == "Claim/nobody"


def test_a_correction_is_a_credit_and_a_new_claim_and_explains_itself(
    practice: httpx.Client, submitted: dict[str, Any]
) -> None:
    session = next(item["encounter"][0]["reference"] for item in submitted["item"] if item.get("encounter"))
    encounter = practice.get(session).json()
    other = "PractitionerRole/infirmiere-3"
    answer = posted(practice, f"Claim/{submitted['id']}/$correct", REASON, ON)
    assert refusal(answer, 409)[0][0] == "business-rule"
    assert "$correct" not in answer.text
    encounter["participant"] = [{"individual": {"reference": other}}]
    practice.put(session, json={**encounter, "status": "cancelled"}).raise_for_status()
    answer = posted(practice, f"Claim/{submitted['id']}/$correct", REASON, {"name": "action", "valueCode": "cancel"})
    written = [part["valueReference"]["reference"] for part in named(answered(answer), "claim")]
    assert written
    for reference in written:
        claim = practice.get(reference).json()
        assert claim["related"][0]["claim"]["reference"] == f"Claim/{submitted['id']}"
        told = answered(practice.get(f"{reference}/$explain"))
        assert value(told, "kind") == "credit"
        assert value(told, "corrects") == f"Claim/{submitted['id']}"
        assert float(value(told, "total")) == -submitted["total"]["value"]
    found = practice.get(f"Claim?corrected=Claim/{submitted['id']}").json()["entry"]
    assert {f"Claim/{entry['resource']['id']}" for entry in found} == set(written)


def test_two_corrections_at_once_write_one(practice: httpx.Client, submitted: dict[str, Any]) -> None:
    address = f"Claim/{submitted['id']}/$correct"
    cancelling = (REASON, {"name": "action", "valueCode": "cancel"}, ON)
    with ThreadPoolExecutor(3) as threads:
        statuses = sorted(threads.map(lambda _: posted(practice, address, *cancelling).status_code, range(3)))
    assert statuses in ([200, 200, 200], [200, 200, 409], [200, 409, 409])
    assert practice.get(f"Claim?corrected=Claim/{submitted['id']}&_summary=count").json()["total"] == 1


def test_the_proof_of_a_submitted_claim_holds_the_ledger_the_answer_and_the_corrections(
    practice: httpx.Client, submitted: dict[str, Any]
) -> None:
    from tests.functional.test_claim_audit import unzipped

    cancelling = {"name": "action", "valueCode": "cancel"}
    answered(posted(practice, f"Claim/{submitted['id']}/$correct", REASON, cancelling, ON))
    files = unzipped(practice.get(f"Claim/{submitted['id']}/$proof"))
    folders = {path.partition("/")[0] for path in files if "/" in path}
    assert {"answers", "corrections", "ledger"} <= folders


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ([], ("required", ["Parameters.parameter"])),
        ([REASON, {"name": "action", "valueCode": "edit"}], ("invalid", ["Parameters.parameter[1]"])),
        ([REASON, {"name": "action", "valueCode": "resubmit"}], ("invalid", ["Parameters.parameter"])),
        ([REASON, {"name": "payee", "valueString": "a|b"}], ("invalid", ["Parameters.parameter[1]"])),
        ([REASON, {"name": "on", "valueString": "today"}], ("value", ["Parameters.parameter[1]"])),
    ],
)
def test_bad_input_of_a_correction_is_refused_at_its_place(
    practice: httpx.Client, submitted: dict[str, Any], parameters: list[dict[str, Any]], found: Any
) -> None:
    assert refusal(posted(practice, f"Claim/{submitted['id']}/$correct", *parameters), 400) == [found]


def test_what_was_not_rejected_is_not_claimed_again(practice: httpx.Client, submitted: dict[str, Any]) -> None:
    payee = {"name": "payee", "valueString": "https://rpps.esante.gouv.fr|99900000001"}
    again = {"name": "action", "valueCode": "resubmit"}
    answer = posted(practice, f"Claim/{submitted['id']}/$correct", REASON, again, payee, ON)
    assert refusal(answer, 409)[0][0] == "business-rule"


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ([], ("invalid", ["Parameters.parameter"])),
        ([{"name": "claim", "valueString": "Patient/1"}], ("value", ["Parameters.parameter[0]"])),
        ([{"name": "on", "valueString": "today"}], ("value", ["Parameters.parameter[0]"])),
    ],
)
def test_bad_input_of_a_submission_is_refused(
    practice: httpx.Client, parameters: list[dict[str, Any]], found: Any
) -> None:
    assert refusal(posted(practice, "Claim/$submit", *parameters), 400) == [found]


def test_unknown_ids_tenants_and_methods_are_refused(practice: httpx.Client, server_url: str) -> None:
    for operation in ("$submit", "$correct"):
        assert refusal(posted(practice, f"Claim/nobody/{operation}", REASON if operation == "$correct" else ON), 404)
        assert refusal(practice.get(f"Claim/nobody/{operation}"), 405) == [("not-supported", [])]
        address = f"{server_url}/t/nobody/fhir/Claim/x/{operation}"
        assert refusal(httpx.post(address, json={"resourceType": "Parameters", "parameter": [REASON]}), 404)
