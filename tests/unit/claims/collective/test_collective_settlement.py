"""The shapes shown in docs/collective.md are valid R4, and are billed as the page says."""

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from cordee.claims.collective.dossier import CollectiveDossier
from cordee.claims.collective.facts import facts_from_figures
from cordee.claims.collective.fhir_figures import figures_of
from cordee.claims.collective.fhir_invoice import CollectiveEvidence, invoice_from_settlement, invoice_id
from cordee.claims.collective.fhir_patient_list import patients_listed, patients_named
from cordee.claims.collective.period import period_of
from cordee.claims.collective.settlement import CollectiveNotDue, CollectiveSettlement, settle_collective
from cordee.claims.evidence import SignedDistribution
from cordee.claims.fhir_circle import circle_from_care_teams
from cordee.claims.fhir_claim import claim_text
from cordee.claims.fhir_evidence import EvidenceError, reference_of, structure_from_organization
from cordee.claims.wording import lines, missing_sentence
from cordee.fhir.validation import validate
from cordee.pathways.convention import Convention
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.model import Pathway
from cordee.pathways.shipped import shipped_pathways

PAGE = (Path(__file__).parents[4] / "docs" / "collective.md").read_text("utf-8")
SHOWN = [json.loads(block, parse_float=Decimal) for block in re.findall(r"```json\n(.*?)```", PAGE, re.S)]
STATED = yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.S)[1])  # type: ignore[index]
BY_REFERENCE = {reference_of(resource): resource for resource in SHOWN}
PARIS = ZoneInfo("Europe/Paris")
GROUP = "Group/patientele"
EVIDENCE = CollectiveEvidence(("Group/patientele/_history/1",), "0" * 64, 3)


def pathway(code: str = "peps") -> Pathway:
    """A shipped pathway without the length of list and the team that three lines of examples can't have."""
    shipped = shipped_pathways()[code]
    shorter = replace(shipped.capitation, least_patients=None) if shipped.capitation else None
    return replace(shipped, team=(), structures=(), capitation=shorter)


def convention(of: Pathway, **stated: Any) -> Convention:
    doctor = "https://rpps.esante.gouv.fr|99900000001"
    signatory = {"identifier": doctor, "name": "Médecin Un", "signed_on": date(2026, 1, 1)}
    entries = {
        "format": "cordee.convention/1",
        "identifier": "https://cordee.example/convention|essai",
        "version": "1",
        "valid_from": date(2025, 1, 1),
        "structure": {"identifier": "https://finess.esante.gouv.fr|990000001", "name": "Maison de santé des Essais"},
        "insurer": {"identifier": "https://cordee.example/caisse|cpam-999", "name": "CPAM fictive"},
        "territory": "metropole",
        "payee_mode": "via_structure",
        "signatories": [signatory],
        "residue": "structure",
        **stated,
    }
    return read_convention("c.yaml", yaml.safe_dump(entries, allow_unicode=True), {of.code: of})


def dossier(period: str = "2026-Q3", shown: dict[str, Any] | None = None) -> CollectiveDossier:
    resources, days = {**BY_REFERENCE, **(shown or {})}, period_of(period)
    of = pathway()
    reports = [resource for resource in resources.values() if resource["resourceType"] == "MeasureReport"]
    return CollectiveDossier(
        pathway=of,
        convention=convention(of, **STATED),
        structure=structure_from_organization(resources["Organization/msp"]),
        circle=circle_from_care_teams(GROUP, [resources["CareTeam/equipe"]], resources, of, PARIS),
        period=days,
        group=GROUP,
        patients=patients_listed(resources[GROUP], resources, PARIS),
        facts=facts_from_figures(figures_of(reports, GROUP, days.days, PARIS), GROUP),
    )


def savings_dossier(**stated: Any) -> CollectiveDossier:
    of, days = pathway("ipep"), period_of("2025")
    points = list(figures_of([BY_REFERENCE["MeasureReport/qualite-2025"]], "Group/groupement", days.days, PARIS))
    facts = facts_from_figures(points, "Group/groupement")
    return replace(
        dossier(),
        pathway=of,
        convention=convention(of, pathway="ipep", split=[{"step": "remainder", "by": "heads"}], **stated),
        period=days,
        group="Group/groupement",
        patients=(),
        facts=facts,
    )


def settled(of: CollectiveDossier, on: date = date(2026, 10, 1)) -> CollectiveSettlement:
    result = settle_collective(of, as_of=on)
    assert isinstance(result, CollectiveSettlement), result
    return result


def missing(of: CollectiveDossier, on: date = date(2026, 10, 1)) -> list[str]:
    result = settle_collective(of, as_of=on)
    assert isinstance(result, CollectiveNotDue)
    assert all(missing_sentence(one, language) for one in result.missing for language in ("fr", "en"))
    return [one.code for one in result.missing]


@pytest.mark.parametrize("resource", SHOWN, ids=reference_of)
def test_a_shape_shown_is_valid(resource: dict[str, Any]) -> None:
    assert validate(json.loads(claim_text(resource))) == []


