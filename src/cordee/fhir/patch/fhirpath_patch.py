"""FHIRPath Patch (R4 fhirpatch.html): operations in a Parameters resource, each at a place a FHIRPath names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cordee.fhir.fhirpath import Steps, counting
from cordee.fhir.patch.locations import Location, element_at, locate
from cordee.fhir.patch.refusals import InvalidPatch, PatchNotApplicable
from cordee.fhir.patch.resource_text import resource_from_text, text_of

MOST_OPERATIONS = 1_000
_KINDS = ("add", "insert", "delete", "replace", "move")
_NEEDED = {
    "add": ("name", "value"),
    "insert": ("index", "value"),
    "replace": ("value",),
    "move": ("source", "destination"),
}


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation; `place` is where it stands in the Parameters, `value` the part that holds its value."""

    place: str
    kind: str
    path: str
    given: Mapping[str, Any]
    value: Mapping[str, Any] | None


def fhirpath_patched(text: bytes | str, parameters: bytes | str) -> bytes:
    """The text that the operations of a Parameters resource make of a resource's, carried out in their order.

    Raises `InvalidPatch` (400) for operations that can't be understood, `PatchNotApplicable` (422) for a path that
    leads nowhere, or to several elements.
    """
    resource = resource_from_text(text)
    with counting(Steps()):
        for operation in _operations(resource_from_text(parameters)):
            _carry_out(resource, operation)
    return text_of(resource)


def _carry_out(resource: dict[str, Any], operation: _Operation) -> None:
    match operation.kind:
        case "add":
            _add(resource, operation)
        case "insert":
            _insert(resource, operation)
        case "delete":
            _delete(resource, operation)
        case "replace":
            _replace(resource, operation)
        case _:
            _move(resource, operation)


def _operations(parameters: Mapping[str, Any]) -> list[_Operation]:
    entries = parameters.get("parameter", ())
    if parameters.get("resourceType") != "Parameters" or not entries:
        raise InvalidPatch("A FHIRPath Patch is a Parameters resource with a parameter «operation» for each change.")
    if len(entries) > MOST_OPERATIONS:
        raise InvalidPatch(f"The patch has {len(entries)} operations; at most {MOST_OPERATIONS} are taken.")
    return [_operation(entry, f"Parameters.parameter[{number}]") for number, entry in enumerate(entries)]


def _operation(entry: Mapping[str, Any], place: str) -> _Operation:
    if entry.get("name") != "operation":
        raise InvalidPatch(f"a parameter «operation» is expected, not {entry.get('name')!r}.", path=place)
    parts = {part.get("name"): part for part in entry.get("part", ())}
    given = {name: _simple(part) for name, part in parts.items() if name != "value"}
    kind, path = given.get("type"), given.get("path")
    if kind not in _KINDS:
        raise InvalidPatch(f"the part «type» is one of {', '.join(_KINDS)}, not {kind!r}.", path=place)
    if not isinstance(path, str):
        raise InvalidPatch("the part «path» is missing: a FHIRPath, in valueString.", path=place)
    missing = [name for name in _NEEDED.get(kind, ()) if name not in parts]
    if missing:
        raise InvalidPatch(f"an operation {kind!r} needs the part «{missing[0]}».", path=place)
    return _Operation(place, kind, path, given, parts.get("value"))


def _simple(part: Mapping[str, Any]) -> Any:
    return next((value for name, value in part.items() if name.startswith("value")), None)


def _add(resource: dict[str, Any], operation: _Operation) -> None:
    target = _only(resource, operation, operation.path)
    if not isinstance(target.value, dict):
        raise PatchNotApplicable(f"{operation.path!r} is a value: nothing can be added to it.", path=operation.place)
    name = str(operation.given["name"])
    found = element_at(target.definition, name)
    if found is None:
        raise PatchNotApplicable(f"{target.definition} has no element {name!r}.", path=operation.place)
    element, definition = found
    written = _written_name(name, element.path, operation)
    value = _value(operation, f"{target.definition}.{written}")
    if element.max is None or element.max > 1:
        target.value.setdefault(written, []).append(value)
    elif locate(target.value | {"resourceType": target.definition}, name):
        raise PatchNotApplicable(
            f"{definition} is there already, and does not repeat: replace it.", path=operation.place
        )
    else:
        target.value[written] = value


def _insert(resource: dict[str, Any], operation: _Operation) -> None:
    first = _collection(resource, operation)
    index = _index(operation, "index", len(first.holder))
    value = _value(operation, first.definition)
    for entries in _side_by_side(first):
        entries.insert(index, value if entries is first.holder else None)


def _delete(resource: dict[str, Any], operation: _Operation) -> None:
    found = locate(resource, operation.path)
    if len(found) > 1:
        raise PatchNotApplicable(f"{operation.path!r} leads to {len(found)} elements; one can be deleted at a time.")
    for location in found:
        if location.key is None:
            raise PatchNotApplicable("a patch can't delete the resource itself.", path=operation.place)
        _remove(resource, location)


