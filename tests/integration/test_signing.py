"""Signed conventions in a tenant, in a real PostgreSQL."""

import asyncio
from pathlib import Path

import orjson
import pytest

from cordee.claims.fhir_contract import convention_from_contract
from cordee.claims.signing import Signing, SigningRefusedError, sign_convention
from cordee.fhir.query import parse_search
from cordee.pathways.shipped import shipped_pathways
from cordee.pathways.strict_yaml import FileRefusedError
from cordee.store.repository import Repository

FIRST = (Path(__file__).parents[1] / "unit" / "claims" / "convention.yaml").read_text(encoding="utf-8")
OPEN = FIRST.replace("valid_to: 2027-12-31\n", "")
SECOND = FIRST.replace('version: "1"', 'version: "2"').replace("valid_from: 2026-06-01", "valid_from: 2027-01-01")


async def sign(repository: Repository, text: str) -> Signing:
    return await sign_convention(repository, "c.yaml", text, shipped_pathways())


async def contracts(repository: Repository) -> list[str]:
    page = await repository.search(parse_search("Contract", []), count=100)
    return [found.body for found in page.matches]


async def test_a_convention_is_kept_with_its_very_text(repository: Repository) -> None:
    signing = await sign(repository, FIRST)
    assert signing.effect == "signed"
    kind, _, id_ = signing.contract.partition("/")
    stored = orjson.loads((await repository.read(kind, id_)).body)
    assert convention_from_contract(stored, shipped_pathways()) == signing.convention


async def test_signing_again_changes_nothing(repository: Repository) -> None:
    first = await sign(repository, FIRST)
    before = await contracts(repository)
    again = await sign(repository, FIRST)
    assert (again.effect, again.contract) == ("unchanged", first.contract)
    assert await contracts(repository) == before


async def test_a_version_signed_with_another_text_is_refused(repository: Repository) -> None:
    await sign(repository, FIRST)
    with pytest.raises(SigningRefusedError, match=r"version 1 of .* is signed with another text"):
        await sign(repository, FIRST.replace("share: 15 %", "share: 14 %"))


async def test_a_version_without_an_end_may_be_given_one_so_that_the_next_can_follow(repository: Repository) -> None:
    await sign(repository, OPEN)
    with pytest.raises(SigningRefusedError, match=r"version 1 of .* and version 2 of .* both in force on 2027-01-01"):
        await sign(repository, SECOND)
    ended = await sign(repository, FIRST.replace("valid_to: 2027-12-31", "valid_to: 2026-12-31"))
    assert ended.effect == "ended"
    assert (await sign(repository, SECOND)).effect == "signed"
    assert len(await contracts(repository)) == 2


async def test_an_end_once_given_stays(repository: Repository) -> None:
    await sign(repository, FIRST)
    with pytest.raises(SigningRefusedError, match="signed with another text"):
        await sign(repository, FIRST.replace("valid_to: 2027-12-31", "valid_to: 2028-12-31"))


async def test_of_two_versions_signed_at_once_that_overlap_one_is_refused(repository: Repository) -> None:
    done = await asyncio.gather(sign(repository, FIRST), sign(repository, SECOND), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Signing", "SigningRefusedError"]
    assert len(await contracts(repository)) == 1


async def test_a_file_with_problems_stores_nothing(repository: Repository) -> None:
    with pytest.raises(FileRefusedError):
        await sign(repository, FIRST.replace("share: 15 %", "share: 99 %"))
    assert await contracts(repository) == []
