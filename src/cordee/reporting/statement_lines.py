"""The line of a statement: what became of one quote-part, from its Claim and the answers to it (no I/O)."""

from collections.abc import Sequence

from cordee.claims.claim_record import ClaimItem, ClaimRecord
from cordee.claims.claim_words import CLAIM_STATES
from cordee.claims.lifecycle import Decision, Family, Share, StateCode, is_refused, state_of
from cordee.reporting.statement import StatementLine


def statement_line(
    item: ClaimItem,
    record: ClaimRecord,
    family: Family,
    *,
    pathway: str,
    forfait: str,
    patient: str,
    regularisation: str | None = None,
) -> StatementLine:
    """What became of one quote-part.

    A credit withdraws what was rejected with the rest: on its line the rejection is undone, so that the lines of a
    forfait add up to what is really claimed, paid, rejected and awaited.
    """
    state = state_of(record, family)
    shares = [share for share in state.shares if share.item.sequence == item.sequence]
    sign = -1 if record.kind == "credit" else 1
    rejected = _rejected(record.reference, item, family)
    if record.kind == "credit" and record.original is not None:
        rejected = -_rejected(record.original, item, family)
    acts = {"forfait": 1, "replacement": 1, "credit": -1, "resubmission": 0}[record.kind] * len(item.sessions)
    return StatementLine(
        claim=record.reference,
        kind=record.kind,
        pathway=pathway,
        forfait=forfait,
        period=record.period,
        patient=patient,
        acts=acts,
        amo=item.amo,
        amc=item.amc,
        paid=sign * sum(share.paid for share in shares),
        rejected=rejected,
        claimed_back=sum(share.recovered for share in shares),
        state=_state(record, state.code, shares),
        remark=" ; ".join([*([regularisation] if regularisation else []), *_reasons(record, item, family)]) or None,
    )


def _rejected(claim: str, item: ClaimItem, family: Family) -> int:
    """What the caisse refused of a quote-part of a Claim: all of it, when it refused the Claim itself."""
    shares = [share for share in state_of(family.claims[claim], family).shares if share.item.sequence == item.sequence]
    if is_refused(family.answers_to(claim)):
        return sum(share.claimed for share in shares)
    return sum(share.rejected for share in shares)


def _state(record: ClaimRecord, code: StateCode, shares: Sequence[Share]) -> str:
    """The quote-part's own state where the answers tell it, else the Claim's."""
    if not shares:
        return "sans quote-part"
    if record.kind == "credit" and not any(share.open for share in shares):
        return "reprise par la caisse"
    if code in {"corrected", "cancelled", "refused_technically"}:
        return CLAIM_STATES[code]
    if all(share.rejected == share.claimed for share in shares):
        return CLAIM_STATES["rejected"]
    if any(share.rejected for share in shares):
        return CLAIM_STATES["partly_rejected"]
    if all(not share.open for share in shares):
        return CLAIM_STATES["paid"]
    if any(share.paid for share in shares):
        return CLAIM_STATES["partly_paid"]
    return CLAIM_STATES["acknowledged" if code not in {"submitted", "draft", "ready"} else code]


def _reasons(record: ClaimRecord, item: ClaimItem, family: Family) -> list[str]:
    said: dict[str, None] = {}
    for answer in family.answers_to(record.reference):
        if answer.kind == "technical_refusal":
            said[_reason(answer.reason_code, answer.reason_text)] = None
        for decision in answer.decisions:
            if decision.item == item.sequence and decision.effect in {"rejected", "recovered"}:
                said[_decided(decision)] = None
    return [text for text in said if text]


def _decided(decision: Decision) -> str:
    reason = _reason(decision.reason_code, decision.reason_text)
    return f"indu : {reason}" if decision.effect == "recovered" else reason


def _reason(code: str | None, text: str | None) -> str:
    return " : ".join(part for part in (code, text) if part)
