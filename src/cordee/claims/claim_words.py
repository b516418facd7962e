"""The French words for what a Claim is and where it stands, the same in every file and document."""

from cordee.claims.claim_record import ClaimKind
from cordee.claims.lifecycle import StateCode
from cordee.claims.payees import PayeeKind
from cordee.pathways.convention import PayeeMode

CLAIM_KINDS: dict[ClaimKind, str] = {
    "forfait": "forfait",
    "credit": "avoir",
    "replacement": "facture rectificative",
    "resubmission": "nouvelle présentation",
}

PAYEE_KINDS: dict[PayeeKind, str] = {
    "member": "membre du cercle de soins",
    "structure": "structure",
    "organization": "organisation",
    "practitioner": "professionnel",
    "reserve": "réserve",
}

PAYEE_MODES: dict[PayeeMode, str] = {
    "direct_by_caisse": "par la caisse",
    "via_structure": "par la structure",
}

CLAIM_STATES: dict[StateCode, str] = {
    "draft": "brouillon",
    "ready": "prête",
    "submitted": "transmise",
    "acknowledged": "reçue par la caisse",
    "refused_technically": "refusée techniquement",
    "paid": "payée",
    "partly_paid": "payée en partie",
    "rejected": "rejetée",
    "partly_rejected": "rejetée en partie",
    "corrected": "corrigée",
    "cancelled": "annulée",
}

_CREDIT_STATES: dict[StateCode, str] = {
    "draft": "brouillon",
    "ready": "prêt",
    "submitted": "transmis",
    "acknowledged": "reçu par la caisse",
    "paid": "repris par la caisse",
    "partly_paid": "repris en partie",
}


def state_in_french(kind: ClaimKind, state: StateCode) -> str:
    """The word for a state: what is paid of a credit is what the caisse took back."""
    return _CREDIT_STATES.get(state, CLAIM_STATES[state]) if kind == "credit" else CLAIM_STATES[state]
