"""Collective payments in a real PostgreSQL: read, written once, a draft until issued, then sealed."""

import asyncio
import re
from datetime import date
from typing import Any

import pytest
from tests.collective_practice import PATIENTS, PEPS, RPPS, contract, group, report, resources

from cordee.claims.collective.fhir_invoice import invoice_id
from cordee.claims.collective.period import period_of
from cordee.claims.collective.run import CollectiveBilled, CollectiveOutcome, CollectiveRefused, bill_collective
from cordee.claims.fhir_claim import claim_resource, claim_text
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.signing import sign_distribution
from cordee.fhir.body import accept
from cordee.fhir.outcome import Sealed
from cordee.ledger.model import Account, Event, LedgerEntry, LedgerLine
from cordee.pathways.shipped import shipped_pathways
from cordee.store.ledger.appending import EntryExists
from cordee.store.repository import Repository

THIRD_QUARTER = date(2026, 9, 30)


async def put(repository: Repository, resource: dict[str, Any]) -> None:
    kind = resource["resourceType"]
    await repository.update(kind, resource["id"], accept(claim_text(resource), kind))


@pytest.fixture
async def practice(repository: Repository) -> Repository:
    """A tenant with a team paid by capitation and by shared savings."""
    for resource in resources():
        await put(repository, resource)
    return repository


async def run(
    repository: Repository, pathway: str = "peps", period: str = "2026-Q3", **options: Any
) -> CollectiveOutcome:
    pathways = shipped_pathways()
    options = {"structure": "msp", "as_of": THIRD_QUARTER, **options}
    return await bill_collective(repository, pathways[pathway], pathways, period=period_of(period), **options)


async def billed(repository: Repository, *arguments: Any, **options: Any) -> CollectiveBilled:
    outcome = await run(repository, *arguments, **options)
    assert isinstance(outcome, CollectiveBilled), outcome
    return outcome


async def stored(repository: Repository, identifier: str = "msp:peps:2026-Q3") -> dict[str, Any]:
    return claim_resource((await repository.read("Invoice", invoice_id(identifier))).body.encode())


async def test_a_list_is_billed_once_whatever_the_number_of_runs(practice: Repository) -> None:
    outcome = await billed(practice)
    # 60 × 1.5 + 200 × 1 = 290 × 10.00 = 2,900.00, less 100.00.
    assert (outcome.effect, outcome.settlement.total) == ("drafted", 280_000)
    invoice = await stored(practice)
    assert invoice["totalNet"]["value"] == 2800
    assert invoice["meta"]["versionId"] == "1"
    again = await billed(practice, as_of=date(2026, 10, 15))
    assert again.effect == "unchanged"
    assert (await stored(practice))["meta"]["versionId"] == "1"


async def test_the_invoice_names_the_versions_of_all_it_was_read_from(practice: Repository) -> None:
    await billed(practice)
    payment = {part["url"]: part for part in (await stored(practice))["extension"][0]["extension"]}
    named = {name.partition("/_history/")[0] for name in payment["evidence-versions"]["valueString"].split()}
    assert {"Organization/msp", "Group/peps", "CareTeam/equipe-peps", "Contract/convention-peps"} <= named
    assert {"MeasureReport/faits-t3", "PractitionerRole/medecin-1", "Practitioner/medecin-1"} <= named
    assert payment["patient-evidence-count"]["valueInteger"] == PATIENTS
    before = payment["patient-evidence-sha256"]["valueString"]
    await put(practice, {"resourceType": "Patient", "id": "p0", "birthDate": "1950-01-02"})
    assert (await billed(practice)).effect == "redrafted"
    payment = {part["url"]: part for part in (await stored(practice))["extension"][0]["extension"]}
    assert payment["patient-evidence-sha256"]["valueString"] != before


async def test_runs_at_the_same_time_write_one_invoice(practice: Repository) -> None:
    outcomes = await asyncio.gather(*(billed(practice) for _ in range(4)))
    assert sorted(outcome.effect for outcome in outcomes) == ["drafted", "unchanged", "unchanged", "unchanged"]
    assert (await stored(practice))["meta"]["versionId"] == "1"


async def test_a_draft_follows_the_facts_and_an_issued_invoice_does_not(practice: Repository) -> None:
    await billed(practice)
    quarter = ("2026-07-01", "2026-09-30")
    await put(practice, report("faits-t3", "peps", quarter, care_elsewhere=200, reference_remuneration=5000))
    moved = await billed(practice)
    assert (moved.effect, moved.settlement.total) == ("redrafted", 270_000)

    assert (await billed(practice, issue=True)).effect == "issued"
    assert (await stored(practice))["status"] == "issued"
    await put(practice, report("faits-t3", "peps", quarter, care_elsewhere=300, reference_remuneration=5000))
    late = await billed(practice, issue=True)
    assert (late.effect, late.moved) == ("already_issued", True)
    assert (await stored(practice))["totalNet"]["value"] == 2700
    with pytest.raises(Sealed):
        await put(practice, {**(await stored(practice)), "status": "cancelled"})


