"""Claims of a fictitious structure, built from (name, AMO cents, AMC cents)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from cordee.claims.claim_record import ClaimItem, ClaimRecord
from cordee.pathways.convention import Party
from cordee.pathways.model import Validity

RPPS = "https://rpps.esante.gouv.fr"
STRUCTURE = Party("https://finess.esante.gouv.fr|990000001", "Maison de santé des Essais")
CAISSE = Party("https://cordee.example/caisse|9", "CPAM fictive")


def claim_item(sequence: int, name: str, amo: int, amc: int = 0, **changed: Any) -> ClaimItem:
    """A member's quote-part."""
    item = ClaimItem(
        sequence=sequence,
        kind="member",
        payee=f"{RPPS}|{name}",
        name=f"Nom fictif {name}",
        reference=f"PractitionerRole/{name}",
        cents=amo + amc,
        amo=amo,
        amc=amc,
        sessions=(f"Encounter/{name}-1",),
    )
    return replace(item, **changed)


def claim_record(number: int, parts: Iterable[tuple[str, int, int]], **changed: Any) -> ClaimRecord:
    """A submitted Claim of the séquence of July 2026; `changed` replaces any of its fields."""
    items = tuple(claim_item(sequence, *part) for sequence, part in enumerate(parts, 1))
    record = ClaimRecord(
        reference=f"Claim/c{number}",
        version=2,
        identifier=f"structure:essai:plan-{number}:mois",
        kind="forfait",
        tag="submitted",
        structure="Organization/structure",
        patient=f"Patient/p{number}",
        care_plan=f"CarePlan/plan-{number}",
        pathway="essai",
        pathway_version="1",
        convention="https://cordee.example/convention|essai",
        convention_version="3",
        forfait="mois",
        period=Validity(date(2026, 7, 1), date(2026, 7, 31)),
        created=date(2026, 8, 3),
        payee_mode="via_structure",
        items=items,
        total=sum(item.cents for item in items),
        original=None,
        evidence_versions=(),
    )
    return replace(record, **changed)
