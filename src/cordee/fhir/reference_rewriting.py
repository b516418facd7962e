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
_CONDITIONAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)\?(?P<criteria>.+)", re.DOTALL)


def references_in(compact: bytes) -> set[str]:
    """Every reference written in a compact JSON text."""
    return {_text(match[2]) for match in _linking().finditer(compact) if match[1] == b"reference"}


def conditional_reference(reference: str) -> tuple[str, str] | None:
    """Type and criteria of a conditional reference (`Patient?identifier=…`); None for any other."""
    match = _CONDITIONAL.fullmatch(reference)
    return (match["type"], match["criteria"]) if match else None


def may_refer_conditionally(compact: bytes) -> bool:
    """Whether looking for conditional references is worth it: quick, and never False when there is one."""
    return b"?" in compact or rb"\u003f" in compact or rb"\u003F" in compact


def replace_references(compact: bytes, replacements: Mapping[str, str]) -> bytes:
    """The text with each reference or link that `replacements` names replaced by what it maps to."""
    if not replacements:
        return compact

    def replaced(match: re.Match[bytes]) -> bytes:
        target = replacements.get(_text(match[2]))
        return match[0] if target is None else b'"%b":%b' % (match[1], orjson.dumps(target))

    def relinked(match: re.Match[bytes]) -> bytes:
        return replacements.get(match[0].decode(), match[0].decode()).encode()

    return _NARRATIVE_LINK.sub(relinked, _linking().sub(replaced, compact))


@cache
def _linking() -> re.Pattern[bytes]:
    """Members that link: `reference`, and those whose every type in R4 is a kind of URI."""
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
    names = sorted(name for name, kinds in types.items() if kinds and kinds <= _URI_TYPES and name != "system")
    alternatives = "|".join(["reference", *map(re.escape, names)])
    return re.compile(rf'"({alternatives})":"((?:[^"\\]|\\.)*)"'.encode())


def _text(escaped: bytes) -> str:
    if b"\\" in escaped:
        return str(orjson.loads(b'"' + escaped + b'"'))
    return escaped.decode()
