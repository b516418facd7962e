"""A line of a return file as a Task: one that a person must resolve, or one that was applied to an Invoice."""

from collections.abc import Iterator
from datetime import date
from uuid import NAMESPACE_URL, uuid5

from cordee.claims import canonical
from cordee.claims.fhir_datatypes import Element, coded, money, translated
from cordee.claims.returns import ReturnLine
from cordee.pathways.model import Label

_TEXTS = ("notice", "claim", "payee", "insurer", "reason_code", "reason_text", "liable")
LINE_FIELDS = ("source", "line", "kind", *_TEXTS, "day", "amount")
"""What the inputs of a Task tell of its line."""

TO_RESOLVE_CODE = "return-line-to-resolve"
TO_RESOLVE = Label("ligne de retour à résoudre", "return line to resolve")
APPLIED_CODE = "return-line-applied"
APPLIED = Label("ligne de retour appliquée à une facture", "return line applied to an invoice")


def task_id(line: ReturnLine, occurrence: int) -> str:
    """The id of a line's Task: the same whichever file says it; `occurrence` tells apart equal lines of one file."""
    said = (line.kind, line.notice, line.claim, line.payee, line.insurer, line.cents, occurrence)
    name = "|".join("" if part is None else str(part) for part in said)
    return str(uuid5(NAMESPACE_URL, f"{canonical.TASK_SYSTEM}|{name}"))


def task_to_resolve(line: ReturnLine, reason: Label, source: str, claim: str | None, id_: str) -> Element:
    """The Task: what the line says as inputs, why it was not applied as its description."""
    french, english = translated(reason)
    told = {"description": french, "_description": english}
    return _task(line, source, id_, claim, "requested", TO_RESOLVE_CODE, TO_RESOLVE) | told


def task_applied(line: ReturnLine, source: str, invoice: str, id_: str) -> Element:
    """The Task that keeps a line applied to an Invoice: what the line says as inputs, without what it decided."""
    return _task(line, source, id_, invoice, "completed", APPLIED_CODE, APPLIED)


def _task(
    line: ReturnLine, source: str, id_: str, focus: str | None, status: str, code: str, display: Label
) -> Element:
    task: Element = {
        "resourceType": "Task",
        "id": id_,
        "status": status,
        "intent": "order",
        "code": coded(canonical.TASK_SYSTEM, code, display.fr),
    }
    if focus is not None:
        task["focus"] = {"reference": focus}
    inputs = [{"type": coded(canonical.RETURN_LINE_SYSTEM, name)} | value for name, value in _inputs(line, source)]
    return task | {"authoredOn": line.day.isoformat(), "input": inputs}


def task_resolved(task: Element, why: Label) -> Element:
    """The Task once its line has been applied after all."""
    french, english = translated(why)
    return task | {"status": "completed", "statusReason": {"text": french, "_text": english}}


def _inputs(line: ReturnLine, source: str) -> Iterator[tuple[str, Element]]:
    yield "source", {"valueString": source}
    yield "line", {"valuePositiveInt": line.number}
    yield "kind", {"valueCode": line.kind.replace("_", "-")}
    for name in _TEXTS:
        value = getattr(line, name)
        if value:
            yield name.replace("_", "-"), {"valueString": value}
    day: date = line.day
    yield "day", {"valueDate": day.isoformat()}
    if line.cents is not None:
        yield "amount", {"valueMoney": money(line.cents)}
