"""What open parcours will bring in, by month, pathway and payee, under a hypothesis that is said in words."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cordee.claims.counting import count_sessions
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import EarlierForfait, Session
from cordee.claims.expected_sessions import ExpectedSessions
from cordee.claims.incomplete_use import use_of
from cordee.claims.payees import PayeeKind
from cordee.claims.settlement import NotDue, Settlement, earlier_forfait, settle
from cordee.pathways.model import Label

Hypothesis = Literal["as_planned", "as_done"]

_MONTH = Label(
    "Le mois est celui où le forfait devient facturable, non celui du paiement.",
    "The month is the one in which the forfait can be billed, not that of its payment.",
)

STATEMENTS: dict[Hypothesis, Label] = {
    "as_planned": Label(
        "Chaque acte encore requis est réalisé à temps par un membre du cercle qui peut le faire, à parts égales entre "
        "eux ; un forfait qui ne requiert aucun acte a au moins une séance de tous les membres ; un forfait payé à "
        "l'acte ne compte que les actes déjà réalisés ; le patient reste jusqu'à la fin et l'ARS ne s'oppose pas. "
        + _MONTH.fr,
        "Each act still required is done in time by a member of the circle who may do it, in equal shares among them; "
        "a forfait that requires no act has at least one session of all the members; one paid by the act counts only "
        "the acts already done; the patient stays to the end and the ARS does not oppose. " + _MONTH.en,
    ),
    "as_done": Label(
        "Seuls les actes déjà réalisés comptent ; le patient reste jusqu'à la fin et l'ARS ne s'oppose pas. "
        + _MONTH.fr,
        "Only acts already done count; the patient stays to the end and the ARS does not oppose. " + _MONTH.en,
    ),
}


@dataclass(frozen=True, slots=True)
class OpenPlan:
    """A plan under one version of the convention, with the patient's sessions and the forfaits billed already."""

    dossier: Dossier
    sessions: tuple[Session, ...]
    earlier: tuple[EarlierForfait, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectedPart:
    """The cents one payee may expect in a month (its first day) from a pathway; `amo` + `amc` = `cents`."""

    month: date
    pathway: str
    kind: PayeeKind
    payee: str
    name: str
    cents: int
    amo: int
    amc: int


@dataclass(frozen=True, slots=True)
class ExpectedForfait:
    """One forfait that would be billed on `due_on`, or today when that day is over."""

    identifier: str
    care_plan: str
    due_on: date
    cents: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What may be expected, and what may not and why; `parts` add up to `forfaits`, to the cent."""

    hypothesis: Hypothesis
    statement: Label
    as_of: date
    parts: tuple[ExpectedPart, ...]
    forfaits: tuple[ExpectedForfait, ...]
    not_expected: tuple[NotDue, ...]

    @property
    def total(self) -> int:
        """Cents of all."""
        return sum(forfait.cents for forfait in self.forfaits)


def forecast(
    plans: Iterable[OpenPlan], *, as_of: date, first: date, last: date, hypothesis: Hypothesis = "as_planned"
) -> Forecast:
    """The forfaits of `plans` not billed yet that can be billed from `first` to `last`, as seen at the end of `as_of`.

    One whose day is over is expected on `as_of`. The order of plans changes nothing.
    """
    cents: dict[tuple[date, str, PayeeKind, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    forfaits: list[ExpectedForfait] = []
    refused: list[NotDue] = []
    for plan in plans:
        for due_on, result in _results(plan, as_of, last, hypothesis):
            if not first <= due_on <= last:
                continue
            if isinstance(result, NotDue):
                refused.append(result)
                continue
            context = result.context
            forfaits.append(ExpectedForfait(context.identifier, context.care_plan, due_on, result.total))
            for part in result.parts:
                payee = part.payee
                entry = cents[due_on.replace(day=1), context.pathway, payee.kind, payee.identifier, payee.name]
                for index, amount in enumerate((part.cents, part.amo, part.amc)):
                    entry[index] += amount
    return Forecast(
        hypothesis,
        STATEMENTS[hypothesis],
        as_of,
        tuple(ExpectedPart(*key, *amounts) for key, amounts in sorted(cents.items()) if amounts[0]),
        tuple(sorted(forfaits, key=lambda forfait: (forfait.due_on, forfait.identifier))),
        tuple(sorted(refused, key=lambda result: result.context.identifier)),
    )


def _results(
    plan: OpenPlan, as_of: date, last: date, hypothesis: Hypothesis
) -> Iterator[tuple[date, Settlement | NotDue]]:
    """Each forfait of a plan not billed yet, as it would be on the day it can be billed; each knows those before it."""
    dossier, sessions, standing = plan.dossier, list(plan.sessions), list(plan.earlier)
    billed = {one.identifier for one in plan.earlier}
    to_come = ExpectedSessions(dossier, as_of)
    for planned in dossier.planned(last):
        if planned.due_on > last or not dossier.convention.validity.covers(planned.start):
            continue
        if dossier.identifier(planned.code) in billed:
            continue
        if hypothesis == "as_planned":
            counted = count_sessions(dossier, planned, sessions, standing)
            sessions += to_come.still_required(planned, counted, use_of(dossier, planned, counted), plan.sessions)
        due_on = max(planned.due_on, as_of)
        result = settle(dossier, sessions, forfait=planned.code, as_of=due_on, earlier=standing)
        if isinstance(result, Settlement):
            standing.append(earlier_forfait(result, result.context.identifier))
        yield due_on, result
