"""`$bill`: one run of billing, with its counts, totals and refusals; safe to ask for twice."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar, get_args

from cordee.api.operations import answers
from cordee.api.operations.answers import Part
from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.claims.billing import Billed, BillingOrder, Refused, Unreadable, bill
from cordee.claims.billing_outcome import Effect
from cordee.claims.wording import missing_sentence
from cordee.fhir.outcome import FhirError
from cordee.pathways.model import Label, Pathway
from cordee.pathways.publication import tenant_pathways
from cordee.store.repository import Repository

MOST_LISTED = 200
"""Forfaits of each kind that one answer lists; the counts and totals are of all."""


_Outcome = TypeVar("_Outcome")


def known_pathway(pathways: Mapping[str, Pathway], code: str, place: str) -> Pathway:
    """The pathway of a code; raises `FhirError` (400) naming those there are."""
    if code not in pathways:
        known = ", ".join(sorted(pathways))
        raise FhirError(f"«{code}» is not a pathway known here; there are: {known}.", path=place)
    return pathways[code]


async def _bill(repository: Repository, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    known = await tenant_pathways(repository)
    pathway = known_pathway(known.pathways, arguments.required_text("pathway"), arguments.place("pathway"))
    structure = arguments.text("structure")
    if structure is not None:
        await repository.read("Organization", structure.rpartition("/")[2])
    dry_run = arguments.flag("dry-run")
    order = BillingOrder(
        pathway.code,
        arguments.required_day("until"),
        structure.rpartition("/")[2] if structure else None,
        dry_run,
    )
    report = _Report()
    async for outcome in bill(repository, order, known):
        report.add(outcome)
    return answers.parameters([answers.flag("dry-run", dry_run), *report.entries()])


class _Listed(list[_Outcome]):
    """The first of a kind: an answer is not made to hold a hundred thousand."""

    def append(self, outcome: _Outcome) -> None:
        """Keeps one more, unless there are enough."""
        if len(self) < MOST_LISTED:
            super().append(outcome)


class _Report:
    """Counts and totals of a run, and the first of each kind."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._totals: Counter[str] = Counter()
        self._moved = 0
        self._billed = _Listed[Billed]()
        self._refused = _Listed[Refused]()
        self._unreadable = _Listed[Unreadable]()

    def add(self, outcome: Billed | Refused | Unreadable) -> None:
        match outcome:
            case Billed():
                self._counts[outcome.effect] += 1
                self._totals[outcome.effect] += outcome.total
                self._moved += outcome.moved
                self._billed.append(outcome)
            case Refused():
                self._counts["not_due"] += 1
                self._refused.append(outcome)
            case Unreadable():
                self._counts["unreadable"] += 1
                self._unreadable.append(outcome)

    def entries(self) -> Iterable[Part]:
        for effect in get_args(Effect):
            if self._counts[effect]:
                written = effect.replace("_", "-")
                counted = [answers.number("count", self._counts[effect]), answers.money("total", self._totals[effect])]
                yield answers.group(written, counted)
        yield answers.number("not-due-count", self._counts["not_due"])
        yield answers.number("unreadable-count", self._counts["unreadable"])
        if self._moved:
            yield answers.number("evidence-moved-count", self._moved)
        for billed in self._billed:
            yield answers.group("forfait", _forfait(billed))
        for refused in self._refused:
            yield answers.group("not-due", _not_due(refused))
        for fault in self._unreadable:
            parts = [answers.reference("care-plan", fault.care_plan), answers.text("reason", fault.message)]
            yield answers.group("unreadable", parts)


def _forfait(billed: Billed) -> Iterable[Part | None]:
    yield answers.code("effect", billed.effect.replace("_", "-"))
    if billed.claim is not None:
        yield answers.reference("claim", billed.claim)
    yield answers.reference("care-plan", billed.care_plan)
    yield answers.text("identifier", billed.identifier)
    yield answers.money("total", billed.total)
    if billed.moved:
        yield answers.flag("evidence-moved", True)
    for correction in billed.corrections:
        yield answers.reference("correction", correction)


