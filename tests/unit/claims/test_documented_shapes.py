"""The resources shown in the decision record are valid R4, and settle as the record says."""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordee.claims.fhir_claim import claim_from_settlement, claim_text
from cordee.claims.fhir_contract import contract_from_convention
from cordee.claims.fhir_dossier import dossier_from_resources, due_forfaits
from cordee.claims.fhir_evidence import reference_of, session_from_encounter
from cordee.claims.settlement import NotDue, Settlement, settle
from cordee.fhir.validation import validate
from cordee.pathways.convention import Convention
from cordee.pathways.model import Pathway

RECORD = Path(__file__).parents[3] / "docs" / "decisions" / "0005-forfait-as-claim.md"
SHOWN = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", RECORD.read_text("utf-8"), re.S)]
BY_REFERENCE = {reference_of(resource): resource for resource in SHOWN}


def settle_shown(convention: Convention, pathways: Mapping[str, Pathway], as_of: date) -> list[Settlement | NotDue]:
    dossier = dossier_from_resources(
        pathways[convention.pathway],
        convention,
        organization=BY_REFERENCE["Organization/structure"],
        care_plan=BY_REFERENCE["CarePlan/plan-1"],
        patient=BY_REFERENCE["Patient/patient-1"],
        care_teams=[BY_REFERENCE["CareTeam/circle-1"]],
        resources=BY_REFERENCE,
        consents=[BY_REFERENCE["Consent/consent-1"]],
    )
    zone = ZoneInfo(convention.time_zone)
    sessions = [session_from_encounter(shown, zone) for shown in SHOWN if shown["resourceType"] == "Encounter"]
    return [settle(dossier, sessions, forfait=s.code, as_of=as_of) for s in due_forfaits(dossier, as_of)]


@pytest.mark.parametrize("resource", SHOWN, ids=reference_of)
def test_a_shape_shown_is_valid(resource: dict[str, Any]) -> None:
    assert validate(resource) == []


def test_the_claim_and_the_contract_written_are_valid(
    convention: Convention, convention_text: str, pathways: Mapping[str, Pathway]
) -> None:
    (settlement,) = settle_shown(convention, pathways, date(2026, 7, 31))
    assert isinstance(settlement, Settlement)
    assert validate(json.loads(claim_text(claim_from_settlement(settlement)))) == []
    assert validate(contract_from_convention(convention, convention_text)) == []


def test_a_month_of_sessions_becomes_a_claim_to_the_cent(
    convention: Convention, pathways: Mapping[str, Pathway]
) -> None:
    (settlement,) = settle_shown(convention, pathways, date(2026, 7, 31))
    assert isinstance(settlement, Settlement)
    # 150.00: 5.00 to the structure, 22.50 for coordination, then 122.50 as 5 and 8 points.
    assert {part.payee.name: part.cents for part in settlement.parts} == {
        "Médecin Un": 4_712,
        "Diététicien Deux": 7_538,
        "Psychologue Trois": 0,
        "Enseignant Trois": 0,
        "Maison de santé des Essais": 500,
        "Équipe de coordination": 2_250,
    }
    assert [(n.session, n.reason.rule) for n in settlement.not_counted] == [
        ("Encounter/session-3", "performer.outside_membership")
    ]


def test_only_due_forfaits_are_settled(convention: Convention, pathways: Mapping[str, Pathway]) -> None:
    assert settle_shown(convention, pathways, date(2026, 7, 30)) == []
    first, second = settle_shown(convention, pathways, date(2026, 8, 31))
    assert isinstance(first, Settlement)
    assert isinstance(second, NotDue)
    assert [missing.code for missing in second.missing] == ["act"]
