"""What differs between what was claimed for a forfait and what it comes to now, in words."""

from cordee.claims.claim_record import ClaimItem, ClaimRecord
from cordee.pathways.model import Label
from cordee.pathways.money import in_english, in_french


def is_same_split(claim: ClaimRecord, other: ClaimRecord) -> bool:
    """Whether two Claims ask for the same cents, of the same insurers, for the same payees and sessions."""
    return sorted(map(_claimed_by, claim.items)) == sorted(map(_claimed_by, other.items))


def changes_between(claim: ClaimRecord, now: ClaimRecord | None) -> Label:
    """The sessions and quote-parts that changed; `now` is None when the forfait is not due any more."""
    if now is None:
        return Label("le forfait n'est plus dû", "the forfait is not due any more")
    before, after = _sessions(claim), _sessions(now)
    changes = [
        *(Label(f"{session} ne compte plus", f"{session} does not count any more") for session in before - after),
        *(Label(f"{session} compte désormais", f"{session} counts now") for session in after - before),
    ]
    parts, now_parts = _by_payee(claim), _by_payee(now)
    for payee in sorted(parts.keys() | now_parts.keys()):
        old, new = parts.get(payee, 0), now_parts.get(payee, 0)
        if old != new:
            changes.append(
                Label(
                    f"quote-part de {payee} : {in_french(old)} → {in_french(new)}",
                    f"quote-part of {payee}: {in_english(old)} → {in_english(new)}",
                )
            )
    if not changes:
        return Label("les mêmes séances donnent une autre répartition", "the same sessions give another split")
    changes.sort(key=lambda change: change.fr)
    return Label(" ; ".join(change.fr for change in changes), "; ".join(change.en for change in changes))


def _claimed_by(item: ClaimItem) -> tuple[str, str, str, int, int, tuple[str, ...]]:
    return item.payee, item.profession or "", item.kind, item.amo, item.amc, tuple(sorted(item.sessions))


def _sessions(claim: ClaimRecord) -> frozenset[str]:
    return frozenset(session for item in claim.items for session in item.sessions)


def _by_payee(claim: ClaimRecord) -> dict[str, int]:
    parts: dict[str, int] = {}
    for item in claim.items:
        parts[item.payee] = parts.get(item.payee, 0) + item.cents
    return parts
