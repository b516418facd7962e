"""Packages in a tenant: whole or not at all, the same again changes nothing, taken away by their label."""

from collections import Counter
from typing import Any

import orjson
import pytest

from cordee.fhir.outcome import NotFound
from cordee.fhir.profiles.library import ProfileLibrary
from cordee.fhir.profiles.packages import Package, PackageRefusedError, read_package
from cordee.store import tenant_profiles
from cordee.store.connection import Database
from cordee.store.repository import Repository
from cordee.store.tenant_packages import add_package, list_packages, remove_package
from cordee.store.tenants import create_tenant

URL = "https://example.org/ValueSet/v"
VALUE_SET = {"resourceType": "ValueSet", "id": "v", "url": URL, "status": "active"}
CODES = {
    "resourceType": "CodeSystem",
    "id": "c",
    "url": "https://example.org/c",
    "status": "active",
    "content": "complete",
}


def package(*definitions: dict[str, Any], version: str = "1") -> Package:
    manifest = {"name": "org.example", "version": version}
    files = [("package/package.json", manifest), *((f"package/{one['id']}.json", one) for one in definitions)]
    return read_package(((path, orjson.dumps(content)) for path, content in files), "x")


async def test_added_again_changes_nothing_and_a_later_version_replaces(repository: Repository) -> None:
    assert await add_package(repository, package(VALUE_SET, CODES)) == Counter(created=2)
    assert await add_package(repository, package(VALUE_SET, CODES)) == Counter(unchanged=2)
    assert await add_package(repository, package(VALUE_SET, version="2")) == Counter(updated=1)
    assert [(one.label, dict(one.counts)) for one in await list_packages(repository)] == [
        ("org.example#1", {"CodeSystem": 1}),
        ("org.example#2", {"ValueSet": 1}),
    ]


async def test_removed_by_its_label_alone(repository: Repository) -> None:
    await add_package(repository, package(VALUE_SET, CODES))
    assert await remove_package(repository, "org.example#2") == 0
    assert await remove_package(repository, "org.example#1") == 2
    assert await list_packages(repository) == []


async def test_an_id_that_another_definition_has_is_refused_and_nothing_is_stored(repository: Repository) -> None:
    await add_package(repository, package({**VALUE_SET, "url": "https://example.org/other"}))
    with pytest.raises(PackageRefusedError, match="ValueSet/v is here already, as"):
        await add_package(repository, package(VALUE_SET, CODES))
    with pytest.raises(NotFound):
        await repository.read("CodeSystem", "c")


async def library_of(repository: Repository) -> ProfileLibrary:
    async with repository.profiles() as validator:
        return validator.library


async def test_what_is_stored_is_what_validation_knows(repository: Repository) -> None:
    assert (await library_of(repository)).terminology.contains(URL, None, "a") is None
    coded = {"include": [{"system": "https://example.org/c", "concept": [{"code": "a"}]}]}
    await add_package(repository, package({**VALUE_SET, "compose": coded}))
    first = await library_of(repository)
    assert first.terminology.contains(URL, None, "a") is True
    assert await library_of(repository) is first
    await remove_package(repository, "org.example#1")
    assert (await library_of(repository)).terminology.contains(URL, None, "a") is None


async def test_a_process_holds_the_definitions_of_a_few_tenants(
    repository: Repository, database: Database, tenant_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenant_profiles, "MOST_KEPT", 1)
    await create_tenant(database, f"{tenant_name}-b")
    other = Repository(database, await database.tenant(f"{tenant_name}-b"))
    first = await library_of(repository)
    assert await library_of(repository) is first
    await library_of(other)
    assert await library_of(repository) is not first
