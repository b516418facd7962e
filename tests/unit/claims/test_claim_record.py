"""A Claim of the project read back: nothing is lost, and what was altered is refused by place."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest

from cordee.claims.fhir_claim import claim_from_settlement, claim_id, claim_resource, claim_text
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.settlement import Settlement, settle
from cordee.pathways.model import Validity

Build = Callable[..., Any]
VERSIONS = ("Encounter/001/_history/2", "CarePlan/c/_history/1")


@pytest.fixture
def settlement(dossier: Build, session: Build) -> Settlement:
    judged = dossier(split=[{"step": "percentage", "beneficiary": "structure", "share": "15 %"},
                            {"step": "remainder", "by": "heads"}])  # fmt: skip
    judged = replace(judged, convention=replace(judged.convention, amo_share=6_000))
    done = [session("consultation", date(2026, 7, 2), "A"), session("consultation", date(2026, 7, 9), "B")]
    result = settle(judged, done, forfait="mois", as_of=date(2026, 8, 3))
    assert isinstance(result, Settlement)
    return result


@pytest.fixture
def claim(settlement: Settlement) -> dict[str, Any]:
    return claim_resource(claim_text(claim_from_settlement(settlement, evidence_versions=VERSIONS)))


def test_all_that_the_rest_of_its_life_needs_is_read(claim: dict[str, Any]) -> None:
    record = claim_record_from_claim({**claim, "meta": {**claim["meta"], "versionId": "4"}})
    assert (record.reference, record.version) == (f"Claim/{claim_id('s:essai:c:mois')}", 4)
    assert (record.identifier, record.kind, record.tag, record.original) == ("s:essai:c:mois", "forfait", "ready", None)
    assert (record.structure, record.patient, record.care_plan) == ("Organization/s", "Patient/p", "CarePlan/c")
    assert (record.pathway, record.pathway_version, record.forfait) == ("essai", "1", "mois")
    assert (record.convention, record.convention_version) == ("https://cordee.example/convention|essai", "1")
    assert record.period == Validity(date(2026, 7, 1), date(2026, 7, 31))
    assert (record.created, record.payee_mode) == (date(2026, 8, 3), "via_structure")
    assert record.evidence_versions == ("CarePlan/c/_history/1", "Encounter/001/_history/2")
    assert [(i.kind, i.name, i.cents, i.amo, i.amc) for i in record.items] == [
        ("member", "A", 4_250, 2_550, 1_700),
        ("member", "B", 4_250, 2_550, 1_700),
        ("structure", "Structure d'essai", 1_500, 900, 600),
    ]
    assert record.items[0].payee == "https://cordee.example/members|A"
    assert record.items[0].profession == "https://cordee.example/p|1"
    assert record.items[0].sessions == ("Encounter/001",)
    assert record.total == 10_000


def test_both_insurances_are_named_when_both_pay(claim: dict[str, Any], settlement: Settlement) -> None:
    assert [insurance["focal"] for insurance in claim["insurance"]] == [True, False]
    alone = replace(settlement, parts=tuple(replace(p, amo=p.cents, amc=0) for p in settlement.parts))
    assert len(claim_from_settlement(alone)["insurance"]) == 1


def altered(claim: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    changed = deepcopy(claim)
    change(changed)
    return changed


REFUSALS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda c: c["total"].update(value=Decimal("99.99")), "total is 9999 cents: its items add up to 10000"),
    (lambda c: c["total"].update(currency="USD"), "total is in USD: amounts are in EUR"),
    (lambda c: c["item"][0]["net"].update(value=Decimal("42.51")), r"item\[0\].net is 4251 cents: its AMO and AMC"),
    (lambda c: c["item"][0]["net"].update(value=Decimal("42.505")), r"item\[0\].net is 42.505: .*two decimals"),
    (lambda c: c["item"][1]["detail"][0]["net"].update(value=0), r"item\[1\].detail adds up to 0 cents"),
    (lambda c: c["item"][0]["extension"].pop(), r"item\[0\].extension lacks the AMO's part or the AMC's"),
    (
        lambda c: c["item"][0]["extension"].append(c["item"][0]["extension"][0]),
        r"item\[0\].extension names the insurer amo",
    ),
    (lambda c: c["extension"][0]["extension"][1]["valueMoney"].update(value=1), "extension states 100 cents"),
    (lambda c: c["item"][0].update(careTeamSequence=[9]), r"item\[0\].careTeamSequence is \[9\]"),
    (lambda c: c["careTeam"][0]["provider"].pop("identifier"), r"careTeam of item\[0\]: provider.identifier"),
    (lambda c: c["item"][1].update(sequence=1), "item has a sequence twice"),
    (lambda c: c.update(item=[]), "item is missing"),
    (lambda c: c.update(identifier=[]), "identifier has 0 forfaits"),
    (lambda c: c["meta"].update(tag=[]), "meta.tag is None: one of draft, ready, submitted"),
    (lambda c: c["subType"]["coding"][0].update(code="gift"), "subType is gift"),
    (lambda c: c["subType"]["coding"][0].update(code="credit"), r"item\[0\].net has the wrong sign"),
    (lambda c: c["subType"]["coding"][0].update(code="replacement"), r"related\[0\].claim.reference is missing"),
    (lambda c: c.update(created="soon"), "created is soon: a day is expected"),
    (lambda c: c.update(supportingInfo=[]), r"supportingInfo\[inclusion\].reference is missing"),
]


@pytest.mark.parametrize(("change", "said"), REFUSALS, ids=[said for _, said in REFUSALS])
def test_a_claim_that_was_altered_is_refused_by_place(
    claim: dict[str, Any], change: Callable[[dict[str, Any]], object], said: str
) -> None:
    with pytest.raises(EvidenceError, match=f"Claim/{claim['id']}: {said}"):
        claim_record_from_claim(altered(claim, change))


def test_amounts_read_as_floats_are_refused(claim: dict[str, Any]) -> None:
    with pytest.raises(EvidenceError, match="binary float: parse the Claim with claim_resource"):
        claim_record_from_claim(orjson.loads(claim_text(claim)))
