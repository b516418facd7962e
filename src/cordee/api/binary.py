"""A Binary as what it holds, not as a resource: both ways (R4 binary.html#rest)."""

import base64
import re
from collections.abc import Mapping
from typing import Any

import orjson

from cordee.api.media_types import body_format, format_named, media_type
from cordee.api.request import FhirRequest
from cordee.api.response import FhirResponse, File
from cordee.fhir.stored_version import StoredVersion

_MEDIA_TYPE = re.compile(r"[\w.+\-]+/[\w.+\-]+(; ?[\w.+\-]+=[\w.+\-\"]+)*", re.ASCII)
_NOT_TO_BE_RUN = [(b"x-content-type-options", b"nosniff"), (b"content-security-policy", b"sandbox; default-src 'none'")]
"""What is stored here may be a page with a script."""


def is_content(request: FhirRequest, resource_type: str) -> bool:
    """Whether the body is what a Binary is to hold: it is said to be of another type than FHIR's."""
    declared = request.header(b"content-type")
    return resource_type == "Binary" and declared is not None and body_format(declared) is None


def binary_of(request: FhirRequest, content: bytes, id_: str) -> bytes:
    """The text of the Binary that holds a body; `id_` is empty where the server is to give one."""
    resource: dict[str, Any] = {"resourceType": "Binary"}
    if id_:
        resource["id"] = id_
    resource["contentType"] = (request.header(b"content-type") or "").strip()
    context = request.header(b"x-security-context")
    if context is not None:
        resource["securityContext"] = {"reference": context}
    if content:
        resource["data"] = base64.b64encode(content).decode()
    return orjson.dumps(resource)


def content_of(request: FhirRequest, version: StoredVersion) -> FhirResponse | None:
    """What a Binary holds, where that is asked for; else None, and the resource is answered.

    It is asked for by its type, or by a wildcard beside other types that are none of FHIR's, as browsers do for images.
    `*/*` alone, or nothing, is answered with the resource, as everywhere.
    """
    resource: Mapping[str, Any] = orjson.loads(version.body)
    content_type = str(resource["contentType"])
    if not _is_wanted(request.formats_wanted, media_type(content_type)[0]):
        return None
    served = content_type if _MEDIA_TYPE.fullmatch(content_type) else "application/octet-stream"
    file = File(version.id, served, iter([base64.b64decode(resource.get("data", ""))]))
    return FhirResponse(200, version=version, file=file, headers=list(_NOT_TO_BE_RUN))


def _is_wanted(choices: list[str] | None, content_type: str) -> bool:
    names = {media_type(choice)[0] for choice in choices or ()}
    if names <= {"*/*"} or any(format_named(name) for name in names):
        return False
    return not names.isdisjoint({content_type, f"{content_type.partition('/')[0]}/*", "*/*"})
