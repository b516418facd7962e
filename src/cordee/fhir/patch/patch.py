"""A patch as it was received, and what it makes of a resource (R4 http.html#patch)."""

import base64
import binascii
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

from cordee.fhir.body import Incoming, accept, parse_json
from cordee.fhir.outcome import FhirError, InvalidResource, UnsupportedMediaType
from cordee.fhir.patch.fhirpath_patch import fhirpath_patched
from cordee.fhir.patch.json_patch import json_patched
from cordee.fhir.patch.refusals import InvalidPatch, PatchNotApplicable

LARGEST_RESULT = 20_000_000
"""Bytes: copies of copies grow without end."""

_REFUSED = {
    "application/xml-patch+xml": "XML Patch is not carried out",
    "application/merge-patch+json": "a merge patch is not of FHIR R4",
}


class PatchKind(Enum):
    """How a patch is written; the value is its media type."""

    JSON = "application/json-patch+json"
    FHIRPATH = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Patch:
    """The text of a JSON Patch, or of the Parameters of a FHIRPath Patch."""

    kind: PatchKind
    text: bytes

    def patched(self, body: str) -> bytes:
        """The compact text that it makes of a stored resource's, for `accept_patched` to check.

        Raises `InvalidPatch` (400) for a patch that can't be understood, `PatchNotApplicable` (422) for one that does
        not fit the resource.
        """
        if self.kind is PatchKind.JSON:
            return json_patched(body, self.text, most_bytes=LARGEST_RESULT)
        return fhirpath_patched(body, self.text)


def accept_patched(text: bytes, before: str) -> Incoming:
    """What a patch made of the resource `before`, checked like any body: raises what `accept` does.

    Raises `PatchNotApplicable` (422) for one that changes the id.
    """
    was: dict[str, Any] = orjson.loads(before)
    incoming = accept(text, was["resourceType"])
    if incoming.id != was["id"]:
        raise PatchNotApplicable("A patch can't change a resource's id.", path=f"{was['resourceType']}.id")
    return incoming


def patch_said_to_be(media_type: str, text: bytes, *, is_fhir: bool) -> Patch:
    """The patch of a body of that type; `is_fhir` when the type is FHIR's own, and `text` its JSON.

    Raises `UnsupportedMediaType` (415) for what is no patch that is carried out, `InvalidPatch` for a body that isn't
    the Parameters of a FHIRPath Patch.
    """
    if media_type == PatchKind.JSON.value:
        return Patch(PatchKind.JSON, text)
    if not is_fhir:
        why = _REFUSED.get(media_type, f"«{media_type}» is no patch")
        raise UnsupportedMediaType(
            f"{why}; send a JSON Patch as {PatchKind.JSON.value}, or the Parameters of a FHIRPath Patch as "
            f"{PatchKind.FHIRPATH.value}."
        )
    return _fhirpath_patch(text)


def patch_in_entry(resource: bytes, path: str) -> Patch:
    """The patch that a Bundle's entry holds: the Parameters of a FHIRPath Patch, or a Binary with a JSON Patch.

    Raises `FhirError` with the entry's `path` for what is neither.
    """
    place = f"{path}.resource"
    held = parse_json(resource)
    if held.get("resourceType") != "Binary":
        return _fhirpath_patch(resource, place)
    media_type = str(held.get("contentType")).partition(";")[0].strip().lower()
    try:
        text = base64.b64decode(str(held.get("data", "")), validate=True)
    except binascii.Error:
        raise InvalidPatch("The data of the Binary is not base64.", path=f"{place}.data") from None
    try:
        return patch_said_to_be(media_type, text, is_fhir=media_type == PatchKind.FHIRPATH.value)
    except FhirError as refusal:
        raise type(refusal)(str(refusal), path=place) from None


def _fhirpath_patch(text: bytes, path: str = "Parameters") -> Patch:
    parameters = parse_json(text)
    if parameters.get("resourceType") != "Parameters":
        raise InvalidPatch(
            f"A FHIRPath Patch is a Parameters resource, not a {parameters.get('resourceType')}; to replace the whole "
            "resource, PUT it.",
            path=path,
        )
    try:
        accept(text, "Parameters")
    except InvalidResource as refusal:
        raise InvalidPatch(str(refusal), issues=refusal.issues) from None
    return Patch(PatchKind.FHIRPATH, text)
