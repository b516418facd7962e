"""A line of what a caisse answers, whatever the file it came in: acknowledgements, payments, rejections, recoveries."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Insurer = Literal["amo", "amc"]
"""Who pays: the compulsory insurance (assurance maladie obligatoire) or the complementary one."""

ReturnKind = Literal["acknowledgement", "technical_refusal", "payment", "rejection", "recovery"]


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """One line of a return file, read and checked; `number` is where it stands in the file (the first is 1).

    `notice` is the caisse's own reference of what the line belongs to (acknowledgement, payment notice, indu); with
    the other fields but `number` it says which line it is, in whichever file it comes again. `claim` is the value of
    the identifier of the Claim or Invoice, `payee` that of a quote-part's (`system|value`): a `payment`, `rejection`
    or `recovery` names both; an `acknowledgement` and a `technical_refusal` speak of the whole and name neither
    `payee`, `insurer` nor `cents`.

    `cents` is never negative: what is paid, refused or to be given back; on a credit, what the caisse takes back.
    `liable` is, in a `recovery`, who is at the origin of the breach (L. 133-4 CSS) when it is not `payee`, who was
    paid.
    """

    number: int
    kind: ReturnKind
    notice: str
    day: date
    claim: str
    payee: str | None = None
    insurer: Insurer | None = None
    cents: int | None = None
    reason_code: str | None = None
    reason_text: str | None = None
    liable: str | None = None
