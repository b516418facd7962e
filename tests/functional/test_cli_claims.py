"""From ready Claims to redistributed money on the command line, and a process killed midway."""

import asyncio
import os
import subprocess
from datetime import date
from pathlib import Path
from typing import Protocol

import asyncpg
import orjson
import pytest
from demo.bundles import bundles
from demo.patients import BILLED_UNTIL
from demo.team import PATHWAY
from tests.functional.conftest import CORDEE

from cordee.claims.claim_record import ClaimRecord
from cordee.claims.fhir_claim import claim_resource
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.returns import ReturnLine
from cordee.exchange.return_csv import write_return_csv
from cordee.fhir.body import accept
from cordee.fhir.query import parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.store.repository import Repository

PAID_ON = date(2026, 12, 20)


class Command(Protocol):
    """`cordee` on the tenant of the test; fails when it does not end with `code`."""

    def __call__(self, *arguments: str, code: int = 0) -> "subprocess.CompletedProcess[str]": ...


@pytest.fixture
def cordee(dsn: str, tenant_name: str) -> Command:
    def run(*arguments: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [CORDEE, *arguments, "--tenant", tenant_name],
            env=os.environ | {"CORDEE_DATABASE_URL": dsn, "COLUMNS": "200", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
async def ready(repository: Repository, cordee: Command) -> list[ClaimRecord]:
    """The Claims of the demo's forfaits, billed."""
    for _, resources in bundles():
        for resource in resources:
            kind = resource["resourceType"]
            await repository.update(kind, resource["id"], accept(orjson.dumps(resource), kind))
    cordee("bill", "--pathway", PATHWAY.code, "--until", BILLED_UNTIL.isoformat())
    page = await repository.search(parse_search("Claim", []), count=1000)
    return [claim_record_from_claim(claim_resource(version.body.encode())) for version in page.matches]


def paid(claim: ClaimRecord, notice: str, start: int) -> list[ReturnLine]:
    shares = [(i, insurer, cents) for i in claim.items for insurer, cents in (("amo", i.amo), ("amc", i.amc)) if cents]
    return [
        ReturnLine(start + n, "payment", notice, PAID_ON, claim.identifier, i.payee, insurer, cents)  # type: ignore[arg-type]
        for n, (i, insurer, cents) in enumerate(shares)
    ]


async def test_claims_are_submitted_paid_and_corrected_in_french(
    cordee: Command, ready: list[ClaimRecord], tmp_path: Path
) -> None:
    first = cordee("submit", "--on", "2026-12-01")
    assert f"{len(ready)} demandes" in first.stdout
    assert cordee("submit", "--on", "2026-12-01").stdout == "aucune demande à transmettre\n"
    lines: list[ReturnLine] = []
    for claim in ready[:3]:
        lines += paid(claim, "N1", len(lines) + 1)
    file = tmp_path / "retour.csv"
    file.write_bytes(write_return_csv(lines))
    assert f"appliquées : {len(lines)}" in cordee("returns", str(file)).stdout
    assert f"déjà lues : {len(lines)}" in cordee("returns", str(file)).stdout
    file.write_bytes(write_return_csv(paid(ready[0], "N2", 1)))
    twice = cordee("returns", str(file), code=1)
    assert "payée une deuxième fois" in twice.stderr
    shown = cordee("claim", "show", ready[0].reference.removeprefix("Claim/"))
    assert "payée" in shown.stdout
    id_ = ready[1].reference.removeprefix("Claim/")
    same = cordee("claim", "correct", id_, "--on", "2026-12-21", "--reason", "essai", code=1)
    assert "déjà ce que donnent les séances" in same.stderr
    assert "prête" in cordee("claim", "cancel", id_, "--on", "2026-12-21", "--reason", "essai").stdout
    assert "1 demande" in cordee("submit", "--on", "2026-12-21").stdout
    assert "annulée" in cordee("claim", "show", id_).stdout


async def killed_while_booking(dsn: str, tenant_name: str, *arguments: str) -> None:
    """Runs `cordee` until its resources are written and it waits to book them, then kills it (SIGKILL)."""
    holding, watching = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    async with holding.transaction():
        await holding.execute("LOCK TABLE ledger_head IN EXCLUSIVE MODE")
        process = await asyncio.create_subprocess_exec(
            *(CORDEE, *arguments, "--tenant", tenant_name),
            env=os.environ | {"CORDEE_DATABASE_URL": dsn},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%ledger_head%'"
        while not await watching.fetchval(waiting):
            assert process.returncode is None
        process.kill()
        await process.wait()
    await holding.close()
    await watching.close()


async def test_what_is_killed_midway_is_finished_by_the_next_run_and_nothing_is_done_twice(
    cordee: Command, ready: list[ClaimRecord], dsn: str, tenant_name: str, repository: Repository, tmp_path: Path
) -> None:
    await killed_while_booking(dsn, tenant_name, "submit", "--on", "2026-12-01")
    assert await stored(repository, "ClaimResponse") == []
    assert f"{len(ready)} demandes" in cordee("submit", "--on", "2026-12-02").stdout
    claims = await stored(repository, "Claim")
    assert all(version.sealed for version in claims)
    assert len(await stored(repository, "ClaimResponse")) == len(ready)
    assert await booked(repository) == sorted(claim.reference for claim in ready)

    lines = paid(ready[0], "N1", 1)
    file = tmp_path / "retour.csv"
    file.write_bytes(write_return_csv(lines))
    await killed_while_booking(dsn, tenant_name, "returns", str(file))
    assert await stored(repository, "PaymentReconciliation") == []
    assert f"appliquées : {len(lines)}, déjà lues : 0" in cordee("returns", str(file)).stdout
    assert await booked(repository) == sorted([ready[0].reference, *(claim.reference for claim in ready)])


async def stored(repository: Repository, kind: str) -> list[StoredVersion]:
    return list((await repository.search(parse_search(kind, []), count=1000)).matches)


async def booked(repository: Repository) -> list[str | None]:
    """The Claims of the ledger's entries."""
    structures = await repository.ledger.structures()
    return sorted([c.entry.claim for s in structures async for c in repository.ledger.entries(s)], key=str)
