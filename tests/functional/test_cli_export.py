"""`cordee export`: from Claims submitted to the files of a caisse, a bank, an accountant and the professionals."""

import csv
import io
import json
import os
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pytest
from demo.bundles import bundles
from demo.patients import BILLED_UNTIL
from demo.team import PATHWAY, STRUCTURE, TEAM
from lxml import etree
from pypdf import PdfReader
from stdnum import iban
from tests.functional.conftest import CORDEE

from cordee.claims.answers import apply_returns
from cordee.claims.billing import BillingOrder, bill
from cordee.claims.fhir_contract import contract_from_convention
from cordee.claims.payments import redistribute
from cordee.claims.submission import ready_claims, submit_claims
from cordee.exchange.return_file import read_returns
from cordee.fhir.body import accept
from cordee.ledger.model import Account
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.publication import tenant_pathways
from cordee.pathways.shipped import shipped_pathways
from cordee.store.repository import Repository

SUBMITTED, PAID = date(2026, 9, 2), date(2026, 9, 20)
EXERCISE = ("--from", "2026-01-01", "--to", "2026-12-31")


@dataclass(frozen=True)
class Practice:
    """A maison de santé whose Claims are submitted; it is paid, and pays its professionals."""

    repository: Repository
    dsn: str
    tenant: str
    folder: Path

    def export(self, *arguments: str, structure: str = STRUCTURE) -> "subprocess.CompletedProcess[str]":
        command = [CORDEE, "export", *arguments, "--structure", structure, "--tenant", self.tenant]
        environment = os.environ | {"CORDEE_DATABASE_URL": self.dsn, "COLUMNS": "200", "NO_COLOR": "1"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    def exported(self, name: str, *arguments: str) -> bytes:
        path = self.folder / name
        done = self.export(*arguments, "--output", str(path))
        assert (done.returncode, done.stderr) == (0, "")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [found.name for found in self.folder.iterdir()] == [name]
        content = path.read_bytes()
        path.unlink()
        return content

    async def balance(self, *accounts: Account) -> int:
        balances = await self.repository.ledger.balances(f"Organization/{STRUCTURE}")
        return sum(balance.net for balance in balances if balance.holding.account in accounts)


@pytest.fixture
def nothing_yet(repository: Repository, dsn: str, tenant_name: str, tmp_path: Path) -> Practice:
    """A tenant without anything."""
    return Practice(repository, dsn, tenant_name, tmp_path)


@pytest.fixture
async def practice(nothing_yet: Practice) -> Practice:
    """The demo's Claims, submitted."""
    repository = nothing_yet.repository
    for _, resources in bundles():
        for resource in resources:
            kind = resource["resourceType"]
            written = paid_through_the_structure(resource) if kind == "Contract" else resource
            if kind == "Patient":
                written = with_a_qualified_identity(resource)
            await repository.update(kind, written["id"], accept(orjson.dumps(written), kind))
    order = BillingOrder(PATHWAY.code, BILLED_UNTIL)
    async for _ in bill(repository, order, await tenant_pathways(repository)):
        pass
    async for _ in submit_claims(repository, ready_claims(repository), SUBMITTED):
        pass
    return nothing_yet


def paid_through_the_structure(contract: dict[str, Any]) -> dict[str, Any]:
    text = (Path(__file__).parent.parent.parent / "demo" / "convention.yaml").read_text()
    changed = text.replace("payee_mode: direct_by_caisse", "payee_mode: via_structure")
    convention = read_convention("convention.yaml", changed, shipped_pathways())
    return contract | contract_from_convention(convention, changed)


def with_a_qualified_identity(patient: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(patient).replace('"code": "PROV"', '"code": "VALI"'))


def patient_names() -> list[str]:
    people = [resource for _, resources in bundles() for resource in resources if resource["resourceType"] == "Patient"]
    return [person["name"][0]["family"] for person in people]


def euros(texts: Iterable[str]) -> Decimal:
    return sum((Decimal(text.replace(",", ".")) for text in texts), Decimal(0))


def day(option: str, on: date) -> tuple[str, str]:
    return option, on.isoformat()


async def test_every_form_of_a_bordereau_claims_what_the_ledger_says_is_receivable(practice: Practice) -> None:
    receivable = Decimal(await practice.balance(Account.AMO_RECEIVABLE, Account.AMC_RECEIVABLE)).scaleb(-2)
    assert receivable > 10_000
    options = ("bordereau", *day("--on", SUBMITTED))
    told = json.loads(practice.exported("b.json", *options, "--format", "json"))
    assert Decimal(told["totals"]["amount"]) == receivable
    assert all("ins" not in claim["patient"] for claim in told["claims"])
    table = practice.exported("b.csv", *options, "--format", "csv").decode("utf-8-sig")
    assert euros(row["quote_part"] for row in csv.DictReader(io.StringIO(table), delimiter=";")) == receivable
    sheet = openpyxl.load_workbook(io.BytesIO(practice.exported("b.xlsx", *options)))["Factures"]
    assert Decimal(str(sheet.cell(sheet.max_row, sheet.max_column).value)) == receivable
    named = json.loads(practice.exported("b.json", *options, "--format", "json", "--with-ins"))
    assert all(claim["patient"]["ins"].startswith("urn:oid:1.2.250.1.213.1.4.") for claim in named["claims"])


async def test_from_the_return_file_to_transfers_statements_and_the_accounting_file(practice: Practice) -> None:
    structure = f"Organization/{STRUCTURE}"
    template = practice.exported("r.csv", "return-template", *day("--on", SUBMITTED), *day("--paid-on", PAID))
    outcomes = [o async for o in apply_returns(practice.repository, read_returns(template), "r.csv")]
    assert {outcome.effect for outcome in outcomes} == {"applied"}
    assert await practice.balance(Account.AMO_RECEIVABLE, Account.AMC_RECEIVABLE) == 0
    paid = await redistribute(practice.repository, structure, PAID)

    total = Decimal(sum(one.cents for one in paid)).scaleb(-2)
    accounts = practice.folder / "comptes.csv"
    organization = json.loads((await practice.repository.read("Organization", STRUCTURE)).body)
    own = next(i for i in organization["identifier"])
    payees = [f"{own['system']}|{own['value']}", *(one.payee for one in paid)]
    rows = [f"{payee};Titulaire {n};{fictitious_iban(n)}" for n, payee in enumerate(payees)]
    transfers = ("sepa", *day("--on", PAID), "--accounts", str(accounts), "--output", str(practice.folder / "v.xml"))
    accounts.write_text("\n".join(["beneficiaire;titulaire;iban", *rows[:-1]]))
    refused = practice.export(*transfers)
    assert refused.returncode == 1
    assert f"({payees[-1]}) n'a pas d'IBAN" in refused.stderr
    assert not (practice.folder / "v.xml").exists()
    accounts.write_text("\n".join(["beneficiaire;titulaire;iban", *rows]))
    assert practice.export(*transfers).returncode == 0
    message = etree.fromstring((practice.folder / "v.xml").read_bytes())
    assert euros(e.text for e in message.iter("{*}InstdAmt")) == total
    assert len(list(message.iter("{*}EndToEndId"))) == len(paid)

    done = practice.export("statement", *EXERCISE, "--output", str(practice.folder / "releves"))
    assert done.returncode == 0
    statements = sorted((practice.folder / "releves").iterdir())
    assert len(statements) == len(TEAM)
    text = " ".join(page.extract_text() for page in PdfReader(statements[0]).pages).replace("\u00a0", " ")
    assert "Reste à vous payer : 0,00 €." in text
    assert "payée" in text
    assert not any(name in text for name in patient_names())
    done = practice.export("statement", *EXERCISE, "--output", str(practice.folder / "nommes"), "--with-names")
    named = PdfReader(sorted((practice.folder / "nommes").iterdir())[0])
    assert any(name in named.pages[0].extract_text() for name in patient_names())

    done = practice.export("fec", "--siren", "000000000", *EXERCISE, "--output", str(practice.folder / "fec"))
    assert done.returncode == 0
    (file,) = (practice.folder / "fec").iterdir()
    assert file.name == "000000000FEC20261231.txt"
    booked = list(csv.DictReader(io.StringIO(file.read_text()), delimiter="\t"))
    assert euros(row["Debit"] for row in booked) == euros(row["Credit"] for row in booked)
    bank = [row for row in booked if row["CompteNum"] == "512000"]
    held = euros(row["Debit"] for row in bank) - euros(row["Credit"] for row in bank)
    assert held == Decimal(await practice.balance(Account.BANK)).scaleb(-2)


async def test_what_can_not_be_exported_is_told_and_writes_nothing(nothing_yet: Practice) -> None:
    organization = b'{"resourceType": "Organization", "id": "s", "name": "Structure d\'essai"}'
    await nothing_yet.repository.update("Organization", "s", accept(organization, "Organization"))
    output = ("--output", str(nothing_yet.folder / "out"))
    accounts = nothing_yet.folder / "comptes.csv"
    accounts.write_text("beneficiaire;titulaire;iban\nx|1;A;FR00\nx|2;;\n")
    told = {
        ("nobody", "bordereau", "--on", "2026-01-01"): "Organization/nobody is not stored",
        ("s", "bordereau", "--on", "2026-01-01"): "aucune facture transmise le 01/01/2026",
        ("s", "statement", *EXERCISE): "Aucune quote-part facturée du 01/01/2026 au 31/12/2026",
        ("s", "fec", "--siren", "123", *EXERCISE): "123 n'est pas un SIREN",
        ("s", "fec", "--siren", "000000000", "--from", "2026-02-01", "--to", "2026-01-01"): "précède",
        ("s", "sepa", "--on", "2026-01-01", "--accounts", str(accounts)): "ligne 3, colonne titulaire",
    }
    for (structure, *arguments), said in told.items():
        done = nothing_yet.export(*arguments, *output, structure=structure)
        assert done.returncode in {1, 2}
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert list(nothing_yet.folder.iterdir()) == [accounts]


def fictitious_iban(number: int) -> str:
    body = f"0000000000{number:011d}99"[:23]
    return f"FR{iban.calc_check_digits('FR00' + body)}{body}"
