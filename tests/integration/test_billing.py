"""Billing runs on the demo's maison de santé, in a real PostgreSQL."""

import asyncio
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import demo.team
import orjson
import pytest
from demo.bundles import bundles
from demo.patients import BILLED_UNTIL
from demo.team import PATHWAY, STRUCTURE

from cordee.claims.billing import Billed, BillingOrder, Outcome, Refused, Unreadable, bill
from cordee.claims.fhir_claim import claim_resource, claim_text
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.fhir_contract import contract_from_convention
from cordee.claims.signing import sign_distribution
from cordee.fhir.body import accept
from cordee.fhir.query import parse_search
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.money import euros
from cordee.pathways.publication import tenant_pathways
from cordee.pathways.shipped import shipped_pathways
from cordee.store.repository import Repository


@pytest.fixture
async def practice(repository: Repository) -> Repository:
    """A tenant that holds the demo's resources."""
    for _, resources in bundles():
        for resource in resources:
            await repository.update(
                resource["resourceType"], resource["id"], accept(orjson.dumps(resource), resource["resourceType"])
            )
    return repository


async def run(repository: Repository, until: date = BILLED_UNTIL, **options: Any) -> list[Outcome]:
    order = BillingOrder(PATHWAY.code, until, **options)
    return [outcome async for outcome in bill(repository, order, await tenant_pathways(repository))]


def of_kind(outcomes: Iterable[Outcome], kind: type[Any]) -> list[Any]:
    return [outcome for outcome in outcomes if isinstance(outcome, kind)]


async def claims(repository: Repository) -> list[dict[str, Any]]:
    page = await repository.search(parse_search("Claim", []), count=1000)
    return [claim_resource(version.body) for version in page.matches]


async def test_each_claim_is_the_sum_of_its_quote_parts_and_names_its_evidence(practice: Repository) -> None:
    outcomes = await run(practice)
    stored = await claims(practice)
    assert len(stored) == len(of_kind(outcomes, Billed)) > 50
    assert not of_kind(outcomes, Unreadable)
    for claim in stored:
        assert sum(item["net"]["value"] for item in claim["item"]) == claim["total"]["value"]
        sequences = {member["sequence"] for member in claim["careTeam"]}
        assert all(set(item["careTeamSequence"]) <= sequences for item in claim["item"])
        assert any(item.get("encounter") for item in claim["item"])


async def test_each_claim_is_read_back_and_names_the_versions_it_was_settled_from(practice: Repository) -> None:
    settled = {
        outcome.settlement.context.identifier: outcome.settlement for outcome in of_kind(await run(practice), Billed)
    }
    for claim in await claims(practice):
        record = claim_record_from_claim(claim)
        parts = settled[record.identifier].parts
        assert [(i.payee, i.cents, i.amo, i.amc) for i in record.items] == [
            (p.payee.identifier, p.cents, p.amo, p.amc) for p in parts
        ]
        named = {version.partition("/_history/")[0] for version in record.evidence_versions}
        assert {record.care_plan, record.patient, record.structure} <= named
        assert {session for item in record.items for session in item.sessions} <= named
        assert {item.reference for item in record.items if item.reference} <= named
        assert {name.partition("/")[0] for name in named} >= {"Contract", "CareTeam", "Practitioner"}
        assert len(named) == len(record.evidence_versions)


async def test_billing_again_writes_nothing(practice: Repository) -> None:
    first = await run(practice)
    before = await claims(practice)
    again = await run(practice)
    assert await claims(practice) == before
    assert {outcome.effect for outcome in of_kind(again, Billed)} == {"already_billed"}
    assert not any(outcome.moved for outcome in of_kind(again, Billed))
    assert len(of_kind(again, Refused)) == len(of_kind(first, Refused))


@pytest.mark.parametrize("plans_a_page", [3, 100])
async def test_runs_at_the_same_time_bill_each_forfait_once(practice: Repository, plans_a_page: int) -> None:
    runs = await asyncio.gather(*(run(practice, plans_a_page=plans_a_page) for _ in range(3)))
    identifiers = [claim["identifier"][0]["value"] for claim in await claims(practice)]
    assert len(identifiers) == len(set(identifiers)) > 50
    written = [outcome for outcomes in runs for outcome in of_kind(outcomes, Billed) if outcome.effect == "billed"]
    assert len(written) == len(identifiers)
    assert {claim["meta"]["versionId"] for claim in await claims(practice)} == {"1"}


async def test_a_run_given_up_midway_is_finished_by_the_next(practice: Repository) -> None:
    order = BillingOrder(PATHWAY.code, BILLED_UNTIL, plans_a_page=4)
    seen = 0
    async for _ in bill(practice, order, await tenant_pathways(practice)):
        seen += 1
        if seen == 20:
            break
    part = await claims(practice)
    assert 0 < len(part) < 40
    outcomes = of_kind(await run(practice), Billed)
    whole = await claims(practice)
    assert whole[: len(part)] == part
    assert len(whole) == len(outcomes) > 50


