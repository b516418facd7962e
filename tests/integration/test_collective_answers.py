"""What a caisse answers about a collective Invoice in a real PostgreSQL: recorded, booked, once."""

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg
import pytest
from tests.collective_practice import PEPS, RPPS, contract, resources

from cordee.claims.answers import apply_returns
from cordee.claims.applied_lines import LineOutcome
from cordee.claims.collective.fhir_invoice import invoice_id
from cordee.claims.collective.period import period_of
from cordee.claims.collective.replay import replay_invoices
from cordee.claims.collective.run import bill_collective
from cordee.claims.fhir_claim import claim_resource, claim_text
from cordee.claims.payments import redistribute
from cordee.claims.returns import ReturnLine
from cordee.fhir.body import accept
from cordee.fhir.query import parse_search
from cordee.ledger.model import Account
from cordee.pathways.shipped import shipped_pathways
from cordee.reporting.activity import Amounts
from cordee.reporting.audit_reading import activity_report
from cordee.store.repository import Repository

IDENTIFIER = "msp:peps:2026-Q3"
INVOICE = f"Invoice/{invoice_id(IDENTIFIER)}"
STRUCTURE = "https://finess.esante.gouv.fr|990000001"
DOCTOR, NURSE = f"{RPPS}|99900000000", f"{RPPS}|99900000003"
PAID_ON = date(2026, 11, 2)


async def put(repository: Repository, resource: dict[str, Any]) -> None:
    kind = resource["resourceType"]
    await repository.update(kind, resource["id"], accept(claim_text(resource), kind))


async def bill(repository: Repository, *, issue: bool) -> None:
    pathways = shipped_pathways()
    quarter = period_of("2026-Q3")
    await bill_collective(
        repository, pathways["peps"], pathways, structure="msp", period=quarter, as_of=date(2026, 9, 30), issue=issue
    )


@pytest.fixture
async def practice(repository: Repository) -> Repository:
    """A tenant whose quarter can be billed: 280.00 to the structure, 504.00 to each of five."""
    for resource in resources():
        await put(repository, resource)
    return repository


@pytest.fixture
async def issued(practice: Repository) -> Repository:
    """The same, its Invoice issued."""
    await bill(practice, issue=True)
    return practice


def line(number: int = 1, **told: Any) -> ReturnLine:
    return replace(ReturnLine(number, "payment", "avis-1", PAID_ON, IDENTIFIER, DOCTOR, "amo", 50_400), **told)


async def returned(repository: Repository, *lines: ReturnLine, source: str = "retour.csv") -> list[LineOutcome]:
    return [outcome async for outcome in apply_returns(repository, lines, source)]


async def effects(repository: Repository, *lines: ReturnLine) -> list[str]:
    return [outcome.effect for outcome in await returned(repository, *lines)]


async def account(repository: Repository, account: Account, payee: str | None = None) -> int:
    balances = await repository.ledger.balances("Organization/msp")
    return sum(b.net for b in balances if b.holding.account is account and payee in (None, b.holding.payee))


async def stored(repository: Repository, kind: str, *criteria: tuple[str, str]) -> list[dict[str, Any]]:
    page = await repository.search(parse_search(kind, list(criteria)), count=100)
    return [claim_resource(version.body.encode()) for version in page.matches]


async def test_a_payment_is_booked_and_its_reconciliation_names_the_invoice(issued: Repository) -> None:
    own = line(2, payee=STRUCTURE, cents=28_000)
    assert await effects(issued, line(), own) == ["applied", "applied"]
    assert await account(issued, Account.AMO_RECEIVABLE) == 280_000 - 50_400 - 28_000
    assert await account(issued, Account.BANK, DOCTOR) == 50_400
    [notice] = await stored(issued, "PaymentReconciliation", ("claim", INVOICE))
    assert notice["paymentAmount"]["value"] == 784
    assert [detail["request"]["reference"] for detail in notice["detail"]] == [INVOICE, INVOICE]
    assert notice["requestor"]["reference"] == "Organization/msp"
    assert notice["paymentIssuer"]["display"] == "CPAM fictive"
    tasks = await stored(issued, "Task", ("focus", INVOICE))
    assert {detail["response"]["reference"] for detail in notice["detail"]} == {f"Task/{t['id']}" for t in tasks}
    assert (await issued.verify_ledger("Organization/msp")).fault is None


