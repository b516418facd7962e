"""XML to JSON: comments and processing instructions are left out, a document type is refused (it may hide entities)."""

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from lxml import etree

from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import InvalidResource, Issue, MalformedBody
from cordee.fhir.xml.contents import FHIR, XHTML, Kind, Member, members_of, primitive_members

MAX_ISSUES = 200
MAX_DEPTH = 200
"""Elements inside each other: JSON's own limit, with room for the two that a contained resource takes."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LITERAL = re.compile(rf"true|false|{_NUMBER.pattern}")
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"


class _Literal:
    """A number or boolean, written into the JSON as it was in the XML."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def json_from_xml(raw: bytes) -> bytes:
    """The JSON of a resource's XML; numbers keep their digits.

    Raises `MalformedBody` (400) when it is not XML or not a resource, `InvalidResource` (400) with every element and
    attribute that R4 does not define there. Values are judged afterwards, like those of any JSON.
    """
    root = _parsed(raw)
    name = _local(root)
    if etree.QName(root).namespace != FHIR or name not in load_definitions().resource_types:
        raise MalformedBody(f"The root element is {_shown(root)}; a resource in the namespace {FHIR} was expected.")
    reading = _Reading()
    resource = reading.resource(root, name)
    if reading.issues:
        raise InvalidResource(reading.issues[0].diagnostics, issues=reading.issues)
    pieces: list[str] = []
    _write_json(pieces, resource)
    return "".join(pieces).encode()


