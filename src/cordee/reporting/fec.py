"""The ledger as the legal accounting file, FEC (fichier des écritures comptables, article A. 47 A-1 LPF)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo

from stdnum.exceptions import ValidationError
from stdnum.fr import siren

from cordee.claims import canonical
from cordee.ledger.chain import ChainedEntry
from cordee.ledger.model import Account, Event, LedgerLine
from cordee.pathways.model import Validity
from cordee.pathways.money import euros
from cordee.reporting.chart_of_accounts import DEFAULT_CHART, AccountingAccount

COLUMNS = (
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
)
"""The 18 columns, in the order of the article."""

_CLAIMS, _BANK, _RECOVERIES = ("FAC", "Facturation"), ("BQ", "Banque"), ("IND", "Indus")

JOURNALS: Mapping[Event, tuple[str, str]] = {
    Event.SUBMISSION: _CLAIMS,
    Event.TECHNICAL_REFUSAL: _CLAIMS,
    Event.REJECTION: _CLAIMS,
    Event.CORRECTION: _CLAIMS,
    Event.PAYMENT: _BANK,
    Event.REDISTRIBUTION: _BANK,
    Event.INDU: _RECOVERIES,
    Event.RECOVERY: _RECOVERIES,
}

_REGISTERS = {
    "https://rpps.esante.gouv.fr": "RPPS",
    "https://finess.esante.gouv.fr": "FINESS",
    canonical.CPAM_NUMBER: "CPAM",
}
_SEPARATORS = re.compile(r"[\s|]+")


def fec_name(siren_number: str, closing: date) -> str:
    """The legal name of the file. Raises ValueError for a number that is not a SIREN."""
    try:
        return f"{siren.validate(siren_number)}FEC{closing:%Y%m%d}.txt"
    except ValidationError:
        raise ValueError(f"{siren_number} n'est pas un SIREN : neuf chiffres, clé comprise") from None


@dataclass
class FecWriter:
    """Writes a structure's entries, given in the order of its ledger, as the FEC of one exercise.

    Those booked on other days are left out. `names` are the payees' names by identifier, `zone` that of the structure,
    in which the day an entry was recorded (its validation, since none can be changed after) is told. `entries`, `debit`
    and `credit` (cents) are what was written so far.
    """

    exercise: Validity
    zone: tzinfo
    chart: Mapping[Account, AccountingAccount] = field(default_factory=lambda: DEFAULT_CHART)
    names: Mapping[str, str] = field(default_factory=dict)
    entries: int = 0
    debit: int = 0
    credit: int = 0

    def header(self) -> bytes:
        """The first line."""
        return _line(COLUMNS)

    def lines(self, chained: ChainedEntry) -> bytes:
        """The lines of one entry: nothing when it is of another exercise."""
        entry = chained.entry
        if not self.exercise.covers(entry.booked_on):
            return b""
        self.entries += 1
        recorded = chained.recorded_at.astimezone(self.zone).date()
        before = (*JOURNALS[entry.event], str(self.entries), _day(entry.booked_on))
        piece = (entry.claim or entry.key, _day(entry.booked_on), entry.label)
        written = bytearray()
        for line in entry.lines:
            self.debit += line.debit
            self.credit += line.credit
            account = self.chart[line.account]
            amounts = (_amount(line.debit), _amount(line.credit))
            written += _line(
                (
                    *before,
                    account.number,
                    account.label,
                    *self._auxiliary(line),
                    *piece,
                    *amounts,
                    "",
                    "",
                    _day(recorded),
                    "",
                    "",
                )
            )
        return bytes(written)

    def _auxiliary(self, line: LedgerLine) -> tuple[str, str]:
        """The third party of a line: who is paid or liable; none for the bank and what the insurers owe."""
        party = line.liable if line.account is Account.RECOVERY_DUE else line.payee
        if party is None:
            return "", ""
        system, _, value = party.rpartition("|")
        number = f"{_REGISTERS[system]}{value}" if system in _REGISTERS else party
        return number, self.names.get(party) or number


def _line(cells: tuple[str, ...]) -> bytes:
    """Cells between tabulations; a separator inside of one becomes a space."""
    return ("\t".join(_SEPARATORS.sub(" ", cell).strip() for cell in cells) + "\r\n").encode()


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _amount(cents: int) -> str:
    return f"{euros(cents):f}".replace(".", ",")
