"""`cordee bill` in processes of its own: killed midway it leaves whole pages, and the next run finishes them."""

import asyncio
import os
import signal
import subprocess

import asyncpg
import orjson
import pytest
from demo.bundles import bundles
from demo.patients import BILLED_UNTIL
from demo.team import PATHWAY
from tests.functional.conftest import CORDEE

from cordee.fhir.body import accept
from cordee.fhir.query import parse_search
from cordee.store.index_values import form_hash
from cordee.store.repository import Repository

PATIENTS = 8
HELD = "Patient/patient-05"
BILL = ("bill", "--pathway", PATHWAY.code, "--until", BILLED_UNTIL.isoformat(), "--page", "1", "--processes", "2")


@pytest.fixture
async def practice(repository: Repository) -> Repository:
    """A tenant that holds the demo's structure and its first patients."""
    for _, resources in list(bundles())[: PATIENTS + 1]:
        for resource in resources:
            kind = resource["resourceType"]
            await repository.update(kind, resource["id"], accept(orjson.dumps(resource), kind))
    return repository


async def claims(repository: Repository) -> list[str]:
    page = await repository.search(parse_search("Claim", []), count=1000)
    return [version.body for version in page.matches]


def billed(dsn: str, tenant: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"CORDEE_DATABASE_URL": dsn, "NO_COLOR": "1"}
    command = [CORDEE, *BILL, "--tenant", tenant, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


async def killed_while_billing(dsn: str, tenant_name: str, tenant: int) -> None:
    """Runs it until a plan's turn comes whose patient somebody else holds, then kills all its processes (SIGKILL)."""
    holding, watching = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    async with holding.transaction():
        await holding.execute("SELECT pg_advisory_xact_lock($1)", form_hash(repr(("unit", tenant, f"patient:{HELD}"))))
        process = await asyncio.create_subprocess_exec(
            *(CORDEE, *BILL, "--tenant", tenant_name),
            env=os.environ | {"CORDEE_DATABASE_URL": dsn},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not await watching.fetchval(waiting):
            assert process.returncode is None
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    await holding.close()
    await watching.close()


async def test_a_run_killed_midway_is_finished_by_the_next_and_bills_nothing_twice(
    practice: Repository, dsn: str, tenant_name: str
) -> None:
    await killed_while_billing(dsn, tenant_name, practice.tenant)
    part = await claims(practice)
    again = billed(dsn, tenant_name)
    whole = await claims(practice)
    assert (again.returncode, again.stderr) == (0, "")
    assert 0 < len(part) < len(whole)
    assert set(part) <= set(whole)
    identifiers = [orjson.loads(body)["identifier"][0]["value"] for body in whole]
    assert len(identifiers) == len(set(identifiers))
    assert f"{len(part)} forfaits déjà facturés" in again.stdout
    assert f"{len(whole) - len(part)} forfaits facturés" in again.stdout


async def test_processes_bill_what_one_process_does(practice: Repository, dsn: str, tenant_name: str) -> None:
    dry = billed(dsn, tenant_name, "--dry-run")
    assert await claims(practice) == []
    done = billed(dsn, tenant_name)
    stored = [orjson.loads(body) for body in await claims(practice)]
    cents = round(sum(claim["total"]["value"] for claim in stored) * 100)
    said = f"{cents // 100:,}".replace(",", "\u00a0") + f",{cents % 100:02d}\u00a0€"
    assert f"{len(stored)} forfaits facturés : {said}" in done.stdout
    assert f"{len(stored)} forfaits à facturer : {said}" in dry.stdout
    explained = billed(dsn, tenant_name, "--explain")
    assert f"{len(stored)} forfaits déjà facturés : {said}" in explained.stdout
    assert explained.stdout.count("la somme des quote-parts est le forfait") == len(stored)


def test_a_parcours_that_is_not_known_is_refused_with_those_that_are(dsn: str, tenant_name: str) -> None:
    done = billed(dsn, tenant_name, "--pathway", "nothing")
    assert done.returncode == 2
    assert "gpso" in done.stderr
