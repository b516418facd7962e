"""A submitted Claim is corrected by new ones: a credit, a replacement, or one payee's part claimed again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cordee.claims import canonical
from cordee.claims.fhir_claim import claim_from_settlement, claim_id, claim_resource, claim_text
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.fhir_corrections import Correction, credit, forfait_identifier, replacement, resubmission
from cordee.claims.settlement import Settlement, settle
from cordee.fhir.body import accept
from cordee.fhir.query import parse_search
from cordee.pathways.model import Label, Validity

Build = Callable[..., Any]
LATE = Correction(2, date(2026, 9, 1), Label("séance saisie en retard", "session entered late"))
BASE = "s:essai:c:mois"


@pytest.fixture
def settled(dossier: Build, session: Build) -> Callable[[str], Settlement]:
    """Settles July, whose first acts are by A, and one more by each of those named."""
    judged = dossier(split=[{"step": "remainder", "by": "points", "points": {"consultation": 1, "rcp": 0}}])
    judged = replace(judged, convention=replace(judged.convention, amo_share=6_500))

    def settled_with(more: str) -> Settlement:
        done = [session("consultation", date(2026, 7, day), "A") for day in (2, 9)]
        done += [session("consultation", date(2026, 7, 20), name) for name in more]
        result = settle(judged, done, forfait="mois", as_of=date(2026, 8, 3))
        assert isinstance(result, Settlement)
        return result

    return settled_with


@pytest.fixture
def original(settled: Callable[[str], Settlement]) -> dict[str, Any]:
    return claim_resource(claim_text(claim_from_settlement(settled("B"), evidence_versions=("CarePlan/c/_history/1",))))


def stored(claim: dict[str, Any]) -> dict[str, Any]:
    """The claim as the server would give it back; it must be valid R4."""
    accept(claim_text(claim), "Claim")
    return claim_resource(claim_text(claim))


def test_a_credit_mirrors_every_amount_and_names_what_it_takes_back(original: dict[str, Any]) -> None:
    written = stored(credit(original, LATE))
    record = claim_record_from_claim(written)
    claimed = claim_record_from_claim(original)
    assert (record.kind, record.identifier, record.original) == ("credit", f"{BASE}:2:credit", claimed.reference)
    assert record.reference == f"Claim/{claim_id(record.identifier)}"
    assert [(i.payee, i.cents, i.amo, i.amc) for i in record.items] == [
        (i.payee, -i.cents, -i.amo, -i.amc) for i in claimed.items
    ]
    assert record.evidence_versions == claimed.evidence_versions
    assert written["item"][0]["detail"][0]["productOrService"]["text"].startswith("avoir : ")
    codes = [coding["code"] for coding in written["related"][0]["relationship"]["coding"]]
    assert codes == ["prior", "credit"]


def test_a_replacement_is_the_forfait_as_it_is_settled_now(
    original: dict[str, Any], settled: Callable[[str], Settlement]
) -> None:
    written = replacement(original, settled("BB"), LATE, evidence_versions=("CarePlan/c/_history/2",))
    record = claim_record_from_claim(stored(written))
    assert (record.kind, record.identifier) == ("replacement", f"{BASE}:2")
    assert [item.cents for item in record.items] == [5_000, 5_000]
    assert record.evidence_versions == ("CarePlan/c/_history/2",)
    assert record.created == LATE.on


def test_a_replacement_of_another_forfait_is_refused(
    original: dict[str, Any], settled: Callable[[str], Settlement]
) -> None:
    other = settled("B")
    other = replace(other, context=replace(other.context, identifier="s:essai:other:mois"))
    with pytest.raises(ValueError, match="the settlement is of s:essai:other:mois"):
        replacement(original, other, LATE)


def test_only_the_refused_part_is_claimed_again_with_the_very_same_cents(original: dict[str, Any]) -> None:
    claimed = claim_record_from_claim(original)
    refused = claimed.items[1]
    record = claim_record_from_claim(stored(resubmission(original, refused.sequence, LATE)))
    assert record.kind == "resubmission"
    assert record.identifier == f"{BASE}:2:https://cordee.example/members/B#2"
    parse_search("Claim", [("identifier", f"{canonical.FORFAIT_IDENTIFIER}|{record.identifier}")])
    assert [(i.payee, i.cents, i.amo, i.amc) for i in record.items] == [
        (refused.payee, refused.cents, refused.amo, refused.amc)
    ]
    assert record.items[0].sessions == refused.sessions
    assert record.total == refused.cents


def test_a_regularisation_says_which_period_it_is_of(original: dict[str, Any]) -> None:
    july = Validity(date(2026, 7, 1), date(2026, 7, 31))
    written = stored(credit(original, replace(LATE, regularises=july)))
    (entry,) = [e for e in written["supportingInfo"] if e["category"]["coding"][0]["code"] == "regularisation"]
    assert entry["timingPeriod"] == {"start": "2026-07-01", "end": "2026-07-31"}
    assert entry["valueString"] == "séance saisie en retard"


def test_corrections_of_corrections_keep_the_forfaits_identifier(
    original: dict[str, Any], settled: Callable[[str], Settlement]
) -> None:
    second = stored(replacement(original, settled("BB"), LATE))
    third = claim_record_from_claim(stored(credit(second, replace(LATE, number=3))))
    assert (third.identifier, third.original) == (f"{BASE}:3:credit", f"Claim/{second['id']}")
    assert forfait_identifier(f"{BASE}:3:https://rpps.esante.gouv.fr/1#10") == BASE


def test_a_credit_is_not_corrected(original: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is a credit"):
        credit(stored(credit(original, LATE)), LATE)


def test_nothing_is_claimed_again_that_was_not_claimed(original: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="claims nothing by an item 9"):
        resubmission(original, 9, LATE)


def test_a_correction_is_numbered_from_two(original: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="numbered from 2, not 1"):
        credit(original, replace(LATE, number=1))
