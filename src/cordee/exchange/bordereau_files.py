"""A bordereau as JSON (`bordereau.schema.json`) and as CSV, one line a quote-part."""

from importlib.resources import files
from typing import Any

import orjson

from cordee.claims.claim_record import ClaimItem
from cordee.claims.claim_words import CLAIM_KINDS, PAYEE_KINDS, PAYEE_MODES
from cordee.exchange.bordereau import Bordereau, BordereauClaim, Sum, added
from cordee.exchange.french_csv import Amount, Cell, french_csv
from cordee.pathways.convention import Party
from cordee.pathways.money import euros

FORMAT = "cordee.bordereau/1"

CSV_COLUMNS = (
    "bordereau",
    "facture",
    "nature",
    "facture_rectifiee",
    "parcours",
    "forfait",
    "libelle",
    "du",
    "au",
    "patient",
    "ins",
    "convention",
    "version_convention",
    "paiement",
    "ligne",
    "type_beneficiaire",
    "beneficiaire",
    "nom",
    "seances",
    "amo",
    "amc",
    "quote_part",
    "devise",
)


def bordereau_schema() -> bytes:
    """The JSON Schema of `bordereau_json`."""
    return files(__package__).joinpath("bordereau.schema.json").read_bytes()


def bordereau_json(bordereau: Bordereau) -> bytes:
    """The bordereau as JSON; amounts are texts with two decimals, so that no reader makes floats of them."""
    written = {
        "format": FORMAT,
        "number": bordereau.number,
        "issuedOn": bordereau.issued_on.isoformat(),
        "currency": "EUR",
        "structure": _party(bordereau.structure),
        "insurer": _party(bordereau.insurer),
        "claims": [_claim(claim) for claim in bordereau.claims],
        "payees": [
            {"payee": total.payee, "kind": total.kind, "name": total.name, "quoteParts": total.parts, **_sum(total.sum)}
            for total in bordereau.payees
        ],
        "totals": {
            "claims": len(bordereau.claims),
            "quoteParts": sum(len(claim.record.items) for claim in bordereau.claims),
            **_sum(bordereau.total),
        },
    }
    return orjson.dumps(written, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def bordereau_csv(bordereau: Bordereau) -> bytes:
    """The bordereau as CSV, in French: CSV_COLUMNS, one line a quote-part."""
    rows = (_row(bordereau.number, claim, item) for claim in bordereau.claims for item in claim.record.items)
    return french_csv(CSV_COLUMNS, rows)


def _claim(claim: BordereauClaim) -> dict[str, Any]:
    record = claim.record
    patient = {"reference": record.patient} | ({"ins": claim.ins} if claim.ins is not None else {})
    return {
        "identifier": record.identifier,
        "reference": record.reference,
        "kind": record.kind,
        **({"corrects": record.original} if record.original is not None else {}),
        "created": record.created.isoformat(),
        "pathway": record.pathway,
        "pathwayVersion": record.pathway_version,
        "convention": record.convention,
        "conventionVersion": record.convention_version,
        "forfait": record.forfait,
        "label": claim.label,
        "period": {
            "start": record.period.first.isoformat(),
            **({"end": record.period.last.isoformat()} if record.period.last is not None else {}),
        },
        "patient": patient,
        "payeeMode": record.payee_mode,
        "quoteParts": [
            {
                "sequence": item.sequence,
                "payee": item.payee,
                "kind": item.kind,
                "name": item.name,
                "sessions": len(item.sessions),
                **_sum(Sum(item.cents, item.amo, item.amc)),
            }
            for item in record.items
        ],
        **_sum(added(record.items)),
    }


def _row(number: str, claim: BordereauClaim, item: ClaimItem) -> tuple[Cell, ...]:
    record = claim.record
    return (
        number,
        record.identifier,
        CLAIM_KINDS[record.kind],
        record.original,
        record.pathway,
        record.forfait,
        claim.label,
        record.period.first,
        record.period.last,
        record.patient,
        claim.ins,
        record.convention,
        record.convention_version,
        PAYEE_MODES[record.payee_mode],
        item.sequence,
        PAYEE_KINDS[item.kind],
        item.payee,
        item.name,
        len(item.sessions),
        Amount(item.amo),
        Amount(item.amc),
        Amount(item.cents),
        "EUR",
    )


def _party(party: Party) -> dict[str, str]:
    return {"identifier": party.identifier, "name": party.name}


def _sum(sums: Sum) -> dict[str, str]:
    return {"amo": f"{euros(sums.amo):f}", "amc": f"{euros(sums.amc):f}", "amount": f"{euros(sums.cents):f}"}