def _parsed(raw: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise MalformedBody(f"The body is not well-formed XML: {error.msg} (line {line}, column {column}).") from None
    except ValueError as error:
        raise MalformedBody(f"The body is not XML: {error}.") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise MalformedBody("The body has a document type (DOCTYPE): FHIR's XML has none (R4 xml.html).")
    return root


class _Reading:
    """One document being read, and the problems met."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []

    def resource(self, element: etree._Element, path: str, depth: int = 0) -> dict[str, Any]:
        """A resource, of the type that its element is named after."""
        kind = _local(element)
        if kind not in load_definitions().resource_types:
            self._refuse(path, f"{_shown(element)} is not a resource type of R4", element)
            return {"resourceType": kind}
        self._refuse_attributes(element, path, {})
        self._refuse_text(element, path)
        return {"resourceType": kind} | self._children(element, members_of(kind), path, depth + 1)

    def _object(self, element: etree._Element, member: Member, path: str, depth: int) -> dict[str, Any]:
        members = members_of(member.content)
        self._refuse_text(element, path)
        found = self._attributes(element, members, path)
        return found | self._children(element, members, path, depth + 1)

    def _children(self, parent: etree._Element, members: Mapping[str, Member], path: str, depth: int) -> dict[str, Any]:
        if depth > MAX_DEPTH:
            self._refuse(path, f"elements stand inside each other more than {MAX_DEPTH} deep", parent)
            return {}
        values: dict[str, list[Any]] = {}
        companions: dict[str, list[Any]] = {}
        for child in _elements(parent):
            name = _local(child)
            member = members.get(name)
            namespace = etree.QName(child).namespace
            is_narrative = member is not None and member.kind is Kind.NARRATIVE
            if member is None or member.kind is Kind.ATTRIBUTE or namespace != (XHTML if is_narrative else FHIR):
                near = get_close_matches(name, members, 1)
                hint = f"; did you mean {near[0]!r}?" if near and near[0] != name else ""
                self._refuse(f"{path}.{name}", f"unknown element {_shown(child)}{hint}", child)
                continue
            here = f"{path}.{name}[{len(values.get(name, ()))}]" if member.repeats else f"{path}.{name}"
            if name in values and not member.repeats:
                self._refuse(here, f"{name!r} stands here more than once", child)
                continue
            value, companion = self._value(child, member, here, depth)
            values.setdefault(name, []).append(value)
            companions.setdefault(name, []).append(companion)
        return _as_json(members, values, companions)

    def _value(self, element: etree._Element, member: Member, path: str, depth: int) -> tuple[Any, Any]:
        match member.kind:
            case Kind.OBJECT:
                return self._object(element, member, path, depth), None
            case Kind.RESOURCE:
                inside = list(_elements(element))
                if len(inside) != 1:
                    self._refuse(path, f"one resource is expected inside, not {len(inside)}", element)
                    return {}, None
                return self.resource(inside[0], path, depth + 1), None
            case Kind.NARRATIVE:
                return etree.tostring(element, encoding="unicode", with_tail=False), None
            case _:
                return self._primitive(element, member, path, depth)

    def _primitive(self, element: etree._Element, member: Member, path: str, depth: int) -> tuple[Any, Any]:
        members = primitive_members()
        self._refuse_text(element, path)
        companion = self._attributes(element, members, path, also="value")
        companion |= self._children(element, members, path, depth + 1)
        text = element.get("value")
        if text is None:
            return None, companion or None
        literal = member.kind is Kind.LITERAL and _LITERAL.fullmatch(text) is not None
        return _Literal(text) if literal else text, companion or None

    def _attributes(
        self, element: etree._Element, members: Mapping[str, Member], path: str, also: str | None = None
    ) -> dict[str, Any]:
        self._refuse_attributes(element, path, members, also)
        return {
            name: element.get(name)
            for name, member in members.items()
            if member.kind is Kind.ATTRIBUTE and element.get(name) is not None
        }

    def _refuse_attributes(
        self, element: etree._Element, path: str, members: Mapping[str, Member], also: str | None = None
    ) -> None:
        for name in element.attrib:
            member = members.get(str(name))
            is_known = member is not None and member.kind is Kind.ATTRIBUTE
            if not is_known and name not in (also, _SCHEMA_LOCATION, _XML_ID):
                self._refuse(path, f"unknown attribute {str(name)!r}", element)

    def _refuse_text(self, element: etree._Element, path: str) -> None:
        if any(text.strip() for text in (element.text or "", *(child.tail or "" for child in element))):
            self._refuse(path, "text stands between elements: a value is written in the attribute 'value'", element)

    def _refuse(self, path: str, sentence: str, element: etree._Element) -> None:
        if len(self.issues) < MAX_ISSUES:
            self.issues.append(Issue("error", "structure", f"{sentence} (line {element.sourceline})", path))


def _as_json(
    members: Mapping[str, Member], values: Mapping[str, list[Any]], companions: Mapping[str, list[Any]]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, given in values.items():
        extras = companions[name]
        if not members[name].repeats:
            given_one, extra = given[0], extras[0]
            if given_one is not None:
                found[name] = given_one
            if extra is not None:
                found[f"_{name}"] = extra
            continue
        if any(value is not None for value in given):
            found[name] = given
        if any(extra is not None for extra in extras):
            found[f"_{name}"] = extras
    return found


def _elements(parent: etree._Element) -> Iterator[etree._Element]:
    return (child for child in parent if isinstance(child.tag, str))


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _shown(element: etree._Element) -> str:
    name = etree.QName(element)
    return repr(name.localname) if name.namespace == FHIR else f"{name.localname!r} of namespace {name.namespace!r}"


def _write_json(pieces: list[str], value: Any) -> None:
    match value:
        case _Literal():
            pieces.append(value.text)
        case dict():
            pieces.append("{")
            for number, (name, inside) in enumerate(value.items()):
                pieces.append(f"{',' if number else ''}{json.dumps(name)}:")
                _write_json(pieces, inside)
            pieces.append("}")
        case list():
            pieces.append("[")
            for number, inside in enumerate(value):
                if number:
                    pieces.append(",")
                _write_json(pieces, inside)
            pieces.append("]")
        case _:
            pieces.append(json.dumps(value, ensure_ascii=False))
