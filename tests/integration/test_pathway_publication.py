"""Pathways in a tenant: published once, read back in the version wanted, a structure's own kept."""

import asyncio

import orjson
import pytest

from cordee.fhir.body import accept
from cordee.fhir.outcome import NotFound
from cordee.pathways.publication import (
    PublicationRefusedError,
    pathway_of_version,
    pathways_of,
    publish_file,
    publish_shipped,
    tenant_pathways,
)
from cordee.pathways.shipped import shipped_pathways, shipped_texts
from cordee.pathways.strict_yaml import FileRefusedError
from cordee.store.repository import Repository

CODE = "gpso"


def own(version: str, code: str = CODE) -> str:
    """A structure's own version of a shipped file, or its own parcours."""
    shipped = shipped_pathways()[CODE]
    text = shipped_texts()[f"{CODE}.yaml"].replace(f'version: "{shipped.version}"', f'version: "{version}"')
    return text.replace(f"code: {CODE}\n", f"code: {code}\n", 1)


async def versions(repository: Repository) -> int:
    return len((await repository.history(count=1000)).versions)


async def test_publishing_again_writes_nothing(repository: Repository) -> None:
    first = await publish_shipped(repository)
    written = await versions(repository)
    again = await publish_shipped(repository)
    assert {publication.effect for publication in first} == {"published"}
    assert {publication.effect for publication in again} == {"unchanged"}
    assert await versions(repository) == written


async def test_two_servers_that_start_at_once_publish_once(repository: Repository) -> None:
    await asyncio.gather(*(publish_shipped(repository) for _ in range(4)))
    stored = (await repository.history(count=1000)).versions
    assert {version.version for version in stored} == {1}


async def test_a_definition_that_was_changed_is_published_again(repository: Repository) -> None:
    await publish_shipped(repository)
    stored = orjson.loads((await repository.read("PlanDefinition", CODE)).body)
    stored["title"] = "changed"
    await repository.update("PlanDefinition", CODE, accept(orjson.dumps(stored)))
    effects = {p.pathway.code: p.effect for p in await publish_shipped(repository)}
    assert effects.pop(CODE) == "published"
    assert set(effects.values()) == {"unchanged"}


async def test_the_pathways_of_an_empty_tenant_are_the_shipped_ones(repository: Repository) -> None:
    found = await tenant_pathways(repository)
    assert (dict(found.pathways), dict(found.references), found.faults) == (shipped_pathways(), {}, ())


async def test_every_published_pathway_has_the_reference_of_its_version(repository: Repository) -> None:
    await publish_shipped(repository)
    found = await tenant_pathways(repository)
    assert dict(found.pathways) == shipped_pathways()
    assert dict(found.references) == {c: f"PlanDefinition/{c}/_history/1" for c in shipped_pathways()}


async def test_a_structures_newer_version_is_used_and_kept(repository: Repository) -> None:
    await publish_shipped(repository)
    assert (await publish_file(repository, "own.yaml", own("2027-01-01"))).effect == "published"
    assert (await publish_file(repository, "own.yaml", own("2027-01-01"))).effect == "unchanged"
    effects = {p.pathway.code: p.effect for p in await publish_shipped(repository)}
    assert effects[CODE] == "kept"
    found = await tenant_pathways(repository)
    assert found.pathways[CODE].version == "2027-01-01"
    assert found.references[CODE] == f"PlanDefinition/{CODE}/_history/2"


async def test_a_past_version_is_read_from_history(repository: Repository) -> None:
    await publish_shipped(repository)
    await publish_file(repository, "own.yaml", own("2027-01-01"))
    assert await pathway_of_version(repository, f"PlanDefinition/{CODE}/_history/1") == shipped_pathways()[CODE]
    assert (await pathway_of_version(repository, f"PlanDefinition/{CODE}/_history/2")).version == "2027-01-01"
    with pytest.raises(NotFound):
        await pathway_of_version(repository, f"PlanDefinition/{CODE}/_history/3")
    with pytest.raises(ValueError, match="does not name a version of a PlanDefinition"):
        await pathway_of_version(repository, f"PlanDefinition/{CODE}")


async def test_a_structures_own_parcours_is_one_of_its_pathways(repository: Repository) -> None:
    await publish_file(repository, "own.yaml", own("1", code="le-notre"))
    assert set(await pathways_of(repository)) == {*shipped_pathways(), "le-notre"}


@pytest.mark.parametrize("version", ["2021-03-16", "2020-01-01"])
async def test_another_content_needs_a_later_version(repository: Repository, version: str) -> None:
    text = own(version).replace("minimum_age: 18", "minimum_age: 16")
    with pytest.raises(PublicationRefusedError, match="gpso is at version 2021-03-16 here, and this file is version"):
        await publish_file(repository, "own.yaml", text)
    assert await versions(repository) == 0


async def test_a_file_with_problems_is_not_published(repository: Repository) -> None:
    with pytest.raises(FileRefusedError):
        await publish_file(repository, "own.yaml", own("2027-01-01").replace("minimum_age: 18", "minimum_age: old"))
    assert await versions(repository) == 0


async def test_a_damaged_parcours_is_told_and_never_replaced_by_the_shipped_one(repository: Repository) -> None:
    await publish_shipped(repository)
    stored = orjson.loads((await repository.read("PlanDefinition", CODE)).body)
    stored["relatedArtifact"] = stored["relatedArtifact"][1:]
    await repository.update("PlanDefinition", CODE, accept(orjson.dumps(stored)))
    found = await tenant_pathways(repository)
    assert CODE not in found.pathways
    assert len(found.pathways) == len(shipped_pathways()) - 1
    assert [fault.partition(":")[0] for fault in found.faults] == [f"PlanDefinition/{CODE}"]


async def test_a_parcours_under_another_id_is_told(repository: Repository) -> None:
    await publish_shipped(repository)
    stored = orjson.loads((await repository.read("PlanDefinition", CODE)).body) | {"id": "copy"}
    await repository.update("PlanDefinition", "copy", accept(orjson.dumps(stored)))
    found = await tenant_pathways(repository)
    assert found.faults == (f"PlanDefinition/copy: its file is of {CODE}: publish it under that id",)
    assert dict(found.pathways) == shipped_pathways()
