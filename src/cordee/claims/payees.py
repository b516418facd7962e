"""Who a quote-part goes to: members of the circle, and those the convention names."""

from dataclasses import dataclass
from typing import Literal

from cordee.claims.agreement import Agreement
from cordee.claims.evidence import Code, Member
from cordee.pathways.split_rules import STRUCTURE

PayeeKind = Literal["member", "structure", "organization", "practitioner", "reserve"]


@dataclass(frozen=True, slots=True)
class Payee:
    """`identifier` is `system|value`; `reference` is None for somebody only the convention names.

    The reserve has the structure's identifier and reference.
    """

    kind: PayeeKind
    key: str
    identifier: str
    name: str
    profession: Code | None
    reference: str | None


def member_payee(member: Member) -> Payee:
    """A member of the care circle as a payee."""
    return Payee("member", member.key, member.identifier, member.name, member.profession, member.reference)


def beneficiaries(agreement: Agreement) -> dict[str, Payee]:
    """The payees of the off-the-top steps by code; one who is the structure or a member is that one payee."""
    structure = agreement.structure
    own = agreement.convention.structure.identifier
    itself = Payee("structure", STRUCTURE, own, structure.name, None, structure.reference)
    found = {STRUCTURE: itself}
    for beneficiary in agreement.convention.beneficiaries:
        party = beneficiary.party
        same = sorted((m for m in agreement.circle.members if party.identifier in m.identifiers), key=lambda m: m.key)
        if party.identifier in structure.identifiers:
            found[beneficiary.code] = itself
        elif same:
            found[beneficiary.code] = member_payee(same[0])
        else:
            kind: PayeeKind = "organization" if beneficiary.organization else "practitioner"
            found[beneficiary.code] = Payee(kind, beneficiary.code, party.identifier, party.name, None, None)
    return found


def residue_keeper(agreement: Agreement) -> Payee | None:
    """Who keeps what no step gave: the structure, its reserve, or nobody since it is not billed."""
    structure, own = agreement.structure, agreement.convention.structure.identifier
    match agreement.convention.residue:
        case "structure":
            return beneficiaries(agreement)[STRUCTURE]
        case "reserve":
            return Payee("reserve", "reserve", own, f"{structure.name} (réserve)", None, structure.reference)
        case "not_billed":
            return None
