"""A document: a Composition and what it is made of, in one Bundle (R4 documents.html)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from cordee.fhir.body import instant
from cordee.fhir.stored_version import StoredVersion

IDENTIFIER_SYSTEM = "urn:ietf:rfc:3986"


def references_of(composition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each literal reference of a Composition that its document must hold, with its place.

    Not what it contains itself, nor other documents, which `relatesTo` names.
    """
    shown = {name: value for name, value in composition.items() if name not in ("relatesTo", "contained")}
    yield from _references("Composition", shown)


def _references(path: str, node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for place, item in enumerate(node):
            yield from _references(f"{path}[{place}]", item)
    elif isinstance(node, dict):
        text = node.get("reference")
        if isinstance(text, str) and not text.startswith("#"):
            yield path, text
        for name, value in node.items():
            yield from _references(f"{path}.{name}", value)


def document_identifier(base_url: str, parts: Iterable[StoredVersion]) -> str:
    """The identity of the document that these versions make: of the same versions, it is the same."""
    named = sorted(f"{part.resource_type}/{part.id}/_history/{part.version}" for part in parts)
    return f"urn:uuid:{uuid5(NAMESPACE_URL, ' '.join([base_url, *named]))}"


def document_text(base_url: str, composition: StoredVersion, others: Sequence[StoredVersion]) -> bytes:
    """The Bundle: the Composition first, then the others in the order given.

    Identifier and timestamp follow from the versions inside, so that a document assembled again is the same to the
    byte; the timestamp is when the newest of them was written.
    """
    parts = [composition, *others]
    entries = [
        b'{"fullUrl":%b,"resource":%b}'
        % (orjson.dumps(f"{base_url}/{part.resource_type}/{part.id}"), part.body.encode())
        for part in parts
    ]
    identifier = orjson.dumps({"system": IDENTIFIER_SYSTEM, "value": document_identifier(base_url, parts)})
    timestamp = instant(max(part.last_updated for part in parts))
    return b'{"resourceType":"Bundle","identifier":%b,"type":"document","timestamp":"%b","entry":[%b]}' % (
        identifier,
        timestamp.encode(),
        b",".join(entries),
    )