async def entries(repository: Repository) -> list[LedgerEntry]:
    return [chained.entry async for chained in repository.ledger.entries("Organization/msp")]


async def test_issuing_books_what_the_insurers_owe_and_whom_it_is_for(practice: Repository) -> None:
    await billed(practice)
    assert await entries(practice) == []
    await billed(practice, issue=True)
    [entry] = await entries(practice)
    invoice = f"Invoice/{invoice_id('msp:peps:2026-Q3')}"
    assert (entry.event, entry.key, entry.claim) == ("submission", f"submission:{invoice}", invoice)
    assert (entry.booked_on, entry.evidence) == (THIRD_QUARTER, (f"{invoice}/_history/2",))
    owed = {line.account: line.debit for line in entry.lines if line.debit}
    assert owed == {Account.AMO_RECEIVABLE: 280_000}
    # 10 % of 2,800.00 is the structure's, five share the rest.
    given = [(line.account, line.payee, line.credit) for line in entry.lines if line.credit]
    heads = [(Account.PAYABLE, f"{RPPS}|9990000000{n}", 50_400) for n in range(5)]
    assert given == [*heads, (Account.STRUCTURE, "https://finess.esante.gouv.fr|990000001", 28_000)]
    assert (await practice.verify_ledger("Organization/msp")).fault is None


async def test_what_each_insurer_owes_and_the_reserve_are_booked_apart(practice: Repository) -> None:
    split = [{"step": "percentage", "beneficiary": "structure", "share": "10 %"}]
    await put(practice, contract(**PEPS, split=split, residue="reserve", amo_share="60 %"))
    await billed(practice, issue=True)
    [entry] = await entries(practice)
    assert [(line.account, line.debit, line.credit) for line in entry.lines] == [
        (Account.AMO_RECEIVABLE, 168_000, 0),
        (Account.AMC_RECEIVABLE, 112_000, 0),
        (Account.STRUCTURE, 0, 28_000),
        (Account.RESERVE, 0, 252_000),
    ]


async def test_an_invoice_is_booked_once_however_often_and_by_how_many_it_is_issued(practice: Repository) -> None:
    outcomes = await asyncio.gather(*(billed(practice, issue=True) for _ in range(4)))
    assert sorted(outcome.effect for outcome in outcomes) == ["already_issued"] * 3 + ["issued"]
    await billed(practice, issue=True, as_of=date(2026, 10, 15))
    assert len(await entries(practice)) == 1


async def test_an_invoice_that_can_not_be_booked_is_not_issued(practice: Repository) -> None:
    await billed(practice)
    key = f"submission:Invoice/{invoice_id('msp:peps:2026-Q3')}"
    async with practice.unit() as unit:
        lines = (LedgerLine(Account.AMO_RECEIVABLE, debit=1), LedgerLine(Account.STRUCTURE, credit=1))
        other = LedgerEntry("Organization/msp", THIRD_QUARTER, Event.SUBMISSION, key, "autre", None, (), lines)
        await unit.append([other])
    with pytest.raises(EntryExists):
        await billed(practice, issue=True)
    assert (await stored(practice))["status"] == "draft"
    assert await entries(practice) == [other]


async def test_an_invoice_issued_by_somebody_else_is_not_booked(practice: Repository) -> None:
    await billed(practice)
    await put(practice, {**(await stored(practice)), "status": "issued"})
    assert (await billed(practice, issue=True)).effect == "already_issued"
    assert await entries(practice) == []


async def test_a_dry_run_writes_nothing(practice: Repository) -> None:
    outcome = await billed(practice, dry_run=True)
    assert (outcome.effect, outcome.invoice) == ("would_be_billed", None)
    assert await practice.read_many([("Invoice", invoice_id("msp:peps:2026-Q3"))]) == {}


async def test_a_draft_no_longer_due_is_cancelled_and_drafted_again_once_it_is(practice: Repository) -> None:
    await billed(practice)
    await put(practice, group("peps", 249))
    refused = await run(practice)
    assert isinstance(refused, CollectiveRefused)
    assert [missing.code for missing in refused.reason.missing] == ["too_few_patients"]
    assert refused.withdrawn == f"Invoice/{invoice_id('msp:peps:2026-Q3')}"
    assert (await stored(practice))["status"] == "cancelled"
    await put(practice, group("peps", PATIENTS))
    assert (await billed(practice)).effect == "drafted"
    assert (await stored(practice))["status"] == "draft"


