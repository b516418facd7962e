"""A bordereau from the Claims that were submitted together."""

from collections.abc import Sequence
from datetime import date

from cordee.claims import canonical
from cordee.claims.fhir_claim_record import claim_record_from_claim, supporting_information_of
from cordee.claims.fhir_datatypes import Element
from cordee.claims.submission_gates import bordereau_of
from cordee.exchange.bordereau import Bordereau, BordereauClaim, BordereauError, bordereau
from cordee.exchange.stored_claims import party_of, read_by_reference, read_structure, sealed_pages
from cordee.identity.ins import qualified_ins
from cordee.pathways.convention import Party
from cordee.store.reader import Reader


async def read_bordereau(
    reader: Reader, structure: str, on: date, *, insurer: str | None = None, with_ins: bool = False
) -> Bordereau:
    """The bordereau of what a structure (an Organization's id) submitted on a day.

    `insurer` (`system|value`) keeps to one caisse, where there are several. With `with_ins`, the patients' INS go out:
    the caisse needs them, nobody else does; a patient whose identity is not qualified is refused.

    Raises NotFound, EvidenceError for a Claim that can't be read, and BordereauError with every problem.
    """
    organization = await read_structure(reader, structure)
    number = bordereau_of(f"Organization/{structure}", on)
    found = [
        claim
        async for page in sealed_pages(reader, "Claim", [("identifier", f"{canonical.BORDEREAU}|{number}")])
        for claim in page
    ]
    insurers = {_party(claim["insurer"]) for claim in found if "insurer" in claim}
    chosen = sorted((party for party in insurers if insurer in (None, party.identifier)), key=lambda p: p.identifier)
    if len(chosen) > 1:
        names = ", ".join(f"{party.name} ({party.identifier})" for party in chosen)
        raise BordereauError((f"un bordereau par caisse ; celui-ci en a {len(chosen)} : {names}",))
    if not chosen:
        raise BordereauError((f"aucune facture transmise le {on:%d/%m/%Y} par {structure} ; la transmettre d'abord",))
    kept = [claim for claim in found if "insurer" in claim and _party(claim["insurer"]) == chosen[0]]
    ins = await _ins(reader, kept) if with_ins else {}
    return bordereau(number, party_of(organization), chosen[0], on, [_claim(claim, ins) for claim in kept])


def _claim(claim: Element, ins: dict[str, str]) -> BordereauClaim:
    record = claim_record_from_claim(claim)
    label = supporting_information_of(claim).get("sequence", {}).get("code", {}).get("text")
    return BordereauClaim(record, label or record.forfait, ins.get(record.patient))


def _party(reference: Element) -> Party:
    named = reference.get("identifier", {})
    return Party(f"{named.get('system', '')}|{named.get('value', '')}", reference.get("display", ""))


async def _ins(reader: Reader, claims: Sequence[Element]) -> dict[str, str]:
    references = sorted({claim["patient"]["reference"] for claim in claims})
    patients = await read_by_reference(reader, references)
    found = {reference: qualified_ins(patient) for reference, patient in patients.items()}
    lacking = [reference for reference in references if not found.get(reference)]
    if lacking:
        fix = "n'a pas d'INS d'identité qualifiée ; la qualifier, ou exporter sans les INS"
        raise BordereauError(tuple(f"{reference} {fix}" for reference in lacking))
    return {reference: ins for reference, ins in found.items() if ins}
