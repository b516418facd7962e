"""`CarePlan/{id}/$eligibility`: will this session be paid? Asked before the act."""

from collections.abc import Iterable

from cordee.api.operations import answers
from cordee.api.operations.answers import Part
from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.operations.settling import AS_OF, as_of
from cordee.api.response import FhirResponse
from cordee.claims.eligibility import Answer
from cordee.claims.evidence import Code
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.simulation import check_session
from cordee.fhir.outcome import Unprocessable
from cordee.pathways.model import Validity
from cordee.pathways.publication import pathways_of
from cordee.store.reader import Reader


async def _eligibility(reader: Reader, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    system, _, code = arguments.required_text("act").rpartition("|")
    judged_on = as_of(asked)
    try:
        answer = await check_session(
            reader,
            asked.id,
            await pathways_of(reader),
            act=Code(system, code, ""),
            performer=arguments.required_text("performer"),
            day=arguments.required_day("date"),
            as_of=judged_on,
        )
    except EvidenceError as error:
        raise Unprocessable(f"{error}.", path="CarePlan") from None
    return answers.parameters([answers.day("as-of", judged_on), *_answer(answer)])


def _answer(answer: Answer) -> Iterable[Part]:
    yield answers.code("paid", answer.verdict)
    planned = answer.forfait
    if planned is not None:
        days = Validity(planned.start, planned.end)
        told = (
            answers.text("code", planned.code),
            answers.sentence("name", planned.label),
            {"name": "period", "valuePeriod": answers.period(days)},
            answers.day("due-on", planned.due_on),
        )
        yield answers.group("forfait", told)
    if answer.by_when is not None:
        yield answers.day("by-when", answer.by_when)
    for reason in answer.reasons:
        parts = (
            answers.code("code", reason.rule.replace("_", "-")),
            answers.sentence("sentence", reason.sentence),
            answers.day("until", reason.until) if reason.until is not None else None,
        )
        yield answers.group("reason", parts)


ELIGIBILITY = Operation(
    code="eligibility",
    resource="CarePlan",
    levels=("instance",),
    title="Will this session be paid?",
    description=(
        "Whether an act done by somebody on a day would be paid within a plan, settling as if it had been done: yes, "
        "no, or conditional on what can still be done, with every reason in French and English. Nothing is written."
    ),
    inputs=(
        Input("act", "string", "The act: its code among those of the pathway, or system|code.", min=1),
        Input(
            "performer",
            "reference",
            "Who would perform it.",
            min=1,
            targets=("PractitionerRole", "Practitioner"),
        ),
        Input("date", "date", "The day of the session.", min=1),
        AS_OF,
    ),
    outputs=(
        Output("as-of", "date", "The day judged as at the end of.", min=1),
        Output(
            "paid",
            "code",
            "yes: nothing else is missing but the day it is billed; conditional: what the reasons ask for can still be "
            "done; no: as things stand it would not be.",
            min=1,
        ),
        Output(
            "forfait",
            "",
            "The forfait it would count for.",
            parts=(
                Output("code", "string", "Its code in the plan.", min=1),
                Output("name", "string", "Its name, French and English.", min=1),
                Output("period", "Period", "The days it is for.", min=1),
                Output("due-on", "date", "The day it falls due.", min=1),
            ),
        ),
        Output("by-when", "date", "The first of the days by which something must be done."),
        Output(
            "reason",
            "",
            "Why not, or on which condition.",
            max=None,
            parts=(
                Output("code", "code", "The rule.", min=1),
                Output("sentence", "string", "The same in words, French and English.", min=1),
                Output("until", "date", "The last day it can still be done."),
            ),
        ),
    ),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "act", "valueString": "consultation-dietetique"},
            {"name": "performer", "valueReference": {"reference": "PractitionerRole/dieteticienne-4"}},
            {"name": "date", "valueDate": "2026-07-15"},
        ],
    },
    read=_eligibility,
)
