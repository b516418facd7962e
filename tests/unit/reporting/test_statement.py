"""A professional's statement: it adds up, tells no patient's identity, and can be read as a French document."""

import io
from dataclasses import replace
from datetime import date

import pytest
from pypdf import PdfReader
from tests.claim_records import RPPS, STRUCTURE

from cordee.pathways.convention import Party
from cordee.pathways.model import Validity
from cordee.reporting.statement import LedgerBalance, Statement, StatementLine, in_order, local_references
from cordee.reporting.statement_document import statement_document

JULY = Validity(date(2026, 7, 1), date(2026, 7, 31))
LINE = StatementLine(
    "Claim/1",
    "forfait",
    "Parcours d'essai",
    "Mois d'essai",
    JULY,
    "p1",
    3,
    22_520,
    9_652,
    22_520,
    0,
    0,
    "payée en partie",
)
REJECTED = replace(LINE, claim="Claim/2", paid=0, rejected=32_172, state="rejetée", remark="droits clos : à vérifier")
CREDIT = replace(LINE, claim="Claim/3", kind="credit", acts=-3, amo=-22_520, amc=-9_652, paid=0, state="transmise")


@pytest.fixture
def statement() -> Statement:
    return Statement(
        professional=Party(f"{RPPS}|10000000002", "Łucja Świątek Fictive"),
        profession="diététicien",
        structure=STRUCTURE,
        payee_mode="via_structure",
        period=JULY,
        issued_on=date(2026, 8, 3),
        lines=in_order([CREDIT, LINE, REJECTED]),
        balance=LedgerBalance(date(2026, 7, 31), 123_456, 1_200),
    )


def pages(statement: Statement) -> list[str]:
    reader = PdfReader(io.BytesIO(statement_document(statement)))
    return [page.extract_text().replace("\u00a0", " ").replace("\n", " ") for page in reader.pages]


def test_what_is_claimed_is_paid_rejected_or_awaited(statement: Statement) -> None:
    totals = statement.totals
    assert (totals.claimed, totals.amo + totals.amc) == (32_172, 32_172)
    assert totals.paid + totals.rejected + totals.awaited == totals.claimed
    assert totals.acts == 3


def test_lines_are_in_the_order_of_their_claims(statement: Statement) -> None:
    assert [line.claim for line in statement.lines] == ["Claim/1", "Claim/2", "Claim/3"]


def test_the_statement_says_each_amount_and_state_in_french(statement: Statement) -> None:
    (page,) = pages(statement)
    for text in (
        "Relevé de quotes-parts",
        "Łucja Świątek Fictive, diététicien",
        "RPPS 10000000002",
        "FINESS 990000001",
        "321,72 €",
        "-225,20 €",
        "avoir",
        "rejetée",
        "droits clos : à vérifier",
        "Reste à vous payer : 1 234,56 €. À rendre par vous : 12,00 €.",
        "La caisse paie la structure",
        "page 1 / 1",
    ):
        assert text in page


def test_pages_are_numbered_and_headings_repeated(statement: Statement) -> None:
    many = replace(statement, lines=tuple(replace(LINE, claim=f"Claim/{n}") for n in range(60)))
    read = pages(many)
    assert len(read) > 1
    for number, page in enumerate(read, 1):
        assert f"page {number} / {len(read)}" in page
        assert "Quote-part" in page or number == len(read)


def test_a_professional_paid_by_the_caisse_is_told_so(statement: Statement) -> None:
    (page,) = pages(replace(statement, payee_mode="direct_by_caisse", balance=None, lines=()))
    assert "La caisse vous paie directement" in page
    assert "Aucune quote-part sur cette période." in page
    assert "Solde" not in page


def test_the_document_names_itself_and_its_language(statement: Statement) -> None:
    reader = PdfReader(io.BytesIO(statement_document(statement)))
    assert reader.metadata is not None
    assert reader.metadata.title == "Relevé de quotes-parts, du 01/07/2026 au 31/07/2026"
    assert reader.trailer["/Root"]["/Lang"] == "fr-FR"


def test_a_name_is_never_markup(statement: Statement) -> None:
    (page,) = pages(replace(statement, professional=Party("x|1", "<b>& Fils</b>")))
    assert "<b>& Fils</b>" in page


def test_the_same_statement_gives_the_same_bytes(statement: Statement) -> None:
    assert statement_document(statement) == statement_document(statement)


def test_patients_are_told_apart_by_as_little_of_their_id_as_needed() -> None:
    assert local_references(["Patient/7f3a91c2-1", "Patient/0b44d1aa-1"]) == {
        "Patient/7f3a91c2-1": "7f3a91c2",
        "Patient/0b44d1aa-1": "0b44d1aa",
    }
    assert list(local_references(["Patient/7f3a91c2-1", "Patient/7f3a91c2-2"]).values()) == ["7f3a91c2-1", "7f3a91c2-2"]
    assert local_references([]) == {}
