"""The sessions that a forfait still requires, as they would be if all went as planned."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from cordee.claims.counting import Counted
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Code, Member, Session
from cordee.claims.incomplete_use import Use
from cordee.claims.session_rules import member_or_reason
from cordee.pathways.model import Act, RequiredAct
from cordee.pathways.schedule import PlannedForfait


@dataclass(slots=True)
class ExpectedSessions:
    """The sessions to come of one plan, forfait after forfait, shared equally among those who may do them."""

    dossier: Dossier
    as_of: date
    _tally: Counter[tuple[str, str]] = field(default_factory=Counter)

    def still_required(
        self, planned: PlannedForfait, counted: Counted, use: Use, done: Iterable[Session]
    ) -> Iterator[Session]:
        """Each required act that is not done, from the first day it can be, one a day, within its time.

        A forfait that requires no act needs one session all the same: it is one of all the members with a part in the
        split. An act that nobody may do any more is left out.
        """
        if self.dossier.forfait(planned).trigger in {"inclusion", "per_act"}:
            return
        number = 0
        for required, times in zip(planned.required_acts, use.done, strict=True):
            for _ in range(required.count - times):
                day = self._day(planned, required, number)
                performer = day and self._performer(required, day, done)
                if day and performer:
                    number += 1
                    yield self._session(planned, number, required.act, day, (performer,))
        if not planned.required_acts and not counted.acts:
            yield from self._of_everybody(planned)

    def _of_everybody(self, planned: PlannedForfait) -> Iterator[Session]:
        paid = self.dossier.forfait(planned).acts or tuple(act.code for act in self.dossier.acts)
        day = self._day(planned, None, 0)
        if day and paid:
            sharing = tuple(m for m in self._able(None, day) if self.dossier.outside_split(m) is None)
            if sharing:
                yield self._session(planned, 1, paid[0], day, sharing)

    def _day(self, planned: PlannedForfait, required: RequiredAct | None, number: int) -> date | None:
        inclusion = self.dossier.inclusion
        first, last = max(planned.start, self.as_of), planned.end
        if inclusion.decision is not None:
            first = max(first, inclusion.decision.day)
        if required is not None and required.within is not None:
            last = min(last, required.within.after(planned.start) - timedelta(days=1))
        if inclusion.exit is not None:
            last = min(last, inclusion.exit.day)
        return min(first + timedelta(days=number), last) if first <= last else None

    def _performer(self, required: RequiredAct, day: date, done: Iterable[Session]) -> Member | None:
        able = self._able(required.profession, day)
        if required.profession is None:
            able = (
                self._used_to(required.act, able, done)
                or [m for m in able if self.dossier.outside_split(m) is None]
                or able
            )
        if not able:
            return None
        chosen = min(able, key=lambda member: (self._tally[required.act, member.key], member.key))
        self._tally[required.act, chosen.key] += 1
        return chosen

    def _able(self, profession: str | None, day: date) -> list[Member]:
        """The members whose act would count on a day, by the very rules that sessions are judged by."""
        return [
            member
            for member in sorted(self.dossier.circle.members, key=lambda member: member.key)
            if profession in {None, self.dossier.profession_of(member)}
            and member_or_reason(self.dossier, member.reference, day) == member
        ]

    def _used_to(self, act: str, able: list[Member], done: Iterable[Session]) -> list[Member]:
        performers = {p for session in done if any(c.code == act for c in session.codes) for p in session.performers}
        return [member for member in able if performers.intersection(member.references)]

    def _session(
        self, planned: PlannedForfait, number: int, act: str, day: date, performers: tuple[Member, ...]
    ) -> Session:
        known: Act = next(known for known in self.dossier.acts if known.code == act)
        inclusion = self.dossier.inclusion
        return Session(
            reference=f"Encounter/~{planned.code}-{number:03}",
            status="finished",
            patient=inclusion.patient,
            care_plan=inclusion.care_plan,
            day=day,
            minutes=_MINUTES,
            codes=(Code(known.system, known.code, ""),),
            performers=tuple(member.reference for member in performers),
        )


_MINUTES = 30
"""Every session to come lasts the same: in a split by time they weigh the same."""
