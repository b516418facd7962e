"""A professional's statement: what was claimed for them over a period, and what became of it (no I/O).

Patients appear under a local reference, never under their identity, unless the statement is asked with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cordee.claims.claim_record import ClaimKind
from cordee.pathways.convention import Party, PayeeMode
from cordee.pathways.model import Validity


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One quote-part of the professional; cents throughout, negative in a credit, as are the `acts` counted.

    A resubmission claims again for acts already counted: it has none.
    `paid` is what the caisse paid, `rejected` what it refused and `claimed_back` what it reclaimed (indu). `state` is
    the Claim's, in words; `remark` the reason of a rejection, an indu or a regularisation.
    """

    claim: str
    kind: ClaimKind
    pathway: str
    forfait: str
    period: Validity
    patient: str
    acts: int
    amo: int
    amc: int
    paid: int
    rejected: int
    claimed_back: int
    state: str
    remark: str | None = None

    @property
    def cents(self) -> int:
        """The quote-part."""
        return self.amo + self.amc

    @property
    def awaited(self) -> int:
        """Neither paid nor rejected yet."""
        return self.cents - self.paid - self.rejected


@dataclass(frozen=True, slots=True)
class StatementTotals:
    """The sums of a statement's lines, in cents; `claimed` = `paid` + `rejected` + `awaited`."""

    acts: int
    amo: int
    amc: int
    claimed: int
    paid: int
    rejected: int
    claimed_back: int
    awaited: int


@dataclass(frozen=True, slots=True)
class LedgerBalance:
    """What the ledger says of the professional at the end of a day, in cents.

    `owed` is still to be paid to them, by the caisse or through the structure; `recoverable` they have to give back.
    """

    on: date
    owed: int
    recoverable: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement of one professional of one structure."""

    professional: Party
    profession: str | None
    structure: Party
    payee_mode: PayeeMode
    period: Validity
    issued_on: date
    lines: tuple[StatementLine, ...]
    balance: LedgerBalance | None = None

    @property
    def totals(self) -> StatementTotals:
        """The sums of the lines."""
        return StatementTotals(
            acts=sum(line.acts for line in self.lines),
            amo=sum(line.amo for line in self.lines),
            amc=sum(line.amc for line in self.lines),
            claimed=sum(line.cents for line in self.lines),
            paid=sum(line.paid for line in self.lines),
            rejected=sum(line.rejected for line in self.lines),
            claimed_back=sum(line.claimed_back for line in self.lines),
            awaited=sum(line.awaited for line in self.lines),
        )


def in_order(lines: Iterable[StatementLine]) -> tuple[StatementLine, ...]:
    """The lines as a statement shows them: by pathway, then period, patient and Claim."""
    return tuple(sorted(lines, key=lambda line: (line.pathway, line.period.first, line.patient, line.claim)))


def local_references(patients: Iterable[str]) -> dict[str, str]:
    """A short name for each Patient reference: the first eight characters of its id, or as many as tell them apart.

    It says nothing of who the patient is, outside of the record.
    """
    ids = {reference: reference.rpartition("/")[2] for reference in patients}
    different = len(set(ids.values()))
    length = 8
    while len({identity[:length] for identity in ids.values()}) < different:
        length += 1
    return {reference: identity[:length] for reference, identity in ids.items()}
