"""`Claim/{id}/$submit` and `Claim/$submit`: to the caisse, once; what is submitted is final."""

from collections import Counter
from collections.abc import Iterable

from cordee.api.operations import answers
from cordee.api.operations.answers import Part
from cordee.api.operations.arguments import Input
from cordee.api.operations.billing import MOST_LISTED
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.operations.settling import today
from cordee.api.response import FhirResponse
from cordee.claims.refusals import ClaimRefused
from cordee.claims.submission import ready_claims, submit_claims
from cordee.claims.submission_gates import NotSubmitted, Submitted
from cordee.fhir.outcome import FhirError
from cordee.store.repository import Repository

ON = Input("on", "date", "The day it is dated; today (Europe/Paris) when it is not given.")

_BORDEREAU = (
    Output("number", "string", "Its number: one for each structure and day.", min=1),
    Output("count", "integer", "The Claims submitted with it.", min=1),
    Output("total", "Money", "Their sum.", min=1),
)


async def _submit_one(repository: Repository, asked: Asked) -> FhirResponse:
    claim = f"Claim/{asked.id}"
    await repository.read("Claim", asked.id)
    (outcome,) = [found async for found in submit_claims(repository, [claim], asked.arguments.day("on") or today())]
    if isinstance(outcome, NotSubmitted):
        raise ClaimRefused(outcome.reason.fr, outcome.reason.en, path="Claim")
    submitted = (
        answers.reference("claim", claim),
        answers.text("bordereau", outcome.bordereau),
        answers.money("total", outcome.cents),
        answers.flag("again", outcome.again),
    )
    return answers.parameters(submitted)


async def _submit_many(repository: Repository, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    named, pathway, structure = arguments.texts("claim"), arguments.text("pathway"), arguments.text("structure")
    if not (named or pathway or structure) or (named and (pathway or structure)):
        raise FhirError(
            "Name either the Claims to submit (claim), or whose ready Claims all go (structure, pathway).",
            path="Parameters.parameter",
        )
    if structure is not None:
        await repository.read("Organization", structure.rpartition("/")[2])
    chosen = named or ready_claims(
        repository, pathway=pathway, structure=structure.rpartition("/")[2] if structure is not None else None
    )
    report = _Report()
    async for outcome in submit_claims(repository, chosen, arguments.day("on") or today()):
        report.add(outcome)
    return answers.parameters(report.entries())


class _Report:
    """Sums by bordereau, and what did not go."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._totals: Counter[str] = Counter()
        self._again = 0
        self._refused_count = 0
        self._refused: list[NotSubmitted] = []

    def add(self, outcome: Submitted | NotSubmitted) -> None:
        """One more outcome."""
        if isinstance(outcome, NotSubmitted):
            self._refused_count += 1
            if len(self._refused) < MOST_LISTED:
                self._refused.append(outcome)
        elif outcome.again:
            self._again += 1
        else:
            self._counts[outcome.bordereau] += 1
            self._totals[outcome.bordereau] += outcome.cents

    def entries(self) -> Iterable[Part]:
        """The answer."""
        for number, count in sorted(self._counts.items()):
            parts = (
                answers.text("number", number),
                answers.number("count", count),
                answers.money("total", self._totals[number]),
            )
            yield answers.group("bordereau", parts)
        yield answers.number("again-count", self._again)
        yield answers.number("not-submitted-count", self._refused_count)
        for refused in self._refused:
            told = (answers.reference("claim", refused.claim), answers.sentence("reason", refused.reason))
            yield answers.group("not-submitted", told)


SUBMIT_ONE = Operation(
    code="submit",
    id="claim-submit",
    resource="Claim",
    levels=("instance",),
    title="Submit a Claim",
    description=(
        "Submits a ready Claim to the caisse: it becomes active and final, what is owed is booked, it joins the "
        "bordereau of its structure and day; all or nothing. Asked for again, it changes nothing and says so."
    ),
    inputs=(ON,),
    outputs=(
        Output("claim", "Reference", "The Claim.", min=1),
        Output("bordereau", "string", "The bordereau it is in.", min=1),
        Output("total", "Money", "Its amount.", min=1),
        Output("again", "boolean", "True when it was submitted already.", min=1),
    ),
    example={"resourceType": "Parameters", "parameter": [{"name": "on", "valueDate": "2026-12-01"}]},
    write=_submit_one,
)

SUBMIT_MANY = Operation(
    code="submit",
    id="claims-submit",
    resource="Claim",
    levels=("type",),
    title="Submit Claims",
    description=(
        "Submits the Claims that are named, or all that are ready of a structure or pathway, each as "
        f"Claim/[id]/$submit does. Those that can't go are told with the reason; at most {MOST_LISTED} are listed."
    ),
    inputs=(
        Input("claim", "reference", "A Claim to submit.", max=None, targets=("Claim",)),
        Input("structure", "reference", "All ready Claims of this structure.", targets=("Organization",)),
        Input("pathway", "code", "All ready Claims of this pathway."),
        ON,
    ),
    outputs=(
        Output("bordereau", "", "What was submitted, by bordereau.", max=None, parts=_BORDEREAU),
        Output("again-count", "integer", "How many were submitted already.", min=1),
        Output("not-submitted-count", "integer", "How many can't go as they are.", min=1),
        Output(
            "not-submitted",
            "",
            "One that can't go.",
            max=None,
            parts=(
                Output("claim", "Reference", "Which.", min=1),
                Output("reason", "string", "Why, and what to do, French and English.", min=1),
            ),
        ),
    ),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "structure", "valueReference": {"reference": "Organization/msp-demo"}},
            {"name": "on", "valueDate": "2026-12-01"},
        ],
    },
    write=_submit_many,
)
