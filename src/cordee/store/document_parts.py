"""What a Composition's document is made of: what it names, and what that refers to, found in the store."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from cordee.fhir.care_records import patients_named
from cordee.fhir.document import references_of
from cordee.fhir.outcome import InvalidSearch, Issue, Unprocessable
from cordee.fhir.query_refusals import too_costly
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.written_references import versioned_references_written
from cordee.store.connection import Connection
from cordee.store.read import find_several, find_versions
from cordee.store.search import MOST_PAGE_BYTES

MOST_PARTS = 1_000
"""Of a document."""
MOST_LOOKED_AT = 5_000
"""Resources that parts refer to, at once."""

Key = tuple[str, str, str]
"""(type, id, version), the version empty for the current one"""


async def document_parts(
    connection: Connection, tenant: int, composition: StoredVersion, base_url: str
) -> list[StoredVersion]:
    """The resources that the Composition names, then what these refer to, each once; nearest first.

    What it names must be here: raises `Unprocessable` (422) with the place of each reference that leads nowhere or to
    another server. What is farther away is taken as far as it is here and about no other patient. Raises
    `InvalidSearch` (`too-costly`) when a document would be too long.
    """
    resource = orjson.loads(composition.body)
    parts: dict[Key, StoredVersion] = {}
    seen: set[Key] = {_current(composition)}
    named = _named(resource, base_url)
    found = await _find(connection, tenant, {key for _, _, key in named if key is not None} - seen)
    _refuse_missing(named, found.keys() | seen)
    allowed = patients_named(resource)
    size = 0
    while found:
        parts |= found
        seen |= found.keys()
        size += sum(len(part.body) for part in found.values())
        if len(parts) > MOST_PARTS or size > MOST_PAGE_BYTES:
            raise _too_long(composition)
        waiting = {
            key
            for part in found.values()
            if part.resource_type not in ("Binary", "Composition")
            for key in versioned_references_written(part.body, base_url)
        }
        waiting -= seen
        if len(waiting) > MOST_LOOKED_AT:
            raise _too_long(composition)
        further = await _find(connection, tenant, waiting)
        seen |= waiting
        found = {key: part for key, part in further.items() if _may_be_told(part, allowed)}
    own = (composition.resource_type, composition.id, composition.version)
    by_version = {(part.resource_type, part.id, part.version): part for part in parts.values()}
    return [part for version, part in by_version.items() if version != own]


def _too_long(composition: StoredVersion) -> InvalidSearch:
    return too_costly(
        f"The document of Composition/{composition.id} would hold more than {MOST_PARTS} resources or "
        f"{MOST_PAGE_BYTES} bytes: what it names refers to too much."
    )


def _current(version: StoredVersion) -> Key:
    return version.resource_type, version.id, ""


def _named(composition: Mapping[str, Any], base_url: str) -> list[tuple[str, str, Key | None]]:
    """Place, text and key of each reference; the key is None where it is to no resource of this server."""
    found = []
    for path, text in references_of(composition):
        written = orjson.dumps({"reference": text}).decode()
        (key,) = versioned_references_written(written, base_url) or (None,)
        found.append((path, text, key))
    return found


def _refuse_missing(named: Iterable[tuple[str, str, Key | None]], there: Iterable[Key]) -> None:
    here = set(there)
    issues = []
    for path, text, key in named:
        if key is None:
            sentence = f"{text} is not a resource of this server: store it here and name it Type/id."
            issues.append(Issue("error", "not-supported", sentence, path))
        elif key not in here:
            issues.append(Issue("error", "not-found", f"{text} is not here: a document holds all that it names.", path))
    if issues:
        raise Unprocessable(issues[0].diagnostics, issues=issues)


async def _find(connection: Connection, tenant: int, keys: Iterable[Key]) -> dict[Key, StoredVersion]:
    """The versions that are there and no deletions, in the order of the keys."""
    wanted = sorted(keys)
    current = await find_several(connection, tenant, [(type_, id_) for type_, id_, version in wanted if not version])
    numbered = [(type_, id_, int(v)) for type_, id_, v in wanted if v.isdecimal() and len(v) < 10]
    old = await find_versions(connection, tenant, numbered)
    found: dict[Key, StoredVersion] = {}
    for type_, id_, version in wanted:
        part = old.get((type_, id_, int(version))) if version.isdecimal() and len(version) < 10 else None
        part = current.get((type_, id_)) if not version else part
        if part is not None and not part.deleted:
            found[type_, id_, version] = part
    return found


def _may_be_told(part: StoredVersion, allowed: frozenset[str]) -> bool:
    if part.resource_type == "Binary":
        return True
    patients = patients_named(orjson.loads(part.body))
    return not patients or not patients.isdisjoint(allowed)
