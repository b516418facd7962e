"""`cordee audit` as an auditor or an accountant meets it."""

import re
import subprocess
from datetime import date

import asyncpg
import pytest
from tests.functional.test_cli import cordee

from cordee.ledger.model import Account, Event, LedgerEntry, LedgerLine
from cordee.store.repository import Repository

DOCTOR, NURSE = "https://rpps.esante.gouv.fr|99900000001", "https://cordee.example/fhir/NamingSystem/member|2"


def entry(number: int, structure: str = "Organization/s1") -> LedgerEntry:
    return LedgerEntry(
        structure,
        date(2026, 7, number),
        Event.SUBMISSION,
        f"submission:Claim/{number}",
        "Forfait transmis",
        f"Claim/{number}",
        (f"Claim/{number}/_history/2",),
        (
            LedgerLine(Account.AMO_RECEIVABLE, debit=22520),
            LedgerLine(Account.PAYABLE, DOCTOR, credit=20000),
            LedgerLine(Account.PAYABLE, NURSE, credit=2520),
        ),
    )


@pytest.fixture
async def booked(repository: Repository) -> Repository:
    async with repository.unit() as unit:
        await unit.append([*(entry(number) for number in range(1, 4)), entry(1, "Organization/s2")])
    return repository


async def tamper(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(f"SET session_replication_role = replica; {statement}")
    await connection.close()


def end_of_chain(printed: str) -> str:
    return re.findall(r"[0-9]+:[0-9a-f]{64}", printed)[-1]


@pytest.fixture
def audit(dsn: str, tenant_name: str):
    def run(command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return cordee("audit", command, "--tenant", tenant_name, *arguments, dsn=dsn)

    return run


@pytest.mark.usefixtures("booked")
def test_ledgers_in_order_are_said_to_be_with_the_end_of_each_chain(audit) -> None:
    done = audit("verify")
    assert (done.returncode, done.stderr) == (0, "")
    first, end, second, _, claims, invoices = done.stdout.splitlines()
    assert (claims, invoices) == ("0 Claims recomputed", "0 Invoices recomputed")
    assert first == "Organization/s1: 3 entries, 9 lines, debits less credits 0.00 EUR"
    assert re.fullmatch(r"Organization/s1 3:[0-9a-f]{64}", end)
    assert second.startswith("Organization/s2: 1 entry")
    assert audit("verify", "--only", "ledgers").stdout.splitlines() == done.stdout.splitlines()[:-2]
    assert audit("verify", "--only", "claims").stdout.splitlines() == [claims, invoices]


async def test_a_ledger_that_was_tampered_with_is_named_with_its_first_fault(booked, dsn: str, audit) -> None:
    await tamper(dsn, f"UPDATE ledger_line SET payee = 'x' WHERE tenant = {booked.tenant} AND number = 2 AND line = 2")
    done = audit("verify")
    assert done.returncode == 1
    assert done.stderr.startswith("FAULT Organization/s1, entry 2: its hash is")
    assert len(done.stderr.splitlines()) == 1
    assert "Organization/s1: 1 entry, 3 lines" in done.stdout
    assert audit("verify", "--structure", "s2").returncode == 0


async def test_a_chain_written_anew_is_told_from_the_one_whose_end_was_kept(booked, dsn: str, audit) -> None:
    kept = end_of_chain(audit("verify", "--structure", "s1").stdout)
    assert audit("verify", "--structure", "s1", "--expect", kept).returncode == 0
    await tamper(
        dsn,
        f"DELETE FROM ledger_line WHERE tenant = {booked.tenant} AND structure = 'Organization/s1' AND number = 3;"
        f" DELETE FROM ledger_entry WHERE tenant = {booked.tenant} AND structure = 'Organization/s1' AND number = 3;"
        f" UPDATE ledger_head h SET number = 2, hash = e.hash FROM ledger_entry e WHERE h.tenant = {booked.tenant}"
        " AND h.structure = 'Organization/s1' AND (e.tenant, e.structure, e.number) = (h.tenant, h.structure, 2)",
    )
    assert audit("verify", "--structure", "s1").returncode == 0
    async with booked.unit() as unit:
        await unit.append([entry(9)])
    done = audit("verify", "--structure", "s1", "--expect", kept)
    assert done.returncode == 1
    assert "Organization/s1, entry 3" in done.stderr
    assert "written anew" in done.stderr


@pytest.mark.usefixtures("booked")
@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (
            ("--structure", "s3"),
            1,
            "There is no ledger of Organization/s3; there are: Organization/s1, Organization/s2.",
        ),
        (("--expect", "1:0"), 2, "64 hex digits"),
        (("--expect", f"1:{'0' * 64}"), 2, "--structure"),
    ],
)
def test_what_cannot_be_verified_is_said_and_not_passed(audit, arguments, exit_code: int, said: str) -> None:
    done = audit("verify", *arguments)
    assert (done.returncode, done.stdout) == (exit_code, "")
    assert said in done.stderr


def test_a_tenant_without_a_ledger_is_in_order(audit) -> None:
    done = audit("verify")
    assert done.returncode == 0
    none = ["0 Claims recomputed", "0 Invoices recomputed"]
    assert done.stdout.splitlines() == [*none, "This tenant has no ledger yet: nothing was submitted."]


@pytest.mark.usefixtures("booked")
@pytest.mark.parametrize(("day", "amount"), [("2026-07-01", "225,20"), ("2026-07-02", "450,40"), (None, "675,60")])
def test_balances_of_a_day_are_those_of_what_was_booked_until_then(audit, day: str | None, amount: str) -> None:
    done = audit("balances", "--structure", "Organization/s1", *(() if day is None else ("--on", day)))
    assert done.returncode == 0
    text = done.stdout.replace("\u00a0", " ")
    assert f"{amount} €" in text
    assert f"-{amount} €" in text
    assert "Dû aux professionnels" in text
    assert "écart entre débits et crédits : 0,00 €" in text
    assert DOCTOR not in text


@pytest.mark.usefixtures("booked")
def test_balances_in_detail_name_each_payee(audit) -> None:
    text = audit("balances", "--structure", "s1", "--detail").stdout
    assert DOCTOR in text
    assert NURSE in text