async def test_what_was_paid_is_passed_on_to_each(issued: Repository) -> None:
    await returned(issued, line())
    [done] = await redistribute(issued, "Organization/msp", PAID_ON)
    assert (done.payee, done.cents) == (DOCTOR, 50_400)
    assert await account(issued, Account.PAYABLE, DOCTOR) == 0


async def test_a_rejection_withdraws_a_payee_and_no_other(issued: Repository) -> None:
    rejection = line(kind="rejection", cents=None, reason_code="R1", reason_text="patientèle contestée")
    assert await effects(issued, rejection) == ["applied"]
    assert await account(issued, Account.PAYABLE, DOCTOR) == 0
    assert await account(issued, Account.PAYABLE, NURSE) == -50_400
    assert await account(issued, Account.AMO_RECEIVABLE) == 280_000 - 50_400
    assert await effects(issued, line(notice="avis-2")) == ["to_resolve"]


async def test_an_acknowledgement_is_kept_and_moves_no_money(issued: Repository) -> None:
    told = line(kind="acknowledgement", notice="arl-1", payee=None, insurer=None, cents=None)
    assert await effects(issued, told) == ["applied"]
    assert await effects(issued, told) == ["read_before"]
    [task] = await stored(issued, "Task", ("focus", INVOICE))
    assert (task["status"], task["code"]["coding"][0]["code"]) == ("completed", "return-line-applied")
    assert await account(issued, Account.AMO_RECEIVABLE) == 280_000


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"cents": 50_401}, "payée au-delà de la demande : 504,01 €, pour 504,00 € au plus"),
        ({"payee": f"{RPPS}|99900000099"}, "n'a pas de quote-part"),
        ({"claim": "msp:peps:2026-Q4"}, "aucune facture n'a l'identifiant msp:peps:2026-Q4"),
        ({"kind": "recovery"}, "n'est pas appliqué : voyez avec la caisse"),
        ({"kind": "technical_refusal", "payee": None, "insurer": None, "cents": None}, "n'est pas appliqué"),
    ],
)
async def test_what_a_line_can_not_mean_waits_for_a_person(issued: Repository, told: dict[str, Any], said: str) -> None:
    [outcome] = await returned(issued, line(**told))
    assert outcome.effect == "to_resolve"
    assert outcome.reason is not None
    assert said in outcome.reason.fr.replace("\u00a0", " ").replace("\u202f", " ")
    assert await account(issued, Account.AMO_RECEIVABLE) == 280_000
    [task] = await stored(issued, "Task")
    assert (task["status"], f"Task/{task['id']}") == ("requested", outcome.task)


async def test_a_second_payment_or_the_same_line_twice_is_never_booked_twice(issued: Repository) -> None:
    assert await effects(issued, line(), line(2)) == ["applied", "to_resolve"]
    assert await effects(issued, line()) == ["read_before"]
    assert await effects(issued, line(notice="avis-2")) == ["to_resolve"]
    assert await account(issued, Account.BANK, DOCTOR) == 50_400


async def test_a_payment_in_two_parts_leaves_nothing_open(issued: Repository) -> None:
    assert await effects(issued, line(cents=50_000)) == ["applied"]
    assert await effects(issued, line(notice="avis-2", cents=401)) == ["to_resolve"]
    assert await effects(issued, line(notice="avis-2", cents=400)) == ["applied"]
    assert await account(issued, Account.BANK, DOCTOR) == 50_400


async def test_a_file_read_by_two_at_once_is_booked_once(issued: Repository) -> None:
    read = await asyncio.gather(*(effects(issued, line(), line(2, payee=NURSE)) for _ in range(3)))
    assert sorted(read) == [["applied", "applied"], ["read_before", "read_before"], ["read_before", "read_before"]]
    assert await account(issued, Account.AMO_RECEIVABLE) == 280_000 - 2 * 50_400
    assert len(await stored(issued, "PaymentReconciliation")) == 1


