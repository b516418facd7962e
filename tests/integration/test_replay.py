"""Every submitted Claim comes out of the versions it names, whatever changed since; and a fault is named."""

from typing import Any

import asyncpg
import orjson
import pytest
from demo.bundles import bundles
from demo.patients import BILLED_UNTIL
from demo.team import PATHWAY, STRUCTURE

from cordee.claims.billing import Billed, BillingOrder, bill
from cordee.claims.replay import replay_claims
from cordee.claims.submission import ready_claims, submit_claims
from cordee.fhir.body import accept
from cordee.pathways.publication import tenant_pathways
from cordee.store.repository import Repository

PATIENTS = 4
ORGANIZATION = f"Organization/{STRUCTURE}"


@pytest.fixture
async def practice(repository: Repository) -> Repository:
    """A tenant that holds the demo's structure and its first patients."""
    for _, resources in list(bundles())[: PATIENTS + 1]:
        for resource in resources:
            kind = resource["resourceType"]
            await repository.update(kind, resource["id"], accept(orjson.dumps(resource), kind))
    return repository


async def billed(repository: Repository) -> list[Billed]:
    order = BillingOrder(PATHWAY.code, BILLED_UNTIL)
    outcomes = bill(repository, order, await tenant_pathways(repository))
    return [outcome async for outcome in outcomes if isinstance(outcome, Billed)]


async def submit(repository: Repository) -> None:
    async for _ in submit_claims(repository, ready_claims(repository), BILLED_UNTIL):
        pass


async def change(repository: Repository, reference: str, **members: Any) -> None:
    kind, _, id_ = reference.partition("/")
    resource = orjson.loads((await repository.read(kind, id_)).body)
    await repository.update(kind, id_, accept(orjson.dumps({**resource, **members}), kind))


def an_apa_session(outcomes: list[Billed]) -> tuple[Billed, str]:
    return next(
        (outcome, act.session)
        for outcome in outcomes
        if outcome.settlement is not None
        for part in outcome.settlement.parts
        for act in part.acts
        if act.act in ("seance-apa", "consultation-psychologique")
    )


async def replayed(repository: Repository, structure: str | None = None) -> tuple[int, str | None]:
    told: list[int] = []
    found = await replay_claims(repository, structure, told.append)
    return found.count, found.fault


async def test_what_was_submitted_comes_out_again_also_once_its_sessions_changed(practice: Repository) -> None:
    first = await billed(practice)
    await submit(practice)
    assert await replayed(practice) == (len(first), None)
    chosen, session = an_apa_session(first)
    await change(practice, session, status="cancelled")
    assert await replayed(practice) == (len(first), None)
    again = {outcome.claim: outcome for outcome in await billed(practice)}
    assert again[chosen.claim].effect == "regularised"
    assert len(again[chosen.claim].corrections) == 2
    assert {o.effect for claim, o in again.items() if claim != chosen.claim} == {"already_billed"}
    await submit(practice)
    assert await replayed(practice) == (len(first) + 2, None)
    assert await replayed(practice, ORGANIZATION) == (len(first) + 2, None)
    assert await replayed(practice, "Organization/other") == (0, None)
    assert {outcome.effect for outcome in await billed(practice)} == {"already_billed"}


async def test_drafts_are_not_replayed(practice: Repository) -> None:
    await billed(practice)
    assert await replayed(practice) == (0, None)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            'UPDATE resource SET body = replace(body, \'"status":"finished"\', \'"status":"cancelled"\') '
            "WHERE tenant = $1 AND resource_type = 'Encounter'",
            "gives no forfait",
        ),
        (
            "UPDATE resource SET body = replace(body, 'seance-apa', 'consultation-dietetique') "
            "WHERE tenant = $1 AND resource_type = 'Encounter'",
            "its evidence gives",
        ),
        (
            "DELETE FROM resource WHERE tenant = $1 AND resource_type = 'CareTeam'",
            "is not stored",
        ),
        (
            'UPDATE resource SET body = replace(body, \'"total":{"value":1\', \'"total":{"value":2\') '
            "WHERE tenant = $1 AND resource_type = 'Claim'",
            "add up",
        ),
    ],
)
async def test_evidence_or_a_claim_that_was_tampered_with_is_named(
    practice: Repository, dsn: str, statement: str, said: str
) -> None:
    await billed(practice)
    await submit(practice)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(statement, practice.tenant)
    finally:
        await connection.close()
    _, fault = await replayed(practice)
    assert fault is not None
    assert fault.startswith("Claim/")
    assert said in fault
