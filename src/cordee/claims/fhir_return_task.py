"""A line of a return file that a person must resolve, as a Task that stays until they have."""

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


def task_id(line: ReturnLine, occurrence: int) -> str:
    """The id of a line's Task: the same whichever file says it; `occurrence` tells apart equal lines of one file."""
    said = (line.kind, line.notice, line.claim, line.payee, line.insurer, line.cents, occurrence)
    name = "|".join("" if part is None else str(part) for part in said)
    return str(uuid5(NAMESPACE_URL, f"{canonical.TASK_SYSTEM}|{name}"))


def task_to_resolve(line: ReturnLine, reason: Label, source: str, claim: str | None, id_: str) -> Element:
    """The Task: what the line says as inputs, why it was not applied as its description."""
    french, english = translated(reason)
    task: Element = {
        "resourceType": "Task",
        "id": id_,
        "status": "requested",
        "intent": "order",
        "code": coded(canonical.TASK_SYSTEM, TO_RESOLVE_CODE, TO_RESOLVE.fr),
        "description": french,
        "_description": english,
    }
    if claim is not None:
        task["focus"] = {"reference": claim}
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
