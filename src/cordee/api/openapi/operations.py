"""An operation in the OpenAPI description, with an example of what asks for it."""

from typing import Any

from cordee.api.media_types import NDJSON, Format
from cordee.api.openapi.examples import as_xml
from cordee.api.openapi.parameters import component, reference
from cordee.api.openapi.responses import BEGUN, PUT_ASIDE, answer, refused, refused_in_own_form
from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Operation

_JSON = "application/json"
_REFUSALS = (400, 404, 409, 410, 413, 415, 422)
_SCHEMAS: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number"},
    "positiveInt": {"type": "integer", "minimum": 1},
    "date": {"type": "string", "format": "date"},
}


def describe_operation(operation: Operation, shape: str, method: str, suffix: str) -> dict[str, Any]:
    """The operation at one address, by one method; `suffix` tells its id from that under the other base."""
    level = "system" if operation.resource is None else "instance" if "{id}" in shape else "type"
    described: dict[str, Any] = {
        "operationId": f"{operation.id}-{level}-{method.lower()}{suffix}",
        "summary": operation.title,
        "description": operation.description,
        "parameters": [component("Prefer") | {"example": "respond-async"} if operation.is_job else reference("Prefer")],
        "responses": _refusals(operation),
    }
    described["responses"]["202"] = answer(BEGUN if operation.is_job else PUT_ASIDE, None, ("Content-Location",))
    if not operation.is_job:
        described["responses"]["200"] = _answer(operation)
    if method == "POST":
        described["requestBody"] = _body(operation, level)
    else:
        described["parameters"] += [
            _in_query(parameter, _given(operation, level)) for parameter in operation.simple_inputs
        ]
        if operation.searches:
            described["parameters"].append(_criteria(operation))
    return described


def _body(operation: Operation, level: str) -> dict[str, Any]:
    example: dict[str, Any] = {"resourceType": "Parameters"}
    if given := _given(operation, level):
        example["parameter"] = given
    schema: dict[str, Any] = {"$ref": "#/components/schemas/Parameters"}
    if operation.resource_input is not None:  # any resource may stand there bare, and be told what is wrong with it
        schema = {"type": "object"}
    content: dict[str, Any] = {
        Format.JSON.value: {"schema": schema, "example": example},
        Format.XML.value: {"schema": {"$ref": "#/components/schemas/Xml"}, "example": as_xml(example)},
    }
    for own in operation.own_bodies:
        content[own.media_type] = {"schema": {"type": "object" if isinstance(own.example, dict) else "string"}}
        content[own.media_type]["example"] = own.example
    if operation.write_posted is not None:
        content[NDJSON[0]] = {"schema": {"type": "string"}, "example": '{"resourceType":"Patient","id":"a"}\n'}
    return {"required": any(parameter.min for parameter in operation.inputs), "content": content}


def _refusals(operation: Operation) -> dict[str, Any]:
    if operation.file_type == _JSON:
        return refused_in_own_form(_REFUSALS, _JSON)
    return refused(_REFUSALS)


def _answer(operation: Operation) -> dict[str, Any]:
    if operation.file_type is not None:
        schema = {"type": "object"} if operation.file_type == _JSON else {"type": "string", "format": "binary"}
        content = {operation.file_type: {"schema": schema}}
        return {**answer("The file.", None), "content": content}
    said = ", ".join(output.name for output in operation.outputs)
    if said == "return":
        return answer(f"{operation.outputs[0].type}: {operation.outputs[0].documentation}", "Resource")
    return answer(f"Parameters: {said}.", "Parameters")


def _given(operation: Operation, level: str) -> list[dict[str, Any]]:
    """The parameters of the example; asked of a resource, it is not to be named by its URL too."""
    given = operation.example.get("parameter", ())
    return [parameter for parameter in given if level != "instance" or parameter["name"] not in ("id", "url")]


def _criteria(operation: Operation) -> dict[str, Any]:
    declared = {parameter.name for parameter in operation.inputs}
    return {
        "name": "criteria",
        "in": "query",
        "required": True,
        "description": f"Any search parameter of {operation.searches}.",
        "style": "form",
        "explode": True,
        "schema": {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
        "example": {
            given["name"]: next(str(said) for key, said in given.items() if key.startswith("value"))
            for given in operation.example["parameter"]
            if given["name"] not in declared
        },
    }


def _in_query(parameter: Input, example: list[dict[str, Any]]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.min > 0,
        "description": parameter.documentation,
        "schema": {"type": "string"} if parameter.partial else _SCHEMAS.get(parameter.type, {"type": "string"}),
    }
    for given in example:
        if given["name"] == parameter.name:
            value = next(said for key, said in given.items() if key.startswith("value"))
            described["example"] = value["reference"] if isinstance(value, dict) else value
    return described
