"""Terminology put into a tenant: resources as they are, national value sets, code systems too large for one resource.

Everything is stored through the one write path. The concepts of a code system that come line by line stay out of its
resource, which says so (`content` = `not-present`) and how many there are.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import uuid4

import orjson

from cordee.fhir.body import Incoming, accept
from cordee.fhir.outcome import InvalidResource
from cordee.fhir.terminology.concepts import Concept, decode_exact, encode_exact, read_concepts
from cordee.fhir.terminology.refusals import UnusableTerminology
from cordee.fhir.terminology.shared_value_sets import SYSTEMS, systems_named, value_sets
from cordee.fhir.validation import validate
from cordee.store.repository import Repository
from cordee.terminology.naming import preferred_id

TYPES = ("CodeSystem", "ValueSet", "ConceptMap", "NamingSystem")
_CHECKED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of one resource; `concepts` is how many concepts or codes it has."""

    reference: str
    url: str
    effect: Literal["created", "updated", "unchanged"]
    concepts: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file and its number."""

    number: int
    text: bytes


async def import_shared_value_sets(repository: Repository, raw: bytes, on: date) -> list[Imported]:
    """Stores the national value sets of an XML file as ValueSets; raises `MalformedBody`."""
    systems = {}
    for oid in sorted(systems_named(raw) - SYSTEMS.keys()):
        address = await preferred_id(repository, oid, "uri")
        if address is not None:
            systems[oid] = address
    return [await import_resource(repository, accept(orjson.dumps(r))) for r in value_sets(raw, on, systems)]


async def import_resource(repository: Repository, incoming: Incoming) -> Imported:
    """Stores a resource of terminology under its id, a CodeSystem with its concepts ready to be looked up.

    Raises `UnusableTerminology` for a resource of another type, or a CodeSystem that contradicts itself: then nothing
    of it is stored.
    """
    resource = incoming.resource
    if incoming.resource_type not in TYPES:
        raise UnusableTerminology(
            f"A {incoming.resource_type} is no terminology: {', '.join(TYPES)}; load it with cordee load."
        )
    if incoming.resource_type == "CodeSystem" and resource.get("content") != "not-present":
        concepts = list(read_concepts(decode_exact(orjson.dumps(resource.get("concept", ())))))
        return await _import_concepts(repository, incoming, concepts, again=False)
    id_ = _id_of(incoming)
    async with repository.unit() as unit:
        written = await unit.put(incoming.resource_type, id_, incoming)
    codes = sum(len(rule.get("concept", ())) for rule in resource.get("compose", {}).get("include", ()))
    return Imported(f"{incoming.resource_type}/{id_}", _named(resource), written.effect, codes)  # type: ignore[arg-type]


async def import_lines(repository: Repository, lines: Iterable[Line]) -> list[Imported]:
    """Stores what NDJSON holds: resources, and concepts of the CodeSystem in whose line's wake they come.

    A concept is written as in CodeSystem.concept, with a property `parent` or nested. Raises `FhirError` with the
    number of the line; what came before it is stored.
    """
    imported = []
    head: Mapping[str, Any] | None = None
    concepts: list[Concept] = []
    waiting: list[tuple[int, Any]] = []

    async def finish() -> None:
        if head is not None:
            concepts.extend(_checked(waiting))
            waiting.clear()
            imported.append(await _import_head(repository, head, concepts))
            concepts.clear()

    for line in lines:
        said = _object(line)
        if "resourceType" in said:
            await finish()
            head = said
        elif head is None or head["resourceType"] != "CodeSystem":
            raise UnusableTerminology(f"Line {line.number}: a concept comes after the CodeSystem that it is of.")
        else:
            waiting.append((line.number, said))
            if len(waiting) == _CHECKED_AT_ONCE:
                concepts.extend(_checked(waiting))
                waiting.clear()
    await finish()
    return imported


async def _import_head(repository: Repository, head: Mapping[str, Any], concepts: list[Concept]) -> Imported:
    if not concepts:
        return await import_resource(repository, accept(_text(head)))
    if head.get("concept"):
        raise UnusableTerminology(
            f"{_named(head)}: its concepts are either in the CodeSystem or in the lines after it.",
            path="CodeSystem.concept",
        )
    outside = {**head, "content": "not-present", "count": len(concepts)}
    return await _import_concepts(repository, accept(_text(outside)), concepts, again=True)


async def _import_concepts(
    repository: Repository, incoming: Incoming, concepts: list[Concept], *, again: bool
) -> Imported:
    """The resource and its concepts, both or none; `again` even when the resource is what it was."""
    id_ = _id_of(incoming)
    async with repository.unit() as unit:
        await unit.lock([f"CodeSystem/{id_}"])
        written = await unit.put("CodeSystem", id_, incoming)
        if written.version is not None and (again or written.effect != "unchanged"):
            await unit.index_concepts(
                written.version, concepts, case_sensitive=incoming.resource.get("caseSensitive", True)
            )
    return Imported(f"CodeSystem/{id_}", _named(incoming.resource), written.effect, len(concepts))  # type: ignore[arg-type]


def _object(line: Line) -> Mapping[str, Any]:
    try:
        said = decode_exact(line.text)
    except ValueError:
        raise UnusableTerminology(f"Line {line.number} is not JSON.") from None
    if not isinstance(said, Mapping):
        raise UnusableTerminology(f"Line {line.number} is not a JSON object.")
    return said


def _checked(lines: list[tuple[int, Any]]) -> Iterator[Concept]:
    """The concepts of some lines, once they are found to be as R4 wants them."""
    if not lines:
        return
    said = [concept for _, concept in lines]
    resource = {"resourceType": "CodeSystem", "status": "active", "content": "complete", "concept": said}
    for issue in validate(orjson.loads(_text(resource))):
        place = re.match(r"CodeSystem\.concept\[([0-9]+)\]", issue.path or "")
        if issue.severity in ("error", "fatal"):
            number = lines[int(place[1])][0] if place else lines[0][0]
            raise InvalidResource(f"Line {number}: {issue.diagnostics} ({issue.path})", issues=[issue])
    yield from read_concepts(said)


def _id_of(incoming: Incoming) -> str:
    if incoming.id is not None:
        return incoming.id
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", str(incoming.resource.get("url", "")).rpartition("/")[2]).strip("-")
    return name if 0 < len(name) <= 64 else str(uuid4())


def _named(resource: Mapping[str, Any]) -> str:
    return str(resource.get("url") or resource.get("name") or resource.get("id", ""))


def _text(resource: Mapping[str, Any]) -> bytes:
    return encode_exact(resource).encode()
