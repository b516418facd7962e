"""Part of a resource, for `_summary` and `_elements` (R4 search.html#summary), cut out of its text.

The result is tagged SUBSETTED, so that nobody takes it for the whole and writes it back.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from cordee.fhir.definitions import Element, load_definitions

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_SUBSETTED = b'{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}'
_ALWAYS = frozenset({"resourceType", "id", "meta"})


def subset(text: bytes, summary: str | None, elements: Sequence[str] = ()) -> bytes:
    """`text` cut to what `_summary` (true, text or data) or `_elements` asks for; itself when neither does."""
    if elements:
        return _cut_to(text, frozenset(elements))
    match summary:
        case "true":
            return _tagged(_summary(_members.decode(text)))
        case "text":
            return _cut_to(text, frozenset({"text"}))
        case "data":
            return _tagged({name: raw for name, raw in _members.decode(text).items() if name != "text"})
    return text


def _cut_to(text: bytes, names: frozenset[str]) -> bytes:
    """The members named, those that are mandatory, and those without which the others could be misread (modifiers).

    `value` names `valueQuantity` and its like.
    """
    members = _members.decode(text)
    elements = _children(_type(members))
    kept = {}
    for name, raw in members.items():
        element = elements.get(name.removeprefix("_"))
        if name in _ALWAYS or (
            element is not None and (element.min > 0 or element.modifier or _name(element) in names)
        ):
            kept[name] = raw
    return _tagged(kept)


def _name(element: Element) -> str:
    return element.path.rpartition(".")[2].removesuffix("[x]")


def _summary(members: Mapping[str, msgspec.Raw], path: str | None = None) -> dict[str, msgspec.Raw]:
    """The members flagged isSummary, and those of the groups below that are."""
    path = path or _type(members)
    elements = _children(path)
    kept: dict[str, msgspec.Raw] = {}
    for name, raw in members.items():
        element = elements.get(name.removeprefix("_"))
        if name in _ALWAYS or (element is not None and (element.summary or element.min > 0)):
            kept[name] = _summarised(raw, element) if element is not None else raw
    return kept


def _summarised(raw: msgspec.Raw, element: Element) -> msgspec.Raw:
    if element.types != ("BackboneElement",):
        return raw
    if bytes(raw).startswith(b"["):
        items = [_object(_summary(_members.decode(item), element.path)) for item in _items.decode(raw)]
        return msgspec.Raw(b"[" + b",".join(items) + b"]")
    return msgspec.Raw(_object(_summary(_members.decode(raw), element.path)))


@cache
def _children(path: str) -> Mapping[str, Element]:
    """The elements directly under a path, by each member name they may have in JSON."""
    found: dict[str, Element] = {}
    for element in load_definitions().structures[path.partition(".")[0]].elements.values():
        parent, _, name = element.path.rpartition(".")
        if parent != path:
            continue
        if name.endswith("[x]"):
            found.update({name[:-3] + type_[:1].upper() + type_[1:]: element for type_ in element.types})
        else:
            found[name] = element
    return found


def _type(members: Mapping[str, msgspec.Raw]) -> str:
    return str(msgspec.json.decode(members["resourceType"]))


def _tagged(members: Mapping[str, msgspec.Raw]) -> bytes:
    tagged = dict(members)
    meta = _members.decode(tagged.get("meta", b"{}"))
    tags = [bytes(tag) for tag in _items.decode(meta["tag"])] if "tag" in meta else []
    if not any(b'"SUBSETTED"' in tag for tag in tags):
        tags.append(_SUBSETTED)
    meta["tag"] = msgspec.Raw(b"[" + b",".join(tags) + b"]")
    tagged["meta"] = msgspec.Raw(_object(meta))
    return _object(tagged)


def _object(members: Mapping[str, msgspec.Raw]) -> bytes:
    return b"{" + b",".join(b'"%b":%b' % (name.encode(), bytes(raw)) for name, raw in members.items()) + b"}"
