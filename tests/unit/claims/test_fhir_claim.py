"""A settlement written as a Claim: a correct R4 resource, whose amounts and reasons can be read back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from fhirclient.models.claim import Claim
from fhirclient.models.contract import Contract

from cordee.claims.fhir_claim import claim_from_settlement, claim_text
from cordee.claims.fhir_contract import contract_from_convention, convention_from_contract
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.settlement import Settlement, settle
from cordee.pathways.convention import Convention, Party
from cordee.pathways.model import Pathway

Build = Callable[..., Any]


@pytest.fixture
def settlement(dossier: Build, session: Build) -> Settlement:
    split = [
        {"step": "fixed_amount", "beneficiary": "coordination", "amount": "5.00 EUR"},
        {"step": "percentage", "beneficiary": "structure", "share": "15 %"},
        {"step": "remainder", "by": "heads"},
    ]
    coordination = {
        "code": "coordination",
        "identifier": "https://cordee.example/o|1",
        "name": "Coordination",
        "kind": "organization",
    }
    sessions = [
        session("consultation", date(2026, 7, 2), "A"),
        session("consultation", date(2026, 7, 9), "A"),
        session("consultation", date(2026, 7, 10), "A", status="cancelled"),
        session("consultation", date(2026, 7, 11), "A", patient="Patient/other"),
    ]
    result = settle(
        dossier(split=split, beneficiaries=[coordination]), sessions, forfait="mois", as_of=date(2026, 8, 3)
    )
    assert isinstance(result, Settlement)
    return replace(result, insurer=Party("https://cordee.example/caisse|9", "CPAM fictive"))


@pytest.fixture
def claim(settlement: Settlement) -> dict[str, Any]:
    return json.loads(claim_text(claim_from_settlement(settlement)), parse_float=Decimal)


def test_a_claim_is_a_valid_r4_resource(settlement: Settlement) -> None:
    written = json.loads(claim_text(claim_from_settlement(settlement)))
    assert Claim(written).as_json()["identifier"][0]["value"] == "s:essai:c:mois"


def test_amounts_are_numbers_with_two_decimals_that_add_up(claim: dict[str, Any], settlement: Settlement) -> None:
    assert b'"total":{"value":100.00,"currency":"EUR"}' in claim_text(claim_from_settlement(settlement))
    nets = [item["net"]["value"] for item in claim["item"]]
    assert [str(net) for net in nets] == ["80.00", "0.00", "5.00", "15.00"]
    assert sum(nets) == claim["total"]["value"] == Decimal("100.00")
    for item in claim["item"]:
        assert sum(detail["net"]["value"] for detail in item["detail"]) == item["net"]["value"]


def test_each_item_names_its_payee_its_sessions_and_its_reason(claim: dict[str, Any]) -> None:
    team = {entry["sequence"]: entry["provider"] for entry in claim["careTeam"]}
    payees = [team[item["careTeamSequence"][0]] for item in claim["item"]]
    assert [payee.get("reference") for payee in payees] == [
        "PractitionerRole/A",
        "PractitionerRole/B",
        None,
        "Organization/s",
    ]
    assert payees[2]["identifier"] == {"system": "https://cordee.example/o", "value": "1"}
    assert [len(item.get("encounter", ())) for item in claim["item"]] == [2, 0, 0, 0]
    zero = claim["item"][1]["detail"][0]["productOrService"]
    assert zero["text"] == "aucun acte compté dans la séquence"
    assert zero["_text"]["extension"][0]["extension"][1]["valueString"] == "no act counted in the séquence"


def test_the_sessions_of_the_sequence_that_do_not_count_are_in_the_claim_and_no_other_patients(
    claim: dict[str, Any],
) -> None:
    listed = [
        entry for entry in claim["supportingInfo"] if entry["category"]["coding"][0]["code"] == "session-not-counted"
    ]
    assert [entry["reason"]["coding"][0]["code"] for entry in listed] == ["cancelled"]


def test_the_claim_names_the_versions_it_was_computed_from(claim: dict[str, Any]) -> None:
    information = {entry["category"]["coding"][0]["code"]: entry for entry in claim["supportingInfo"]}
    assert information["convention"]["code"]["text"] == "version 1"
    assert information["pathway"]["valueString"] == "1"
    assert information["profile"]["code"]["coding"][0]["code"] == "cent"
    assert information["inclusion"]["valueReference"] == {"reference": "CarePlan/c"}
    assert information["sequence"]["timingPeriod"] == {"start": "2026-07-01", "end": "2026-07-31"}


def test_the_structure_is_the_payee_only_when_it_redistributes(settlement: Settlement) -> None:
    assert claim_from_settlement(settlement)["payee"]["party"]["reference"] == "Organization/s"
    assert "payee" not in claim_from_settlement(replace(settlement, payee_mode="direct_by_caisse"))


def test_the_coverage_is_the_patients_when_there_is_one(settlement: Settlement) -> None:
    claim = claim_from_settlement(settlement, coverage="Coverage/1")
    assert claim["insurance"][0]["coverage"] == {"reference": "Coverage/1"}


def test_what_is_not_billed_is_said(settlement: Settlement) -> None:
    claim = claim_from_settlement(replace(settlement, not_billed=250))
    (entry,) = [e for e in claim["supportingInfo"] if "valueQuantity" in e]
    assert entry["valueQuantity"]["value"] == Decimal("2.50")


def test_a_convention_survives_its_contract(
    convention: Convention, convention_text: str, pathways: Mapping[str, Pathway]
) -> None:
    contract = {**contract_from_convention(convention, convention_text), "id": "k"}
    assert Contract(contract).as_json()["status"] == "executed"
    assert convention_from_contract(contract, pathways) == convention


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "negotiable"}, "executed"),
        ({"rule": []}, "one rule.contentAttachment"),
        ({"version": "2"}, "version is 2"),
        ({"applies": {"start": "2026-06-02"}}, "applies"),
        ({"identifier": [{"system": "https://x.example", "value": "y"}]}, "not an identifier"),
    ],
)
def test_a_contract_that_says_otherwise_than_its_yaml_is_refused(
    convention: Convention,
    convention_text: str,
    pathways: Mapping[str, Pathway],
    changed: dict[str, Any],
    said: str,
) -> None:
    contract = {**contract_from_convention(convention, convention_text), "id": "k", **changed}
    with pytest.raises(EvidenceError, match=f"Contract/k: .*{said}"):
        convention_from_contract(contract, pathways)


def test_a_contract_whose_yaml_was_altered_is_refused(
    convention: Convention, convention_text: str, pathways: Mapping[str, Pathway]
) -> None:
    altered = contract_from_convention(convention, convention_text + "\n# altered\n")["rule"][0]["contentAttachment"]
    contract = {**contract_from_convention(convention, convention_text), "id": "k"}
    contract["rule"][0]["contentAttachment"]["data"] = altered["data"]
    with pytest.raises(EvidenceError, match="hash"):
        convention_from_contract(contract, pathways)
