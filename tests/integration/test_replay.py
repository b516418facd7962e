"""Every submitted Claim comes out of the versions it names, whatever changed since; and a fault is named."""

from pathlib import Path
from typing import Any

import asyncpg
import demo.team
import orjson
import pytest
from demo.bundles import bundles
from demo.patients import BILLED_UNTIL
from demo.team import PATHWAY, STRUCTURE

from cordee.claims.answers import apply_returns
from cordee.claims.billing import Billed, BillingOrder, bill
from cordee.claims.correction import cancel, resubmit
from cordee.claims.fhir_claim import claim_resource
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.fhir_contract import contract_from_convention
from cordee.claims.records import plan_record
from cordee.claims.replay import replay_claims
from cordee.claims.returns import ReturnLine
from cordee.claims.submission import ready_claims, submit_claims
from cordee.claims.submission_gates import NotSubmitted
from cordee.fhir.body import accept
from cordee.fhir.query import parse_search
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.model import Label
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


@pytest.mark.parametrize("deleted", [True, False])
async def test_a_claim_of_a_plan_deleted_or_entered_in_error_is_not_submitted(
    practice: Repository, *, deleted: bool
) -> None:
    first = await billed(practice)
    plan = next(outcome.settlement.context.care_plan for outcome in first if outcome.settlement is not None)
    if deleted:
        await practice.delete("CarePlan", plan.removeprefix("CarePlan/"))
    else:
        await change(practice, plan, status="entered-in-error")
    outcomes = [outcome async for outcome in submit_claims(practice, ready_claims(practice), BILLED_UNTIL)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, NotSubmitted)]
    assert refused
    assert all(plan in outcome.reason.en for outcome in refused)
    own = {o.claim for o in first if o.settlement is not None and o.settlement.context.care_plan == plan}
    assert {outcome.claim for outcome in refused} == own


async def test_a_share_claimed_again_alone_is_a_part_of_its_original(practice: Repository) -> None:
    text = Path(demo.team.__file__).with_name("convention.yaml").read_text(encoding="utf-8")
    shared = text.replace("territory: metropole", "territory: metropole\namo_share: 65 %")
    contract = contract_from_convention(read_convention("shared.yaml", shared, {PATHWAY.code: PATHWAY}), shared)
    await change(practice, "Contract/convention-demo", **contract)
    await billed(practice)
    await submit(practice)
    page = await practice.search(parse_search("Claim", []), count=1000)
    records = [claim_record_from_claim(claim_resource(version.body.encode())) for version in page.matches]
    claim, item = next((record, item) for record in records for item in record.items if item.amo and item.amc)
    lines = [
        ReturnLine(1, "payment", "N1", BILLED_UNTIL, claim.identifier, item.payee, "amo", item.amo),
        ReturnLine(2, "rejection", "N1", BILLED_UNTIL, claim.identifier, item.payee, "amc"),
    ]
    assert [outcome.effect async for outcome in apply_returns(practice, lines, "retour.csv")] == ["applied"] * 2
    await resubmit(practice, claim.reference, item.payee, Label("pièce jointe", "attached"), BILLED_UNTIL)
    await submit(practice)
    assert await replayed(practice) == (len(records) + 1, None)


async def test_sessions_are_free_again_once_the_credit_of_their_claim_is_submitted(practice: Repository) -> None:
    first = await billed(practice)
    await submit(practice)
    chosen = next(outcome for outcome in first if outcome.settlement is not None)
    assert chosen.settlement is not None
    assert chosen.claim is not None
    context = chosen.settlement.context

    async def stands() -> bool:
        plan = orjson.loads((await practice.read("CarePlan", context.care_plan.removeprefix("CarePlan/"))).body)
        record = await plan_record(practice, plan)
        return context.identifier in record.claims.earlier_forfaits({PATHWAY.code: PATHWAY}, record.encounters)

    await cancel(practice, chosen.claim, Label("saisie par erreur", "entered in error"), BILLED_UNTIL)
    assert await stands()
    await submit(practice)
    assert not await stands()


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
