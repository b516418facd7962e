"""The acts that stand for a patient, and why a further one is not paid: billed already, ceiling, incompatible acts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from cordee.claims.dossier import Dossier
from cordee.claims.evidence import EarlierForfait, Session
from cordee.claims.explanation import Explanation, explain
from cordee.pathways.model import Cap, Forfait, Label

_Span = tuple[Cap, int | str | None]
"""A ceiling, and the year or séquence it counts over; None for the plan."""


@dataclass(frozen=True, slots=True)
class StandingAct:
    """An act that is paid: in which plan, on which day."""

    session: str
    care_plan: str
    day: date
    act: str


class StandingActs:
    """The acts of earlier forfaits, and those counted so far; asked before each further one, in the order of days."""

    def __init__(
        self, dossier: Dossier, forfait: Forfait, earlier: Iterable[EarlierForfait], sessions: Mapping[str, Session]
    ) -> None:
        """`sessions` tell the days, by reference; an act of an unknown one is taken as of its forfait's first day."""
        self._dossier = dossier
        self._caps = [cap for cap in dossier.pathway.caps if cap.count is not None]
        self._incompatible = dossier.pathway.incompatible_acts
        self._billed: dict[str, EarlierForfait] = {}
        self._included: dict[str, EarlierForfait] = {}
        self._acts: list[StandingAct] = []
        self._sessions_under: dict[_Span, set[str]] = defaultdict(set)
        self._sequences: dict[date, str | None] = {}
        limited = bool(self._caps or self._incompatible)
        for one in earlier:
            own_plan = one.care_plan == dossier.inclusion.care_plan
            billed = self._included if own_plan and one.forfait in forfait.includes else self._billed
            for session, act in one.acts:
                billed.setdefault(session, one)
                if limited and one.pathway == dossier.pathway.code:
                    known = sessions.get(session)
                    day = one.first_day if known is None or known.day is None else known.day
                    self._stand(StandingAct(session, one.care_plan, day, act))

    def included(self, session: str) -> Explanation | None:
        """Says that a session was paid by a forfait which this one includes."""
        if session in self._billed or session not in self._included:
            return None
        return explain("session.paid_by_included", claim=self._included[session].claim)

    def refusal(self, session: str, day: date, act: str) -> Explanation | None:
        """Why a further act is not paid, None when it is."""
        if session in self._billed:
            return explain("session.already_billed", claim=self._billed[session].claim)
        return self._beside_another(session, day, act) or self._over_a_cap(session, day, act)

    def add(self, session: str, day: date, act: str) -> None:
        """A further act stands."""
        self._stand(StandingAct(session, self._dossier.inclusion.care_plan, day, act))

    def _stand(self, act: StandingAct) -> None:
        self._acts.append(act)
        for cap in self._caps:
            span = self._span(cap, act)
            if span is not None:
                self._sessions_under[span].add(act.session)

    def _beside_another(self, session: str, day: date, act: str) -> Explanation | None:
        for rule in self._incompatible:
            if act not in rule.acts:
                continue
            for other in self._acts:
                if other.session == session or other.act == act or other.act not in rule.acts:
                    continue
                together = other.day == day if rule.within == "day" else self._same_sequence(other, day)
                if together:
                    label = self._dossier.act_labels.get(other.act, Label(other.act, other.act))
                    return explain("session.incompatible", day=day, why=rule.label, act=label, other=other.day)
        return None

    def _over_a_cap(self, session: str, day: date, act: str) -> Explanation | None:
        further = StandingAct(session, self._dossier.inclusion.care_plan, day, act)
        for cap in self._caps:
            span = self._span(cap, further)
            if span is None:
                continue
            done = self._sessions_under[span]
            if len(done) - (session in done) >= (cap.count or 0):
                return explain("session.over_cap", day=day, cap=cap.label, most_acts=cap.count or 0)
        return None

    def _span(self, cap: Cap, act: StandingAct) -> _Span | None:
        """Over what the ceiling counts the act, None when it doesn't: its year, the dossier's plan or séquence."""
        if cap.acts and act.act not in cap.acts:
            return None
        if cap.per == "year":
            return cap, act.day.year
        if act.care_plan != self._dossier.inclusion.care_plan:
            return None
        return cap, None if cap.per == "pathway" else self._sequence_on(act.day)

    def _sequence_on(self, day: date) -> str | None:
        if day not in self._sequences:
            self._sequences[day] = self._dossier.sequence_on(day)
        return self._sequences[day]

    def _same_sequence(self, other: StandingAct, day: date) -> bool:
        own_plan = other.care_plan == self._dossier.inclusion.care_plan
        return own_plan and self._sequence_on(other.day) == self._sequence_on(day)
