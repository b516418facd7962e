"""Claims of a fictitious structure, small enough to be written in a test, as records."""

from collections.abc import Mapping
from datetime import date

from cordee.claims.claim_record import ClaimItem, ClaimKind, ClaimRecord, ClaimTag
from cordee.claims.lifecycle import Family
from cordee.claims.payees import PayeeKind
from cordee.pathways.convention import PayeeMode
from cordee.pathways.model import Validity

STRUCTURE = "Organization/structure"
STRUCTURE_IDENTIFIER = "https://finess.esante.gouv.fr|990000001"
ROOT = "structure:essai:plan-1:seq-1"
DAY = date(2026, 11, 2)


def payee(number: int) -> str:
    """The identifier of a fictitious professional."""
    return f"https://rpps.esante.gouv.fr|1000000000{number}"


def item(sequence: int, amo: int, amc: int = 0, *, who: str | None = None, kind: PayeeKind = "member") -> ClaimItem:
    """A quote-part; its payee is the professional of the same number unless `who` says another."""
    identifier = payee(sequence) if who is None else who
    return ClaimItem(
        sequence=sequence,
        kind=kind,
        payee=identifier,
        name=f"Professionnel {sequence}",
        reference=f"PractitionerRole/{sequence}",
        cents=amo + amc,
        amo=amo,
        amc=amc,
        sessions=(f"Encounter/{sequence}",),
    )


def claim(
    *items: ClaimItem,
    identifier: str = ROOT,
    kind: ClaimKind = "forfait",
    tag: ClaimTag = "submitted",
    original: str | None = None,
    payee_mode: PayeeMode = "direct_by_caisse",
) -> ClaimRecord:
    """A Claim that asks for these quote-parts."""
    return ClaimRecord(
        reference=f"Claim/{identifier}",
        version=1,
        identifier=identifier,
        kind=kind,
        tag=tag,
        structure=STRUCTURE,
        patient="Patient/1",
        care_plan="CarePlan/plan-1",
        pathway="essai",
        pathway_version="1",
        convention="https://cordee.example/convention|essai",
        convention_version="1",
        forfait="seq-1",
        period=Validity(date(2026, 7, 1), date(2026, 10, 31)),
        created=DAY,
        payee_mode=payee_mode,
        items=items,
        total=sum(one.cents for one in items),
        original=original,
        evidence_versions=("CarePlan/plan-1/_history/1",),
    )


def mirrored(original: ClaimRecord, identifier: str, tag: ClaimTag = "submitted") -> ClaimRecord:
    """The credit of a Claim."""
    items = tuple(
        ClaimItem(i.sequence, i.kind, i.payee, i.name, i.reference, -i.cents, -i.amo, -i.amc, i.sessions)
        for i in original.items
    )
    mode = original.payee_mode
    return claim(*items, identifier=identifier, kind="credit", tag=tag, original=original.reference, payee_mode=mode)


def family(*claims: ClaimRecord) -> Family:
    """A family of Claims, none of them answered yet."""
    by_reference: Mapping[str, ClaimRecord] = {one.reference: one for one in claims}
    return Family(by_reference, {}, frozenset({STRUCTURE_IDENTIFIER}))
