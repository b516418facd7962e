"""The fields that a query may ask for, by type, from the R4 tables: no schema is built.

A type is named by its path in the definitions: `Patient`, `Patient.contact`, `HumanName`, `Resource` for any resource;
beside, `PatientConnection` and `PatientEdge`, which are GraphQL's own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from cordee.fhir.definitions import Element, Structure, load_definitions

ANY_RESOURCE = "Resource"
QUERY = "Query"
"""The type of a query's root where no resource is in scope."""

_CONNECTION, _EDGE, _LIST = "Connection", "Edge", "List"


@dataclass(frozen=True, slots=True)
class ElementField:
    """A member of a JSON object: `type` is a type's path, `primitive` one without fields of its own."""

    name: str
    type: str
    many: bool
    primitive: bool


@cache
def fields_of(type_: str) -> Mapping[str, ElementField]:
    """The members that an object of a type may have, by name; that of a primitive's extensions starts with `_`."""
    if connected := resource_before(type_, _CONNECTION):
        texts = ("first", "previous", "next", "last")
        numbers = ("count", "offset", "pagesize")
        found = [ElementField(name, "string", False, True) for name in texts]
        found += [ElementField(name, "integer", False, True) for name in numbers]
        return {field.name: field for field in (*found, ElementField("edges", f"{connected}{_EDGE}", True, False))}
    if connected := resource_before(type_, _EDGE):
        resource = ElementField("resource", connected, False, False)
        mode, score = ElementField("mode", "code", False, True), ElementField("score", "decimal", False, True)
        return {field.name: field for field in (mode, score, resource)}
    structure = load_definitions().structures.get(type_.partition(".")[0])
    if structure is None:
        return MappingProxyType({})
    children = (e for e in structure.elements.values() if e.path.rpartition(".")[0] == type_)
    return MappingProxyType({field.name: field for child in children for field in _fields(child, structure)})


def is_resource(type_: str) -> bool:
    """Whether a type is a resource, any or one."""
    return type_ == ANY_RESOURCE or type_ in load_definitions().resource_types


def resource_before(name: str, ending: str) -> str | None:
    """`Patient` of `PatientList`, where `name` is a resource type followed by `ending`."""
    type_ = name.removesuffix(ending)
    return type_ if type_ != name and type_ in load_definitions().resource_types else None


def searched(name: str) -> tuple[str, bool] | None:
    """The type that `PatientList` or `PatientConnection` searches, and whether by pages; None for other names."""
    if type_ := resource_before(name, _LIST):
        return type_, False
    if type_ := resource_before(name, _CONNECTION):
        return type_, True
    return None


def type_name(type_: str) -> str:
    """As `__typename` says it: `PatientContact` of `Patient.contact`."""
    return "".join(part[:1].upper() + part[1:] for part in type_.split("."))


@cache
def type_named(name: str) -> str | None:
    """The type that a fragment's condition names; None when there is none."""
    return _types_by_name().get(name)


def is_kind_of(type_: str, condition: str) -> bool:
    """Whether all that is of a type is of `condition` too: the same, or one it is based on."""
    here: str | None = type_
    while here is not None:
        if here == condition:
            return True
        structure = load_definitions().structures.get(here)
        here = structure.base if structure is not None else None
    return False


@cache
def _types_by_name() -> Mapping[str, str]:
    types = {}
    for structure in load_definitions().structures.values():
        if structure.kind != "primitive-type":
            groups = (e.path for e in structure.elements.values() if "." in e.path and _has_children(e, structure))
            types.update({type_name(path): path for path in (structure.name, *groups)})
    return types


def _fields(element: Element, structure: Structure) -> Iterator[ElementField]:
    name, many = element.path.rpartition(".")[2], element.max != 1
    types = [_type(element, code, structure) for code in element.types or ("",)]
    for type_ in types:
        is_choice = name.endswith("[x]")
        written = name[:-3] + type_[:1].upper() + type_[1:] if is_choice else name
        primitive = _is_primitive(type_)
        yield ElementField(written, type_, many, primitive)
        if primitive:
            yield ElementField(f"_{written}", "Element", many, primitive=False)


def _type(element: Element, code: str, structure: Structure) -> str:
    if element.content_reference:
        return element.content_reference
    return element.path if _has_children(element, structure) else code


@cache
def _is_primitive(type_: str) -> bool:
    structure = load_definitions().structures.get(type_)
    return structure is not None and structure.kind == "primitive-type"


def _has_children(element: Element, structure: Structure) -> bool:
    return element.types in (("BackboneElement",), ("Element",)) and any(
        path.startswith(f"{element.path}.") for path in structure.elements
    )
