"""What a document of FHIR JSON is, and which resources a Bundle that asks for nothing holds (R4 bundle.html)."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import msgspec

from cordee.fhir.bundle import InvalidBundle
from cordee.fhir.outcome import MalformedBody
from cordee.fhir.reference_rewriting import replace_references

_RESPONSES = frozenset({"batch-response", "transaction-response"})


@dataclass(frozen=True, slots=True)
class Document:
    """What a text says it is, before any check: the type and id of the resource, and of a Bundle its type."""

    resource_type: str | None
    id: str | None
    bundle_type: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """A resource's text, the id to store it under (None: an id of ours), and the Bundle entry it stands in."""

    text: bytes
    id: str | None
    path: str = ""


class _Peeked(msgspec.Struct, rename="camel"):
    resource_type: Any = None
    id: Any = None
    type: Any = None


class _Mode(msgspec.Struct, frozen=True):
    mode: Any = None


class _Method(msgspec.Struct, frozen=True):
    method: Any = None


class _Entry(msgspec.Struct, rename="camel"):
    full_url: str | None = None
    resource: msgspec.Raw = msgspec.Raw()
    search: _Mode = _Mode()
    request: _Method = _Method()


class _Bundle(msgspec.Struct):
    type: str
    entry: list[_Entry] = []


_peek = msgspec.json.Decoder(_Peeked)
_bundle = msgspec.json.Decoder(_Bundle)


def peek(text: bytes) -> Document:
    """The document's own words; nothing is known (all None) of what is not a JSON object."""
    try:
        peeked = _peek.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return Document(None, None, None)
    resource_type = _string(peeked.resource_type)
    bundle_type = _string(peeked.type) if resource_type == "Bundle" else None
    return Document(resource_type, _string(peeked.id), bundle_type)


def bundle_contents(text: bytes) -> list[Content]:
    """The resources to store of a collection, searchset, document, message, history or response.

    A resource keeps its id; one without gets the UUID of its `urn:uuid:` fullUrl, so that loading the Bundle twice
    stores it once. References to an entry's fullUrl become references to where its resource is stored. Left out: the
    messages of a searchset (mode `outcome`) and, of a history, deletions and all but the newest version of each
    resource (the first: a history is ordered newest first). The searchsets inside a response are opened in turn.

    Raises `MalformedBody` or `InvalidBundle`.
    """
    entries = list(_entries(text, "Bundle", within_response=False))
    references = {full_url: f"{kind}/{id_}" for full_url, kind, id_, _, _ in entries if full_url and kind and id_}
    references = {full_url: stored for full_url, stored in references.items() if full_url != stored}
    return [Content(replace_references(raw, references), id_, path) for _, _, id_, path, raw in entries]


def elsewhere(text: bytes, base_url: str | None) -> Counter[str]:
    """How many resources a Bundle holds of each server that is not the one at `base_url`, by their fullUrls.

    Creations are left out: they get ids of ours. So is a text that can't be read, which is refused anyway.
    """
    try:
        bundle = _bundle.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return Counter()
    addresses = [entry.full_url for entry in bundle.entry if entry.full_url and entry.request.method != "POST"]
    bases = Counter(found[1] for address in addresses if (found := _ELSEWHERE.fullmatch(address)) is not None)
    if base_url is not None:
        del bases[base_url]
    return bases


_ELSEWHERE = re.compile(r"(https?://.+)/[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(?:/_history/.+)?")

_Found = tuple[str | None, str | None, str | None, str, bytes]
"""fullUrl, resource type, id, path, text"""


def _entries(text: bytes, path: str, *, within_response: bool) -> Iterator[_Found]:
    bundle = _decode(text)
    seen: set[tuple[str | None, str | None]] = set()
    for index, entry in enumerate(bundle.entry):
        raw = bytes(entry.resource)
        entry_path = f"{path}.entry[{index}]"
        if bundle.type == "history":
            key = _history_key(entry, raw)
            if key in seen:
                continue
            seen.add(key)
            if entry.request.method == "DELETE":
                continue
        if not raw or entry.search.mode == "outcome":
            continue
        document = peek(raw)
        if document.resource_type == "Bundle" and bundle.type in _RESPONSES and not within_response:
            yield from _entries(raw, f"{entry_path}.resource", within_response=True)
            continue
        id_ = document.id or _uuid_of(entry.full_url) or str(uuid4())
        yield entry.full_url, document.resource_type, id_, entry_path, raw


def _decode(text: bytes) -> _Bundle:
    try:
        return _bundle.decode(msgspec.json.format(text, indent=-1))
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `")
        path = place.rstrip("`").replace("$", "Bundle", 1) or "Bundle"
        raise InvalidBundle(f"{message}.", path=path) from None
    except msgspec.DecodeError as error:
        raise MalformedBody(f"This is not valid JSON: {error}.") from None
    except RecursionError:
        raise MalformedBody("This is nested too deeply.") from None


def _history_key(entry: _Entry, raw: bytes) -> tuple[str | None, str | None]:
    """What an entry of a history is about: its fullUrl, or the type and id of its resource."""
    if entry.full_url is not None:
        return None, entry.full_url
    document = peek(raw)
    return (document.resource_type, document.id) if document.id else (None, str(uuid4()))


def _uuid_of(full_url: str | None) -> str | None:
    if full_url is None or not full_url.startswith("urn:uuid:"):
        return None
    try:
        return str(UUID(full_url.removeprefix("urn:uuid:")))
    except ValueError:
        return None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None
