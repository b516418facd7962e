"""The arguments of an operation on a resource that is posted: in Parameters or bare, sound or not.

A resource given to be judged may break any rule, so it is taken out before the Parameters around it are checked.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cordee.api.operations.arguments import Arguments, Input, from_parameters, from_query
from cordee.api.operations.definition import Operation
from cordee.fhir.body import parse_json, refuse_repeated_members, repeats_members
from cordee.fhir.outcome import FhirError, InvalidResource
from cordee.fhir.validation import validate


def arguments_with_resource(
    operation: Operation, body: bytes, pairs: Iterable[tuple[str, str]], *, lenient: bool, base_url: str
) -> Arguments:
    """The arguments of a POST, of Parameters or of a bare resource with the others in the address.

    Raises `MalformedBody`, `InvalidResource` for faulty Parameters, `FhirError` (400) for faulty arguments.
    """
    parameter = operation.resource_input
    if parameter is None:
        raise TypeError(f"{operation.name} is not about a resource")
    posted = _read(body) if body.strip() else None
    if posted is None or not _are_parameters(posted, operation, parameter):
        if posted is None:
            return from_query(operation.inputs, pairs, lenient=lenient, base_url=base_url)
        others = [one for one in operation.inputs if one is not parameter]
        given = from_query(others, pairs, lenient=lenient, base_url=base_url)
        return given.with_structure(parameter.name, posted)
    if pairs := list(pairs):
        names = ", ".join(sorted({name for name, _ in pairs}))
        raise FhirError(f"The parameters of a POST of Parameters stand in its body, not in its address: {names}.")
    judged_later = {"name": parameter.name, "valueBoolean": True}
    entries = [judged_later if _holds(entry, parameter) else entry for entry in posted.get("parameter", ())]
    if issues := validate({**posted, "parameter": entries} if entries else posted, "Parameters"):
        raise InvalidResource(issues[0].diagnostics, issues=issues)
    return from_parameters(operation.inputs, posted, lenient=lenient, base_url=base_url)


def _read(body: bytes) -> Mapping[str, Any]:
    posted = parse_json(body)
    compact = msgspec.json.format(body.removeprefix(b"\xef\xbb\xbf"), indent=-1)
    if repeats_members(compact, posted):
        refuse_repeated_members(compact)
    return posted


def _are_parameters(posted: Mapping[str, Any], operation: Operation, parameter: Input) -> bool:
    """Whether it is the Parameters of the operation, rather than a bare resource, maybe of that type."""
    if posted.get("resourceType") != "Parameters":
        return False
    entries = posted.get("parameter", [])
    if not isinstance(entries, list):
        return False
    known = {one.name for one in operation.inputs}
    names = {entry.get("name") for entry in entries if isinstance(entry, dict)}
    return any(_holds(entry, parameter) for entry in entries) or names <= known


def _holds(entry: Any, parameter: Input) -> bool:
    return isinstance(entry, dict) and entry.get("name") == parameter.name and isinstance(entry.get("resource"), dict)