def _remove(resource: dict[str, Any], location: Location) -> None:
    """Takes an element away, with what belongs to it: a primitive's extensions, and a list left empty."""
    if isinstance(location.key, int):
        for entries in _side_by_side(location):
            del entries[location.key]
        _drop_empty(resource)
        return
    location.holder.pop(location.key, None)
    location.holder.pop(f"_{location.key}", None)
    _drop_empty(resource)


def _drop_empty(value: Any) -> None:
    """FHIR's JSON has neither empty objects nor lists of nothing."""
    for inside in value.values() if isinstance(value, dict) else value:
        if isinstance(inside, dict | list):
            _drop_empty(inside)
    if isinstance(value, list):
        value[:] = [inside for inside in value if inside not in ({}, [])]
        return
    for name in [n for n, inside in value.items() if inside == {} or _holds_nothing(inside)]:
        del value[name]


def _holds_nothing(value: Any) -> bool:
    return isinstance(value, list) and all(inside is None for inside in value)


def _replace(resource: dict[str, Any], operation: _Operation) -> None:
    location = _only(resource, operation, operation.path)
    if location.key is None:
        raise PatchNotApplicable("a patch can't replace the resource itself: update it.", path=operation.place)
    if isinstance(location.key, int):
        location.holder[location.key] = _value(operation, location.definition)
        return
    parent = location.definition.rpartition(".")[0]
    found = element_at(parent, location.key)
    written = location.key
    if found is not None and found[0].path.endswith("[x]"):
        stem = found[0].path.rpartition(".")[2].removesuffix("[x]")
        written = _written_name(stem, found[0].path, operation)
    value = _value(operation, f"{parent}.{written}")
    if written == location.key:
        location.holder[written] = value
        return
    entries = [(written if key == location.key else key, inside) for key, inside in location.holder.items()]
    location.holder.clear()
    location.holder.update(entries)
    location.holder[written] = value
    location.holder.pop(f"_{location.key}", None)


def _move(resource: dict[str, Any], operation: _Operation) -> None:
    first = _collection(resource, operation)
    source = _index(operation, "source", len(first.holder) - 1)
    destination = _index(operation, "destination", len(first.holder) - 1)
    for entries in _side_by_side(first):
        entries.insert(destination, entries.pop(source))


def _side_by_side(location: Location) -> list[list[Any]]:
    """The list that a place is in, and the one of its primitives' ids and extensions, made as long."""
    if location.companions is None:
        return [location.holder]
    location.companions.extend([None] * (len(location.holder) - len(location.companions)))
    return [location.holder, location.companions]


def _collection(resource: dict[str, Any], operation: _Operation) -> Location:
    """The first entry of the list that a path leads to."""
    found = locate(resource, operation.path)
    if not found or not isinstance(found[0].holder, list):
        raise PatchNotApplicable(f"{operation.path!r} leads to no list that has entries.", path=operation.place)
    if any(location.holder is not found[0].holder for location in found):
        raise PatchNotApplicable(f"{operation.path!r} leads to several lists.", path=operation.place)
    return found[0]


def _index(operation: _Operation, name: str, most: int) -> int:
    index = operation.given.get(name)
    if type(index) is not int or not 0 <= index <= most:
        raise PatchNotApplicable(
            f"«{name}» is {index}: a whole number from 0 to {most} is needed.", path=operation.place
        )
    return index


def _only(resource: dict[str, Any], operation: _Operation, path: str) -> Location:
    found = locate(resource, path)
    if len(found) != 1:
        said = "nothing" if not found else f"{len(found)} elements"
        raise PatchNotApplicable(f"{path!r} leads to {said}; one element is needed.", path=operation.place)
    return found[0]


def _written_name(name: str, element: str, operation: _Operation) -> str:
    """The JSON name: that of a choice has the type of the value given."""
    if not element.endswith("[x]") or element.rpartition(".")[2] != f"{name}[x]":
        return name
    part = operation.value or {}
    typed = next((key.removeprefix("value") for key in part if key.startswith("value") and key != "value"), None)
    if typed is None:
        raise InvalidPatch(
            f"{name} is a choice of types: its value needs one, as in valueString.", path=operation.place
        )
    return name + typed


def _value(operation: _Operation, definition: str) -> Any:
    return _part_value(operation.value or {}, definition, operation.place)


def _part_value(part: Mapping[str, Any], definition: str, place: str) -> Any:
    """What a part holds: a value, a resource, or an element written part by part (for those without a type)."""
    if "resource" in part:
        return part["resource"]
    typed = [value for name, value in part.items() if name.startswith("value")]
    if typed:
        return typed[0]
    built: dict[str, Any] = {}
    for inside in part.get("part", ()):
        name = str(inside.get("name"))
        found = element_at(definition, name)
        if found is None:
            raise PatchNotApplicable(f"{definition} has no element {name!r}.", path=place)
        element, path = found
        value = _part_value(inside, path, place)
        written = name
        if element.path.endswith(f".{name}[x]"):
            typed_name = next((key for key in inside if key.startswith("value") and key != "value"), "value")
            written = name + typed_name.removeprefix("value")
        if element.max is None or element.max > 1:
            built.setdefault(written, []).append(value)
        else:
            built[written] = value
    if not built:
        raise InvalidPatch(f"the value of {definition} is missing: value[x], resource, or parts.", path=place)
    return built
