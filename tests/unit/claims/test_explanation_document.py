"""The explanation of a Claim for an auditor: every cent with its sentence, from the Claim alone."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader

from cordee.claims.evidence import CareCircle
from cordee.claims.fhir_claim import claim_from_settlement, claim_resource, claim_text
from cordee.claims.settlement import Settlement, settle
from cordee.reporting.claim_explanation import ClaimExplanation, claim_explanation
from cordee.reporting.explanation_document import explanation_document

Build = Callable[..., Any]


@pytest.fixture
def settled(dossier: Build, session: Build, member: Build) -> tuple[ClaimExplanation, dict[str, Any]]:
    members = (member("A", "generaliste"), member("B", "psychologue"))
    judged = dossier(
        members=members,
        split=[
            {"step": "percentage", "beneficiary": "structure", "share": "15 %"},
            {"step": "remainder", "by": "heads"},
        ],
    )
    judged = replace(judged, convention=replace(judged.convention, amo_share=6_000))
    sessions = [
        session("consultation", date(2026, 7, 2), "A"),
        session("consultation", date(2026, 7, 9), "B"),
        session("consultation", date(2026, 7, 10), "A", status="cancelled"),
    ]
    result = settle(judged, sessions, forfait="mois", as_of=date(2026, 8, 3))
    assert isinstance(result, Settlement)
    claim = claim_from_settlement(result, evidence_versions=["CarePlan/c/_history/1", "Encounter/001/_history/2"])
    explanation = claim_explanation(claim_resource(claim_text(claim)))
    told = {"sessions": sessions, "circle": CareCircle("Patient/p", members), "hashes": {"claim.json": "ab" * 32}}
    return explanation, told


def test_the_steps_of_each_part_add_up_to_it(settled: tuple[ClaimExplanation, dict[str, Any]]) -> None:
    explanation, _ = settled
    assert [(part.item.name, sum(step.cents for step in part.steps)) for part in explanation.parts] == [
        ("A", 4_250),
        ("B", 4_250),
        ("Structure d'essai", 1_500),
    ]
    assert explanation.settled_on == date(2026, 8, 3)
    assert explanation.profile == "cent"
    assert [one.reason.fr for one in explanation.not_counted] == ["séance du 10/07/2026 annulée"]


def test_the_document_shows_amounts_sentences_sessions_circle_versions_and_hashes(
    settled: tuple[ClaimExplanation, dict[str, Any]],
) -> None:
    explanation, told = settled
    reader = PdfReader(io.BytesIO(explanation_document(explanation, **told)))
    text = " ".join(page.extract_text() for page in reader.pages).replace("\u00a0", " ").replace("\n", " ")
    for expected in (
        "100,00 €",
        "42,50 €",
        "25,50 €",
        "15 % du forfait de 100,00 € = 15,00 €",
        "85,00 € partagés entre 2 participants = 42,50 €",
        "02/07/2026",
        "séance du 10/07/2026 annulée",
        "depuis le 01/01/2026",
        "Encounter/001/_history/2",
        "ab" * 32,
        "s:essai:c:mois",
    ):
        assert expected in text


def test_a_document_without_the_evidence_still_names_the_sessions(
    settled: tuple[ClaimExplanation, dict[str, Any]],
) -> None:
    explanation, _ = settled
    (page,) = PdfReader(io.BytesIO(explanation_document(explanation))).pages
    assert "Encounter/001" in page.extract_text()
    assert explanation_document(explanation) == explanation_document(explanation)
