"""Bundles answered, joined from the stored texts: no resource is parsed to be served (R4 bundle.html)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cordee.fhir.body import instant
from cordee.fhir.stored_version import StoredVersion

Links = Sequence[tuple[str, str]]
"""(relation, address)"""


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """A resource's text in a searchset, with why it is there: match, include or outcome.

    `score`, of 0 to 1, and `extensions` say how good a match it is.
    """

    full_url: str | None
    text: bytes
    mode: str
    score: float | None = None
    extensions: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class ResponseEntry:
    """What one entry of a batch or transaction did (R4 bundle.html#transaction-response)."""

    status: str
    location: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    text: bytes | None = None
    outcome: bytes | None = None


def searchset(entries: Iterable[SearchEntry], links: Links, total: int | None) -> bytes:
    """The Bundle of a page of search results."""
    written = [b'{%b"resource":%b,"search":%b}' % (_full_url(e.full_url), e.text, _search(e)) for e in entries]
    return _bundle("searchset", written, links, total)


def history(versions: Iterable[StoredVersion], links: Links, base: str, total: int | None = None) -> bytes:
    """The Bundle of a page of history; a deletion is an entry without resource."""
    return _bundle("history", [_history_entry(version, base) for version in versions], links, total)


def responses(kind: str, entries: Iterable[ResponseEntry]) -> bytes:
    """The Bundle that answers a `batch` or a `transaction`."""
    return _bundle(f"{kind}-response", [_response_entry(entry) for entry in entries], (), None)


def etag(version: int) -> str:
    """The weak validator of a version (R4 http.html#concurrency)."""
    return f'W/"{version}"'


def _bundle(kind: str, entries: Sequence[bytes], links: Links, total: int | None) -> bytes:
    parts = [b'{"resourceType":"Bundle","type":"%b"' % kind.encode()]
    if total is not None:
        parts.append(b',"total":%d' % total)
    if links:
        written = [{"relation": relation, "url": url} for relation, url in links]
        parts.append(b',"link":%b' % orjson.dumps(written))
    if entries:  # an empty array is not allowed
        parts.append(b',"entry":[%b]' % b",".join(entries))
    parts.append(b"}")
    return b"".join(parts)


def _search(entry: SearchEntry) -> bytes:
    if entry.score is None:
        return b'{"mode":"%b"}' % entry.mode.encode()
    return orjson.dumps({"extension": entry.extensions, "mode": entry.mode, "score": entry.score})


def _history_entry(version: StoredVersion, base: str) -> bytes:
    address = version.resource_type if version.method == "POST" else f"{version.resource_type}/{version.id}"
    status = "204" if version.deleted else "201" if version.version == 1 else "200"
    request = orjson.dumps({"method": version.method, "url": address})
    response = orjson.dumps(
        {"status": status, "etag": etag(version.version), "lastModified": instant(version.last_updated)}
    )
    full_url = _full_url(f"{base}/{version.resource_type}/{version.id}")
    resource = b"" if version.deleted else b'"resource":%b,' % version.body.encode()
    return b'{%b%b"request":%b,"response":%b}' % (full_url, resource, request, response)


def _response_entry(entry: ResponseEntry) -> bytes:
    response = {
        "status": entry.status,
        "location": entry.location,
        "etag": entry.etag,
        "lastModified": entry.last_modified,
    }
    written = orjson.dumps({name: value for name, value in response.items() if value is not None})
    if entry.outcome is not None:
        written = b'%b,"outcome":%b}' % (written[:-1], entry.outcome)
    resource = b"" if entry.text is None else b'"resource":%b,' % entry.text
    return b'{%b"response":%b}' % (resource, written)


def _full_url(url: str | None) -> bytes:
    return b"" if url is None else b'"fullUrl":%b,' % orjson.dumps(url)
