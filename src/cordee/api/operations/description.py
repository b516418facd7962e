"""The OperationDefinition of an operation, made from its declaration (R4 operationdefinition.html)."""

from typing import Any

from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Operation, Output
from cordee.claims import canonical

_BASE = f"{canonical.BASE}/OperationDefinition/"
_PUBLISHED = "2026-11-24"


def operation_canonical(operation: Operation) -> str:
    """The canonical address of its definition."""
    return _BASE + operation.id


def operation_definition(operation: Operation) -> dict[str, Any]:
    """The definition, as it is served and published in `profiles/`."""
    definition: dict[str, Any] = {
        "resourceType": "OperationDefinition",
        "id": operation.id,
        "url": operation_canonical(operation),
        "name": "".join(part.capitalize() for part in operation.id.split("-")),
        "title": operation.title,
        "status": "active",
        "kind": "operation",
        "date": _PUBLISHED,
        "publisher": "Cordée",
        "description": operation.description,
        "affectsState": operation.affects_state,
        "code": operation.code,
    }
    if operation.base is not None:
        definition["base"] = operation.base
    if operation.resource is not None:
        definition["resource"] = [operation.resource]
    definition |= {level: level in operation.levels for level in ("system", "type", "instance")}
    taken = [_input(parameter) for parameter in operation.inputs]
    return definition | {"parameter": [*taken, *(_output(parameter) for parameter in operation.outputs)]}


def _input(parameter: Input) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "use": "in",
        "min": parameter.min,
        "max": _max(parameter.max),
        "documentation": parameter.documentation,
    }
    if parameter.parts:
        return described | {"part": [_input(part) for part in parameter.parts]}
    described["type"] = "string" if parameter.type == "reference" else parameter.type
    # Only a string may have a search type, and only simple types go into an address (R4 opd-1, operations.html).
    return described | ({"searchType": "reference"} if parameter.type == "reference" else {})


def _output(parameter: Output) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "use": "out",
        "min": parameter.min,
        "max": _max(parameter.max),
        "documentation": parameter.documentation,
    }
    if parameter.type:
        described["type"] = parameter.type
    if parameter.parts:
        described["part"] = [_output(part) for part in parameter.parts]
    return described


def _max(most: int | None) -> str:
    return "*" if most is None else str(most)
