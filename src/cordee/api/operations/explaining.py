"""An explanation's tree as nested parts: rule, inputs, amount, sentence, and what it rests on."""

from collections.abc import Iterable
from datetime import date

from cordee.api.operations import answers
from cordee.api.operations.answers import Part
from cordee.api.operations.definition import Output
from cordee.claims.explanation import Explanation, Value
from cordee.claims.wording import said
from cordee.pathways.model import Label

EXPLANATION = Output(
    "explanation",
    "",
    "Why: a rule, its inputs and what it gave, resting on further explanations (parts named because, of this form).",
    parts=(
        Output("rule", "code", "The rule.", min=1),
        Output("sentence", "string", "The same in words, French and English.", min=1),
        Output("amount", "Money", "What it gave, when it gives an amount."),
        Output("input", "", "What it was applied to: parts named as the rule names them.", max=None),
        Output("because", "", "What it rests on; of the same form.", max=None),
    ),
)


def explanation_part(name: str, explanation: Explanation) -> Part:
    """The tree under an explanation."""
    return answers.group(name, _parts(explanation))


def _parts(explanation: Explanation) -> Iterable[Part]:
    yield answers.code("rule", explanation.rule)
    yield answers.sentence("sentence", Label(said(explanation, "fr"), said(explanation, "en")))
    if explanation.cents is not None:
        yield answers.money("amount", explanation.cents)
    if explanation.inputs:
        yield answers.group("input", (_input(name, value) for name, value in explanation.inputs))
    for reason in explanation.because:
        yield explanation_part("because", reason)


def _input(name: str, value: Value) -> Part:
    written = name.replace("_", "-")
    match value:
        case Label():
            return answers.sentence(written, value)
        case date():
            return answers.day(written, value)
        case int() if name.endswith("_cents"):
            return answers.money(written.removesuffix("-cents"), value)
        case int():
            return answers.number(written, value)
    return answers.text(written, value)
