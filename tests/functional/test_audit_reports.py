"""`cordee audit report` and `anomalies` on Claims really submitted."""

import os
import subprocess

import orjson
import pytest
from demo.bundles import bundles
from demo.patients import BILLED_UNTIL
from demo.team import PATHWAY, STRUCTURE
from tests.functional.conftest import CORDEE

from cordee.claims.billing import Billed, BillingOrder, bill
from cordee.claims.submission import ready_claims, submit_claims
from cordee.fhir.body import accept
from cordee.pathways.publication import tenant_pathways
from cordee.store.repository import Repository

PATIENTS = 4


@pytest.fixture
async def total(repository: Repository) -> int:
    """The demo's first patients, billed and submitted; the cents claimed."""
    for _, resources in list(bundles())[: PATIENTS + 1]:
        for resource in resources:
            kind = resource["resourceType"]
            await repository.update(kind, resource["id"], accept(orjson.dumps(resource), kind))
    outcomes = bill(repository, BillingOrder(PATHWAY.code, BILLED_UNTIL), await tenant_pathways(repository))
    billed = [outcome async for outcome in outcomes if isinstance(outcome, Billed)]
    async for _ in submit_claims(repository, ready_claims(repository), BILLED_UNTIL):
        pass
    return sum(outcome.total for outcome in billed)


@pytest.fixture
def audit(dsn: str, tenant_name: str):
    def run(command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        whole = [CORDEE, "audit", command, "--structure", STRUCTURE, "--tenant", tenant_name, *arguments]
        environment = os.environ | {"CORDEE_DATABASE_URL": dsn, "COLUMNS": "200", "NO_COLOR": "1"}
        return subprocess.run(whole, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return run


def cents(text: str) -> int:
    return int(text.replace(",", ""))


async def test_the_report_adds_up_to_what_was_claimed(total: int, audit, tmp_path) -> None:
    output = tmp_path / "rapport.csv"
    done = audit("report", "--output", str(output))
    assert (done.returncode, done.stderr) == (0, "")
    header, *rows = output.read_text("utf-8-sig").splitlines()
    assert header.startswith("professionnel;mois;parcours;facturé;")
    assert sum(cents(row.split(";")[3]) for row in rows) == total
    assert {row.split(";")[2] for row in rows} == {PATHWAY.code}
    assert len({row.split(";")[0] for row in rows}) > 2
    shown = audit("report", "--by", "month")
    assert "2026-06" in shown.stdout
    assert "2026-07" in shown.stdout


async def test_sessions_at_the_same_time_and_a_membership_that_changed_since_are_found(
    total: int, audit, repository: Repository, tmp_path
) -> None:
    def found() -> str:
        output = tmp_path / "anomalies.csv"
        assert audit("anomalies", "--output", str(output)).returncode == 0
        return output.read_text("utf-8-sig")

    assert total
    before = found()
    assert "deux séances en même temps" in before  # the demo's sessions are drawn by lot
    assert "acte hors du cercle de soins" not in before
    team = orjson.loads((await repository.read("CareTeam", "patient-01")).body)
    for participant in team["participant"]:
        participant["period"] = {"start": "2030-01-01"}
    await repository.update("CareTeam", "patient-01", accept(orjson.dumps(team), "CareTeam"))
    assert "acte hors du cercle de soins" in found()
    assert "anomalies" in audit("anomalies").stdout
    assert audit("anomalies", "--to", "2026-01-01").stdout.splitlines()[-1] == "0 anomalie"


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("report", ("--by", "colour"), "professional, month, pathway"),
        ("report", ("--from", "2026-02-01", "--to", "2026-01-01"), "précède"),
        ("anomalies", ("--structure", "nobody"), "Organization/nobody"),
    ],
)
def test_what_can_not_be_reported_is_refused(audit, command: str, arguments: tuple[str, ...], said: str) -> None:
    done = audit(command, *arguments)
    assert done.returncode != 0
    assert said in done.stderr
