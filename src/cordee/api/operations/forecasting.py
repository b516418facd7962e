"""`$forecast`: what open plans may bring in, by month, pathway and payee, under a hypothesis that is stated."""

from collections.abc import Iterable

from cordee.api.operations import answers
from cordee.api.operations.answers import Part
from cordee.api.operations.arguments import Input
from cordee.api.operations.billing import MOST_LISTED, known_pathway
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.operations.settling import AS_OF, as_of
from cordee.api.operations.shares import share_outputs, share_parts
from cordee.api.response import FhirResponse
from cordee.claims.expected_income import ExpectedIncome, expected_income
from cordee.claims.forecast import ExpectedPart, Hypothesis
from cordee.claims.settlement import NotDue
from cordee.claims.wording import missing_sentence
from cordee.fhir.outcome import FhirError
from cordee.pathways.model import Label
from cordee.pathways.publication import pathways_of
from cordee.store.reader import Reader

_HYPOTHESES: dict[str, Hypothesis] = {"as-planned": "as_planned", "as-done": "as_done"}


async def _forecast(reader: Reader, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    first, last = arguments.required_day("from"), arguments.required_day("to")
    if last < first:
        raise FhirError(f"to is {last}, before from, {first}: give the later day in to.", path=arguments.place("to"))
    hypothesis = _HYPOTHESES.get(arguments.text("hypothesis") or "as-planned")
    if hypothesis is None:
        sentence = f"hypothesis is as-planned or as-done, not {arguments.text('hypothesis')}."
        raise FhirError(sentence, path=arguments.place("hypothesis"))
    pathways = await pathways_of(reader)
    chosen = arguments.text("pathway")
    structure = arguments.text("structure")
    if structure is not None:
        await reader.read("Organization", structure.rpartition("/")[2])
    found = await expected_income(
        reader,
        pathways.values() if chosen is None else [known_pathway(pathways, chosen, arguments.place("pathway"))],
        pathways,
        structure=structure.rpartition("/")[2] if structure is not None else None,
        as_of=as_of(asked),
        first=first,
        last=last,
        hypothesis=hypothesis,
    )
    return answers.parameters([answers.day("as-of", as_of(asked)), *_income(found)])


def _income(found: ExpectedIncome) -> Iterable[Part]:
    yield answers.code("hypothesis", found.hypothesis.replace("_", "-"))
    yield answers.sentence("statement", found.statement)
    yield answers.number("forfait-count", found.forfaits)
    yield answers.money("total", found.total)
    for part in found.parts:
        yield answers.group("expected", _part(part))
    yield answers.number("not-expected-count", len(found.not_expected))
    for result in found.not_expected[:MOST_LISTED]:
        yield answers.group("not-expected", _not_expected(result))
    for fault in found.unreadable[:MOST_LISTED]:
        parts = (answers.text("subject", fault.care_plan), answers.text("reason", fault.message))
        yield answers.group("unreadable", parts)


def _part(part: ExpectedPart) -> Iterable[Part]:
    yield answers.day("month", part.month)
    yield answers.text("pathway", part.pathway)
    yield answers.payee("payee", None, part.name, part.payee)
    yield from share_parts(part.kind, part.cents, part.amo, part.amc)


def _not_expected(result: NotDue) -> Iterable[Part]:
    yield answers.reference("care-plan", result.context.care_plan)
    yield answers.text("code", result.context.forfait)
    for missing in result.missing:
        yield answers.sentence("reason", Label(missing_sentence(missing, "fr"), missing_sentence(missing, "en")))


FORECAST = Operation(
    code="forecast",
    resource=None,
    levels=("system",),
    title="What open plans may bring in",
    description=(
        "The amounts to receive by month, pathway and payee, from the forfaits of open plans that no Claim stands for "
        "yet. The hypothesis is stated in words; the parts add up to the total, to the cent. Nothing is written."
    ),
    inputs=(
        Input("from", "date", "The first day.", min=1),
        Input("to", "date", "The last day.", min=1),
        Input("structure", "reference", "Only the plans of this structure.", targets=("Organization",)),
        Input("pathway", "code", "Only this pathway; all of them when not given."),
        Input(
            "hypothesis",
            "code",
            "as-planned (the default): every act still required is done in time; as-done: only those done already.",
        ),
        AS_OF,
    ),
    outputs=(
        Output("as-of", "date", "The day judged as at the end of.", min=1),
        Output("hypothesis", "code", "as-planned or as-done.", min=1),
        Output("statement", "string", "What is supposed, in words, French and English.", min=1),
        Output("forfait-count", "integer", "How many forfaits are expected.", min=1),
        Output("total", "Money", "Their sum.", min=1),
        Output(
            "expected",
            "",
            "What one payee may expect in a month from a pathway.",
            max=None,
            parts=(
                Output("month", "date", "Its first day.", min=1),
                Output("pathway", "string", "The code of the pathway.", min=1),
                Output("payee", "Reference", "Who, by identifier.", min=1),
                *share_outputs("How much."),
            ),
        ),
        Output("not-expected-count", "integer", "How many forfaits would not be due.", min=1),
        Output(
            "not-expected",
            "",
            f"One that would not be due; at most {MOST_LISTED} are listed.",
            max=None,
            parts=(
                Output("care-plan", "Reference", "Its plan.", min=1),
                Output("code", "string", "Its code in the plan.", min=1),
                Output("reason", "string", "What it lacks, French and English.", min=1, max=None),
            ),
        ),
        Output(
            "unreadable",
            "",
            "A plan or Contract that can't be judged, and is not in the sums.",
            max=None,
            parts=(
                Output("subject", "string", "Which.", min=1),
                Output("reason", "string", "What to mend.", min=1),
            ),
        ),
    ),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "from", "valueDate": "2026-09-01"},
            {"name": "to", "valueDate": "2027-02-28"},
            {"name": "structure", "valueReference": {"reference": "Organization/msp-demo"}},
            {"name": "pathway", "valueCode": "pcr-obesite-complexe-adulte"},
        ],
    },
    read=_forecast,
)
