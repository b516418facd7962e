"""A return file to begin from says what the bordereau claims, to the cent."""

from datetime import date

from tests.claim_records import CAISSE, STRUCTURE, claim_item, claim_record

from cordee.exchange.bordereau import BordereauClaim, bordereau
from cordee.exchange.return_csv import write_return_csv
from cordee.exchange.return_file import read_returns
from cordee.exchange.return_template import paid_as_claimed

DAY = date(2026, 9, 30)
TWICE = (claim_item(1, "A", 7_000, 3_000), claim_item(2, "A", 500), claim_item(3, "B", 0, 1), claim_item(4, "C", 0))
RECORDS = (
    claim_record(1, [], items=TWICE, total=10_501),
    claim_record(2, [("A", -7_000, 0)], kind="credit", original="Claim/c1", identifier="x:2:credit"),
)
MADE = bordereau("B", STRUCTURE, CAISSE, date(2026, 8, 3), [BordereauClaim(record, "Mois") for record in RECORDS])


def test_each_claim_is_acknowledged_and_each_part_paid_by_its_insurer() -> None:
    said = [(line.kind, line.claim, line.payee, line.insurer, line.cents) for line in paid_as_claimed(MADE, DAY)]
    first = RECORDS[0].identifier
    a, b = TWICE[0].payee, TWICE[2].payee
    assert said == [
        ("acknowledgement", first, None, None, None),
        ("acknowledgement", "x:2:credit", None, None, None),
        ("payment", first, a, "amo", 7_500),
        ("payment", first, a, "amc", 3_000),
        ("payment", first, b, "amc", 1),
        ("payment", "x:2:credit", a, "amo", 7_000),
    ]


def test_the_file_is_read_back_as_the_same_lines() -> None:
    lines = paid_as_claimed(MADE, DAY)
    assert read_returns(write_return_csv(lines)) == lines