async def test_a_team_too_small_is_refused(practice: Repository) -> None:
    team = next(r for r in resources() if r["id"] == "equipe-peps")
    await put(practice, {**team, "participant": team["participant"][1:]})
    refused = await run(practice)
    assert isinstance(refused, CollectiveRefused)
    assert [missing.code for missing in refused.reason.missing] == ["team", "team"]


async def test_shared_savings_are_billed_to_the_group(practice: Repository) -> None:
    outcome = await billed(practice, "ipep", "2025")
    assert outcome.settlement.total == 7_200_000
    assert (await stored(practice, "msp:ipep:2025"))["subject"] == {"reference": "Group/ipep"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"structure": "inconnue"}, "Organization/inconnue is not stored"),
        ({"period": "2024-Q3"}, "has no executed convention .* in force on 2024-07-01"),
    ],
)
async def test_what_is_not_there_is_named(practice: Repository, options: dict[str, Any], said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        await run(practice, **options)


FREE = """format: cordee.distribution/1
patient_list: Group/peps
forfait: 2026-Q3
amounts:
  https://rpps.esante.gouv.fr|99900000000: 1800.00 EUR
  https://rpps.esante.gouv.fr|99900000003: 1000.00 EUR
signed_by: {identifier: "https://rpps.esante.gouv.fr|99900000000", name: Médecin Un}
signed_on: 2026-09-15
"""


async def test_a_free_distribution_is_billed_once_it_is_signed_off_and_adds_up(practice: Repository) -> None:
    await put(practice, contract(**PEPS, split=[{"step": "free_distribution"}]))
    refused = await run(practice)
    assert isinstance(refused, CollectiveRefused)
    assert [missing.code for missing in refused.reason.missing] == ["distribution_not_signed"]

    await sign_distribution(practice, "d.yaml", FREE.replace("1000.00", "999.99"))
    refused = await run(practice)
    assert isinstance(refused, CollectiveRefused)
    assert [missing.code for missing in refused.reason.missing] == ["distribution_sum"]

    signed = await sign_distribution(practice, "d.yaml", FREE)
    parts = (await billed(practice)).settlement.parts
    assert {part.payee.name: part.cents for part in parts if part.cents} == {
        "medecin-1": 180_000,
        "infirmier-1": 100_000,
    }
    payment = {part["url"]: part for part in (await stored(practice))["extension"][0]["extension"]}
    assert f"{signed.contract}/_history/2" in payment["evidence-versions"]["valueString"].split()


async def test_two_versions_in_force_on_one_day_bill_nothing_and_are_named(practice: Repository) -> None:
    await put(practice, {**contract(**PEPS, version="2"), "id": "autre-version"})
    with pytest.raises(EvidenceError) as refused:
        await run(practice)
    assert {"Contract/convention-peps", "Contract/autre-version"} <= set(
        re.findall(r"Contract/[\w-]+", str(refused.value))
    )


async def test_a_contract_that_can_not_be_read_is_told_beside_the_result(practice: Repository) -> None:
    broken = {**contract(**PEPS, identifier="https://cordee.example/convention|autre"), "id": "illisible"}
    del broken["rule"]
    await put(practice, broken)
    outcome = await billed(practice)
    assert [fault.care_plan for fault in outcome.unreadable] == ["Contract/illisible"]


async def test_a_patient_on_the_list_of_two_structures_is_told(practice: Repository) -> None:
    other = {**group("peps", 2), "id": "autre", "managingEntity": {"reference": "Organization/autre"}}
    await put(practice, {**other, "member": [{**m, "period": {"end": "2026-06-30"}} for m in other["member"]]})
    await billed(practice)
    await put(practice, other)
    refused = await run(practice)
    assert isinstance(refused, CollectiveRefused)
    assert [(missing.code, dict(missing.inputs)["patient"]) for missing in refused.reason.missing] == [
        ("listed_elsewhere", "Patient/p0"),
        ("listed_elsewhere", "Patient/p1"),
    ]


async def test_a_structure_with_no_list_or_two_is_told_what_to_write(practice: Repository) -> None:
    await put(practice, {**group("peps", 1), "id": "autre"})
    with pytest.raises(EvidenceError, match="has 2 active Groups for peps: Group/autre, Group/peps; one is expected"):
        await run(practice)
    for name in ("autre", "peps"):
        await put(practice, {**group("peps", 1), "id": name, "active": False})
    with pytest.raises(EvidenceError, match="has 0 active Groups for peps; one is expected"):
        await run(practice)