def _not_due(refused: Refused) -> Iterable[Part | None]:
    reason = refused.reason
    yield answers.reference("care-plan", reason.context.care_plan)
    yield answers.text("code", reason.context.forfait)
    for missing in reason.missing:
        said = Label(missing_sentence(missing, "fr"), missing_sentence(missing, "en"))
        yield answers.sentence("reason", said)
    if refused.withdrawn is not None:
        yield answers.reference("withdrawn", refused.withdrawn)
    for correction in refused.corrections:
        yield answers.reference("correction", correction)


def _counted(name: str, documentation: str) -> Output:
    parts = (Output("count", "integer", "How many.", min=1), Output("total", "Money", "Their sum.", min=1))
    return Output(name, "", documentation, parts=parts)


BILL = Operation(
    code="bill",
    resource=None,
    levels=("system",),
    title="Bill the forfaits that are due",
    description=(
        "One run of billing: every forfait of a pathway that has fallen due becomes a Claim, once. Safe to ask for "
        "twice, or twice at once: a forfait already claimed is left as it is. With dry-run, nothing is written. The "
        f"counts and totals are of all; at most {MOST_LISTED} forfaits of each kind are listed."
    ),
    inputs=(
        Input("pathway", "code", "The code of the pathway, for example pcr-obesite-complexe-adulte.", min=1),
        Input("until", "date", "Forfaits that fell due on that day or before.", min=1),
        Input("structure", "reference", "Only the plans of this structure.", targets=("Organization",)),
        Input("dry-run", "boolean", "Say what would be billed, write nothing."),
    ),
    outputs=(
        Output("dry-run", "boolean", "Whether nothing was written.", min=1),
        _counted("billed", "Forfaits that this run claimed."),
        _counted("already-billed", "Forfaits that had a Claim."),
        _counted("recomputed", "Drafts whose evidence moved, written anew."),
        _counted("regularised", "Submitted Claims whose evidence moved, credited and claimed again."),
        _counted("would-be-billed", "Forfaits that a run without dry-run would claim, or write anew."),
        Output("not-due-count", "integer", "Forfaits that are not due.", min=1),
        Output("unreadable-count", "integer", "Plans and Contracts that can't be judged.", min=1),
        Output("evidence-moved-count", "integer", "Claims whose evidence now gives another split."),
        Output(
            "forfait",
            "",
            "One forfait due.",
            max=None,
            parts=(
                Output("effect", "code", "billed, already-billed, recomputed, regularised, would-be-billed.", min=1),
                Output("claim", "Reference", "Its Claim; none in a dry run that found none."),
                Output("care-plan", "Reference", "Its plan.", min=1),
                Output("identifier", "string", "Its identifier.", min=1),
                Output("total", "Money", "Its amount.", min=1),
                Output("evidence-moved", "boolean", "True when the evidence now gives another split."),
                Output("correction", "Reference", "A Claim that regularises it.", max=None),
            ),
        ),
        Output(
            "not-due",
            "",
            "One forfait that is not due.",
            max=None,
            parts=(
                Output("care-plan", "Reference", "Its plan.", min=1),
                Output("code", "string", "Its code in the plan.", min=1),
                Output("reason", "string", "What it lacks, French and English.", min=1, max=None),
                Output("withdrawn", "Reference", "The draft that claimed it before, cancelled now."),
                Output("correction", "Reference", "A credit of its submitted Claim.", max=None),
            ),
        ),
        Output(
            "unreadable",
            "",
            "A plan or Contract that can't be judged.",
            max=None,
            parts=(
                Output("care-plan", "Reference", "Which.", min=1),
                Output("reason", "string", "What to mend.", min=1),
            ),
        ),
    ),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "pathway", "valueCode": "pcr-obesite-complexe-adulte"},
            {"name": "until", "valueDate": "2026-08-31"},
            {"name": "dry-run", "valueBoolean": True},
        ],
    },
    write=_bill,
)
