"""A batch or transaction Bundle taken apart: what each entry asks for, its resource still as text (R4 bundle.html)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from cordee.fhir.body import parse_json, refuse_repeated_members, repeats_members
from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import FhirError, Issue, MalformedBody

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"(:?)')
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_PROCESSING_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}


class InvalidBundle(FhirError):
    """The Bundle can't be carried out as it stands (400); the issues name the entries."""


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """One entry's request. `criteria` is the text after `?` in its address; `resource` the compact JSON text."""

    index: int
    method: str
    resource_type: str | None
    id: str | None
    version: int | None
    criteria: str | None
    full_url: str | None
    if_match: str | None
    if_none_match: str | None
    if_none_exist: str | None
    resource: bytes | None
    if_modified_since: str | None = None
    url: str = ""
    """The address asked for, relative to the base."""
    issues: tuple[Issue, ...] = ()
    """What is wrong with the request as it is written."""

    @property
    def faults(self) -> tuple[Issue, ...]:
        """What is wrong with the request, or that there is none: then the entry can't be carried out."""
        if self.method or self.issues:
            return self.issues
        sentence = "The entry has no request: a batch or transaction says what to do."
        return (Issue("error", "required", sentence, f"{self.path}.request"),)

    @property
    def path(self) -> str:
        """Where the entry stands, for messages."""
        return f"Bundle.entry[{self.index}]"


