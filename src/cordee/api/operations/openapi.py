"""An operation in the OpenAPI description, with an example of what asks for it."""

from typing import Any

from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Operation

OPERATION_REFUSALS = (400, 404, 409, 413, 415, 422)
_FHIR_JSON = "application/fhir+json"
_SCHEMAS: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "date": {"type": "string", "format": "date"},
}


def describe_operation(operation: Operation, shape: str, method: str, *, of_tenant: bool) -> dict[str, Any]:
    """The operation at one address, by one method; its refusals and its tags are the caller's."""
    level = "system" if operation.resource is None else "instance" if "{id}" in shape else "type"
    name = "-".join([operation.id, level, method.lower(), *(["of", "tenant"] if of_tenant else [])])
    described: dict[str, Any] = {
        "operationId": name,
        "summary": operation.title,
        "description": operation.description,
        "parameters": [],
        "responses": {"200": _answer(operation)},
    }
    if method == "POST":
        body = {"schema": {"$ref": "#/components/schemas/Resource"}, "example": dict(operation.example)}
        is_needed = any(parameter.min for parameter in operation.inputs)
        described["requestBody"] = {"required": is_needed, "content": {_FHIR_JSON: body}}
    else:
        described["parameters"] = [_in_query(parameter, operation) for parameter in operation.simple_inputs]
    return described


def _answer(operation: Operation) -> dict[str, Any]:
    if operation.file_type is not None:
        content = {operation.file_type: {"schema": {"type": "string", "format": "binary"}}}
        return {"description": "The file.", "content": content}
    said = ", ".join(output.name for output in operation.outputs)
    content = {_FHIR_JSON: {"schema": {"$ref": "#/components/schemas/Resource"}}}
    if said == "return":
        return {"description": f"{operation.outputs[0].type}: {operation.outputs[0].documentation}", "content": content}
    return {"description": f"Parameters: {said}.", "content": content}


def _in_query(parameter: Input, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.min > 0,
        "description": parameter.documentation,
        "schema": _SCHEMAS.get(parameter.type, {"type": "string"}),
    }
    for given in operation.example.get("parameter", ()):
        if given["name"] == parameter.name:
            value = next(said for key, said in given.items() if key.startswith("value"))
            described["example"] = value["reference"] if isinstance(value, dict) else value
    return described
