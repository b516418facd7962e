"""Whatever is claimed, every form of a bordereau adds up to it, to the cent."""

import csv
import io
import json
from datetime import date
from decimal import Decimal

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.claim_records import CAISSE, STRUCTURE, claim_record

from cordee.exchange.bordereau import BordereauClaim, bordereau
from cordee.exchange.bordereau_files import bordereau_csv, bordereau_json
from cordee.exchange.bordereau_workbook import bordereau_workbook

cents = st.integers(0, 10**9)
parts = st.lists(st.tuples(st.sampled_from("ABCDE"), cents, cents), min_size=1, max_size=4)
signed = st.tuples(parts, st.sampled_from([1, -1]))


@settings(max_examples=40, deadline=None)
@given(claims=st.lists(signed, min_size=1, max_size=5), label=st.text(max_size=20))
def test_json_csv_and_workbook_add_up_to_what_is_claimed(
    claims: list[tuple[list[tuple[str, int, int]], int]], label: str
) -> None:
    records = [
        claim_record(number, [(name, sign * amo, sign * amc) for name, amo, amc in lines])
        for number, (lines, sign) in enumerate(claims)
    ]
    claimed = sum(record.total for record in records)
    made = bordereau("B", STRUCTURE, CAISSE, date(2026, 8, 3), [BordereauClaim(record, label) for record in records])

    written = json.loads(bordereau_json(made))
    assert Decimal(written["totals"]["amount"]) * 100 == claimed
    assert sum(Decimal(payee["amount"]) for payee in written["payees"]) * 100 == claimed
    for claim in written["claims"]:
        assert sum(Decimal(part["amo"]) + Decimal(part["amc"]) for part in claim["quoteParts"]) == Decimal(
            claim["amount"]
        )

    rows = list(csv.DictReader(io.StringIO(bordereau_csv(made).decode("utf-8-sig"), newline=""), delimiter=";"))
    assert sum(Decimal(row["quote_part"].replace(",", ".")) for row in rows) * 100 == claimed
    assert not any(row["libelle"].startswith(("=", "+", "-", "@")) for row in rows)

    book = openpyxl.load_workbook(io.BytesIO(bordereau_workbook(made)))
    for sheet in book:
        assert round(Decimal(str(sheet.cell(sheet.max_row, sheet.max_column).value)) * 100) == claimed
