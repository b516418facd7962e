"""A return file to begin from: every Claim of a bordereau acknowledged, and every quote-part paid as claimed.

Who answers a bordereau changes the lines that went otherwise; tests and demonstrations take it as it is.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from cordee.claims.claim_record import ClaimRecord
from cordee.claims.returns import Insurer, ReturnLine
from cordee.exchange.bordereau import Bordereau


def paid_as_claimed(bordereau: Bordereau, day: date) -> tuple[ReturnLine, ...]:
    """The lines, numbered as in a CSV file with headings. A credit's amounts are what the caisse takes back."""
    records = [claim.record for claim in bordereau.claims]
    acknowledged = [
        ReturnLine(0, "acknowledgement", f"AR-{bordereau.number}", day, record.identifier) for record in records
    ]
    paid = [line for record in records for line in _payments(record, f"AV-{bordereau.number}", day)]
    return tuple(replace(line, number=number) for number, line in enumerate([*acknowledged, *paid], 2))


def _payments(record: ClaimRecord, notice: str, day: date) -> Iterable[ReturnLine]:
    """One line a payee and insurer: somebody in two professions has one."""
    paid: dict[tuple[str, Insurer], int] = {}
    for item in record.items:
        shares: tuple[tuple[Insurer, int], ...] = (("amo", item.amo), ("amc", item.amc))
        for insurer, cents in shares:
            paid[item.payee, insurer] = paid.get((item.payee, insurer), 0) + abs(cents)
    for (payee, insurer), cents in paid.items():
        if cents:
            yield ReturnLine(0, "payment", notice, day, record.identifier, payee, insurer, cents)