async def test_a_dry_run_says_the_same_and_writes_nothing(practice: Repository) -> None:
    dry = of_kind(await run(practice, dry_run=True), Billed)
    assert await claims(practice) == []
    assert {outcome.effect for outcome in dry} == {"would_be_billed"}
    real = of_kind(await run(practice), Billed)
    assert [outcome.settlement for outcome in dry] == [outcome.settlement for outcome in real]


async def test_only_sequences_that_have_ended_are_judged(practice: Repository) -> None:
    outcomes = await run(practice, until=date(2026, 6, 29))
    assert outcomes == []


async def change(repository: Repository, reference: str, **members: Any) -> None:
    kind, _, id_ = reference.partition("/")
    resource = orjson.loads((await repository.read(kind, id_)).body)
    await repository.update(kind, id_, accept(orjson.dumps({**resource, **members}), kind))


async def test_a_draft_whose_sessions_changed_is_written_anew_and_no_other(practice: Repository) -> None:
    first = of_kind(await run(practice), Billed)
    chosen, session = next(
        (outcome, act.session)
        for outcome in first
        for part in outcome.settlement.parts
        for act in part.acts
        if act.act == "seance-apa"
    )
    await change(practice, session, status="cancelled")
    again = of_kind(await run(practice), Billed)
    changed = [(outcome.claim, outcome.effect) for outcome in again if outcome.effect != "already_billed"]
    assert changed == [(chosen.claim, "recomputed")]
    versions = {f"Claim/{claim['id']}": claim["meta"]["versionId"] for claim in await claims(practice)}
    assert {claim for claim, version in versions.items() if version != "1"} == {chosen.claim}


async def test_a_draft_that_is_no_longer_due_is_cancelled_and_comes_back_when_it_is(practice: Repository) -> None:
    first = of_kind(await run(practice), Billed)
    chosen = first[0]
    acts = {
        act.session for part in chosen.settlement.parts for act in part.acts if act.act == "consultation-dietetique"
    }
    for session in acts:
        await change(practice, session, status="cancelled")
    withdrawn = [outcome.withdrawn for outcome in of_kind(await run(practice), Refused) if outcome.withdrawn]
    assert withdrawn == [chosen.claim]
    [cancelled] = [claim for claim in await claims(practice) if claim["status"] == "cancelled"]
    assert f"Claim/{cancelled['id']}" == chosen.claim
    assert not [outcome for outcome in of_kind(await run(practice), Refused) if outcome.withdrawn]
    for session in acts:
        await change(practice, session, status="finished")
    effects = {outcome.claim: outcome.effect for outcome in of_kind(await run(practice), Billed)}
    assert effects.pop(chosen.claim) == "recomputed"
    assert set(effects.values()) == {"already_billed"}
    assert {claim["status"] for claim in await claims(practice)} == {"draft"}


async def test_a_draft_of_a_time_the_convention_no_longer_covers_is_withdrawn(practice: Repository) -> None:
    first = of_kind(await run(practice), Billed)
    text = Path(demo.team.__file__).with_name("convention.yaml").read_text(encoding="utf-8")
    ended = text.replace("valid_to: 2028-12-31", "valid_to: 2026-06-30")
    contract = contract_from_convention(read_convention("ended.yaml", ended, {PATHWAY.code: PATHWAY}), ended)
    incoming = accept(orjson.dumps({**contract, "id": "convention-demo"}), "Contract")
    await practice.update("Contract", "convention-demo", incoming)
    later = {outcome.claim for outcome in first if outcome.settlement.forfait.start > date(2026, 6, 30)}
    assert later
    refused = [outcome for outcome in of_kind(await run(practice), Refused) if outcome.withdrawn]
    assert {outcome.withdrawn for outcome in refused} == later
    assert all("convention_not_in_force" in [m.code for m in outcome.reason.missing] for outcome in refused)
    assert {f"Claim/{c['id']}" for c in await claims(practice) if c["status"] == "cancelled"} == later
    assert not [outcome for outcome in of_kind(await run(practice), Refused) if outcome.withdrawn]


async def test_what_a_plan_entered_in_error_was_billed_for_is_withdrawn(practice: Repository) -> None:
    first = of_kind(await run(practice), Billed)
    wrong = {outcome.claim for outcome in first if outcome.settlement.context.care_plan == "CarePlan/patient-02"}
    await change(practice, "CarePlan/patient-02", status="entered-in-error")
    again = await run(practice)
    assert {outcome.withdrawn for outcome in of_kind(again, Refused) if outcome.withdrawn} == wrong != set()
    assert {f"Claim/{c['id']}" for c in await claims(practice) if c["status"] == "cancelled"} == wrong
    once_more = {outcome.reason.context.care_plan for outcome in of_kind(await run(practice), Refused)}
    assert "CarePlan/patient-02" not in once_more


