"""What may stand inside an object, in the order that XML wants, from the definitions (R4 xml.html#xml)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType

from cordee.fhir.definitions import Element, load_definitions

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"

_ANY_RESOURCE = "Resource"
_ATTRIBUTES = {"Extension": ("url",)}


class Kind(Enum):
    """How a member is written: in an attribute, as text, as markup of its own, or with members of its own."""

    ATTRIBUTE = "attribute"
    STRING = "string"
    LITERAL = "literal"
    """A number or a boolean: without quotes in JSON."""
    NARRATIVE = "narrative"
    OBJECT = "object"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object: `content` is the key of what is inside it, for `Kind.OBJECT`."""

    name: str
    kind: Kind
    repeats: bool
    content: str


@cache
def members_of(content: str) -> Mapping[str, Member]:
    """The members of the objects at `content`, a type or a path (`Patient.contact`), by name, in XML's order."""
    definitions = load_definitions()
    structure = definitions.structures[content.partition(".")[0]]
    found: dict[str, Member] = {}
    for element in structure.elements.values():
        parent, _, name = element.path.rpartition(".")
        if parent == content and element.max != 0:
            for member in _members(element, name, is_resource=structure.kind == "resource" and content == parent):
                found[member.name] = member
    return MappingProxyType(found)


@cache
def primitive_members() -> Mapping[str, Member]:
    """The members that a primitive may have besides its value: id and extensions."""
    return members_of("Element")


def _members(element: Element, name: str, *, is_resource: bool) -> list[Member]:
    repeats = element.max is None or element.max > 1
    if element.content_reference is not None:
        return [Member(name, Kind.OBJECT, repeats, element.content_reference)]
    stem = name.removesuffix("[x]")
    named = [(stem + code[0].upper() + code[1:] if stem != name else name, code) for code in element.types]
    parent = element.path.rpartition(".")[0]
    return [
        _member(written, code, repeats, element.path, is_attribute=_is_attribute(parent, written, is_resource))
        for written, code in named
    ]


def _is_attribute(parent: str, name: str, is_resource: bool) -> bool:
    in_resource_itself = is_resource and "." not in parent
    return (name == "id" and not in_resource_itself) or name in _ATTRIBUTES.get(parent, ())


def _member(name: str, code: str, repeats: bool, path: str, *, is_attribute: bool) -> Member:
    if is_attribute:
        return Member(name, Kind.ATTRIBUTE, repeats, "")
    if code == "xhtml":
        return Member(name, Kind.NARRATIVE, repeats, "")
    structures = load_definitions().structures
    if code == _ANY_RESOURCE:
        return Member(name, Kind.RESOURCE, repeats, "")
    if structures[code].kind == "primitive-type":
        literal = code in ("boolean", "integer", "positiveInt", "unsignedInt", "decimal")
        return Member(name, Kind.LITERAL if literal else Kind.STRING, repeats, "")
    has_own_children = code in ("BackboneElement", "Element")
    return Member(name, Kind.OBJECT, repeats, path if has_own_children else code)
