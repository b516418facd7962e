"""What a forfait used in part is worth: the policies of the pathway and the convention, as fractions of its amount."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from cordee.claims.counting import Counted
from cordee.claims.dossier import Dossier
from cordee.claims.explanation import Explanation, explain
from cordee.claims.gates import Missing, lacking
from cordee.pathways.model import IncompleteUse, Label
from cordee.pathways.schedule import PlannedForfait

_WHOLE_SPAN = frozenset({"end_of_sequence", "per_period", "per_year"})
"""Triggers that pay for following the patient from the first to the last day."""


@dataclass(frozen=True, slots=True)
class Use:
    """How a forfait was used: by which policy it is judged, and the acts of the required ones that were done.

    `followed` of `days` are those on which the patient was in the parcours; `left` the reason they left before the end.
    `policy` None: nothing is due to a patient who left.
    """

    policy: IncompleteUse | None
    done: tuple[int, ...]
    followed: int
    days: int
    left: Missing | None


def use_of(dossier: Dossier, planned: PlannedForfait, counted: Counted) -> Use:
    """How one patient used a planned forfait."""
    forfait, inclusion = dossier.forfait(planned), dossier.inclusion
    policy: IncompleteUse | None = forfait.incomplete_use or dossier.convention.incomplete_use
    first, last = planned.start, planned.end
    if inclusion.decision is not None:
        first = max(first, inclusion.decision.day)
    left = None
    gone = inclusion.exit
    if gone is not None and gone.day < last and (forfait.trigger in _WHOLE_SPAN or gone.day < planned.start):
        last = gone.day
        early = dossier.convention.early_exit
        left = lacking(f"patient_{gone.reason}", day=gone.day, end=planned.end)
        if gone.day < planned.start or early == "not_due":
            policy = None
        elif early != "due_if_acts_done":
            policy = early
    done = tuple(counted.times_done(required, planned) for required in planned.required_acts)
    days = (planned.end - planned.start).days + 1
    return Use(policy, done, max(0, (last - first).days + 1), days, left)


def missing_of_the_use(dossier: Dossier, planned: PlannedForfait, counted: Counted, use: Use) -> Iterator[Missing]:
    """The acts that are still to be done, and the exit that makes them vain."""
    if use.policy is None and use.left is not None:
        yield use.left
    if dossier.forfait(planned).trigger == "inclusion":
        return
    acts = list(_acts_missing(dossier, planned, use))
    yield from acts
    if not counted.acts and not acts:
        yield Missing("no_session", planned.end)


def _acts_missing(dossier: Dossier, planned: PlannedForfait, use: Use) -> Iterator[Missing]:
    if use.policy == "prorata_done" and any(use.done):
        return
    for required, done in zip(planned.required_acts, use.done, strict=True):
        match use.policy:
            case "full_if_started":
                needed = required.minimum or 1
            case "all_or_nothing" | "prorata_done":
                needed = required.count
            case _:
                return
        if done < needed:
            label = dossier.act_labels.get(required.act, Label(required.act, required.act))
            until = planned.end
            if required.within is not None:
                until = min(until, required.within.after(planned.start) - timedelta(days=1))
            by = dossier.profession_labels.get(required.profession or "")
            if by is None:
                yield lacking("act", until, act=label, required_acts=needed, done_acts=done)
            else:
                yield lacking("act_by", until, act=label, by=by, required_acts=needed, done_acts=done)


def complete(planned: PlannedForfait, use: Use) -> bool:
    """Whether every act that is required was done, to a patient who stayed."""
    return use.left is None and all(
        done >= required.count for required, done in zip(planned.required_acts, use.done, strict=True)
    )


def prorata(planned: PlannedForfait, use: Use, cents: int, why: Explanation) -> Explanation:
    """`cents`, that `why` explains, reduced as the policy says; to the nearest cent, half a cent up."""
    match use.policy:
        case "prorata_done":
            required = sum(r.count for r in planned.required_acts)
            done = sum(min(r.count, n) for r, n in zip(planned.required_acts, use.done, strict=True))
            if done >= required:
                return why
            kept = _share(cents, done, required)
            return explain("price.prorata_done", kept, (why,), base_cents=cents, done_acts=done, required_acts=required)
        case "prorata_time":
            if use.followed >= use.days:
                return why
            kept = _share(cents, use.followed, use.days)
            return explain(
                "price.prorata_time", kept, (why,), base_cents=cents, followed_days=use.followed, all_days=use.days
            )
        case _:
            return why


def _share(cents: int, part: int, whole: int) -> int:
    return (2 * cents * part + whole) // (2 * whole)