async def test_a_session_given_to_another_patient_is_paid_for_one_of_them(practice: Repository) -> None:
    first = of_kind(await run(practice), Billed)
    ours = next(outcome for outcome in first if outcome.settlement.context.patient == "Patient/patient-02")
    act, theirs = next(
        (act, outcome)
        for part in ours.settlement.parts
        for act in part.acts
        for outcome in first
        if outcome.settlement.context.patient != "Patient/patient-02"
        and outcome.settlement.forfait.start <= act.day <= outcome.settlement.forfait.end
        and any(act.member == other.member for their_part in outcome.settlement.parts for other in their_part.acts)
    )
    patient = theirs.settlement.context.patient
    encounter = orjson.loads((await practice.read("Encounter", act.session.removeprefix("Encounter/"))).body)
    moved = orjson.loads(orjson.dumps(encounter).replace(b"patient-02", patient.removeprefix("Patient/").encode()))
    await change(practice, act.session, **{name: moved[name] for name in moved if name not in {"id", "meta"}})
    dry = of_kind(await run(practice, dry_run=True), Billed)
    again = next(outcome for outcome in dry if outcome.identifier == theirs.identifier)
    reasons = {n.reason.rule for n in again.settlement.not_counted if n.session == act.session}
    assert reasons == {"session.already_billed"}
    await run(practice)
    await run(practice)
    paid_by = [c["id"] for c in await claims(practice) if c["status"] != "cancelled" and act.session in str(c["item"])]
    assert len(paid_by) <= 1


async def test_a_claim_of_a_forfait_that_somebody_else_wrote_neither_stands_nor_hides_the_true_one(
    practice: Repository,
) -> None:
    await run(practice)
    true = await claims(practice)
    forged = true[0] | {"id": "forged"}
    forged["meta"] = {"tag": [{"system": t["system"], "code": "submitted"} for t in forged["meta"]["tag"]]}
    await practice.update("Claim", "forged", accept(claim_text(forged), "Claim"))
    assert {outcome.effect for outcome in of_kind(await run(practice), Billed)} == {"already_billed"}
    await practice.delete("Claim", true[0]["id"])
    effects = {outcome.claim: outcome.effect for outcome in of_kind(await run(practice), Billed)}
    assert effects[f"Claim/{true[0]['id']}"] == "billed"


async def test_a_claim_tagged_submitted_by_hand_is_made_ready_again(practice: Repository) -> None:
    await run(practice)
    chosen, *_ = await claims(practice)
    tag = [t | {"code": "submitted"} if t.get("code") == "ready" else t for t in chosen["meta"]["tag"]]
    said = claim_text(chosen | {"meta": {"tag": tag}, "status": "active"})
    await practice.update("Claim", chosen["id"], accept(said, "Claim"))
    effects = {outcome.claim: outcome.effect for outcome in of_kind(await run(practice), Billed)}
    assert effects.pop(f"Claim/{chosen['id']}") == "recomputed"
    assert set(effects.values()) == {"already_billed"}
    assert {t["code"] for claim in await claims(practice) for t in claim["meta"]["tag"]} == {"ready"}


async def test_what_an_earlier_run_billed_of_later_days_stands(practice: Repository) -> None:
    await run(practice)
    before = await claims(practice)
    await run(practice, until=date(2026, 9, 1))
    assert await claims(practice) == before


async def test_a_plan_without_a_structure_is_told_and_the_others_are_billed(practice: Repository) -> None:
    plan = orjson.loads((await practice.read("CarePlan", "patient-04")).body)
    del plan["author"]
    await practice.update("CarePlan", "patient-04", accept(orjson.dumps(plan), "CarePlan"))
    outcomes = await run(practice)
    assert [outcome.care_plan for outcome in of_kind(outcomes, Unreadable)] == ["CarePlan/patient-04"]
    assert len(of_kind(outcomes, Billed)) > 50


async def test_a_plan_given_to_another_patient_after_it_was_billed_is_told_and_the_others_are_billed(
    practice: Repository,
) -> None:
    first = of_kind(await run(practice), Billed)
    chosen = next(outcome for outcome in first if outcome.settlement.context.care_plan == "CarePlan/patient-02")
    plan = orjson.loads((await practice.read("CarePlan", "patient-02")).body)
    team = plan["careTeam"][0]["reference"]
    patient = orjson.loads((await practice.read("Patient", "patient-02")).body) | {"id": "other"}
    del patient["identifier"]
    await practice.update("Patient", "other", accept(orjson.dumps(patient), "Patient"))
    other = {"reference": "Patient/other"}
    await change(practice, "CarePlan/patient-02", subject=other)
    await change(practice, team, subject=other)
    consents = await practice.search(parse_search("Consent", [("patient", "Patient/patient-02")]), count=10)
    for consent in consents.matches:
        await change(practice, f"Consent/{consent.id}", patient=other)
    sessions = [act.session for part in chosen.settlement.parts for act in part.acts]
    for session in sessions:
        await change(practice, session, subject=other)
    outcomes = await run(practice)
    (told,) = of_kind(outcomes, Unreadable)
    assert told.care_plan == "CarePlan/patient-02"
    assert f"{chosen.claim} claims a forfait of this plan for Patient/patient-02" in told.message
    assert len(of_kind(outcomes, Billed)) >= len(first) - 4


