"""The legal accounting file: 18 columns, entries that balance, the ledger's own totals."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.claim_records import RPPS

from cordee.exchange.file_problems import FileProblems
from cordee.ledger.chain import ChainedEntry, follow, genesis
from cordee.ledger.model import Account, Event, LedgerEntry, LedgerLine
from cordee.pathways.model import Validity
from cordee.reporting.chart_of_accounts import DEFAULT_CHART, AccountingAccount, read_chart
from cordee.reporting.fec import COLUMNS, JOURNALS, FecWriter, fec_name

YEAR = Validity(date(2026, 1, 1), date(2026, 12, 31))
PARIS = ZoneInfo("Europe/Paris")
LATE = datetime(2026, 8, 3, 22, 30, tzinfo=UTC)


def entry(key: str, *lines: LedgerLine, event: Event = Event.SUBMISSION, on: date = date(2026, 8, 3)) -> LedgerEntry:
    return LedgerEntry("Organization/s", on, event, key, f"Forfait transmis, {key}", "Claim/1", (), lines)


SUBMITTED = entry(
    "submission:1",
    LedgerLine(Account.AMO_RECEIVABLE, debit=112_605),
    LedgerLine(Account.PAYABLE, f"{RPPS}|10000000002", credit=112_600),
    LedgerLine(Account.STRUCTURE, "https://finess.esante.gouv.fr|990000001", credit=5),
)


def chained(entries: Iterable[LedgerEntry]) -> list[ChainedEntry]:
    head, found = genesis("Organization/s"), []
    for one in entries:
        following = follow(head, one, LATE)
        found.append(following)
        head = type(head)(head.structure, following.number, following.hash)
    return found


def rows(writer: FecWriter, entries: Iterable[LedgerEntry]) -> list[dict[str, str]]:
    text = (writer.header() + b"".join(map(writer.lines, chained(entries)))).decode()
    lines = [line.split("\t") for line in text.split("\r\n")]
    assert lines.pop() == [""]
    assert all(len(line) == 18 for line in lines)
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def cents(text: str) -> int:
    return int(Decimal(text.replace(",", ".")) * 100)


def test_the_columns_are_the_articles() -> None:
    assert FecWriter(YEAR, PARIS).header() == (
        b"JournalCode\tJournalLib\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tCompAuxNum\tCompAuxLib\tPieceRef\t"
        b"PieceDate\tEcritureLib\tDebit\tCredit\tEcritureLet\tDateLet\tValidDate\tMontantdevise\tIdevise\r\n"
    )


def test_an_entry_is_written_line_by_line() -> None:
    writer = FecWriter(YEAR, PARIS, names={f"{RPPS}|10000000002": "Fictive\tDeux"})
    first, second, third = rows(writer, [SUBMITTED])
    assert list(first.values()) == [
        "FAC", "Facturation", "1", "20260803", "411100", "Assurance maladie obligatoire", "", "",
        "Claim/1", "20260803", "Forfait transmis, submission:1", "1126,05", "0,00", "", "", "20260804", "", "",
    ]  # fmt: skip
    assert (second["CompteNum"], second["CompAuxNum"], second["CompAuxLib"]) == (
        "467100",
        "RPPS10000000002",
        "Fictive Deux",
    )
    assert (second["Debit"], second["Credit"], third["Credit"]) == ("0,00", "1126,00", "0,05")
    assert third["CompAuxNum"] == "FINESS990000001"


def test_entries_of_another_exercise_are_left_out_and_numbers_go_on_without_gap() -> None:
    bank = (LedgerLine(Account.BANK, debit=5), LedgerLine(Account.AMO_RECEIVABLE, credit=5))
    entries = [
        entry("a", *bank, event=Event.PAYMENT),
        entry("b", *bank, on=date(2025, 12, 31)),
        entry("c", *bank, on=date(2026, 12, 31)),
    ]
    writer = FecWriter(YEAR, PARIS)
    assert [row["EcritureNum"] for row in rows(writer, entries)] == ["1", "1", "2", "2"]
    assert (writer.entries, writer.debit, writer.credit) == (2, 10, 10)


def test_who_is_liable_is_the_third_party_of_what_is_due_back() -> None:
    lines = (
        LedgerLine(Account.RECOVERABLE, "x|paid", debit=5),
        LedgerLine(Account.RECOVERY_DUE, "x|paid", "x|liable", credit=5),
    )
    due = rows(FecWriter(YEAR, PARIS), [entry("i", *lines, event=Event.INDU)])
    assert [(row["JournalCode"], row["CompAuxNum"]) for row in due] == [("IND", "x paid"), ("IND", "x liable")]


def test_every_event_has_a_journal_and_every_account_a_number() -> None:
    assert set(JOURNALS) == set(Event)
    assert set(DEFAULT_CHART) == set(Account)
    assert len({account.number for account in DEFAULT_CHART.values()}) == len(Account)


payees = st.sampled_from([f"{RPPS}|{n}" for n in range(4)])
amounts = st.integers(1, 10**12)


@given(
    st.lists(st.tuples(st.lists(st.tuples(payees, amounts), min_size=1, max_size=5), st.text(max_size=8)), max_size=8)
)
def test_the_file_read_again_balances_entry_by_entry_and_totals_the_ledgers(
    submissions: list[tuple[list[tuple[str, int]], str]],
) -> None:
    entries = [
        LedgerEntry(
            "Organization/s",
            date(2026, 8, 3),
            Event.SUBMISSION,
            f"submission:{number}",
            "x" + "".join(c for c in label if c.isprintable()),
            f"Claim/{number}",
            (),
            (
                LedgerLine(Account.AMO_RECEIVABLE, debit=sum(part for _, part in parts)),
                *(LedgerLine(Account.PAYABLE, payee, credit=part) for payee, part in parts),
            ),
        )
        for number, (parts, label) in enumerate(submissions)
    ]
    writer = FecWriter(YEAR, PARIS)
    read = rows(writer, entries)
    for _, group in groupby(read, key=lambda row: row["EcritureNum"]):
        lines = list(group)
        assert sum(cents(line["Debit"]) for line in lines) == sum(cents(line["Credit"]) for line in lines)
    total = sum(one.total for one in entries)
    assert sum(cents(row["Debit"]) for row in read) == total == writer.debit == writer.credit
    by_account = {account: sum(cents(r["Credit"]) for r in read if r["CompteNum"] == account) for account in ["467100"]}
    assert by_account["467100"] == sum(line.credit for one in entries for line in one.lines)


def test_the_file_is_named_as_the_law_says() -> None:
    assert fec_name("000 000 000", date(2026, 12, 31)) == "000000000FEC20261231.txt"
    with pytest.raises(ValueError, match="SIREN"):
        fec_name("000000001", date(2026, 12, 31))


def test_a_structure_states_its_own_accounts() -> None:
    chart = read_chart(b"compte;numero;libelle\nbank;512100;Banque du Cercle\n")
    assert chart[Account.BANK] == AccountingAccount("512100", "Banque du Cercle")
    assert chart[Account.PAYABLE] == DEFAULT_CHART[Account.PAYABLE]


def test_a_wrong_chart_is_told_at_once() -> None:
    with pytest.raises(FileProblems) as refused:
        read_chart(b"compte;numero;libelle\ncaisse;512100;x\nbank;banque;x\nbank;512;\n")
    assert [str(problem).partition(" : ")[0] for problem in refused.value.problems] == [
        "ligne 2, colonne compte",
        "ligne 3, colonne numero",
        "ligne 4, colonne compte",
        "ligne 4, colonne libelle",
    ]


def test_there_are_eighteen_columns() -> None:
    assert len(COLUMNS) == len(set(COLUMNS)) == 18
