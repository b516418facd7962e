"""JSON to XML. The JSON is a resource that was found valid: what is not in the definitions is a defect here."""

import json
import re
from collections.abc import Mapping, Sequence
from html.entities import html5
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from cordee.fhir.xml.contents import FHIR, Kind, Member, members_of, primitive_members

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_LINE_BREAKS = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
"""In an attribute these would be read back as spaces (XML 1.0 3.3.3)."""
_FORBIDDEN = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})


class _Digits(str):
    """A number as it is written."""

    __slots__ = ()


class NotInXml(ValueError):
    """A character that JSON can hold and XML can't (XML 1.0 2.2)."""


def xml_from_json(text: bytes | str) -> bytes:
    """The XML of a resource's JSON. Raises `NotInXml`, or ValueError for what R4 does not define."""
    resource = json.loads(text, parse_float=_Digits, parse_int=_Digits)
    pieces = [_DECLARATION]
    _write_resource(pieces, resource, declared=False)
    written = "".join(pieces)
    forbidden = _FORBIDDEN.search(written)
    if forbidden is not None:
        raise NotInXml(f"It holds the character U+{ord(forbidden[0]):04X}, which XML can't.")
    return written.encode()


def _write_resource(pieces: list[str], resource: Mapping[str, Any], *, declared: bool) -> None:
    kind = resource["resourceType"]
    pieces.append(f"<{kind}>" if declared else f'<{kind} xmlns="{FHIR}">')
    _write_children(pieces, resource, members_of(kind), kind)
    pieces.append(f"</{kind}>")


def _write_children(pieces: list[str], value: Mapping[str, Any], members: Mapping[str, Member], where: str) -> None:
    unknown = [
        name for name in value if name.removeprefix("_") not in members and (name, where) != ("resourceType", where)
    ]
    if unknown and unknown != ["resourceType"]:
        raise ValueError(f"{where} has no {unknown[0]!r} in R4: it can't be written as XML")
    for name, member in members.items():
        given, companions = value.get(name), value.get(f"_{name}")
        if (given is None and companions is None) or member.kind is Kind.ATTRIBUTE:
            continue
        if not member.repeats:
            _write(pieces, member, given, companions)
            continue
        values, extras = _padded(given, companions)
        for one, extra in zip(values, extras, strict=True):
            _write(pieces, member, one, extra)


def _padded(given: Sequence[Any] | None, companions: Sequence[Any] | None) -> tuple[list[Any], list[Any]]:
    values, extras = list(given or ()), list(companions or ())
    length = max(len(values), len(extras))
    return values + [None] * (length - len(values)), extras + [None] * (length - len(extras))


def _write(pieces: list[str], member: Member, value: Any, companion: Mapping[str, Any] | None) -> None:
    name = member.name
    match member.kind:
        case Kind.OBJECT:
            members = members_of(member.content)
            pieces.append(f"<{name}{_attributes(value, members)}>")
            _write_children(pieces, value, members, member.content)
            pieces.append(f"</{name}>")
        case Kind.RESOURCE:
            pieces.append(f"<{name}>")
            _write_resource(pieces, value, declared=True)
            pieces.append(f"</{name}>")
        case Kind.NARRATIVE:
            pieces.append(_markup(value))
        case _:
            _write_primitive(pieces, name, value, companion or {})


def _write_primitive(pieces: list[str], name: str, value: Any, companion: Mapping[str, Any]) -> None:
    members = primitive_members()
    written = "" if value is None else f" value={_quoted(_text(value))}"
    pieces.append(f"<{name}{_attributes(companion, members)}{written}")
    if "extension" not in companion:
        pieces.append("/>")
        return
    pieces.append(">")
    _write_children(pieces, companion, members, "Element")
    pieces.append(f"</{name}>")


def _attributes(value: Mapping[str, Any], members: Mapping[str, Member]) -> str:
    return "".join(
        f" {name}={_quoted(value[name])}"
        for name, member in members.items()
        if member.kind is Kind.ATTRIBUTE and name in value
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _quoted(text: str) -> str:
    return quoteattr(text, _LINE_BREAKS)


def _markup(div: str) -> str:
    """The narrative's own markup; XML knows HTML's named characters by number only."""
    if "&" not in div:
        return div
    head, *rest = div.split("&")
    return head + "".join(_reference(piece) for piece in rest)


def _reference(piece: str) -> str:
    name, semicolon, after = piece.partition(";")
    named = f"{name};"
    if not semicolon or named in _XML_ENTITIES or named not in html5:
        return f"&{piece}"
    return escape(html5[named]) + after
