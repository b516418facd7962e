"""`CarePlan/{id}/$settle`: what each forfait of a plan would give now, and why; nothing is written."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from cordee.api.operations import answers
from cordee.api.operations.answers import Part
from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.operations.explaining import EXPLANATION, explanation_part
from cordee.api.operations.shares import insurer_outputs, insurer_parts, share_outputs, share_parts
from cordee.api.response import FhirResponse
from cordee.claims.counting import NotCounted
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.gates import Missing
from cordee.claims.quote_parts import QuotePart
from cordee.claims.settlement import NotDue, Settlement
from cordee.claims.simulation import simulate
from cordee.claims.wording import missing_sentence, sentence
from cordee.fhir.outcome import Unprocessable
from cordee.pathways.model import Label, Validity
from cordee.pathways.publication import pathways_of
from cordee.store.reader import Reader

AS_OF = Input(
    "as-of", "date", "The day as at the end of which things are judged; today (Europe/Paris) when it is not given."
)
_PARIS = ZoneInfo("Europe/Paris")


def as_of(asked: Asked) -> date:
    """The day to judge as at the end of: the one given, or today in Europe/Paris."""
    return asked.arguments.day("as-of") or today()


def today() -> date:
    """The present day in Europe/Paris, where the structures are."""
    return datetime.now(_PARIS).date()


async def _settle(reader: Reader, asked: Asked) -> FhirResponse:
    judged_on = as_of(asked)
    try:
        simulation = await simulate(
            reader, asked.id, await pathways_of(reader), as_of=judged_on, forfait=asked.arguments.text("forfait")
        )
    except EvidenceError as error:
        raise Unprocessable(f"{error}.", path="CarePlan") from None
    entries = [answers.day("as-of", judged_on), answers.text("pathway", simulation.pathway.code)]
    entries += [answers.group("forfait", _forfait(result)) for result in simulation.results]
    entries += [answers.text("warning", fault.message) for fault in simulation.unreadable]
    return answers.parameters(entries)


def _forfait(result: Settlement | NotDue) -> Iterable[Part | None]:
    context, planned = result.context, result.forfait
    yield answers.text("code", context.forfait)
    yield answers.text("identifier", context.identifier)
    if planned is not None:
        yield answers.sentence("name", planned.label)
        yield {"name": "period", "valuePeriod": answers.period(Validity(planned.start, planned.end))}
    yield answers.text("convention", f"{context.convention} {context.convention_version}")
    yield answers.flag("due", isinstance(result, Settlement))
    if isinstance(result, Settlement):
        yield answers.money("total", result.total)
        yield from insurer_parts(result.amo, result.amc)
        if result.not_billed:
            yield answers.money("not-billed", result.not_billed)
        yield explanation_part("explanation", result.price_explanation)
        for quote_part in result.parts:
            yield answers.group("quote-part", _quote_part(quote_part))
    else:
        for missing in result.missing:
            yield answers.group("missing", _missing(missing))
    for entry in result.not_counted:
        yield answers.group("session-not-counted", _not_counted(entry))


def _quote_part(quote_part: QuotePart) -> Iterable[Part | None]:
    payee = quote_part.payee
    yield answers.payee("payee", payee.reference, payee.name, payee.identifier)
    yield from share_parts(payee.kind, quote_part.cents, quote_part.amo, quote_part.amc)
    for session in sorted({act.session for act in quote_part.acts}):
        yield answers.reference("session", session)
    yield explanation_part("explanation", quote_part.explanation)


def _missing(missing: Missing) -> Iterable[Part | None]:
    yield answers.code("code", missing.code.replace("_", "-"))
    yield answers.sentence("reason", Label(missing_sentence(missing, "fr"), missing_sentence(missing, "en")))
    if missing.until is not None:
        yield answers.day("until", missing.until)


def _not_counted(entry: NotCounted) -> Iterable[Part | None]:
    why = entry.reason
    yield answers.reference("session", entry.session)
    if entry.performer is not None:
        yield answers.reference("performer", entry.performer)
    yield answers.code("code", why.rule.partition(".")[2].replace("_", "-"))
    said = Label(sentence(why.rule, why.inputs, "fr"), sentence(why.rule, why.inputs, "en"))
    yield answers.sentence("reason", said)


SETTLE = Operation(
    code="settle",
    resource="CarePlan",
    levels=("instance",),
    title="Settle a care plan, as a simulation",
    description=(
        "What each forfait of a CarePlan would give as things stand: due, with its total and each quote-part, or what "
        "is missing and by when; every amount with the tree of its reasons. Nothing is written."
    ),
    inputs=(
        Input("forfait", "code", "The code of one forfait, as the answer names them; all of them when not given."),
        AS_OF,
    ),
    outputs=(
        Output("as-of", "date", "The day judged as at the end of.", min=1),
        Output("pathway", "string", "The code of the pathway.", min=1),
        Output(
            "forfait",
            "",
            "One forfait of the plan.",
            max=None,
            parts=(
                Output("code", "string", "Its code, unique in the plan.", min=1),
                Output("identifier", "string", "Its identifier, which its Claim will have.", min=1),
                Output("name", "string", "Its name, in French, with its English in an extension."),
                Output("period", "Period", "The days it is for."),
                Output("convention", "string", "The convention and the version it is judged under.", min=1),
                Output("due", "boolean", "Whether it is due.", min=1),
                Output("total", "Money", "What would be billed, the sum of the quote-parts."),
                *insurer_outputs(always=False),
                Output("not-billed", "Money", "What the convention leaves unbilled."),
                EXPLANATION,
                Output(
                    "quote-part",
                    "",
                    "What one payee would get, maybe nothing.",
                    max=None,
                    parts=(
                        Output("payee", "Reference", "Who.", min=1),
                        *share_outputs("The quote-part."),
                        Output("session", "Reference", "A session that counts for it.", max=None),
                        EXPLANATION,
                    ),
                ),
                Output(
                    "missing",
                    "",
                    "What it lacks to be due.",
                    max=None,
                    parts=(
                        Output("code", "code", "The rule that is not met.", min=1),
                        Output("reason", "string", "The same in words, French and English.", min=1),
                        Output("until", "date", "The last day it can still be done."),
                    ),
                ),
                Output(
                    "session-not-counted",
                    "",
                    "A session, or one performer of it, that does not count.",
                    max=None,
                    parts=(
                        Output("session", "Reference", "Which.", min=1),
                        Output("performer", "Reference", "Whom it does not count for; everybody when not given."),
                        Output("code", "code", "The rule that leaves it out.", min=1),
                        Output("reason", "string", "The same in words, French and English.", min=1),
                    ),
                ),
            ),
        ),
        Output("warning", "string", "A Contract that can't be read as a convention, and was left out.", max=None),
    ),
    example={
        "resourceType": "Parameters",
        "parameter": [{"name": "forfait", "valueCode": "mois-1"}, {"name": "as-of", "valueDate": "2026-07-31"}],
    },
    read=_settle,
)