def test_a_quarter_of_a_list_is_billed_to_the_cent() -> None:
    result = settled(dossier())
    # 0.8 + 2.6 = 3.4 × 42.00 = 142.80, less 12.40 = 130.40, capped at 95.00 × 1.2 = 114.00.
    assert [(component.code, component.cents) for component in result.amount.components] == [
        ("weighted-list", 14_280),
        ("care-elsewhere", -1_240),
        ("growth-cap", -1_640),
    ]
    assert {part.payee.name: part.cents for part in result.parts} == {
        "Médecin Un": 10_260,
        "Maison de santé des Essais": 1_140,
    }


def test_the_invoice_is_valid_and_adds_up_and_names_nobody_of_the_list() -> None:
    invoice = json.loads(
        claim_text(invoice_from_settlement(settled(dossier()), EVIDENCE, "draft")), parse_float=Decimal
    )
    assert validate(json.loads(json.dumps(invoice, default=float))) == []
    assert invoice["id"] == invoice_id("msp:peps:2026-Q3")
    assert invoice["identifier"][0]["value"] == "msp:peps:2026-Q3"
    net = invoice["totalNet"]["value"]
    assert net == Decimal("114.00")
    assert sum(line["priceComponent"][0]["amount"]["value"] for line in invoice["lineItem"]) == net
    parts = [
        participant["extension"][0]["extension"][0]["valueMoney"]["value"] for participant in invoice["participant"]
    ]
    assert sum(parts) == net
    text = json.dumps(invoice, default=str)
    assert "Patient/" not in text
    assert "1990-04-02" not in text


def test_a_residue_that_is_not_billed_is_a_line_of_its_own() -> None:
    found = dossier()
    left = convention(found.pathway, **{**STATED, "split": STATED["split"][:1]}, residue="not_billed")
    invoice = invoice_from_settlement(settled(replace(found, convention=left)), EVIDENCE, "draft")
    amounts = [line["priceComponent"][0]["amount"]["value"] for line in invoice["lineItem"]]
    assert invoice["lineItem"][-1]["chargeItemCodeableConcept"]["coding"][0]["code"] == "not-billed"
    assert sum(amounts) == invoice["totalNet"]["value"] == Decimal("11.40")


def test_every_word_is_there_in_both_languages() -> None:
    result = settled(dossier())
    for language in ("fr", "en"):
        assert all(text for _, text in lines(result.amount.explanation, language))  # type: ignore[arg-type]


def test_the_list_is_read_on_the_day_the_convention_says() -> None:
    found = dossier()
    assert missing(found, on=date(2026, 6, 30)) == ["period_not_reached"]
    assert settled(found, on=date(2026, 7, 1)).total == 11_400
    last = convention(found.pathway, **{**STATED, "collective": {"list_read_on": "last_day"}})
    assert missing(replace(found, convention=last), on=date(2026, 9, 29)) == ["period_not_reached"]


def test_a_period_of_another_length_or_before_the_convention_is_refused() -> None:
    assert "period_length" in missing(dossier("2026-07"))
    assert "convention_not_in_force" in missing(dossier("2024-Q4"))


def test_a_member_who_had_not_signed_gets_nothing_and_is_told() -> None:
    found = dossier()
    unsigned = replace(found, convention=replace(found.convention, signatories=()))
    result = settled(unsigned)
    assert [entry.reason.rule for entry in result.not_counted] == ["performer.not_signatory"]
    assert {part.payee.name: part.cents for part in result.parts} == {
        "Médecin Un": 0,
        "Maison de santé des Essais": 11_400,
    }


DOCTOR = "https://rpps.esante.gouv.fr|99900000001"
OUTSIDE = "https://rpps.esante.gouv.fr|99900000009"


@pytest.mark.parametrize(
    ("amounts", "lacking"),
    [
        (None, ["distribution_not_signed"]),
        ({DOCTOR: 4_000, OUTSIDE: 7_400}, []),
        ({DOCTOR: 4_000, OUTSIDE: 7_401}, ["distribution_sum"]),
    ],
)
def test_a_free_distribution_is_signed_off_even_to_somebody_outside_of_the_team(
    amounts: dict[str, int] | None, lacking: list[str]
) -> None:
    found = dossier()
    outsider = {"code": "externe", "identifier": OUTSIDE, "name": "Kinésithérapeute Neuf", "kind": "practitioner"}
    free = convention(found.pathway, **{**STATED, "split": [{"step": "free_distribution"}]}, beneficiaries=[outsider])
    signed = () if amounts is None else (
        SignedDistribution("2026-Q3", tuple(amounts.items()), "Médecin Un", date(2026, 10, 1)),
    )  # fmt: skip
    given = replace(found, convention=free, distributions=signed)
    if lacking:
        assert missing(given) == lacking
    else:
        assert {part.payee.name: part.cents for part in settled(given).parts} == {
            "Médecin Un": 4_000,
            "Kinésithérapeute Neuf": 7_400,
        }


