"""Submission, answers, corrections and redistribution in a real PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import demo.team
import orjson
import pytest
from demo.bundles import bundles
from demo.patients import BILLED_UNTIL
from demo.team import PATHWAY

from cordee.claims.answers import apply_returns
from cordee.claims.applied_lines import LineOutcome
from cordee.claims.billing import Billed, BillingOrder, Unreadable, bill
from cordee.claims.claim_record import ClaimRecord
from cordee.claims.correction import cancel, correct, regularise, resubmit
from cordee.claims.family_records import FamilyRecord, family_of_claim
from cordee.claims.fhir_claim import claim_id, claim_resource, claim_text
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.fhir_contract import contract_from_convention
from cordee.claims.lifecycle import state_of
from cordee.claims.payments import redistribute
from cordee.claims.recovery import give_back, reimburse
from cordee.claims.refusals import ClaimRefused
from cordee.claims.returns import ReturnLine
from cordee.claims.settlement import Settlement
from cordee.claims.submission import ready_claims, submit_claims
from cordee.claims.submission_gates import NotSubmitted, Submitted
from cordee.fhir.body import accept
from cordee.fhir.outcome import Sealed
from cordee.fhir.query import parse_search
from cordee.ledger.model import Account
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.model import Label
from cordee.pathways.publication import pathways_of, tenant_pathways
from cordee.reporting.proof import prove
from cordee.store.repository import Repository

ON = date(2026, 12, 1)
PAID_ON = date(2026, 12, 20)
WHY = Label("erreur de saisie", "typing error")
FORFAITS = 6
PATIENTS = 5


async def billed(repository: Repository, **terms: str) -> list[Settlement]:
    """Some forfaits due, their Claims ready and stored; `terms` are lines of the convention that say otherwise."""
    for _, resources in list(bundles())[: PATIENTS + 1]:
        for resource in resources:
            kind = resource["resourceType"]
            stored = convention(terms) if kind == "Contract" else resource
            await repository.update(kind, resource["id"], accept(orjson.dumps(stored), kind))
    order = BillingOrder(PATHWAY.code, BILLED_UNTIL)
    outcomes = bill(repository, order, await tenant_pathways(repository))
    found = [outcome.settlement async for outcome in outcomes if isinstance(outcome, Billed)]
    due = [settlement for settlement in found if settlement is not None]
    for settlement in due[FORFAITS:]:
        await repository.delete("Claim", claim_id(settlement.context.identifier))
    return due[:FORFAITS]


def convention(terms: dict[str, str]) -> dict[str, Any]:
    lines = Path(demo.team.__file__).with_name("convention.yaml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.partition(":")[0] not in terms]
    text = "\n".join([*kept, *(f"{name}: {value}" for name, value in terms.items())])
    contract = contract_from_convention(read_convention("demo", text, {PATHWAY.code: PATHWAY}), text)
    return {**contract, "id": "convention-demo"}


@pytest.fixture
async def settlements(repository: Repository) -> list[Settlement]:
    """Forfaits that the caisse pays to each professional."""
    return await billed(repository)


@pytest.fixture
async def redistributed(repository: Repository) -> list[Settlement]:
    """Forfaits that the caisse pays to the structure."""
    return await billed(repository, payee_mode="via_structure")


@pytest.fixture
async def shared(repository: Repository) -> list[Settlement]:
    """Forfaits of which the complementary insurance pays a part."""
    return await billed(repository, amo_share="60 %")


async def store(repository: Repository, claim: dict[str, Any]) -> None:
    await repository.update("Claim", claim["id"], accept(claim_text(claim), "Claim"))


async def submitted(repository: Repository, on: date = ON) -> list[Any]:
    return [outcome async for outcome in submit_claims(repository, ready_claims(repository), on)]


async def records(repository: Repository) -> list[ClaimRecord]:
    page = await repository.search(parse_search("Claim", []), count=1000)
    return [claim_record_from_claim(claim_resource(version.body.encode())) for version in page.matches]


async def the_claims(repository: Repository, settlements: Iterable[Settlement]) -> list[ClaimRecord]:
    by_identifier = {record.identifier: record for record in await records(repository)}
    return [by_identifier[settlement.context.identifier] for settlement in settlements]


async def family(repository: Repository, claim: ClaimRecord) -> FamilyRecord:
    return (await family_of_claim(repository, claim.reference))[1]


async def state(repository: Repository, claim: ClaimRecord) -> str:
    record, read = await family_of_claim(repository, claim.reference)
    return state_of(record, read.family).code


async def account(repository: Repository, structure: str, account: Account, payee: str | None = None) -> int:
    balances = await repository.ledger.balances(structure)
    return sum(
        balance.net
        for balance in balances
        if balance.holding.account is account and (payee is None or balance.holding.payee == payee)
    )


async def count(repository: Repository, kind: str, **criteria: str) -> int:
    wanted = parse_search(kind, [(name.lstrip("_") if name == "_code" else name, v) for name, v in criteria.items()])
    return len((await repository.search(wanted, count=1000)).matches)


def payments(claim: ClaimRecord, notice: str = "N1", start: int = 1) -> list[ReturnLine]:
    return [
        ReturnLine(start + n, "payment", notice, PAID_ON, claim.identifier, i.payee, insurer, abs(cents))  # type: ignore[arg-type]
        for n, (i, insurer, cents) in enumerate(
            (i, insurer, cents) for i in claim.items for insurer, cents in (("amo", i.amo), ("amc", i.amc)) if cents
        )
    ]


async def applied(repository: Repository, lines: Iterable[ReturnLine]) -> list[LineOutcome]:
    return [outcome async for outcome in apply_returns(repository, list(lines), "retour.csv")]


async def test_what_is_ready_is_submitted_sealed_answered_and_booked(
    repository: Repository, settlements: list[Settlement]
) -> None:
    outcomes = await submitted(repository)
    assert len(outcomes) == FORFAITS
    assert all(isinstance(outcome, Submitted) and not outcome.again for outcome in outcomes)
    for claim in await records(repository):
        assert claim.tag == "submitted"
        assert await state(repository, claim) == "submitted"
        with pytest.raises(Sealed):
            await repository.delete("Claim", claim.reference.removeprefix("Claim/"))
    structure = settlements[0].context.structure.reference
    total = sum(settlement.total for settlement in settlements)
    owed = [Account.AMO_RECEIVABLE, Account.AMC_RECEIVABLE]
    assert sum([await account(repository, structure, one) for one in owed]) == total
    assert sum(balance.net for balance in await repository.ledger.balances(structure)) == 0
    bordereau = f"{structure.removeprefix('Organization/')}-20261201"
    assert {outcome.bordereau for outcome in outcomes} == {bordereau}
    assert await count(repository, "Claim", identifier=bordereau) == FORFAITS


async def test_two_submissions_at_once_submit_each_claim_once(
    repository: Repository, settlements: list[Settlement]
) -> None:
    runs = await asyncio.gather(*(submitted(repository) for _ in range(4)))
    effects = Counter(
        (outcome.claim, outcome.again) for run in runs for outcome in run if isinstance(outcome, Submitted)
    )
    assert all(effects[claim.reference, False] == 1 for claim in await records(repository))
    assert await count(repository, "ClaimResponse") == FORFAITS
    structure = settlements[0].context.structure.reference
    assert len([entry async for entry in repository.ledger.entries(structure)]) == FORFAITS


async def test_a_return_file_read_three_times_at_once_pays_once(
    repository: Repository, settlements: list[Settlement]
) -> None:
    await submitted(repository)
    lines: list[ReturnLine] = []
    for claim in await the_claims(repository, settlements):
        lines += payments(claim, start=len(lines) + 1)
    runs = await asyncio.gather(*(applied(repository, lines) for _ in range(3)))
    effects = [Counter(outcome.effect for outcome in run) for run in runs]
    assert sum((c for c in effects), Counter()) == {"applied": len(lines), "read_before": 2 * len(lines)}
    for claim in await the_claims(repository, settlements):
        assert await state(repository, claim) == "paid"
    structure = settlements[0].context.structure.reference
    for owed in (Account.AMO_RECEIVABLE, Account.AMC_RECEIVABLE):
        assert await account(repository, structure, owed) == 0
    assert await count(repository, "PaymentReconciliation") == 1
    assert sum(balance.net for balance in await repository.ledger.balances(structure)) == 0


async def test_what_is_paid_twice_or_beyond_the_claim_waits_for_a_person_and_posts_nothing(
    repository: Repository, settlements: list[Settlement]
) -> None:
    await submitted(repository)
    claim, other, *_ = await the_claims(repository, settlements)
    await applied(repository, payments(claim))
    structure = claim.structure
    before = [balance async for balance in repository.ledger.entries(structure)]
    item = next(i for i in other.items if i.amo)
    wrong = [
        *payments(claim, "N2"),
        ReturnLine(90, "payment", "N2", PAID_ON, other.identifier, item.payee, "amo", item.amo + 1),
        ReturnLine(91, "payment", "N2", PAID_ON, other.identifier, "https://cordee.example|nobody", "amo", 100),
        ReturnLine(92, "payment", "N2", PAID_ON, "structure:unknown:plan:code", item.payee, "amo", 100),
    ]
    outcomes = await applied(repository, wrong)
    assert {outcome.effect for outcome in outcomes} == {"to_resolve"}
    assert all(outcome.reason is not None and outcome.reason.fr for outcome in outcomes)
    assert [entry async for entry in repository.ledger.entries(structure)] == before
    assert await count(repository, "Task", status="requested") == len(wrong)
    again = await applied(repository, wrong)
    assert {outcome.effect for outcome in again} == {"to_resolve"}
    assert await count(repository, "Task") == len(wrong)


async def test_a_line_that_came_before_its_claim_is_resolved_when_it_is_read_again(
    repository: Repository, settlements: list[Settlement]
) -> None:
    claim, *_ = await the_claims(repository, settlements)
    lines = payments(claim)
    assert {outcome.effect for outcome in await applied(repository, lines)} == {"to_resolve"}
    await submitted(repository)
    assert {outcome.effect for outcome in await applied(repository, lines)} == {"applied"}
    assert await count(repository, "Task", status="completed") == len(lines)
    assert await count(repository, "Task", status="requested") == 0


async def test_one_refused_part_is_claimed_again_alone(repository: Repository, settlements: list[Settlement]) -> None:
    await submitted(repository)
    claim, *_ = await the_claims(repository, settlements)
    item = next(i for i in claim.items if i.amo and i.kind == "member")
    rejection = ReturnLine(
        1, "rejection", "N1", PAID_ON, claim.identifier, item.payee, "amo", item.amo, "R01", "inconnu"
    )
    others = [line for line in payments(claim) if line.payee != item.payee or line.insurer == "amc"]
    if item.amc:
        others = [line for line in others if line.payee != item.payee]
        amc = ReturnLine(2, "rejection", "N1", PAID_ON, claim.identifier, item.payee, "amc", item.amc, "R01")
        assert {o.effect for o in await applied(repository, [amc])} == {"applied"}
    assert {o.effect for o in await applied(repository, [rejection, *others])} == {"applied"}
    assert await state(repository, claim) == "partly_rejected"
    again = await resubmit(repository, claim.reference, item.payee, WHY, PAID_ON)
    with pytest.raises(ClaimRefused, match="déjà présentée"):
        await resubmit(repository, claim.reference, item.payee, WHY, PAID_ON)
    (reference,) = again.claims
    assert [o for o in await submitted(repository, PAID_ON) if isinstance(o, NotSubmitted)] == []
    read = await family(repository, claim)
    resubmission = read.family.claims[reference]
    assert resubmission.kind == "resubmission"
    assert [(i.payee, i.amo, i.amc) for i in resubmission.items] == [(item.payee, item.amo, item.amc)]
    assert {o.effect for o in await applied(repository, payments(resubmission, "N3"))} == {"applied"}
    assert await account(repository, claim.structure, Account.PAYABLE, item.payee) <= 0
    assert await state(repository, resubmission) == "paid"


async def test_a_forfait_that_can_not_be_regularised_yet_is_told_and_the_run_goes_on(
    repository: Repository, settlements: list[Settlement]
) -> None:
    await submitted(repository)
    claim, other, *_ = await the_claims(repository, settlements)
    item = next(item for item in claim.items if item.cents)
    rejections = [
        ReturnLine(n, "rejection", "R1", PAID_ON, claim.identifier, item.payee, insurer)  # type: ignore[arg-type]
        for n, insurer in enumerate(("amo", "amc"), 1)
        if getattr(item, insurer)
    ]
    await applied(repository, rejections)
    waiting = await resubmit(repository, claim.reference, item.payee, WHY, PAID_ON)
    for moved in (claim, other):
        for session in {session for item in moved.items for session in item.sessions}:
            kind, _, id_ = session.partition("/")
            encounter = orjson.loads((await repository.read(kind, id_)).body) | {"status": "cancelled"}
            await repository.update(kind, id_, accept(orjson.dumps(encounter), kind))
    order = BillingOrder(PATHWAY.code, BILLED_UNTIL)
    outcomes = [outcome async for outcome in bill(repository, order, await tenant_pathways(repository))]
    (told,) = [outcome for outcome in outcomes if isinstance(outcome, Unreadable)]
    assert told.care_plan == claim.care_plan
    assert waiting.claims[0] in told.message
    assert other.reference in {record.original for record in await records(repository) if record.kind == "credit"}


async def test_a_paid_claim_is_corrected_by_a_credit_and_a_new_claim(
    repository: Repository, settlements: list[Settlement]
) -> None:
    await submitted(repository)
    claim, *_ = await the_claims(repository, settlements)
    await applied(repository, payments(claim))
    with pytest.raises(ClaimRefused, match="avoir"):
        await correct(repository, (await cancelled_credit(repository, settlements[1])), settlements[1], WHY, ON)
    evidence = claim.evidence_versions
    done = await correct(repository, claim.reference, settlements[0], WHY, PAID_ON, evidence_versions=evidence)
    assert len(done.claims) == 2
    assert await state(repository, claim) == "paid"
    outcomes = await submitted(repository, PAID_ON)
    assert all(isinstance(outcome, Submitted) for outcome in outcomes)
    assert await state(repository, claim) == "corrected"
    read = await family(repository, claim)
    credit = read.family.credit_of(claim.reference)
    assert credit is not None
    assert credit.total == -claim.total
    assert {o.effect for o in await applied(repository, payments(credit, "N5"))} == {"applied"}
    (new,) = read.family.followers(claim.reference, "replacement")
    assert {o.effect for o in await applied(repository, payments(new, "N6"))} == {"applied"}
    assert await account(repository, claim.structure, Account.RECOVERY_DUE) == 0
    assert await account(repository, claim.structure, Account.RECOVERABLE) == 0


async def cancelled_credit(repository: Repository, settlement: Settlement) -> str:
    (claim,) = await the_claims(repository, [settlement])
    (credit,) = (await cancel(repository, claim.reference, WHY, PAID_ON)).claims
    await submitted(repository, PAID_ON)
    assert await state(repository, claim) == "cancelled"
    with pytest.raises(ClaimRefused, match="déjà annulée"):
        await cancel(repository, claim.reference, WHY, PAID_ON)
    return credit


async def test_a_technical_refusal_is_replaced_without_credit(
    repository: Repository, settlements: list[Settlement]
) -> None:
    await submitted(repository)
    claim, *_ = await the_claims(repository, settlements)
    refusal = ReturnLine(
        1, "technical_refusal", "A1", PAID_ON, claim.identifier, reason_code="T01", reason_text="convention inconnue"
    )
    assert {o.effect for o in await applied(repository, [refusal])} == {"applied"}
    assert await state(repository, claim) == "refused_technically"
    assert {o.effect for o in await applied(repository, payments(claim))} == {"to_resolve"}
    evidence = claim.evidence_versions
    done = await correct(repository, claim.reference, settlements[0], WHY, PAID_ON, evidence_versions=evidence)
    (replacement,) = done.claims
    assert all(isinstance(outcome, Submitted) for outcome in await submitted(repository, PAID_ON))
    assert await state(repository, claim) == "corrected"
    total = await account(repository, claim.structure, Account.AMO_RECEIVABLE)
    total += await account(repository, claim.structure, Account.AMC_RECEIVABLE)
    assert total == sum(settlement.total for settlement in settlements)
    assert replacement in (await family(repository, claim)).family.claims


async def test_nothing_is_regularised_where_nothing_changed(
    repository: Repository, settlements: list[Settlement]
) -> None:
    await submitted(repository)
    identifier = settlements[0].context.identifier
    assert await regularise(repository, identifier, settlements[0], PAID_ON) is None
    done = await regularise(repository, identifier, None, PAID_ON)
    assert done is not None
    assert len(done.claims) == 1
    assert await regularise(repository, identifier, None, PAID_ON) is None
    back = await regularise(repository, identifier, settlements[0], PAID_ON)
    assert back is not None
    assert len(back.claims) == 1
    (claim,) = await the_claims(repository, settlements[:1])
    (new,) = (await family(repository, claim)).family.followers(claim.reference, "replacement")
    assert new.total == claim.total
    assert await regularise(repository, identifier, settlements[0], PAID_ON) is None


async def test_an_indu_is_notified_once_and_given_back(repository: Repository, settlements: list[Settlement]) -> None:
    await submitted(repository)
    claim, *_ = await the_claims(repository, settlements)
    await applied(repository, payments(claim))
    item = next(i for i in claim.items if i.amo > 1 and i.kind == "member")
    structure_identifier = settlements[0].context.structure.identifiers[0]
    indu = ReturnLine(
        1, "recovery", "I1", PAID_ON, claim.identifier, item.payee, "amo", 1, "L133-4", liable=structure_identifier
    )
    assert [o.effect for o in await applied(repository, [indu])] == ["applied"]
    assert [o.effect for o in await applied(repository, [indu])] == ["read_before"]
    balances = {b.holding: b.net for b in await repository.ledger.balances(claim.structure)}
    due = [holding for holding in balances if holding.account is Account.RECOVERY_DUE]
    assert [(holding.payee, holding.liable, balances[holding]) for holding in due] == [
        (item.payee, claim.structure, -1)
    ]
    await give_back(repository, claim.reference, item.payee, 1, PAID_ON, "V1")
    assert await account(repository, claim.structure, Account.RECOVERY_DUE) == 0
    with pytest.raises(ClaimRefused):
        await give_back(repository, claim.reference, item.payee, 1, PAID_ON, "V2")


async def test_one_transfer_may_give_back_the_indus_of_several_payees_each_once(
    repository: Repository, settlements: list[Settlement]
) -> None:
    await submitted(repository)
    claim, *_ = await the_claims(repository, settlements)
    await applied(repository, payments(claim))
    items = [i for i in claim.items if i.amo > 1 and i.kind == "member"][:2]
    indus = [
        ReturnLine(n, "recovery", "I1", PAID_ON, claim.identifier, item.payee, "amo", 2)
        for n, item in enumerate(items, 1)
    ]
    assert [o.effect for o in await applied(repository, indus)] == ["applied"] * 2
    given = [await give_back(repository, claim.reference, item.payee, 2, PAID_ON, "V1") for item in items]
    assert len(set(given)) == 2
    assert [await give_back(repository, claim.reference, i.payee, 2, PAID_ON, "V1") for i in items] == given
    assert await account(repository, claim.structure, Account.RECOVERY_DUE) == 0
    with pytest.raises(ClaimRefused, match="déjà dit"):
        await give_back(repository, claim.reference, items[0].payee, 1, PAID_ON, "V1")


async def test_an_indu_after_redistribution_is_reimbursed_to_the_structure_or_withheld(
    repository: Repository, redistributed: list[Settlement]
) -> None:
    await submitted(repository)
    claims = await the_claims(repository, redistributed)
    claim = claims[0]
    item = next(i for i in claim.items if i.amo > 100 and i.kind == "member")
    await applied(repository, payments(claim))
    await redistribute(repository, claim.structure, PAID_ON)
    indu = ReturnLine(1, "recovery", "I1", PAID_ON, claim.identifier, item.payee, "amo", item.amo, "L133-4")
    assert [o.effect for o in await applied(repository, [indu])] == ["applied"]
    assert await account(repository, claim.structure, Account.RECOVERABLE, item.payee) == item.amo
    for _ in range(2):
        await reimburse(repository, claim.structure, item.payee, 40, PAID_ON, "C1")
    with pytest.raises(ClaimRefused, match="déjà dit"):
        await reimburse(repository, claim.structure, item.payee, 41, PAID_ON, "C1")
    with pytest.raises(ClaimRefused, match="à récupérer"):
        await reimburse(repository, claim.structure, item.payee, item.amo, PAID_ON, "C2")
    left = item.amo - 40
    assert await account(repository, claim.structure, Account.RECOVERABLE, item.payee) == left
    other = next(c for c in claims[1:] if any(i.payee == item.payee and i.cents > left for i in c.items))
    await applied(repository, payments(other, "N2"))
    done = {one.payee: one for one in await redistribute(repository, claim.structure, PAID_ON)}
    theirs = sum(i.cents for i in other.items if i.payee == item.payee)
    assert (done[item.payee].cents, done[item.payee].kept_back) == (theirs - left, left)
    assert await account(repository, claim.structure, Account.RECOVERABLE, item.payee) == 0


async def test_what_was_received_is_redistributed_once(repository: Repository, redistributed: list[Settlement]) -> None:
    await submitted(repository)
    claim, *_ = await the_claims(repository, redistributed)
    assert claim.payee_mode == "via_structure"
    assert await redistribute(repository, claim.structure, PAID_ON) == []
    await applied(repository, payments(claim))
    runs = await asyncio.gather(*(redistribute(repository, claim.structure, PAID_ON) for _ in range(3)))
    done = [redistribution for run in runs for redistribution in run]
    members: dict[str, int] = {}
    for item in claim.items:
        if item.cents and item.kind not in {"structure", "reserve"}:
            members[item.payee] = members.get(item.payee, 0) + item.cents
    assert {redistribution.payee: redistribution.cents for redistribution in done} == members
    assert await count(repository, "PaymentNotice") == len(members)
    own = sum(item.cents for item in claim.items if item.kind in {"structure", "reserve"})
    assert await account(repository, claim.structure, Account.BANK) == own


@pytest.fixture(autouse=True)
async def _books_balance(repository: Repository) -> AsyncIterator[None]:
    yield
    for structure in await repository.ledger.structures():
        assert sum(balance.net for balance in await repository.ledger.balances(structure)) == 0


async def test_each_insurer_s_payment_is_a_reconciliation_of_its_own(
    repository: Repository, shared: list[Settlement]
) -> None:
    await submitted(repository)
    claim, *_ = await the_claims(repository, shared)
    assert sum(item.amc for item in claim.items) > 0
    assert {o.effect for o in await applied(repository, payments(claim))} == {"applied"}
    assert await state(repository, claim) == "paid"
    page = await repository.search(parse_search("PaymentReconciliation", []), count=10)
    found = [claim_resource(version.body.encode()) for version in page.matches]
    sums = {one["paymentIssuer"]["display"]: int(one["paymentAmount"]["value"] * 100) for one in found}
    assert sums["Assurance maladie complémentaire"] == sum(item.amc for item in claim.items)
    assert sum(sums.values()) == claim.total
    assert await account(repository, claim.structure, Account.AMC_RECEIVABLE) == sum(
        item.amc for one in await the_claims(repository, shared[1:]) for item in one.items
    )


async def test_the_proof_of_a_claim_shows_of_a_payment_notice_what_is_about_it_alone(
    repository: Repository, settlements: list[Settlement]
) -> None:
    await submitted(repository)
    first, second, *_ = await the_claims(repository, settlements)
    lines = [*payments(first), *payments(second, start=len(payments(first)) + 1)]
    await applied(repository, lines)
    proof = await prove(repository, first.reference.removeprefix("Claim/"), await pathways_of(repository))
    [notice] = [file for file in proof.files if "PaymentReconciliation" in file.path]
    assert first.reference.encode() in notice.content
    assert second.reference.encode() not in notice.content


async def test_a_ready_claim_edited_by_hand_is_not_submitted_and_billing_mends_it(
    repository: Repository, settlements: list[Settlement]
) -> None:
    reference = f"Claim/{claim_id(settlements[0].context.identifier)}"
    claim = claim_resource((await repository.read("Claim", reference.removeprefix("Claim/"))).body.encode())
    paid = [item for item in claim["item"] if item["net"]["value"]]
    paid[0]["careTeamSequence"], paid[1]["careTeamSequence"] = paid[1]["careTeamSequence"], paid[0]["careTeamSequence"]
    await store(repository, claim)
    refused = [outcome for outcome in await submitted(repository) if isinstance(outcome, NotSubmitted)]
    assert [outcome.claim for outcome in refused] == [reference]
    assert "cordee bill" in refused[0].reason.fr
    order = BillingOrder(PATHWAY.code, BILLED_UNTIL)
    outcomes = bill(repository, order, await tenant_pathways(repository))
    effects = {o.claim: o.effect async for o in outcomes if isinstance(o, Billed)}
    assert effects[reference] == "recomputed"
    assert not [outcome for outcome in await submitted(repository) if isinstance(outcome, NotSubmitted)]
