"""Signed conventions in a tenant, in a real PostgreSQL."""

import asyncio
from pathlib import Path

import orjson
import pytest

from cordee.claims.fhir_contract import convention_from_contract
from cordee.claims.fhir_distribution import distribution_from_contract
from cordee.claims.signing import Signing, SigningRefusedError, sign_convention, sign_distribution
from cordee.fhir.body import accept
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


DISTRIBUTION = """
format: cordee.distribution/1
care_plan: CarePlan/{plan}
forfait: {forfait}
amounts:
  https://rpps.esante.gouv.fr|99900000001: {first}
  https://rpps.esante.gouv.fr|99900000004: {second}
signed_by: {{identifier: "https://rpps.esante.gouv.fr|99900000001", name: Médecin Un}}
signed_on: {on}
"""


def distribution(first: str, second: str, *, plan: str = "p", on: str = "2026-08-01") -> str:
    return DISTRIBUTION.format(plan=plan, forfait="mois-1", first=first, second=second, on=on)


@pytest.fixture
async def plan(repository: Repository) -> Repository:
    """A tenant with a plan that nothing else is known of."""
    body = {"resourceType": "CarePlan", "id": "p", "status": "active", "intent": "plan"}
    await repository.update("CarePlan", "p", accept(orjson.dumps(body | {"subject": {"display": "x"}}), "CarePlan"))
    return repository


async def test_a_distribution_is_kept_with_its_very_text(plan: Repository) -> None:
    signed = await sign_distribution(plan, "d.yaml", distribution("70.50 EUR", "29.50 EUR"))
    stored = orjson.loads((await plan.read(*signed.contract.split("/"))).body)
    assert distribution_from_contract(stored) == signed.read.distribution
    again = await sign_distribution(plan, "d.yaml", distribution("70.50 EUR", "29.50 EUR"))
    assert again == signed
    assert orjson.loads((await plan.read(*signed.contract.split("/"))).body) == stored


async def test_a_later_distribution_takes_the_place_of_the_earlier_and_never_the_other_way_round(
    plan: Repository,
) -> None:
    await sign_distribution(plan, "d.yaml", distribution("60.00 EUR", "40.00 EUR"))
    later = await sign_distribution(plan, "d.yaml", distribution("50.00 EUR", "50.00 EUR", on="2026-08-02"))
    stored = orjson.loads((await plan.read(*later.contract.split("/"))).body)
    assert stored["meta"]["versionId"] == "2"
    with pytest.raises(SigningRefusedError, match="another one was signed later, on 2026-08-02"):
        await sign_distribution(plan, "d.yaml", distribution("60.00 EUR", "40.00 EUR"))


async def test_a_distribution_of_no_plan_is_refused(repository: Repository) -> None:
    with pytest.raises(SigningRefusedError, match="there is no CarePlan/nobody here"):
        await sign_distribution(repository, "d.yaml", distribution("1.00 EUR", "2.00 EUR", plan="nobody"))
