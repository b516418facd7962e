"""Which sessions count for a forfait, performer by performer; the others are listed with the reason."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from cordee.claims.dossier import Dossier
from cordee.claims.evidence import EarlierForfait, Member, Session
from cordee.claims.explanation import Explanation
from cordee.claims.session_rules import act_or_reason, member_or_reason
from cordee.claims.standing_acts import StandingActs
from cordee.pathways.model import Act, RequiredAct
from cordee.pathways.schedule import PlannedForfait

LONGEST_SESSION = 1_440
"""Minutes, a day: beyond it, or not above zero, a length is a slip of the pen and weighs nothing."""


@dataclass(frozen=True, slots=True)
class ActDone:
    """One act that counts, for one of its performers: `member` is a `Member.key`, `profession` the pathway's name."""

    session: str
    day: date
    act: str
    minutes: int | None
    member: str
    profession: str | None = None

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
    """Acts that count in a stable order, and all that doesn't.

    `paid_by_included` are acts that a forfait included in this one paid: done, and without a part in this one.
    """

    acts: tuple[ActDone, ...]
    not_counted: tuple[NotCounted, ...]
    paid_by_included: tuple[ActDone, ...] = ()

    def times_done(self, required: RequiredAct, planned: PlannedForfait) -> int:
        """In how many sessions a required act was done, in its time and by its profession, however many performers."""
        limit = None if required.within is None else required.within.after(planned.start)
        return len(
            {
                done.session
                for done in (*self.acts, *self.paid_by_included)
                if done.act == required.act
                and (limit is None or done.day < limit)
                and (required.profession is None or done.profession == required.profession)
            }
        )


@dataclass(slots=True)
class _Candidate:
    """A session that counts for its act, and those of its performers whose act it is."""

    session: Session
    act: Act
    day: date
    members: list[Member] = field(default_factory=list)

    def acts(self, dossier: Dossier) -> Iterable[ActDone]:
        # A person named twice in one session, by practitioner and by role, did it once.
        for member in {member.key: member for member in self.members}.values():
            yield ActDone(
                self.session.reference,
                self.day,
                self.act.code,
                self.session.minutes,
                member.key,
                dossier.profession_of(member),
            )


def count_sessions(
    dossier: Dossier,
    planned: PlannedForfait,
    sessions: Iterable[Session],
    earlier: Iterable[EarlierForfait] = (),
) -> Counted:
    """Sorts sessions into those that count and those that don't; each session given appears in the result.

    Where only some of several can be paid (ceilings, incompatible acts), the first done are; of one day, the first by
    reference. A session given twice counts once. Raises ValueError when two different sessions have the same reference.
    """
    given: dict[str, Session] = {}
    for session in sessions:
        if given.setdefault(session.reference, session) != session:
            raise ValueError(f"two different sessions are called {session.reference}")
    refused: list[NotCounted] = []
    candidates: list[_Candidate] = []
    forfait = dossier.forfait(planned)
    for reference in sorted(given):
        session = given[reference]
        found = act_or_reason(dossier, planned, forfait, session)
        if isinstance(found, Explanation):
            refused.append(NotCounted(reference, None, found))
            continue
        candidate = _Candidate(session, *found)
        for performer in sorted(set(session.performers)):
            member = member_or_reason(dossier, performer, candidate.day)
            if isinstance(member, Explanation):
                refused.append(NotCounted(reference, performer, member))
            else:
                candidate.members.append(member)
        if candidate.members:
            candidates.append(candidate)
    standing = StandingActs(dossier, forfait, earlier, given)
    done: list[ActDone] = []
    included: list[ActDone] = []
    for candidate in sorted(candidates, key=lambda c: (c.day, c.session.reference)):
        reference = candidate.session.reference
        if reason := standing.included(reference):
            included += candidate.acts(dossier)
            refused.append(NotCounted(reference, None, reason))
        elif reason := standing.refusal(reference, candidate.day, candidate.act.code):
            refused.append(NotCounted(reference, None, reason))
        else:
            standing.add(reference, candidate.day, candidate.act.code)
            done += candidate.acts(dossier)
    return Counted(
        _in_order(done), tuple(sorted(refused, key=lambda n: (n.session, n.performer or ""))), _in_order(included)
    )


def _in_order(acts: Iterable[ActDone]) -> tuple[ActDone, ...]:
    return tuple(sorted(acts, key=lambda act: (act.day, act.session, act.member)))
