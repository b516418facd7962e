"""From the bytes received to the text served.

A resource is kept as the text that will be answered: the server's `id` and `meta` are spliced into the client's own
text, so that decimals keep their written form (R4 json.html#primitive: `72.50` is not `72.5`) and nothing is rebuilt
on a read. `accept` is the only way to make an `Incoming`, hence nothing unchecked can reach the store.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from cordee.fhir.outcome import InvalidResource, Issue, MalformedBody
from cordee.fhir.validation import validate

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])

SUBSETTED_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
"""The code system of the tag SUBSETTED (R4 resource.html#simple-tags)."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A resource found structurally valid: its parsed form, and its text member by member.

    `members` leaves out `resourceType`, `id` and `meta`; `meta_members` leaves out `versionId` and `lastUpdated`.
    """

    resource: Mapping[str, Any]
    members: tuple[tuple[str, bytes], ...]
    meta_members: tuple[tuple[str, bytes], ...]

    @property
    def resource_type(self) -> str:
        """The R4 type name."""
        return str(self.resource["resourceType"])

    @property
    def id(self) -> str | None:
        """The id the client wrote, if any."""
        value = self.resource.get("id")
        return None if value is None else str(value)

    @property
    def is_part(self) -> bool:
        """Whether it says of itself that it is only a part of the resource, as `_summary` and `_elements` give it."""
        tags = self.resource.get("meta", {}).get("tag", ())
        return any(tag.get("code") == "SUBSETTED" and tag.get("system") == SUBSETTED_SYSTEM for tag in tags)

    def stored_text(self, resource_id: str, version: int, last_updated: datetime) -> str:
        """The text to store and serve: the client's members with the server's id, version and instant (UTC)."""
        meta = b"".join(b',"%b":%b' % (name.encode(), raw) for name, raw in self.meta_members)
        rest = b"".join(b',"%b":%b' % (name.encode(), raw) for name, raw in self.members)
        head = (
            f'{{"resourceType":"{self.resource_type}","id":"{resource_id}",'
            f'"meta":{{"versionId":"{version}","lastUpdated":"{instant(last_updated)}"'
        )
        return (head.encode() + meta + b"}" + rest + b"}").decode()


def instant(moment: datetime) -> str:
    """`moment` as a FHIR instant in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_json(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`; `MalformedBody` with line and column when it is not one."""
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    if not raw.strip():
        raise MalformedBody("The body is empty; a FHIR resource in JSON was expected.")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedBody(f"The body is not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise MalformedBody(f"A FHIR resource is a JSON object; this is {_kind(value)}.")
    return value


def accept(raw: bytes, expected_type: str | None = None) -> Incoming:
    """Checks the bytes of one resource and keeps its text.

    Raises `MalformedBody` (400) when it is not JSON or has a repeated member, `InvalidResource` (422) with every
    structural problem at once.
    """
    resource = parse_json(raw)
    issues = validate(resource, expected_type)
    errors = [issue for issue in issues if issue.severity in ("error", "fatal")]
    if errors:
        raise InvalidResource(errors[0].diagnostics, issues=issues)
    compact = compact_text(raw)
    if repeats_members(compact, resource):
        refuse_repeated_members(compact)
    return _incoming(resource, compact)


def compact_text(raw: bytes) -> bytes:
    """The same JSON without white space; numbers keep their written form."""
    return msgspec.json.format(raw.removeprefix(b"\xef\xbb\xbf"), indent=-1)


def with_own_references_relative(raw: bytes, base_url: str) -> bytes:
    """A body in which references to addresses under `base_url`, this server's FHIR base, are relative ones.

    An address of ours written out in full names the same resource as `Patient/1`; kept in both spellings, the same
    thing would be found by one and not by the other (R4 references.html).
    """
    if f"{base_url}/".encode() not in raw:
        return raw
    return re.sub(rb'("reference"\s*:\s*")' + re.escape(f"{base_url}/").encode(), rb"\1", raw)


def with_references_replaced(accepted: bytes) -> Incoming:
    """A compact text that was accepted, some references in it since replaced by others: that breaks no rule again."""
    return _incoming(orjson.loads(accepted), accepted)


def _incoming(resource: Mapping[str, Any], compact: bytes) -> Incoming:
    members = _members.decode(compact)
    meta = _members.decode(members["meta"]) if "meta" in members else {}
    return Incoming(
        resource,
        tuple((k, bytes(v)) for k, v in members.items() if k not in ("resourceType", "id", "meta")),
        tuple((k, bytes(v)) for k, v in meta.items() if k not in ("versionId", "lastUpdated")),
    )


def pretty(text: bytes) -> bytes:
    """The same JSON, indented; numbers keep their written form."""
    return msgspec.json.format(text, indent=2)


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "an array"
    return "null" if value is None else f"a {type(value).__name__}"


def repeats_members(compact: bytes, parsed: Mapping[str, Any]) -> bool:
    """Whether some object of a compact text writes a member twice; `parsed` is what was read from the text.

    Counting is a hundred times quicker than reading with a hook, which is done only to name the member. True also for
    what is nested too deeply to be counted so.
    """
    try:
        return _count_members(compact) != _count_members(orjson.dumps(parsed))
    except orjson.JSONEncodeError:
        return True


def refuse_repeated_members(compact: bytes) -> None:
    """Raises `MalformedBody` naming a member that is written twice in one object, if there is one.

    JSON readers disagree on which of two equal names counts, so such a body means two things (R4 json.html).
    """
    repeated = next(_repeated(compact), None)
    if repeated is not None:
        issue = Issue("error", "structure", f"The member «{repeated}» is written twice in one object.")
        raise MalformedBody(issue.diagnostics, issues=(issue,))


def _count_members(compact: bytes) -> int:
    """How many members a compact text writes, repeated ones included; none for a name that ends in a backslash."""
    return compact.count(b'":') - compact.count(b'\\":')


def _repeated(compact: bytes) -> Iterator[str]:
    found: list[str] = []

    def watch(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(pairs)
        if len(read) != len(pairs) and not found:
            found.append(Counter(name for name, _ in pairs).most_common(1)[0][0])
        return read

    json.loads(compact, object_pairs_hook=watch)
    return iter(found)
