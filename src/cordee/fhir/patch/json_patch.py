"""JSON Patch (RFC 6902)."""

from decimal import Decimal
from typing import Any

import jsonpatch
import jsonpointer
import msgspec

from cordee.fhir.patch.refusals import InvalidPatch, PatchNotApplicable
from cordee.fhir.patch.resource_text import resource_from_text, text_of

MOST_OPERATIONS = 1_000
_OPERATIONS = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal)


def json_patched(text: bytes | str, patch: bytes, *, most_bytes: int) -> bytes:
    """The text that `patch` makes of a resource's; `most_bytes` bounds it, since copies of copies grow without end.

    Raises `InvalidPatch` (400) for what is not a JSON Patch, `PatchNotApplicable` (422) for a failed test or a place
    that is not there: the operation is named by its place in the patch.
    """
    try:
        operations = _OPERATIONS.decode(patch)
    except msgspec.MsgspecError as error:
        raise InvalidPatch(f"The body is not a JSON Patch, a list of operations (RFC 6902): {error}.") from None
    if len(operations) > MOST_OPERATIONS:
        raise InvalidPatch(f"The patch has {len(operations)} operations; at most {MOST_OPERATIONS} are taken.")
    resource = resource_from_text(text)
    for number, operation in enumerate(operations):
        resource = _applied(resource, operation, number)
        if operation.get("op") == "copy" and len(text_of(resource)) > most_bytes:
            raise PatchNotApplicable(f"[{number}]: the copies make the resource larger than {most_bytes} bytes.")
    return text_of(resource)


def _applied(resource: dict[str, Any], operation: dict[str, Any], number: int) -> dict[str, Any]:
    place = f"[{number}]"
    try:
        patched = jsonpatch.JsonPatch([operation]).apply(resource, in_place=True)
    except jsonpatch.JsonPatchTestFailed:
        said = f"{place}: the test of {operation.get('path')!r} failed: the resource says otherwise."
        raise PatchNotApplicable(said) from None
    except (jsonpatch.JsonPatchConflict, jsonpointer.JsonPointerException) as error:
        raise PatchNotApplicable(f"{place}: {error}.") from None
    except (jsonpatch.JsonPatchException, TypeError, ValueError, KeyError) as error:
        raise InvalidPatch(f"{place}: {error} (RFC 6902).") from None
    if not isinstance(patched, dict):
        raise PatchNotApplicable(f"{place}: it would leave something else than a resource.")
    return patched
