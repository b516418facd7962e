"""Credit transfers: to the cent, to the right account, never twice, and only where the structure pays."""

from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any

import pytest
from lxml import etree
from stdnum import iban
from tests.claim_records import RPPS, STRUCTURE

from cordee.exchange.bank_accounts import BankAccount, read_bank_accounts
from cordee.exchange.credit_transfers import Transfer, TransferError, Version, credit_transfers
from cordee.exchange.file_problems import FileProblems


def fictitious_iban(number: int) -> str:
    """An IBAN of a bank code that is nobody's, with right check digits."""
    body = f"FR0000000000{number:014d}9"[4:]
    return f"FR{iban.calc_check_digits('FR00' + body)}{body}"


ACCOUNTS = {
    STRUCTURE.identifier: BankAccount("Maison de santé des Essais", fictitious_iban(1)),
    f"{RPPS}|A": BankAccount("Élodie Fictive & associés", fictitious_iban(2), "AAAAFRPPXXX"),
    f"{RPPS}|B": BankAccount("Łukasz Fictif", fictitious_iban(3)),
}
A = Transfer("PaymentNotice/2b0f9a4e-0000-4000-8000-00000000000a", f"{RPPS}|A", "Fictive", 22_520, "Mois d'essai n°1")
B = Transfer("PaymentNotice/n-2", f"{RPPS}|B", "Fictif", 5, "Mois d'essai")


def written(*transfers: Transfer, version: Version = "pain.001.001.09", **changed: Any) -> bytes:
    stated: dict[str, Any] = {
        "structure": STRUCTURE,
        "accounts": ACCOUNTS,
        "executed_on": date(2026, 10, 5),
        "written_at": datetime(2026, 10, 2, 9, 30, tzinfo=UTC),
    }
    return credit_transfers(transfers, version=version, **(stated | changed))


def texts(data: bytes, name: str) -> list[str]:
    return [element.text for element in etree.fromstring(data).iter(f"{{*}}{name}")]


@pytest.mark.parametrize("version", ["pain.001.001.09", "pain.001.001.03"])
def test_the_file_follows_its_published_schema(version: Version) -> None:
    schema = etree.XMLSchema(etree.parse(str(files("sepaxml").joinpath("schemas", f"{version}.xsd"))))
    schema.assertValid(etree.fromstring(written(A, B, version=version)))


def test_each_transfer_is_one_notice_and_they_add_up() -> None:
    data = written(A, B)
    assert texts(data, "EndToEndId") == ["2b0f9a4e00004000800000000000000a", "n-2"]
    assert texts(data, "InstdAmt") == ["225.20", "0.05"]
    assert texts(data, "CtrlSum") == ["225.25", "225.25"]
    assert texts(data, "NbOfTxs") == ["2", "2"]
    assert texts(data, "IBAN") == [fictitious_iban(1), fictitious_iban(2), fictitious_iban(3)]
    assert texts(data, "Dt") == ["2026-10-05"]


def test_names_are_written_in_the_characters_of_sepa() -> None:
    data = written(A, B)
    assert texts(data, "Nm") == [
        "Maison de sante des Essais",
        "Maison de sante des Essais",
        "Elodie Fictive associes",
        "Lukasz Fictif",
    ]
    assert data.isascii()


def test_a_bank_that_is_not_named_is_said_to_be_so() -> None:
    assert texts(written(A), "Id").count("NOTPROVIDED") == 1


def test_the_same_transfers_have_the_same_message_identity_in_any_order() -> None:
    assert texts(written(A, B), "MsgId") == texts(written(B, A), "MsgId")
    assert written(A, B) == written(B, A)
    assert texts(written(A), "MsgId") != texts(written(replace(A, cents=1)), "MsgId")


@pytest.mark.parametrize(
    ("transfers", "changed", "said"),
    [
        ((), {}, "aucune redistribution à virer ; là où la caisse paie chaque professionnel"),
        ((replace(A, payee="x|C", name="Sans Compte"),), {}, r"Sans Compte \(x\|C\) n'a pas d'IBAN"),
        ((A,), {"structure": replace(STRUCTURE, identifier="x|s")}, r"Essais \(x\|s\) n'a pas d'IBAN"),
        ((replace(A, cents=0),), {}, "au moins un centime"),
        ((A, A), {}, "y est deux fois"),
        ((replace(A, notice="PaymentNotice/" + "x" * 36),), {}, "dépasse 35 caractères"),
    ],
)
def test_what_can_not_be_transferred_is_refused_by_name(
    transfers: tuple[Transfer, ...], changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(TransferError, match=said):
        written(*transfers, **changed)


def test_every_payee_without_account_is_named_at_once() -> None:
    with pytest.raises(TransferError) as refused:
        written(replace(A, payee="x|1"), replace(B, payee="x|2"))
    assert len(refused.value.problems) == 2


def accounts_file(*rows: str) -> bytes:
    return "\n".join(["beneficiaire;titulaire;iban;bic", *rows]).encode()


def test_accounts_are_read_from_a_file_of_the_structure() -> None:
    spaced = iban.format(fictitious_iban(2))
    found = read_bank_accounts(accounts_file(f"{RPPS}|A;Élodie Fictive;{spaced};aaaafrpp", f"{RPPS}|B;B;{spaced};"))
    assert found[f"{RPPS}|A"] == BankAccount("Élodie Fictive", fictitious_iban(2), "AAAAFRPP")
    assert found[f"{RPPS}|B"].bic is None


def test_wrong_accounts_are_told_at_once_and_no_iban_is_repeated() -> None:
    good = fictitious_iban(2)
    wrong = good[:-1] + ("8" if good[-1] == "9" else "9")
    rows = (f"{RPPS}|A;A;{wrong};", f"{RPPS}|B;;{good};x", f"{RPPS}|C;C;{good};", f"{RPPS}|C;C;{good};")
    with pytest.raises(FileProblems) as refused:
        read_bank_accounts(accounts_file(*rows))
    said = [str(problem) for problem in refused.value.problems]
    assert [line.partition(" : ")[0] for line in said] == [
        "ligne 2, colonne iban",
        "ligne 3, colonne titulaire",
        "ligne 3, colonne bic",
        "ligne 5, colonne beneficiaire",
    ]
    assert wrong not in "".join(said)
    assert good not in repr(BankAccount("x", good))
