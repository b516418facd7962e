"""The whole document: FHIR's paths from the table that routes them, the others from their FastAPI routes.

The FHIR paths are generic (`{type}` is any of the R4 resource types): `/metadata` is the description of what each type
takes.
"""

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from cordee import __version__
from cordee.api.addresses import INTERACTIONS
from cordee.api.openapi.examples import INSTANCES
from cordee.api.openapi.interactions import describe_interaction
from cordee.api.openapi.operations import describe_operation
from cordee.api.openapi.parameters import IN_PATH, OF_EVERY_REQUEST, component, parameter_components, reference
from cordee.api.openapi.responses import header_components, response_components
from cordee.api.openapi.schemas import schemas
from cordee.api.operations.table import OPERATIONS_BY_SHAPE

TITLE = "Cordée"
SUMMARY = "A FHIR R4 server for French coordinated care."
_DESCRIPTION = """\
FHIR R4 (4.0.1), in JSON and XML, under a base for each tenant. HEAD is answered wherever GET is, OPTIONS everywhere
with `Allow`; bodies may be compressed with gzip, both ways. A method that does not apply is 405. Every refusal is an
OperationOutcome. A Binary is also taken, and answered to who asks for its type, as what it holds. The examples
work on the data of the demo."""
_BASES = (("/fhir", "of the default tenant", ""), ("/t/{tenant}/fhir", "of a tenant", "-of-tenant"))


def describe(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document of the FHIR paths and of `routes`."""
    document = get_openapi(
        title=TITLE, version=__version__, summary=SUMMARY, description=_DESCRIPTION, routes=list(routes)
    )
    paths = {
        f"{base}/{shape}".rstrip("/"): _path(base, whose, suffix, shape)
        for base, whose, suffix in _BASES
        for shape in INTERACTIONS
    }
    document["paths"] = paths | document["paths"]
    components = document.setdefault("components", {})
    components["parameters"] = parameter_components()
    components["headers"] = header_components()
    components["responses"] = response_components()
    components.setdefault("schemas", {}).update(schemas())
    return document


def _path(base: str, whose: str, suffix: str, shape: str) -> dict[str, Any]:
    in_path = [name for name in IN_PATH if f"{{{name}}}" in f"{base}/{shape}"]
    parameters = [_instance(shape) if name == "id" else reference(name) for name in (*in_path, *OF_EVERY_REQUEST)]
    described: dict[str, Any] = {"parameters": parameters}
    for method, interaction in INTERACTIONS[shape].items():
        operation = OPERATIONS_BY_SHAPE.get(shape)
        described[method.lower()] = {
            "tags": [f"FHIR {whose}"],
            **(
                describe_interaction(interaction, suffix)
                if operation is None
                else describe_operation(operation, shape, method, suffix)
            ),
        }
    return described


def _instance(shape: str) -> dict[str, Any]:
    """The parameter `id`, with the example that fits the type in the address."""
    type_ = shape.partition("/")[0]
    if type_ == "_job":
        return {**component("id"), "description": "The job's id, as Content-Location tells it."}
    example = INSTANCES["Patient" if type_ == "{type}" else type_]
    return {**component("id"), "example": example}