@pytest.mark.parametrize("start", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
async def test_a_session_that_can_not_be_read_is_told_and_the_other_plans_are_billed(
    practice: Repository, start: str
) -> None:
    clean = of_kind(await run(practice, dry_run=True), Billed)
    subject = clean[0].settlement.context.patient
    bad = {
        "resourceType": "Encounter",
        "id": "unreadable",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": subject},
        "period": {"start": start},
    }
    await practice.update("Encounter", "unreadable", accept(orjson.dumps(bad), "Encounter"))
    outcomes = await run(practice)
    (told,) = of_kind(outcomes, Unreadable)
    assert told.care_plan == clean[0].settlement.context.care_plan
    assert "Encounter/unreadable" in told.message
    others = [outcome.settlement for outcome in clean if outcome.settlement.context.patient != subject]
    assert [outcome.settlement for outcome in of_kind(outcomes, Billed)] == others


async def test_a_structure_can_be_billed_alone(practice: Repository) -> None:
    assert await run(practice, structure="somebody-else") == []
    assert len(await run(practice, structure=STRUCTURE)) == len(await run(practice))


@pytest.mark.parametrize(
    "query",
    [
        [("care-team", "PractitionerRole/medecin-1")],
        [("patient", "Patient/patient-01")],
        [("created", BILLED_UNTIL.isoformat())],
        [("provider", f"Organization/{STRUCTURE}"), ("status", "draft")],
    ],
)
async def test_claims_are_found_by_what_an_auditor_knows(practice: Repository, query: list[tuple[str, str]]) -> None:
    await run(practice)
    page = await practice.search(parse_search("Claim", query), count=1000)
    assert page.matches


async def test_two_versions_of_a_convention_in_force_together_bill_nothing_and_are_named(practice: Repository) -> None:
    text = (Path(demo.team.__file__).with_name("convention.yaml")).read_text(encoding="utf-8")
    second = text.replace('version: "1"', 'version: "2"')
    contract = contract_from_convention(read_convention("second.yaml", second, {PATHWAY.code: PATHWAY}), second)
    await practice.update("Contract", "second", accept(orjson.dumps({**contract, "id": "second"}), "Contract"))
    outcomes = await run(practice)
    assert not of_kind(outcomes, Billed)
    (named, *_) = of_kind(outcomes, Unreadable)
    assert named.care_plan == "Contract/convention-demo, Contract/second"
    assert "version 1 of" in named.message
    assert "version 2 of" in named.message


async def test_a_free_distribution_is_billed_once_it_is_signed_off(practice: Repository) -> None:
    text = (Path(demo.team.__file__).with_name("convention.yaml")).read_text(encoding="utf-8")
    before, _, rest = text.partition("  - step: remainder")
    free = f"{before}  - step: free_distribution\nresidue:{rest.partition('residue:')[2]}"
    contract = contract_from_convention(read_convention("free.yaml", free, shipped_pathways()), free)
    incoming = accept(orjson.dumps({**contract, "id": "convention-demo"}), "Contract")
    await practice.update("Contract", "convention-demo", incoming)
    refused = of_kind(await run(practice), Refused)
    (waiting, *_) = [o.reason for o in refused if [m.code for m in o.reason.missing] == ["distribution_not_signed"]]
    left = dict(waiting.missing[0].inputs)["left_cents"]
    signed = await sign_distribution(
        practice,
        "d.yaml",
        "format: cordee.distribution/1\n"
        f"care_plan: {waiting.context.care_plan}\n"
        f"forfait: {waiting.context.forfait}\n"
        f'amounts: {{"{waiting.acts[0].member}": {euros(left)} EUR}}\n'
        'signed_by: {identifier: "https://cordee.example/team|1", name: Coordinatrice fictive}\n'
        f"signed_on: {BILLED_UNTIL}\n",
    )
    (billed,) = of_kind(await run(practice), Billed)
    assert billed.settlement.context.identifier == waiting.context.identifier
    (claim,) = await claims(practice)
    assert f"{signed.contract}/_history/1" in claim_record_from_claim(claim).evidence_versions
    assert "répartition signée par Coordinatrice fictive" in str(claim)
