"""The packages of definitions in a tenant: put there whole or not at all, listed, taken away."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson

from cordee.fhir.outcome import Conflict
from cordee.fhir.profiles.packages import KEPT, PACKAGE_SYSTEM, Package, PackageRefusedError
from cordee.fhir.query import parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.store.changes import Written
from cordee.store.reader import Reader
from cordee.store.repository import Repository
from cordee.store.unit_of_work import Put

_ATTEMPTS = 5
_PAGE = 500


@dataclass(frozen=True, slots=True)
class StoredPackage:
    """A package in a tenant: its label `name#version`, and how many definitions of each type."""

    label: str
    counts: Counter[str]


async def add_package(repository: Repository, package: Package) -> Counter[str]:
    """Stores a package's definitions, all or none; how many were created, updated, unchanged.

    Raises PackageRefusedError when the id of one is taken by another definition.
    """
    puts = [Put(str(definition.id), definition) for definition in package.definitions]
    for attempt in range(_ATTEMPTS):
        try:
            async with repository.unit() as unit:
                await unit.lock(["packages"])
                await _refuse_taken_ids(unit, package)
                done = await unit.put_many(puts)
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return Counter(one.effect for one in done if isinstance(one, Written))
    raise AssertionError("the last attempt returns or raises")


async def _refuse_taken_ids(reader: Reader, package: Package) -> None:
    keys = {(one.resource_type, str(one.id)): one.resource.get("url") for one in package.definitions}
    for key, stored in (await reader.read_many(keys)).items():
        if stored.deleted:
            continue
        url = orjson.loads(stored.body).get("url")
        if url != keys[key]:
            raise PackageRefusedError(f"{'/'.join(key)} is here already, as {url}; the package has it as {keys[key]}")


async def list_packages(reader: Reader) -> list[StoredPackage]:
    """The packages, by label."""
    counts: dict[str, Counter[str]] = {}
    async for stored in _tagged(reader, ""):
        for tag in orjson.loads(stored.body)["meta"]["tag"]:
            if tag.get("system") == PACKAGE_SYSTEM:
                counts.setdefault(tag["code"], Counter())[stored.resource_type] += 1
    return [StoredPackage(label, counts[label]) for label in sorted(counts)]


async def remove_package(repository: Repository, label: str) -> int:
    """Deletes the definitions of a package; how many there were. Stopped halfway, it is asked for again."""
    found = [stored async for stored in _tagged(repository, label)]
    for stored in found:
        await repository.delete(stored.resource_type, stored.id)
    return len(found)


async def _tagged(reader: Reader, label: str) -> AsyncIterator[StoredVersion]:
    """What came from a package; from any, when no label is given."""
    for resource_type in KEPT:
        wanted = parse_search(resource_type, [("_tag", f"{PACKAGE_SYSTEM}|{label}")])
        position = None
        while True:
            page = await reader.search(wanted, count=_PAGE, position=position)
            for match in page.matches:
                yield match
            position = page.following
            if position is None:
                break
