"""Will this session be paid? The answer before the act, by settling as if it had been done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cordee.claims.counting import ActDone
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Code, EarlierForfait, Session
from cordee.claims.explanation import Explanation, explain
from cordee.claims.gates import Missing
from cordee.claims.session_rules import OUT_OF_SCOPE
from cordee.claims.settlement import NotDue, Settlement, settle
from cordee.claims.wording import missing_sentence, sentence
from cordee.pathways.model import Label
from cordee.pathways.schedule import PlannedForfait

Verdict = Literal["yes", "conditional", "no"]

_ASKED = "Encounter/~asked"
"""Sorts after every reference a server gives: of one day, it takes nobody's place under a ceiling."""

_ONLY_TIME = "sequence_not_ended"
_RANK: dict[Verdict, int] = {"yes": 0, "conditional": 1, "no": 2}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: its rule, the sentence, and the last day to do what it asks for, if there is such a day."""

    rule: str
    sentence: Label
    until: date | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a session would be paid, in which forfait, and why not or on which conditions.

    `yes`: with this session nothing is missing but the day the forfait is billed. `conditional`: what the reasons ask
    for can still be done. `no`: as things stand, it would not be.
    """

    verdict: Verdict
    forfait: PlannedForfait | None
    reasons: tuple[Reason, ...]

    @property
    def by_when(self) -> date | None:
        """The first of the days by which something must be done."""
        return min((reason.until for reason in self.reasons if reason.until is not None), default=None)


def will_be_paid(
    dossier: Dossier,
    *,
    act: Code,
    performer: str,
    day: date,
    sessions: Iterable[Session],
    as_of: date,
    earlier: Iterable[EarlierForfait] = (),
) -> Answer:
    """Whether `act` done by `performer` (a reference) on `day` would be paid, as things stand on the day `as_of`.

    An act without a system is looked for by its code among those of the parcours. The other arguments are `settle`'s.
    """
    asked = Session(
        reference=_ASKED,
        status="finished",
        patient=dossier.inclusion.patient,
        care_plan=dossier.inclusion.care_plan,
        day=day,
        minutes=None,
        codes=(_act_of(dossier, act),),
        performers=(performer,),
    )
    known, billed = (*sessions, asked), tuple(earlier)
    answers = [
        _answer(dossier, planned, settle(dossier, known, forfait=planned.code, as_of=as_of, earlier=billed), billed)
        for planned in dossier.planned(max(as_of, day))
        if planned.start <= day <= planned.end
    ]
    if not answers:
        return Answer("no", None, (_said(explain("eligibility.no_forfait", day=day)),))
    return min(answers, key=lambda answer: (_RANK[answer.verdict], _out_of_scope(answer)))


def _act_of(dossier: Dossier, act: Code) -> Code:
    if act.system:
        return act
    return next((Code(known.system, known.code, "") for known in dossier.acts if known.code == act.code), act)


def _answer(
    dossier: Dossier, planned: PlannedForfait, result: Settlement | NotDue, billed: Iterable[EarlierForfait]
) -> Answer:
    acts = [act for act in _acts(result) if act.session == _ASKED]
    if not acts:
        refused = [entry.reason for entry in result.not_counted if entry.session == _ASKED]
        return Answer("no", planned, tuple(_said(reason) for reason in refused))
    performer = next(member for member in dossier.circle.members if member.key == acts[0].member)
    if (outside := dossier.outside_split(performer)) is not None:
        return Answer("no", planned, (_said(explain("zero.outside_split", why=outside.reason)),))
    missing = [one for one in _missing(result) if one.code != _ONLY_TIME]
    reasons = [_lacking(one) for one in missing]
    for one in billed:
        if one.identifier == result.context.identifier:
            reasons.append(_said(explain("eligibility.billed_already", claim=one.claim)))
    if any(one.until is None or one.until < result.context.settled_on for one in missing):
        return Answer("no", planned, tuple(reasons))
    return Answer("conditional" if reasons else "yes", planned, tuple(reasons))


def _acts(result: Settlement | NotDue) -> Iterable[ActDone]:
    return result.acts if isinstance(result, NotDue) else (act for part in result.parts for act in part.acts)


def _missing(result: Settlement | NotDue) -> tuple[Missing, ...]:
    return result.missing if isinstance(result, NotDue) else ()


def _out_of_scope(answer: Answer) -> bool:
    return all(reason.rule in OUT_OF_SCOPE for reason in answer.reasons)


def _said(why: Explanation) -> Reason:
    words = Label(sentence(why.rule, why.inputs, "fr"), sentence(why.rule, why.inputs, "en"))
    return Reason(why.rule, words, None)


def _lacking(missing: Missing) -> Reason:
    words = Label(missing_sentence(missing, "fr"), missing_sentence(missing, "en"))
    return Reason(f"missing.{missing.code}", words, missing.until)
