"""`$graphql`, of the system and of a resource (R4 resource-operation-graphql.html, graphql.html)."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import orjson

from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import ANY_TYPE, Asked, Operation, Output, OwnBody
from cordee.api.response import FhirResponse, File
from cordee.fhir.outcome import FhirError, MalformedBody
from cordee.store.reader import Reader

_JSON = "application/json"
_encoder = msgspec.json.Encoder(decimal_format="number")


async def _graphql(reader: Reader, asked: Asked) -> FhirResponse:
    from cordee.api.operations.graphql_answering import (  # noqa: PLC0415 - graphql-core takes long to import
        Question,
        answer,
    )

    arguments = asked.arguments
    question = Question(
        arguments.required_text("query"), arguments.text("operationName"), _variables(asked), asked.type, asked.id
    )
    text = _encoder.encode({"data": await answer(reader, question, asked.base_url)})
    return FhirResponse(200, file=File(None, _JSON, iter((text,))))


def _variables(asked: Asked) -> Mapping[str, Any]:
    text = asked.arguments.text("variables")
    if text is None:
        return {}
    try:
        variables = orjson.loads(text)
    except orjson.JSONDecodeError:
        variables = None
    if not isinstance(variables, dict):
        raise FhirError("variables is not a JSON object.", path=asked.arguments.place("variables"))
    return variables


def _texts_of_json(body: bytes) -> Mapping[str, str] | None:
    """The members of GraphQL's own request (GraphQL over HTTP), None for Parameters."""
    try:
        posted = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedBody(f"The body is not valid JSON: {error}.") from None
    if not isinstance(posted, dict):
        raise MalformedBody('A query is sent as an object: {"query": "…", "variables": {…}}.')
    if "resourceType" in posted:
        return None
    return dict(_members(posted))


def _members(posted: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in posted.items():
        if name in ("variables", "extensions") and isinstance(value, dict):
            if name == "variables":
                yield name, orjson.dumps(value).decode()
        elif isinstance(value, str):
            yield name, value
        elif value is not None:
            raise MalformedBody(f"The member {name} of a query's body is not of its type.")


def _texts_of_query(body: bytes) -> Mapping[str, str]:
    try:
        return {"query": body.decode()}
    except UnicodeDecodeError:
        raise MalformedBody("The query is not UTF-8.") from None


def _operation(id_: str, resource: str | None, title: str, description: str, query: str) -> Operation:
    return Operation(
        code="graphql",
        id=id_,
        resource=resource,
        levels=("system",) if resource is None else ("instance",),
        title=title,
        description=(
            f"{description} The query, the fields and the directives are those of R4 graphql.html; what is not served "
            "is refused by name, with its place. The answer is GraphQL's, application/json; as an entry of a Bundle, a "
            "Binary that holds it."
        ),
        inputs=(
            Input("query", "string", "The query, in GraphQL.", min=1),
            Input("operationName", "string", "Which operation of the query, where it has several."),
            Input("variables", "string", "The values of its variables, a JSON object."),
        ),
        outputs=(Output("result", "Binary", "The answer, always application/json.", min=1),),
        example={"resourceType": "Parameters", "parameter": [{"name": "query", "valueString": query}]},
        file_type=_JSON,
        own_bodies=(
            OwnBody(_JSON, _texts_of_json, {"query": query}),
            OwnBody("application/graphql", _texts_of_query, query),
        ),
        read=_graphql,
    )


GRAPHQL = _operation(
    "graphql",
    None,
    "Ask for several things at once",
    "Carries out a GraphQL query over all resources, beginning with Patient(id:), PatientList or PatientConnection.",
    "{ PatientList(_count: 2) { id name { family given } ConditionList(_reference: patient) { id } } }",
)
GRAPHQL_OF_RESOURCE = _operation(
    "resource-graphql",
    ANY_TYPE,
    "Ask for parts of this resource, and for what it refers to",
    "Carries out a GraphQL query that begins with the fields of one resource.",
    "{ resourceType id meta { lastUpdated } }",
)
