"""What a caisse said of an Invoice, as a Task about it, and back: R4 has no response to an Invoice."""

from typing import get_args
from uuid import NAMESPACE_URL, uuid5

from cordee.claims import canonical
from cordee.claims.fhir_answer import EFFECTS
from cordee.claims.fhir_datatypes import Element, coded, money
from cordee.claims.fhir_evidence import Resource
from cordee.claims.fhir_reading import Part, Reading, code_in
from cordee.claims.fhir_return_task import APPLIED_CODE, task_applied
from cordee.claims.lifecycle import Answer, AnswerKind, Decision, Effect
from cordee.claims.returns import Insurer, ReturnKind, ReturnLine

_KINDS: dict[str, AnswerKind] = {
    "acknowledgement": "acknowledgement",
    "payment": "adjudication",
    "rejection": "adjudication",
}

APPLICABLE: tuple[ReturnKind, ...] = ("acknowledgement", "payment", "rejection")
"""The kinds of line that are applied to an Invoice."""


def applied_line(line: ReturnLine, answer: Answer, invoice: str, source: str) -> Element:
    """The Task of a line of the file `source` accepted as an answer to an Invoice: an output a decision.

    Its id is the same whichever file says it: a notice says one thing of a payee and an insurer.
    """
    insurers = sorted({decision.insurer for decision in answer.decisions})
    name = "|".join((invoice, line.kind, line.notice, line.payee or "", *insurers))
    id_ = str(uuid5(NAMESPACE_URL, f"{canonical.TASK_SYSTEM}|{APPLIED_CODE}|{name}"))
    task = task_applied(line, source, invoice, id_)
    outputs = [_output(decision) for decision in answer.decisions]
    return task | ({"output": outputs} if outputs else {})


def is_applied_line(task: Resource) -> bool:
    """Whether a Task is one of those."""
    return code_in(task.get("code"), canonical.TASK_SYSTEM) == APPLIED_CODE


def answer_from_applied_line(task: Resource) -> Answer:
    """The answer that such a Task holds; its amounts must have been parsed as Decimals.

    Raises EvidenceError, naming the element, for one the project did not write.
    """
    read = Reading(f"Task/{task.get('id', '?')}")
    told = {code_in(part.get("type"), canonical.RETURN_LINE_SYSTEM): part for part in task.get("input", ())}
    kind = read.one_of("input[kind]", told.get("kind", {}).get("valueCode"), APPLICABLE)
    code, text = (told.get(name, {}).get("valueString") for name in ("reason-code", "reason-text"))
    return Answer(
        kind=_KINDS[kind],
        notice=read.text("input[notice]", told.get("notice", {}).get("valueString")),
        day=read.day("input[day]", told.get("day", {}).get("valueDate")),
        decisions=tuple(
            _decision(read, f"output[{number}]", output, (code, text))
            for number, output in enumerate(task.get("output", ()))
        ),
        reason_code=code if kind == "acknowledgement" else None,
        reason_text=text if kind == "acknowledgement" else None,
    )


def _output(decision: Decision) -> Element:
    return {
        "extension": [
            {"url": canonical.PARTICIPANT, "valuePositiveInt": decision.item},
            {"url": canonical.INSURER, "valueCode": decision.insurer},
        ],
        "type": coded(canonical.ADJUDICATION, decision.effect, EFFECTS[decision.effect]),
        "valueMoney": money(decision.cents),
    }


def _decision(read: Reading, place: str, output: Part, reason: tuple[str | None, str | None]) -> Decision:
    extensions = {extension.get("url"): extension for extension in output.get("extension", ())}
    participant = extensions.get(canonical.PARTICIPANT, {}).get("valuePositiveInt")
    if not isinstance(participant, int):
        raise read.refusal(f"{place}.extension", "names no participant", f"{canonical.PARTICIPANT} is needed")
    return Decision(
        participant,
        read.one_of(f"{place}.extension", extensions.get(canonical.INSURER, {}).get("valueCode"), get_args(Insurer)),
        read.one_of(f"{place}.type", code_in(output.get("type"), canonical.ADJUDICATION), get_args(Effect)),
        read.cents(f"{place}.valueMoney", output.get("valueMoney")),
        *reason,
    )
