"""A FHIR request read from ASGI: address, query, headers, preferences, body."""

import zlib
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from cordee.api.media_types import NDJSON, Format, body_format, media_type, preferred
from cordee.api.representation import as_json
from cordee.fhir.outcome import FhirError, MalformedBody, NotAcceptable, TooLarge, UnsupportedMediaType
from cordee.fhir.patch import Patch, patch_said_to_be
from cordee.store.changes import Precondition

# fhirpy asks for a count with _count=0 and this parameter of another server, which says no more.
_NOT_SEARCHED = ("_format", "_pretty", "_cursor", "_totalMethod")


@dataclass(frozen=True, slots=True)
class Preferences:
    """The `Prefer` header (RFC 7240, R4 http.html#ops and search.html#errors)."""

    answer: str | None = None
    """return=: minimal, representation or OperationOutcome; None when not said"""
    lenient: bool = False
    later: bool = False
    """respond-async: the answer may be fetched later."""


class FhirRequest:
    """One request to one tenant's FHIR base. `path` is what follows the base, split at the slashes.

    `is_entry` tells a request that stands in a Bundle: its body may leave the id out (the address has it), and its
    answer holds the resource only when that is preferred.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        path: list[str],
        base_path: str,
        public_url: str | None,
        *,
        is_entry: bool = False,
    ) -> None:
        self.method: str = scope["method"]
        self.path = path
        self.is_entry = is_entry
        self._scope: MutableMapping[str, Any] = scope
        self._receive = receive
        self._base_path = base_path
        self._public_url = public_url
        self._form: list[tuple[str, str]] = []

    def entry(
        self, method: str, path: list[str], query: bytes, headers: MutableMapping[bytes, bytes], body: bytes
    ) -> "FhirRequest":
        """The request of a Bundle's entry, to the same base and with the same preferences as this one."""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        inherited = [(name, self.headers[name]) for name in (b"host", b"prefer") if name in self.headers]
        scope = {
            "type": "http",
            "method": method,
            "scheme": self.scheme,
            "query_string": query,
            "headers": [*inherited, *headers.items()],
        }
        return FhirRequest(scope, receive, path, self._base_path, self._public_url, is_entry=True)

    @cached_property
    def headers(self) -> dict[bytes, bytes]:
        """By lower-cased name; repeated ones joined by a comma."""
        found: dict[bytes, bytes] = {}
        for name, value in self._scope["headers"]:
            found[name] = found[name] + b", " + value if name in found else value
        return found

    def header(self, name: bytes) -> str | None:
        """A header's text."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1").strip()

    @cached_property
    def base_url(self) -> str:
        """The absolute address of this tenant's FHIR base, without a slash at the end."""
        if self._public_url is not None:
            return self._public_url.rstrip("/") + self._base_path
        host = self.header(b"host") or "localhost"
        return f"{self.scheme}://{host}{self._base_path}"

    @property
    def full_path(self) -> str:
        """The address's path, the base with it."""
        return "/".join([self._base_path, *self.path])

    @property
    def query_string(self) -> bytes:
        """The query as it was written."""
        raw: bytes = self._scope["query_string"]
        return raw

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return str(self._scope.get("scheme", "http"))

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The query's pairs, decoded; raises `FhirError` (400) when they aren't UTF-8."""
        return decode_form(self.query_string) if self.query_string else []

    @cached_property
    def preferences(self) -> Preferences:
        """What the client prefers; what isn't understood is ignored, as RFC 7240 wants."""
        header = self.header(b"prefer")
        if header is None:
            return Preferences()
        given = dict(part.strip().partition("=")[::2] for part in header.replace(";", ",").split(","))
        answer = given.get("return", "").strip('" ')
        known = answer in ("minimal", "representation", "OperationOutcome")
        lenient = given.get("handling", "").strip('" ') == "lenient"
        return Preferences(answer if known else None, lenient, "respond-async" in given)

    def parameter(self, name: str) -> str | None:
        """The last value of a parameter, of the query or else of the form posted."""
        return next((value for key, value in reversed(self._form + self.query) if key == name), None)

    @property
    def pretty(self) -> bool:
        """`_pretty=true`; raises `FhirError` (400) for what is no boolean."""
        asked = self.parameter("_pretty")
        if asked not in (None, "true", "false"):
            raise FhirError(f"_pretty={asked}: expected true or false.")
        return asked == "true"

    def take_form(self, pairs: list[tuple[str, str]]) -> None:
        """Has the parameters of a posted form count as those of the query do, for what is of HTTP."""
        self._form = pairs
        self.__dict__.pop("answer_format", None)

    def search_parameters(self) -> list[tuple[str, str]]:
        """The query less what is of HTTP."""
        return [(name, value) for name, value in self.query if name not in _NOT_SEARCHED]

    @cached_property
    def answer_format(self) -> Format | None:
        """What the answer is written in, by `_format` or else `Accept`; None when nothing served will do.

        A client that leaves the choice is answered in the format of its body.
        """
        choices = self.formats_wanted
        return self._own_format if choices is None else preferred(choices, self._own_format)

    def require_served(self, file_type: str | None = None) -> None:
        """Raises `NotAcceptable` (406) unless JSON or XML will do; or a file of `file_type`."""
        if self.answer_format is not None:
            return
        choices = self.formats_wanted or []
        if file_type is not None and any(media_type(choice)[0] == file_type for choice in choices):
            return
        raise NotAcceptable(
            "FHIR 4.0 is served as application/fhir+json and application/fhir+xml; "
            f"«{', '.join(choice.strip() for choice in choices)}» was asked for."
        )

    @property
    def formats_wanted(self) -> list[str] | None:
        """What `_format`, or else `Accept`, names; None when the choice is left to the server."""
        wanted = self.parameter("_format")
        if wanted is not None:
            # A + that was not encoded arrives as a space: application/fhir+json is asked for so often that way.
            return [wanted.strip().replace(" ", "+")]
        wanted = self.header(b"accept")
        return wanted.split(",") if wanted else None

    @property
    def _own_format(self) -> Format:
        declared = self.header(b"content-type")
        return (declared and body_format(declared)) or Format.JSON

    @property
    def accepts_gzip(self) -> bool:
        """Whether the answer may be compressed (RFC 9110 12.5.3)."""
        wanted = self.header(b"accept-encoding")
        if wanted is None:
            return False
        codings = (choice.replace(" ", "").lower().partition(";q=") for choice in wanted.split(","))
        return any(coding == "gzip" and not (weight and set(weight) <= {"0", "."}) for coding, _, weight in codings)

    def precondition(self) -> Precondition:
        """If-Match and If-None-Match: * (R4 http.html#concurrency); raises `FhirError` when malformed."""
        return parse_precondition(self.header(b"if-match"), self.header(b"if-none-match"))

    def is_known_to_client(self, version: int, last_updated: datetime) -> bool:
        """Whether 304 may be answered to a read: If-None-Match, or else If-Modified-Since (RFC 9110 13.2.2)."""
        tags = self.header(b"if-none-match")
        if tags is not None:
            return tags.strip() == "*" or version in parse_etags(tags)
        since = self.header(b"if-modified-since")
        if since is None:
            return False
        try:
            moment = parsedate_to_datetime(since)
        except (ValueError, OverflowError):
            return False  # RFC 9110 13.1.3: a date that can't be read is ignored
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return last_updated.replace(microsecond=0) <= moment

    @property
    def url(self) -> str:
        """The whole address asked."""
        query = self.query_string.decode("latin-1")
        return "/".join([self.base_url, *self.path]) + (f"?{query}" if query else "")

    @property
    def is_ndjson(self) -> bool:
        """Whether the body is said to be resources, one a line."""
        declared = self.header(b"content-type")
        return declared is not None and media_type(declared)[0] in NDJSON

    async def blocks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, compressed if it is.

        Raises `UnsupportedMediaType` (415) for a compression that is not gzip; `MalformedBody` when it is cut short.
        """
        coding = self.header(b"content-encoding")
        if coding is not None and coding.lower() not in ("identity", "gzip"):
            raise UnsupportedMediaType(f"Bodies may be compressed with gzip, not {coding}.")
        more = True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise MalformedBody("The connection closed before the body was complete.")
            yield message.get("body", b"")
            more = message.get("more_body", False)

    async def body(self, limit: int) -> bytes:
        """The whole body, decompressed if the client says so; raises `TooLarge` (413) past `limit` bytes."""
        declared = self.header(b"content-length")
        if declared is not None and declared.isdecimal() and int(declared) > limit:
            raise _too_large(limit)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise MalformedBody("The connection closed before the body was complete.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise _too_large(limit)
            if not message.get("more_body", False):
                return self._decompressed(parts[0] if len(parts) == 1 else b"".join(parts), limit)

    async def resource_body(self, limit: int) -> bytes:
        """The body as JSON; raises `UnsupportedMediaType` (415) unless it is said to be JSON or XML."""
        declared = self.header(b"content-type")
        format_ = Format.JSON if declared is None else body_format(declared)
        if format_ is None:
            raise UnsupportedMediaType(
                "Bodies are read as application/fhir+json or application/fhir+xml, FHIR 4.0, UTF-8; "
                f"this one is said to be {declared}."
            )
        return await as_json(await self.body(limit), format_)

    async def patch_body(self, limit: int) -> Patch:
        """The body as a patch; raises `UnsupportedMediaType` (415) unless it is one that is carried out."""
        declared = self.header(b"content-type") or "nothing"
        is_fhir = body_format(declared) is not None
        text = await (self.resource_body(limit) if is_fhir else self.body(limit))
        return patch_said_to_be(media_type(declared)[0], text, is_fhir=is_fhir)

    def _decompressed(self, body: bytes, limit: int) -> bytes:
        coding = self.header(b"content-encoding")
        if coding is None or coding.lower() == "identity":
            return body
        if coding.lower() != "gzip":
            raise UnsupportedMediaType(f"Bodies may be compressed with gzip, not {coding}.")
        reader = zlib.decompressobj(wbits=31)
        try:
            plain = reader.decompress(body, limit + 1)
        except zlib.error:
            raise MalformedBody("The body is said to be gzip, and is not.") from None
        if len(plain) > limit:
            raise _too_large(limit)
        if not reader.eof:
            raise MalformedBody("The gzip body is cut short.")
        return plain


def decode_form(raw: bytes) -> list[tuple[str, str]]:
    """The pairs of a query or of an `application/x-www-form-urlencoded` body."""
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=1000)
    except (UnicodeDecodeError, ValueError):
        raise FhirError("The query is not URL-encoded UTF-8, or has more than 1000 parameters.") from None
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise FhirError("The query holds a NUL character.")
    return pairs


def parse_precondition(if_match: str | None, if_none_match: str | None) -> Precondition:
    """The preconditions of a write, from a request's headers or a Bundle entry's."""
    versions = None
    any_version = if_match is not None and if_match.strip() == "*"
    if if_match is not None and not any_version:
        versions = frozenset(parse_etags(if_match))
        if not versions:
            raise FhirError(f'If-Match is {if_match!r}; a version was expected, such as W/"3".')
    absent = if_none_match is not None and if_none_match.strip() == "*"
    excluded = frozenset(parse_etags(if_none_match)) if if_none_match is not None else frozenset[int]()
    return Precondition(versions, absent, any_version, excluded)


def parse_etags(header: str) -> list[int]:
    """The versions of a list of ETags, `W/"3"` or `"3"`; those that aren't ours are left out."""
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    return [int(tag) for tag in tags if tag.isascii() and tag.isdecimal() and len(tag) < 10]


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The body is larger than the {limit} bytes this server takes; load large files with `cordee load`."
    )
