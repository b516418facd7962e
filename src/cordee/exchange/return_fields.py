"""The fields of a return file, under their CSV and JSON names, and what each kind of line has."""

from dataclasses import dataclass
from typing import Literal

from cordee.claims.returns import Insurer, ReturnKind

FORMAT = "cordee.return/1"

FieldName = Literal[
    "kind",
    "notice",
    "day",
    "claim",
    "payee",
    "insurer",
    "amount",
    "currency",
    "reason_code",
    "reason_text",
    "liable",
]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its heading in CSV, its member in JSON."""

    name: FieldName
    column: str
    member: str


FIELDS = (
    Field("kind", "type", "kind"),
    Field("notice", "avis", "notice"),
    Field("day", "date", "day"),
    Field("claim", "facture", "claim"),
    Field("payee", "beneficiaire", "payee"),
    Field("insurer", "assureur", "insurer"),
    Field("amount", "montant", "amount"),
    Field("currency", "devise", "currency"),
    Field("reason_code", "motif_code", "reasonCode"),
    Field("reason_text", "motif_libelle", "reasonText"),
    Field("liable", "responsable", "liable"),
)

KINDS: dict[ReturnKind, str] = {
    "acknowledgement": "accuse_reception",
    "technical_refusal": "refus_technique",
    "payment": "paiement",
    "rejection": "rejet",
    "recovery": "indu",
}
"""The word of each kind in CSV; JSON has the kind itself."""

INSURERS: dict[Insurer, str] = {"amo": "AMO", "amc": "AMC"}

ALWAYS: tuple[FieldName, ...] = ("kind", "notice", "day", "claim")
OF_A_QUOTE_PART: tuple[FieldName, ...] = ("payee", "insurer", "amount")

QUOTE_PART_KINDS: frozenset[ReturnKind] = frozenset({"payment", "rejection", "recovery"})
"""Kinds of line about one quote-part and one insurer; the others are about the whole Claim."""

REASONED_KINDS: frozenset[ReturnKind] = frozenset({"technical_refusal", "rejection", "recovery"})
"""Kinds of line that give a reason: a code, a text, or both."""
