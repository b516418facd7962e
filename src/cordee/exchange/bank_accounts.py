"""Where money is sent: a file kept by the structure, given at the command, never stored in the record.

An IBAN is never repeated in full in a message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stdnum import bic, iban
from stdnum.exceptions import ValidationError

from cordee.exchange.csv_table import read_table
from cordee.exchange.file_problems import FileProblems, Problem
from cordee.exchange.file_text import text_of
from cordee.exchange.return_values import read_party

COLUMNS = ("beneficiaire", "titulaire", "iban", "bic")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account: `holder` is the name the bank knows; `bic` may be left out inside of the SEPA zone."""

    holder: str
    iban: str = field(repr=False)
    bic: str | None = None


def read_bank_accounts(data: bytes) -> Mapping[str, BankAccount]:
    """The accounts by payee (`system|value`), the structure's own among them.

    Raises FileProblems with every problem.
    """
    faults: list[Problem] = []
    accounts: dict[str, BankAccount] = {}
    for number, cells in read_table(text_of(data), COLUMNS, {"beneficiaire", "titulaire", "iban"}, faults):
        before = len(faults)
        for column, check in (("beneficiaire", read_party), ("titulaire", str), ("iban", _iban), ("bic", _bic)):
            try:
                if column in cells:
                    check(cells[column])
                elif column != "bic":
                    faults.append(Problem("manque ; le remplir", number, f"colonne {column}"))
            except ValueError as fault:
                faults.append(Problem(str(fault), number, f"colonne {column}"))
        if len(faults) > before:
            continue
        payee = cells["beneficiaire"]
        if payee in accounts:
            faults.append(Problem(f"{payee} a déjà un compte plus haut ; en garder un", number, "colonne beneficiaire"))
        written_bic = _bic(cells["bic"]) if "bic" in cells else None
        accounts[payee] = BankAccount(cells["titulaire"], _iban(cells["iban"]), written_bic)
    if faults:
        raise FileProblems(faults)
    return accounts


def _iban(text: str) -> str:
    try:
        return iban.validate(text)
    except ValidationError:
        compact = iban.compact(text)
        raise ValueError(
            f"IBAN {compact[:4]}…{compact[-3:]} inexact (clé, longueur ou pays) ; le recopier du RIB"
        ) from None


def _bic(text: str) -> str:
    try:
        return bic.validate(text)
    except ValidationError:
        raise ValueError(f"BIC {text!r} inexact ; le recopier du RIB, ou laisser vide") from None