def test_a_convention_without_a_caisse_is_refused() -> None:
    found = dossier()
    assert missing(replace(found, convention=replace(found.convention, insurer=None))) == ["insurer_not_named"]


def test_a_pathway_paid_by_patient_is_not_a_collective_payment() -> None:
    with pytest.raises(ValueError, match="patient by patient"):
        settle_collective(replace(dossier(), pathway=shipped_pathways()["gpso"]), as_of=date(2026, 10, 1))


def test_the_figures_of_an_indicator_are_explained() -> None:
    result = settle_collective(savings_dossier(), as_of=date(2026, 10, 1))
    assert isinstance(result, CollectiveNotDue)
    assert [one.code for one in result.missing] == [
        "change_gain_not_stated",
        "level_gain_not_stated",
        "patient_count_not_stated",
        "quality_rule_not_stated",
    ]
    (quality,) = result.components
    said = [text for _, text in lines(quality.explanation, "fr")]
    assert "52,5 : objectif intermédiaire de 55 non atteint, en progrès depuis 48" in said


def changed(reference: str, **changes: Any) -> dict[str, Any]:
    return {reference: {**BY_REFERENCE[reference], **changes}}


def score(value: Any, code: str = "EUR", fact: str = "reference-remuneration", **more: Any) -> dict[str, Any]:
    coding = {"system": "https://cordee.example/fhir/CodeSystem/collective-fact", "code": fact}
    quantity = {"value": value, "system": "urn:iso:std:iso:4217", "code": code, **more}
    return changed("MeasureReport/faits-t3", group=[{"code": {"coding": [coding]}, "measureScore": quantity}])


UNREADABLE = [
    (score(Decimal("95.00"), code="USD"), r"faits-t3.group\[0\].measureScore: .* is in USD: amounts are in EUR"),
    (score(Decimal("95.001")), r"measureScore.value: 95.001: an amount is zero or more, with at most two decimals"),
    (score(Decimal("-1.00")), r"measureScore.value: -1.00: an amount is zero or more"),
    (score(95.0), "was read as a binary float"),
    (score(None), "no value: write the figure of reference-remuneration"),
    (score(Decimal("95.00"), comparator="<"), "a figure is exact: leave the comparator out"),
    (score(Decimal("95.00"), fact="autre"), r"faits-t3.group\[0\].code: one code of .* is expected"),
    (score(Decimal("1.5"), fact="patient-count"), "a number of patients is whole, zero or more"),
    (
        changed("MeasureReport/faits-t3", group=BY_REFERENCE["MeasureReport/faits-t3"]["group"] * 2),
        r"group\[1\]: reference-remuneration of Group/patientele is stated already at .*faits-t3.group\[0\]",
    ),
    (
        changed("MeasureReport/soins-ailleurs-2", group=BY_REFERENCE["MeasureReport/faits-t3"]["group"]),
        "reference-remuneration is stated of Group/patientele, not of one patient",
    ),
    (changed(GROUP, actual=False), "a patient list is a Group of type person, actual true"),
    (
        changed(GROUP, member=[{"entity": {"reference": "Device/x"}}, {"entity": {"reference": "Patient/unknown"}}]),
        r"member\[0\].entity: Device/x is not a Patient(.|\n)*member\[1\].entity: Patient/unknown is not stored",
    ),
    (
        changed(GROUP, member=[{"entity": {"reference": "Patient/patient-1"}, "inactive": True}]),
        r"member\[0\]: inactive, without period.end",
    ),
    (changed("Patient/patient-1", deceasedBoolean=True), "died, no day is known"),
]


@pytest.mark.parametrize(("shown", "said"), UNREADABLE, ids=[said for _, said in UNREADABLE])
def test_what_can_not_be_read_is_refused_by_place(shown: dict[str, Any], said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        dossier(shown=shown)


def test_reports_of_other_periods_lists_or_status_are_passed_over() -> None:
    for changes in (
        {"period": {"start": "2026-04-01", "end": "2026-06-30"}},
        {"subject": {"reference": "Group/other"}},
        {"status": "error"},
    ):
        assert missing(dossier(shown=changed("MeasureReport/faits-t3", **changes))) == ["reference_not_stated"]
    other_list = changed("MeasureReport/soins-ailleurs-2", evaluatedResource=[{"reference": "Group/other"}])
    assert missing(dossier(shown=other_list)) == ["care_elsewhere_not_stated"]


def test_each_patient_of_a_list_is_named_once() -> None:
    assert patients_named(BY_REFERENCE[GROUP]) == ["Patient/patient-1", "Patient/patient-2"]


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
    ],
)
def test_periods_are_written_as_people_do(code: str, first: date, last: date) -> None:
    assert (period_of(code).first, period_of(code).last) == (first, last)


@pytest.mark.parametrize("code", ["2026-Q5", "2026-13", "2026-00", "T3", "0000", "2026-7", ""])
def test_what_is_not_a_period_is_refused_with_the_fix(code: str) -> None:
    with pytest.raises(ValueError, match="write 2026 for a year, 2026-Q3 for a quarter"):
        period_of(code)
