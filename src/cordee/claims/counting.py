"""Which sessions count for a séquence, performer by performer; the others are listed with the reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Member, Session
from cordee.claims.explanation import Explanation, explain
from cordee.pathways.convention import Convention
from cordee.pathways.model import Act
from cordee.pathways.schedule import PlannedForfait

OUT_OF_SCOPE = frozenset({"session.other_patient", "session.other_care_plan", "session.outside_sequence"})
"""Reasons of sessions that have nothing to do with the séquence: no fault, and no place in its Claim."""

LONGEST_SESSION = 1_440
"""Minutes, a day: beyond it, or not above zero, a length is a slip of the pen and weighs nothing."""

_CANCELLED = "cancelled"
_MISTAKEN = "entered-in-error"


@dataclass(frozen=True, slots=True)
class ActDone:
    """One act that counts, for one of its performers (`member` is a `Member.key`)."""

    session: str
    day: date
    act: str
    minutes: int | None
    member: str

    @property
    def weighed_minutes(self) -> int:
        """The minutes it weighs in a split by time: zero when they are unknown or can't be those of a session."""
        return self.minutes if self.minutes is not None and 0 < self.minutes <= LONGEST_SESSION else 0


@dataclass(frozen=True, slots=True)
class NotCounted:
    """A session, or one performer of it, that does not count, and why."""

    session: str
    performer: str | None
    reason: Explanation


@dataclass(frozen=True, slots=True)
class Counted:
    """Acts that count in a stable order, and all that doesn't."""

    acts: tuple[ActDone, ...]
    not_counted: tuple[NotCounted, ...]

    def times_done(self, act: str) -> int:
        """In how many sessions an act was done, however many performers each had."""
        return len({done.session for done in self.acts if done.act == act})


def count_sessions(dossier: Dossier, planned: PlannedForfait, sessions: Iterable[Session]) -> Counted:
    """Sorts sessions into those that count and those that don't; each session given appears in the result.

    A session given twice counts once. Raises ValueError when two different sessions have the same reference.
    """
    given: dict[str, Session] = {}
    for session in sessions:
        if given.setdefault(session.reference, session) != session:
            raise ValueError(f"two different sessions are called {session.reference}")
    done: list[ActDone] = []
    refused: list[NotCounted] = []
    for reference in sorted(given):
        session = given[reference]
        found = _act_or_reason(dossier, planned, session)
        if isinstance(found, Explanation):
            refused.append(NotCounted(reference, None, found))
            continue
        act, day = found
        for performer in sorted(set(session.performers)):
            member = _member_or_reason(dossier, performer, day)
            if isinstance(member, Explanation):
                refused.append(NotCounted(reference, performer, member))
            else:
                done.append(ActDone(reference, day, act.code, session.minutes, member.key))
    # A person named twice in one session, by practitioner and by role, did it once.
    return Counted(tuple(sorted(set(done), key=lambda a: (a.day, a.session, a.member))), tuple(refused))


def _act_or_reason(dossier: Dossier, planned: PlannedForfait, session: Session) -> tuple[Act, date] | Explanation:
    inclusion = dossier.inclusion
    if session.patient != inclusion.patient:
        return explain("session.other_patient")
    if session.care_plan not in {None, inclusion.care_plan}:
        return explain("session.other_care_plan")
    if session.day is None:
        return explain("session.no_date")
    if not planned.start <= session.day <= planned.end:
        return explain("session.outside_sequence", day=session.day, start=planned.start, end=planned.end)
    if session.status == _CANCELLED:
        return explain("session.cancelled", day=session.day)
    if session.status == _MISTAKEN:
        return explain("session.entered_in_error", day=session.day)
    if session.status != "finished":
        return explain("session.not_finished", day=session.day, status=session.status)
    if inclusion.decision is None or session.day < inclusion.decision.day:
        return explain("session.before_inclusion", day=session.day)
    if inclusion.exit is not None and session.day > inclusion.exit.day:
        return explain("session.after_exit", day=session.day, exit=inclusion.exit.day)
    codes = {(code.system, code.code) for code in session.codes}
    acts = [act for act in dossier.acts if (act.system, act.code) in codes]
    if not acts:
        written = ", ".join(sorted(code.code for code in session.codes))
        return explain("session.unknown_act", codes=written) if written else explain("session.no_act")
    if len(acts) > 1:
        return explain("session.several_acts", codes=", ".join(sorted(act.code for act in acts)))
    if not session.performers:
        return explain("session.no_performer", day=session.day)
    return acts[0], session.day


def _member_or_reason(dossier: Dossier, performer: str, day: date) -> Member | Explanation:
    named = [member for member in dossier.circle.members if performer in member.references]
    if not named:
        return explain("performer.not_in_circle", performer=performer)
    present = [member for member in named if member.present(day)]
    if not present:
        return explain("performer.outside_membership", performer=named[0].name, day=day)
    if len(present) > 1:
        return explain("performer.several_professions", performer=named[0].name)
    member = present[0]
    if not signed(dossier.convention, member, day):
        return explain("performer.not_signatory", performer=member.name, day=day)
    return member


def signed(convention: Convention, member: Member, day: date) -> bool:
    """Whether a member, or an employer for them, had signed the convention on a day (R. 162-131 CSS)."""
    return any(
        signatory.signed_on <= day
        and signatory.identifier in (member.employers if signatory.for_employees else member.identifiers)
        for signatory in convention.signatories
    )
