"""References inside a transaction: found and replaced in the text, so that nothing else of it changes.

R4 http.html#trules: a reference to an entry's `fullUrl` becomes a reference to the resource stored; so do the links of
the narrative and elements of the types uri, url, oid and uuid. A string of another type (an identifier's value) that
happens to be equal stays.
"""

import re
from collections.abc import Mapping
from functools import cache

import orjson

from cordee.fhir.definitions import load_definitions

_URI_TYPES = frozenset({"uri", "url", "oid", "uuid", "canonical"})
_NARRATIVE_LINK = re.compile(rb'(?<=(?:href|.src)=\\")[^"\\]+(?=\\")')
# Both begin with a fixed text, which is what makes them quick on texts that hold few of them.
_REFERENCE = re.compile(rb'"reference":"((?:[^"\\]|\\.)*)"')
_ABSOLUTE = re.compile(rb'":"((?:urn:|https?:)(?:[^"\\]|\\.)*)"')
_CONDITIONAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)\?(?P<criteria>.+)", re.DOTALL)


def references_in(compact: bytes) -> set[str]:
    """Every reference written in a compact JSON text."""
    return {_text(match[1]) for match in _REFERENCE.finditer(compact)}


def conditional_reference(reference: str) -> tuple[str, str] | None:
    """Type and criteria of a conditional reference (`Patient?identifier=…`); None for any other."""
    match = _CONDITIONAL.fullmatch(reference)
    return (match["type"], match["criteria"]) if match else None


def may_refer_conditionally(compact: bytes) -> bool:
    """Whether looking for conditional references is worth it: quick, and never False when there is one."""
    return b"?" in compact or rb"\u003f" in compact or rb"\u003F" in compact


def replace_references(compact: bytes, replacements: Mapping[str, str]) -> bytes:
    """The text with each reference that `replacements` names replaced by what it maps to.

    So are the absolute addresses among them where an element of a URI type or a link of the narrative holds one.
    """
    if not replacements:
        return compact

    def referred(match: re.Match[bytes]) -> bytes:
        target = replacements.get(_text(match[1]))
        return match[0] if target is None else b'"reference":%b' % orjson.dumps(target)

    text = _REFERENCE.sub(referred, compact)

    def addressed(match: re.Match[bytes]) -> bytes:
        target = replacements.get(_text(match[1]))
        if target is None or _name_before(text, match.start()) not in _uri_members():
            return match[0]
        return b'":%b' % orjson.dumps(target)

    def linked(match: re.Match[bytes]) -> bytes:
        return replacements.get(match[0].decode(), match[0].decode()).encode()

    text = _ABSOLUTE.sub(addressed, text)
    return _NARRATIVE_LINK.sub(linked, text) if b'=\\"' in text else text


def _name_before(text: bytes, end: int) -> bytes:
    """The member name that ends before the quote at `end`."""
    return text[text.rfind(b'"', 0, end) + 1 : end]


@cache
def _uri_members() -> frozenset[bytes]:
    """The names of the members whose every type in R4 is a kind of URI."""
    types: dict[str, set[str]] = {}
    for structure in load_definitions().structures.values():
        for element in structure.elements.values():
            name = element.path.rpartition(".")[2]
            if name.endswith("[x]"):
                for type_ in element.types:
                    types.setdefault(name[:-3] + type_[:1].upper() + type_[1:], set()).add(type_)
            else:
                types.setdefault(name, set()).update(element.types)
    # `system` names a code system or an identifier's domain: never a link to an entry.
    return frozenset(n.encode() for n, kinds in types.items() if kinds and kinds <= _URI_TYPES and n != "system")


def _text(escaped: bytes) -> str:
    if b"\\" in escaped:
        return str(orjson.loads(b'"' + escaped + b'"'))
    return escaped.decode()
