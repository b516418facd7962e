"""Answers and refusals as the description has them."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from cordee.api.media_types import Format

FORMATS = tuple(format_.value for format_ in Format)
OF_EVERY_REQUEST = (406, 503)

REFUSALS: Mapping[int, str] = MappingProxyType(
    {
        400: "The request can't be understood.",
        404: "Nothing is or was there, or there is no such type or tenant.",
        405: "The method does not apply here; Allow lists those that do.",
        406: "Another format than JSON or XML was asked for.",
        409: "Another writer was first, or the resource exists and is not what the condition means.",
        410: "It was deleted.",
        412: "If-Match, If-None-Match or a condition is not met.",
        413: "The body is over the limit.",
        415: "The body is not of a format that is read.",
        422: "The resource breaks the rules of FHIR R4, each problem listed with its path; "
        "or what is stored forbids this.",
        503: "The database can't be reached now; Retry-After says when to try again.",
    }
)
PUT_ASIDE = "Put aside (Prefer: respond-async): Content-Location is where to ask what became of it."
BEGUN = "Begun in the background: Content-Location is where to ask what became of it."
_OF_REFUSAL: Mapping[int, str] = MappingProxyType({405: "Allow", 503: "Retry-After"})
_HEADERS: Mapping[str, tuple[dict[str, Any], str]] = MappingProxyType(
    {
        "Allow": ({"type": "string"}, "The methods that apply at this address."),
        "Content-Location": ({"type": "string"}, "The job: …/_job/{id}."),
        "Expires": ({"type": "string"}, "Until when what the job gave is kept."),
        "X-Progress": ({"type": "string"}, "How far the job is."),
        "ETag": ({"type": "string", "pattern": '^W/"[1-9][0-9]*"$'}, 'The version: W/"3".'),
        "Last-Modified": ({"type": "string"}, "When this version was written."),
        "Location": ({"type": "string"}, "The version that was written: …/Patient/1/_history/3."),
        "Retry-After": ({"type": "integer"}, "Seconds."),
        "X-Request-Id": ({"type": "string"}, "The client's, or one of the server's."),
    }
)


def header_components() -> dict[str, Any]:
    """The `components.headers` of the document."""
    return {name: {"schema": schema, "description": text} for name, (schema, text) in _HEADERS.items()}


def response_components() -> dict[str, Any]:
    """The `components.responses` of the document: the refusals."""
    return {
        str(status): {
            "description": text,
            "headers": _headers([_OF_REFUSAL[status]] if status in _OF_REFUSAL else []),
            "content": content("OperationOutcome"),
        }
        for status, text in REFUSALS.items()
    }


def refused(statuses: Iterable[int]) -> dict[str, Any]:
    """The responses under these statuses, and under those that any request may get."""
    return {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted({*statuses, *OF_EVERY_REQUEST})
    }


def refused_in_own_form(statuses: Iterable[int], media_type: str) -> dict[str, Any]:
    """The same, told in a form that is not FHIR's too."""
    components = response_components()
    described = {status: dict(components[status]) for status in refused(statuses)}
    for response in described.values():
        response["content"] = {**response["content"], media_type: {"schema": {"type": "object"}}}
    return described


def answer(description: str, schema: str | None, headers: Iterable[str] = ()) -> dict[str, Any]:
    """One success; without `schema` it has no body."""
    described: dict[str, Any] = {"description": description, "headers": _headers(headers)}
    if schema is not None:
        described["content"] = content(schema)
    return described


def content(schema: str) -> dict[str, Any]:
    """What is answered in either format."""
    return {
        kind: {"schema": {"$ref": f"#/components/schemas/{schema if kind == Format.JSON.value else 'Xml'}"}}
        for kind in FORMATS
    }


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *names)}
