"""`cordee bill-collective` as its operator meets it."""

import os
import subprocess
from pathlib import Path

import pytest
from tests.collective_practice import resources
from tests.functional.conftest import CORDEE

from cordee.claims.fhir_claim import claim_text


def run(dsn: str, tenant: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [CORDEE, *arguments, "--tenant", tenant],
        env=os.environ | {"CORDEE_DATABASE_URL": dsn, "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def bill(dsn: str, tenant: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    quarter = ("--pathway", "peps", "--structure", "msp", "--period", "2026-Q3", "--on", "2026-10-01")
    return run(dsn, tenant, "bill-collective", *quarter, *arguments)


def words(done: "subprocess.CompletedProcess[str]") -> str:
    assert "Traceback" not in done.stderr + done.stdout
    return " ".join((done.stdout + done.stderr).replace("\u00a0", " ").split())


@pytest.fixture
def practice(dsn: str, tenant_name: str, tmp_path: Path) -> str:
    """A tenant that a file of the structure's resources was loaded into."""
    file = tmp_path / "structure.ndjson"
    file.write_bytes(b"".join(claim_text(resource) + b"\n" for resource in resources()))
    loaded = run(dsn, tenant_name, "load", str(file))
    assert loaded.returncode == 0, loaded.stderr
    return tenant_name


def test_a_list_is_simulated_drafted_and_issued_with_its_arithmetic(dsn: str, practice: str) -> None:
    simulated = bill(dsn, practice, "--dry-run", "--explain")
    assert simulated.returncode == 0
    assert "simulation : à facturer" in words(simulated)
    assert "forfait de la patientèle lue le 01/07/2026 : 2 800,00 €" in words(simulated)
    assert "260 patient(s), soit 290,000 pondérés × 10,00 € = 2 900,00 €" in words(simulated)
    assert "2 800,00 €" in words(simulated)
    assert ": brouillon écrit" in words(bill(dsn, practice))
    assert ": brouillon inchangé" in words(bill(dsn, practice))
    assert ": émise" in words(bill(dsn, practice, "--issue"))
    assert ": déjà émise" in words(bill(dsn, practice))


def test_what_is_missing_is_told_and_the_exit_code_says_so(dsn: str, practice: str) -> None:
    quarter = ("--pathway", "peps", "--structure", "msp", "--period", "2026-Q4", "--on", "2026-12-31")
    done = run(dsn, practice, "bill-collective", *quarter)
    assert done.returncode == 1
    assert "Non dû : Maison de santé d'essai" in words(done)
    assert "la rémunération de référence de la période n'est pas indiquée" in words(done)


@pytest.mark.parametrize(
    ("options", "exit_code", "said"),
    [
        (
            ("--pathway", "gpso", "--structure", "msp", "--period", "2026"),
            2,
            "«gpso» is not a pathway paid collectively",
        ),
        (("--pathway", "peps", "--structure", "msp", "--period", "T3"), 2, "write 2026 for a year"),
        (("--pathway", "peps", "--structure", "x", "--period", "2026-Q3"), 1, "Organization/x is not stored"),
    ],
)
def test_a_wrong_option_is_told(
    dsn: str, tenant_name: str, options: tuple[str, ...], exit_code: int, said: str
) -> None:
    done = run(dsn, tenant_name, "bill-collective", *options)
    assert done.returncode == exit_code
    assert said in words(done)