class _Request(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    method: str
    url: str
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_match: str | None = None
    if_none_exist: str | None = None
    id: str | None = None
    extension: msgspec.Raw = msgspec.Raw()
    modifier_extension: msgspec.Raw = msgspec.Raw()


class _Entry(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    full_url: str | None = None
    resource: msgspec.Raw = msgspec.Raw()
    request: _Request | None = None
    id: str | None = None
    extension: msgspec.Raw = msgspec.Raw()
    modifier_extension: msgspec.Raw = msgspec.Raw()
    link: msgspec.Raw = msgspec.Raw()
    search: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = msgspec.Raw()


class _Bundle(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    resource_type: Literal["Bundle"]
    type: str
    entry: list[_Entry] = []
    id: str | None = None
    meta: msgspec.Raw = msgspec.Raw()
    implicit_rules: str | None = None
    language: str | None = None
    identifier: msgspec.Raw = msgspec.Raw()
    timestamp: str | None = None
    total: int | None = None
    link: msgspec.Raw = msgspec.Raw()
    signature: msgspec.Raw = msgspec.Raw()


_decoder = msgspec.json.Decoder(_Bundle)


@dataclass(frozen=True, slots=True)
class IncomingBundle:
    """A Bundle's type and entries; entries without a request have method «»."""

    type: str
    entries: tuple[BundleEntry, ...]


def parse_bundle(
    raw: bytes, *, base_url: str | None = None, most_entries: int = 10_000, faults_by_entry: bool = False
) -> IncomingBundle:
    """The entries of a Bundle. `base_url` is stripped from the entries' addresses.

    Raises `MalformedBody` when it isn't a Bundle, `InvalidBundle` with an issue for every entry that asks for what
    can't be; with `faults_by_entry` these issues stay on their entries.
    """
    parsed = parse_json(raw)
    try:
        compact = msgspec.json.format(raw.removeprefix(b"\xef\xbb\xbf"), indent=-1)
        bundle = _decoder.decode(compact)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `")
        path = place.rstrip("`").replace("$", "Bundle", 1) or "Bundle"
        raise InvalidBundle(f"{message} at {path}.", path=path) from None
    except msgspec.DecodeError as error:
        raise MalformedBody(f"The body is not valid JSON: {error}.") from None
    except RecursionError:
        raise MalformedBody("The body is nested too deeply.") from None
    if len(bundle.entry) > most_entries:
        raise InvalidBundle(f"The Bundle has {len(bundle.entry)} entries; at most {most_entries} are taken at once.")
    if repeats_members(compact, parsed):
        refuse_repeated_members(_without_resources(compact, bundle))
    entries = [_entry(i, entry, base_url) for i, entry in enumerate(bundle.entry)]
    if not faults_by_entry:
        require_no_faults(issue for entry in entries for issue in entry.issues)
    return IncomingBundle(bundle.type, tuple(entries))


def _escapes_a_name(compact: bytes) -> bool:
    """Whether a member's name in a compact text is written with an escape (`"\\u0072eference"`).

    No name of FHIR needs one. References are found in the text by their members' names, so one in disguise would be
    stored without following its entry.
    """
    if b"\\" not in compact:
        return False
    return any(match[1] and b"\\" in match[0] for match in _STRING.finditer(compact))


def require_no_faults(issues: Iterable[Issue]) -> None:
    """Raises `InvalidBundle` with all of `issues`, if there are any."""
    if found := tuple(issues):
        raise InvalidBundle(found[0].diagnostics, issues=found)


def in_processing_order(entries: tuple[BundleEntry, ...]) -> list[BundleEntry]:
    """Deletions, then creations, updates, reads (R4 http.html#trules), each group in the order given."""
    return sorted(entries, key=lambda entry: _PROCESSING_ORDER.get(entry.method, 4))


def _without_resources(compact: bytes, bundle: _Bundle) -> bytes:
    """The text around the resources: each of those is looked at when it is accepted."""
    for entry in bundle.entry:
        resource = bytes(entry.resource)
        compact = compact.replace(resource, b"null", 1) if resource else compact
    return compact


def _entry(index: int, entry: _Entry, base_url: str | None) -> BundleEntry:
    issues: list[Issue] = []
    request = entry.request
    resource = bytes(entry.resource) or None
    if request is None:
        return BundleEntry(index, "", None, None, None, None, entry.full_url, None, None, None, resource)
    path = f"Bundle.entry[{index}].request"
    resource_type, resource_id, version, criteria = _address(request.url, base_url, path, issues)
    if request.method not in _PROCESSING_ORDER:
        issues.append(
            Issue(
                "error",
                "not-supported",
                f"The method {request.method} is not supported in a Bundle.",
                f"{path}.method",
            )
        )
    if resource is not None and not resource.startswith(b"{"):
        sentence = "The entry's resource is not a JSON object."
        issues.append(Issue("error", "structure", sentence, f"Bundle.entry[{index}].resource"))
    if resource is not None and _escapes_a_name(resource):
        sentence = "A member's name is written with an escape (a backslash); write it as it is."
        issues.append(Issue("error", "structure", sentence, f"Bundle.entry[{index}].resource"))
    is_operation = request.url.partition("?")[0].rpartition("/")[2].startswith("$")
    if request.method in ("POST", "PUT", "PATCH") and resource is None and not is_operation:
        issues.append(Issue("error", "required", f"A {request.method} needs a resource.", f"Bundle.entry[{index}]"))
    return BundleEntry(
        index,
        request.method,
        resource_type,
        resource_id,
        version,
        criteria,
        entry.full_url,
        request.if_match,
        request.if_none_match,
        request.if_none_exist,
        resource,
        request.if_modified_since,
        _local(request.url, base_url),
        tuple(issues),
    )


def _address(
    url: str, base_url: str | None, path: str, issues: list[Issue]
) -> tuple[str | None, str | None, int | None, str | None]:
    """Type, id, version and criteria of an entry's address."""
    local, _, criteria = _local(url, base_url).partition("?")
    parts = local.split("/") if local else []
    match parts:
        case [] | ["metadata"] | ["_history"]:
            return None, None, None, criteria or None
        case [resource_type] if resource_type in _types():
            return resource_type, None, None, criteria or None
        case [resource_type, resource_id] if resource_type in _types() and _ID.fullmatch(resource_id):
            return resource_type, resource_id, None, None
        case [resource_type, "_history"] | [resource_type, _, "_history"] if resource_type in _types():
            return resource_type, None, None, None
        case [*_, operation] if operation.startswith("$"):
            return None, None, None, None
        case [resource_type, resource_id, "_history", version] if version.isdecimal() and len(version) < 10:
            return resource_type, resource_id, int(version), None
    diagnostics = (
        f"«{url}» is not an address that a Bundle may ask for; for example Patient, Patient/1 or Patient?_id=1."
    )
    issues.append(Issue("error", "not-supported", diagnostics, f"{path}.url"))
    return None, None, None, None


def _local(url: str, base_url: str | None) -> str:
    return (url.removeprefix(base_url) if base_url else url).lstrip("/")


def _types() -> Any:
    return load_definitions().resource_types
