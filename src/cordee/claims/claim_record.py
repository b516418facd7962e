"""What is asked of a caisse, as the rest of its life needs it: who is to be paid which cents, by which insurer."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from cordee.claims.payees import PayeeKind
from cordee.pathways.convention import PayeeMode
from cordee.pathways.model import Validity

ClaimKind = Literal["forfait", "credit", "replacement", "resubmission"]

ClaimTag = Literal["draft", "ready", "submitted"]
"""The state a Claim itself carries; what comes after is in the answers to it."""


@dataclass(frozen=True, slots=True)
class ClaimItem:
    """A quote-part claimed: `amo` + `amc` = `cents`, all negative in a credit.

    `payee` is the business identifier (`system|value`), `reference` the resource that is paid, None for somebody only
    the convention names. `profession` is its code in its system (`system|code`), None for one who has none.
    """

    sequence: int
    kind: PayeeKind
    payee: str
    name: str
    reference: str | None
    cents: int
    amo: int
    amc: int
    sessions: tuple[str, ...]
    profession: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What a structure asks a caisse to pay, a Claim or an Invoice: all that answers and bookings need of it.

    `structure` is a reference, `version` 0 for what was not stored yet. An Invoice is a forfait, `submitted` once it is
    issued.
    """

    reference: str
    version: int
    identifier: str
    kind: ClaimKind
    tag: ClaimTag
    structure: str
    payee_mode: PayeeMode
    items: tuple[ClaimItem, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ClaimRecord(PaymentRequest):
    """A Claim of the project. `original` is the Claim a credit, replacement or resubmission is about.

    `patient` and `care_plan` are references, `forfait` the code of what fell due in the plan.
    """

    patient: str
    care_plan: str
    pathway: str
    pathway_version: str
    convention: str
    convention_version: str
    forfait: str
    period: Validity
    created: date
    original: str | None
    evidence_versions: tuple[str, ...]