async def test_each_insurer_pays_its_own_part(practice: Repository) -> None:
    await put(practice, contract(**PEPS, amo_share="60 %"))
    await bill(practice, issue=True)
    assert await effects(practice, line(insurer=None)) == ["to_resolve"]
    assert await effects(practice, line(cents=30_240), line(2, insurer="amc", cents=20_160)) == ["applied", "applied"]
    assert await account(practice, Account.AMC_RECEIVABLE) == 112_000 - 20_160
    assert len(await stored(practice, "PaymentReconciliation")) == 2


async def test_a_line_that_came_before_the_invoice_was_issued_is_applied_once_it_is(practice: Repository) -> None:
    await bill(practice, issue=False)
    assert await effects(practice, line()) == ["to_resolve"]
    await bill(practice, issue=True)
    assert await effects(practice, line()) == ["applied"]
    by_code = {task["code"]["coding"][0]["code"]: task["status"] for task in await stored(practice, "Task")}
    assert by_code == {"return-line-to-resolve": "completed", "return-line-applied": "completed"}


async def test_an_answer_written_by_somebody_else_answers_nothing(issued: Repository) -> None:
    await returned(issued, line())
    [task] = await stored(issued, "Task", ("focus", INVOICE))
    await put(issued, {**task, "id": "autre", "input": [i for i in task["input"] if "valueDate" not in i]})
    assert await effects(issued, line(payee=NURSE)) == ["applied"]


async def verified(repository: Repository) -> tuple[int, str]:
    checked = await replay_invoices(repository, "Organization/msp", lambda _count: None)
    return checked.count, checked.fault or ""


async def tamper(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(f"SET session_replication_role = replica; {statement}")
    await connection.close()


async def test_an_invoice_and_its_answers_are_found_in_the_ledger(issued: Repository) -> None:
    rejection = line(2, kind="rejection", payee=NURSE, cents=None, reason_text="patientèle contestée")
    told = line(3, kind="acknowledgement", notice="arl-1", payee=None, insurer=None, cents=None)
    await returned(issued, line(), rejection, told)
    assert await verified(issued) == (1, "")


@pytest.mark.parametrize(
    ("changed", "old", "new", "said"),
    [
        ("Invoice", '"totalNet":{"value":2800.00', '"totalNet":{"value":2900.00', "its participants add up to 280000"),
        ("Invoice", '"value":504.00', '"value":604.00', "its participants add up to 330000"),
        ("Invoice", "99900000000", "99900000099", "is booked for others, or another day, than it says"),
        ("Invoice", '"status":"issued"', '"status":"draft"', "its status is not issued"),
        ("Task", '"value":504.00', '"value":500.00', "€504.00 are booked as payment:Task/"),
    ],
)
async def test_what_a_superuser_changed_is_named(
    issued: Repository, dsn: str, changed: str, old: str, new: str, said: str
) -> None:
    await returned(issued, line())
    where = f"tenant = {issued.tenant} AND resource_type = '{changed}'"
    await tamper(dsn, f"UPDATE resource SET body = replace(body, '{old}', '{new}') WHERE {where}")
    count, fault = await verified(issued)
    assert count == 0
    assert said in fault


async def test_an_invoice_that_is_not_booked_is_named(issued: Repository, dsn: str) -> None:
    await tamper(dsn, f"UPDATE ledger_entry SET key = 'x' || key WHERE tenant = {issued.tenant}")
    assert await verified(issued) == (0, f"{INVOICE}: submission:{INVOICE} is not in the ledger")


async def test_the_report_of_an_audit_counts_invoices_by_parcours_and_month(issued: Repository) -> None:
    await returned(issued, line(), line(2, kind="rejection", payee=NURSE, cents=None))
    [row] = await activity_report(issued, "Organization/msp", ("pathway", "month"))
    assert (row.pathway, row.month) == ("peps", date(2026, 7, 1))
    assert row.amounts == Amounts(claimed=280_000, withdrawn=50_400, paid=50_400)
