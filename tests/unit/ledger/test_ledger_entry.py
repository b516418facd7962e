"""What can be booked: balanced entries, each amount on one side, each account with whom it is with."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cordee.ledger.model import Account, Event, InvalidEntry, LedgerEntry, LedgerLine

DOCTOR = "urn:oid:1.2.250.1.71.4.2.1|810000000001"
SUBMITTED = LedgerEntry(
    structure="Organization/structure",
    booked_on=date(2026, 7, 31),
    event=Event.SUBMISSION,
    key="submission:Claim/1",
    label="Forfait transmis\u00a0: 225,20\u00a0€",
    claim="Claim/1",
    evidence=("Claim/1/_history/2",),
    lines=(
        LedgerLine(Account.AMO_RECEIVABLE, debit=15000),
        LedgerLine(Account.AMC_RECEIVABLE, debit=7520),
        LedgerLine(Account.PAYABLE, DOCTOR, credit=20520),
        LedgerLine(Account.STRUCTURE, credit=2000),
    ),
)


def test_the_total_is_that_of_either_side() -> None:
    assert SUBMITTED.total == 22520


@pytest.mark.parametrize("lines", [(), SUBMITTED.lines[:3], (LedgerLine(Account.BANK, debit=1),)])
def test_an_entry_that_is_not_balanced_is_refused(lines: tuple[LedgerLine, ...]) -> None:
    with pytest.raises(InvalidEntry, match="balanced"):
        replace(SUBMITTED, lines=lines)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"account": Account.BANK}, "debit or a credit"),
        ({"account": Account.BANK, "debit": 1, "credit": 1}, "debit or a credit"),
        ({"account": Account.BANK, "debit": -1}, "never negative"),
        ({"account": Account.BANK, "debit": 1, "credit": -1}, "never negative"),
        ({"account": Account.PAYABLE, "credit": 1}, "payee"),
        ({"account": Account.PAYABLE, "payee": "", "credit": 1}, "payee"),
        ({"account": Account.RECOVERABLE, "debit": 1}, "payee"),
        ({"account": Account.RECOVERY_DUE, "payee": DOCTOR, "credit": 1}, "liable"),
        ({"account": Account.PAYABLE, "payee": "a\tb", "credit": 1}, "control"),
        ({"account": Account.BANK, "liable": "a\nb", "credit": 1}, "control"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(line: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidEntry, match=said):
        LedgerLine(**line)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"structure": " "}, "structure"),
        ({"key": ""}, "key"),
        ({"label": ""}, "label"),
        ({"label": "two\nlines"}, "control"),
        ({"key": "nul\x00"}, "control"),
        ({"booked_on": datetime(2026, 7, 31, tzinfo=UTC)}, "day"),
        ({"evidence": ("Claim/1 Claim/2",)}, "references"),
        ({"evidence": ("",)}, "references"),
    ],
)
def test_an_entry_that_could_not_be_read_back_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidEntry, match=said):
        replace(SUBMITTED, **changed)
