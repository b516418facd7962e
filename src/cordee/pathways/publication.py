"""Pathways in a tenant: the shipped ones and a structure's own, published as FHIR definitions and read back.

A PlanDefinition holds the file it was made from, and history keeps each version: what a settlement used can be read
again. Publishing writes only what changed; all the definitions of one pathway are written together or not at all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

import orjson

from cordee.fhir.body import Incoming
from cordee.fhir.outcome import Conflict
from cordee.fhir.query import parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.pathways.canonical import TOPIC_SYSTEM
from cordee.pathways.fhir_definitions import definitions
from cordee.pathways.fhir_plan_definition import PARCOURS_TOPIC, NoPathwayFileError, pathway_of, pathway_text
from cordee.pathways.model import Pathway
from cordee.pathways.reader import read_pathway
from cordee.pathways.shipped import shipped_pathways, shipped_texts
from cordee.pathways.strict_yaml import FileRefusedError
from cordee.pathways.versions import version_order
from cordee.store.changes import is_same_content
from cordee.store.reader import Reader
from cordee.store.repository import Repository
from cordee.store.unit_of_work import Put

_ATTEMPTS = 5
_PAGE = 100
_VERSIONED = re.compile(r"PlanDefinition/([A-Za-z0-9.-]{1,64})/_history/(\d{1,9})", re.ASCII)


class PublicationRefusedError(ValueError):
    """A file that would not be used if it were published; the message says what to change in it."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing a file did: `kept` left a newer version that the tenant has of its own."""

    pathway: Pathway
    effect: Literal["published", "unchanged", "kept"]


@dataclass(frozen=True, slots=True)
class TenantPathways:
    """The pathways of a tenant by code; `references` names the stored version of those that are published there.

    `faults` are the PlanDefinitions that say they are parcours and can't be read. Their parcours is left out of
    `pathways` even if the program ships another version: nobody knows which one was meant.
    """

    pathways: Mapping[str, Pathway]
    references: Mapping[str, str]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Compiled:
    pathway: Pathway
    text: str
    definitions: tuple[Incoming, ...]

    @property
    def plan_definition(self) -> Incoming:
        return self.definitions[-1]

    @property
    def key(self) -> tuple[str, str]:
        return "PlanDefinition", self.pathway.code


@cache
def _shipped() -> tuple[_Compiled, ...]:
    texts = shipped_texts()
    return tuple(
        _Compiled(pathway, texts[f"{code}.yaml"], definitions(pathway, texts[f"{code}.yaml"]))
        for code, pathway in shipped_pathways().items()
    )


async def publish_shipped(repository: Repository) -> list[Publication]:
    """Publishes the files that travel with the program; a newer version that the tenant has of its own is kept."""
    shipped = _shipped()
    stored = await repository.read_many(compiled.key for compiled in shipped)
    done: list[Publication] = []
    for compiled in shipped:
        found = stored.get(compiled.key)
        if found is not None and is_same_content(found, compiled.plan_definition):
            done.append(Publication(compiled.pathway, "unchanged"))
        elif version_order(_stored_version(found)) > version_order(compiled.pathway.version):
            done.append(Publication(compiled.pathway, "kept"))
        else:
            await _write(repository, compiled)
            done.append(Publication(compiled.pathway, "published"))
    return done


async def publish_file(repository: Repository, file: str, text: str) -> Publication:
    """Publishes a structure's own file, which must be newer than what the tenant has.

    Raises FileRefusedError, or PublicationRefusedError when its version is not newer.
    """
    pathway = read_pathway(file, text)
    stored = (await repository.read_many([("PlanDefinition", pathway.code)])).get(("PlanDefinition", pathway.code))
    if stored is not None and not stored.deleted and _stored_text(stored) == text:
        return Publication(pathway, "unchanged")
    shipped = shipped_pathways().get(pathway.code)
    for version in (_stored_version(stored), shipped.version if shipped else ""):
        if version and version_order(pathway.version) <= version_order(version):
            raise PublicationRefusedError(
                f"{file}: {pathway.code} is at version {version} here, and this file is version {pathway.version} with "
                "another content: give it a later version"
            )
    await _write(repository, _Compiled(pathway, text, definitions(pathway, text)))
    return Publication(pathway, "published")


async def tenant_pathways(reader: Reader) -> TenantPathways:
    """The pathways of a tenant: those published there and the shipped ones, the newer version of each."""
    pathways = dict(shipped_pathways())
    references: dict[str, str] = {}
    faults: list[str] = []
    for stored in await _plan_definitions(reader):
        try:
            pathway = _read(stored.body)
        except (NoPathwayFileError, FileRefusedError) as error:
            pathways.pop(stored.id, None)
            faults.append(str(error))
            continue
        if pathway.code != stored.id:
            faults.append(f"PlanDefinition/{stored.id}: its file is of {pathway.code}: publish it under that id")
            continue
        shipped = shipped_pathways().get(pathway.code)
        if shipped is None or version_order(pathway.version) >= version_order(shipped.version):
            pathways[pathway.code] = pathway
            references[pathway.code] = f"PlanDefinition/{stored.id}/_history/{stored.version}"
    return TenantPathways(pathways, references, tuple(faults))


async def pathways_of(reader: Reader) -> Mapping[str, Pathway]:
    """The pathways of a tenant by code; see `tenant_pathways`."""
    return (await tenant_pathways(reader)).pathways


async def pathway_of_version(reader: Reader, reference: str) -> Pathway:
    """The pathway as a version of its PlanDefinition had it: `PlanDefinition/gpso/_history/2`.

    Raises NotFound or Gone, NoPathwayFileError, FileRefusedError, or ValueError for another kind of reference.
    """
    named = _VERSIONED.fullmatch(reference)
    if named is None:
        raise ValueError(f"{reference!r} does not name a version of a PlanDefinition")
    return _read((await reader.vread("PlanDefinition", named[1], int(named[2]))).body)


async def _plan_definitions(reader: Reader) -> list[StoredVersion]:
    wanted = parse_search("PlanDefinition", [("topic", f"{TOPIC_SYSTEM}|{PARCOURS_TOPIC}"), ("status", "active")])
    found: list[StoredVersion] = []
    position = None
    while True:
        page = await reader.search(wanted, count=_PAGE, position=position)
        found += page.matches
        position = page.following
        if position is None:
            return found


async def _write(repository: Repository, compiled: _Compiled) -> None:
    puts = [Put(str(definition.id), definition) for definition in compiled.definitions]
    for attempt in range(_ATTEMPTS):
        try:
            async with repository.unit() as unit:
                await unit.lock([f"pathway {compiled.pathway.code}"])
                await unit.put_many(puts)
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _stored_version(stored: StoredVersion | None) -> str:
    return "" if stored is None or stored.deleted else str(orjson.loads(stored.body).get("version", ""))


def _stored_text(stored: StoredVersion) -> str | None:
    try:
        return pathway_text(orjson.loads(stored.body))
    except NoPathwayFileError:
        return None


@lru_cache(maxsize=256)
def _read(body: str) -> Pathway:
    resource: dict[str, Any] = orjson.loads(body)
    return pathway_of(resource)
