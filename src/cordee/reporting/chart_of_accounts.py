"""The accounts of the plan comptable général under which the ledger's are exported; a structure may state its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cordee.exchange.csv_table import read_table
from cordee.exchange.file_problems import FileProblems, Problem
from cordee.exchange.file_text import text_of
from cordee.ledger.model import Account

COLUMNS = ("compte", "numero", "libelle")

_NUMBER = re.compile(r"[1-9]\d{2}[0-9A-Z]{0,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AccountingAccount:
    """A number of the plan comptable général (its first three figures at least) and its name."""

    number: str
    label: str


DEFAULT_CHART: Mapping[Account, AccountingAccount] = {
    Account.AMO_RECEIVABLE: AccountingAccount("411100", "Assurance maladie obligatoire"),
    Account.AMC_RECEIVABLE: AccountingAccount("411200", "Assurance maladie complémentaire"),
    Account.PAYABLE: AccountingAccount("467100", "Professionnels, quotes-parts dues"),
    Account.STRUCTURE: AccountingAccount("706000", "Part de la structure dans les forfaits"),
    Account.RESERVE: AccountingAccount("467900", "Réserve de la convention"),
    Account.BANK: AccountingAccount("512000", "Banque"),
    Account.RECOVERABLE: AccountingAccount("467200", "Professionnels, indus à recouvrer"),
    Account.RECOVERY_DUE: AccountingAccount("467300", "Caisses, indus à rendre"),
}


def read_chart(data: bytes) -> Mapping[Account, AccountingAccount]:
    """The chart with the accounts that a CSV file states in place of the defaults.

    Raises FileProblems with every problem: an account of the ledger that is unknown or stated twice, a number that is
    not one of the plan comptable général.
    """
    faults: list[Problem] = []
    stated: dict[Account, AccountingAccount] = {}
    known = {account.value: account for account in Account}
    for number, cells in read_table(text_of(data), COLUMNS, COLUMNS, faults):
        account = known.get(cells.get("compte", ""))
        if account is None:
            faults.append(Problem(f"inconnu ; écrire {', '.join(known)}", number, "colonne compte"))
        elif account in stated:
            faults.append(Problem(f"{account.value} y est deux fois", number, "colonne compte"))
        if not _NUMBER.fullmatch(cells.get("numero", "")):
            faults.append(Problem("écrire un numéro du plan comptable général, comme 411100", number, "colonne numero"))
        if "libelle" not in cells:
            faults.append(Problem("manque ; le remplir", number, "colonne libelle"))
        if account is not None:
            stated[account] = AccountingAccount(cells.get("numero", ""), cells.get("libelle", ""))
    if faults:
        raise FileProblems(faults)
    return {**DEFAULT_CHART, **stated}
