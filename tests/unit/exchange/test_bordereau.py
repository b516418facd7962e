"""The bordereau: nothing leaves that does not add up, and every form of it says the same cents."""

import csv
import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import jsonschema
import openpyxl
import pytest
from tests.claim_records import CAISSE, STRUCTURE, claim_item, claim_record

from cordee.claims.claim_record import ClaimRecord
from cordee.exchange.bordereau import Bordereau, BordereauClaim, BordereauError, bordereau
from cordee.exchange.bordereau_files import CSV_COLUMNS, bordereau_csv, bordereau_json, bordereau_schema
from cordee.exchange.bordereau_workbook import bordereau_workbook


def of(*records: ClaimRecord, label: str = "Mois d'essai") -> Bordereau:
    claims = [BordereauClaim(record, label) for record in records]
    return bordereau("B-2026-08-03", STRUCTURE, CAISSE, date(2026, 8, 3), claims)


@pytest.fixture
def two() -> Bordereau:
    credit = claim_record(
        2,
        [("A", -3_000, -1_000)],
        kind="credit",
        original="Claim/c1",
        identifier="structure:essai:plan-2:mois:2:credit",
    )
    return of(credit, claim_record(1, [("A", 7_000, 3_000), ("B", 1_234_567, 0)]))


def test_claims_are_in_the_order_of_their_identifiers(two: Bordereau) -> None:
    assert [claim.record.reference for claim in two.claims] == ["Claim/c1", "Claim/c2"]


def test_a_payees_total_nets_credits(two: Bordereau) -> None:
    totals = {total.payee.rpartition("|")[2]: (total.parts, total.sum.cents) for total in two.payees}
    assert totals == {"A": (2, 6_000), "B": (1, 1_234_567)}
    assert (two.total.amo, two.total.amc, two.total.cents) == (1_238_567, 2_000, 1_240_567)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tag": "ready"}, "Claim/c1 : facture non transmise"),
        ({"total": 10_001}, "la somme des quotes-parts n'est pas le total"),
        ({"items": (claim_item(1, "A", 7_000, 3_000, cents=10_001),), "total": 10_001}, "ligne 1 : parts AMO et AMC"),
    ],
)
def test_a_claim_that_may_not_leave_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(BordereauError, match=said):
        of(claim_record(1, [("A", 7_000, 3_000)], **changed))


def test_all_problems_are_told_at_once() -> None:
    good = claim_record(1, [("A", 100, 0)])
    with pytest.raises(BordereauError) as refused:
        of(good, good, replace(good, identifier="x", structure="Organization/other", tag="draft"))
    assert len(refused.value.problems) == 3


def test_a_bordereau_of_nothing_is_refused() -> None:
    with pytest.raises(BordereauError, match="aucune facture"):
        of()


def test_the_json_follows_its_schema_and_keeps_every_cent(two: Bordereau) -> None:
    written = json.loads(bordereau_json(two))
    jsonschema.Draft202012Validator(json.loads(bordereau_schema())).validate(written)
    assert written["totals"] == {"claims": 2, "quoteParts": 3, "amo": "12385.67", "amc": "20.00", "amount": "12405.67"}
    assert written["claims"][1]["corrects"] == "Claim/c1"
    assert written["claims"][1]["quoteParts"][0]["amount"] == "-40.00"
    assert "ins" not in written["claims"][0]["patient"]


def test_the_ins_is_there_only_when_it_was_given() -> None:
    made = of(claim_record(1, [("A", 100, 0)]))
    named = replace(made, claims=(replace(made.claims[0], ins="urn:oid:1.2.250.1.213.1.4.10|1"),))
    assert b"1.2.250" not in bordereau_json(made) + bordereau_csv(made)
    assert json.loads(bordereau_json(named))["claims"][0]["patient"]["ins"] == "urn:oid:1.2.250.1.213.1.4.10|1"


def test_the_csv_opens_in_a_french_spreadsheet(two: Bordereau) -> None:
    written = bordereau_csv(two)
    assert written.startswith(b"\xef\xbb\xbfbordereau;facture;")
    assert written.endswith(b"\r\n")
    rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig")), delimiter=";"))
    assert [row["quote_part"] for row in rows] == ["100,00", "12345,67", "-40,00"]
    assert [(row["amo"], row["amc"]) for row in rows] == [
        ("70,00", "30,00"),
        ("12345,67", "0,00"),
        ("-30,00", "-10,00"),
    ]
    assert rows[2]["nature"] == "avoir"
    assert tuple(rows[0]) == CSV_COLUMNS


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx"])
def test_a_text_is_never_a_formula(text: str) -> None:
    made = of(claim_record(1, [("A", 100, 0)]), label=text)
    (row,) = csv.DictReader(io.StringIO(bordereau_csv(made).decode("utf-8-sig")), delimiter=";")
    assert row["libelle"] == f"'{text}"
    sheet = openpyxl.load_workbook(io.BytesIO(bordereau_workbook(made)))["Factures"]
    assert (sheet.cell(5, 5).value, sheet.cell(5, 5).data_type) == (text, "s")


def test_the_workbook_has_typed_cells_and_totals_on_every_sheet(two: Bordereau) -> None:
    book = openpyxl.load_workbook(io.BytesIO(bordereau_workbook(two)))
    assert book.sheetnames == ["Factures", "Quotes-parts", "Bénéficiaires"]
    claims = book["Factures"]
    assert claims.freeze_panes == "B5"
    assert claims["F5"].value.date() == date(2026, 7, 1)
    assert claims["O5"].data_type == "n"
    for sheet in book:
        last = [cell.value for cell in sheet[sheet.max_row]]
        assert last[0] == "Total"
        assert [Decimal(str(value)) for value in last[-3:]] == [Decimal("12385.67"), Decimal("20"), Decimal("12405.67")]
        assert last[1] is None


def test_the_same_bordereau_gives_the_same_files(two: Bordereau) -> None:
    for written in (bordereau_json, bordereau_csv, bordereau_workbook):
        assert written(two) == written(two)


def test_what_a_spreadsheet_can_not_hold_is_refused_not_left_out() -> None:
    with pytest.raises(BordereauError, match="CSV ou JSON"):
        bordereau_workbook(of(claim_record(1, [("A", 100, 0)]), label="x" * 40_000))
