"""What came of each forfait and plan in a billing run."""

from dataclasses import dataclass, replace
from typing import Literal

from cordee.claims.judgement import Unchanged, Unreadable
from cordee.claims.settlement import NotDue, Settlement
from cordee.pathways.model import Label, Validity

Effect = Literal["billed", "already_billed", "recomputed", "regularised", "would_be_billed"]
"""A new Claim; one that was there and stays; a draft whose evidence moved, written anew; a submitted Claim whose
evidence moved, credited and claimed again; or, in a dry run, a new Claim or a new text of a draft."""


@dataclass(frozen=True, slots=True)
class Billed:
    """A forfait due, of `total` cents. `claim` is its address, None in a dry run that found none.

    `moved` is true when a submitted Claim says otherwise than its evidence does now: a dry run says so, a run
    regularises it, and `corrections` are the Claims it wrote for that. `settlement` is None when it was left in another
    process.
    """

    identifier: str
    care_plan: str
    patient: str
    label: Label
    period: Validity
    total: int
    claim: str | None
    effect: Effect
    moved: bool = False
    corrections: tuple[str, ...] = ()
    settlement: Settlement | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A forfait that is not due, with what is missing.

    `withdrawn` is the draft that claimed it before and is cancelled now; `corrections` are the credits of a Claim that
    was submitted.
    """

    reason: NotDue
    withdrawn: str | None = None
    corrections: tuple[str, ...] = ()


Outcome = Billed | Refused | Unreadable


def without_detail(outcome: Outcome) -> Outcome:
    """The outcome without what is long: settlements, and the acts behind a refusal."""
    match outcome:
        case Billed():
            return replace(outcome, settlement=None)
        case Refused():
            return replace(outcome, reason=replace(outcome.reason, acts=(), not_counted=()))
    return outcome


def unchanged(identifier: str, forfait: Unchanged, care_plan: str, patient: str) -> Billed:
    """The outcome of a forfait whose Claim stands on what is stored now."""
    planned, claim = forfait.planned, forfait.claim
    return Billed(
        identifier=identifier,
        care_plan=care_plan,
        patient=patient,
        label=planned.label,
        period=Validity(planned.start, planned.end),
        total=claim.cents,
        claim=claim.reference,
        effect="already_billed",
    )


def billed(
    settlement: Settlement,
    claim: str | None,
    effect: Effect,
    *,
    moved: bool = False,
    corrections: tuple[str, ...] = (),
) -> Billed:
    """The outcome of a settlement."""
    context, planned = settlement.context, settlement.forfait
    return Billed(
        identifier=context.identifier,
        care_plan=context.care_plan,
        patient=context.patient,
        label=planned.label,
        period=Validity(planned.start, planned.end),
        total=settlement.total,
        claim=claim,
        effect=effect,
        moved=moved,
        corrections=corrections,
        settlement=settlement,
    )
