"""`cordee convention check` and `sign`, as their operator meets them."""

from pathlib import Path

import pytest
from tests.functional.test_cli import cordee

EXAMPLE = Path(__file__).parents[1] / "unit" / "claims" / "convention.yaml"


@pytest.fixture
def convention(tmp_path: Path) -> Path:
    file = tmp_path / "convention.yaml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    return file


def test_a_sound_file_is_described_without_a_database(convention: Path) -> None:
    done = cordee("convention", "check", str(convention))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"{convention} : version 1, Maison de santé des Essais, PCR Obésité complexe chez l'adulte, "
        "du 01/06/2026 au 31/12/2027, 4 signataires, 4 étapes de répartition\n"
    )


def test_every_problem_is_told_with_its_line_and_its_fix(convention: Path) -> None:
    text = convention.read_text(encoding="utf-8")
    convention.write_text(text.replace("share: 15 %", "share: 101 %").replace("residue: structure", "residue: pocket"))
    done = cordee("convention", "check", str(convention))
    assert (done.returncode, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    line = text.splitlines().index("    share: 15 %") + 1
    assert first.startswith(f"{convention}:{line}: split[1].share: '101 %' is over 100 %")
    assert "residue: 'pocket' is not known here: use one of structure, reserve, not_billed" in second


def test_two_files_in_force_on_one_day_are_refused(convention: Path) -> None:
    second = convention.with_name("second.yaml")
    second.write_text(convention.read_text(encoding="utf-8").replace('version: "1"', 'version: "2"'))
    done = cordee("convention", "check", str(convention), str(second))
    assert done.returncode == 1
    assert "are both in force on 2026-06-01" in done.stderr


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    done = cordee("convention", "check", str(tmp_path / "nothing.yaml"))
    assert done.returncode == 1
    assert done.stderr == f"cordee: {tmp_path / 'nothing.yaml'}: No such file or directory.\n"


def test_a_signed_file_is_put_into_the_tenant_once(convention: Path, dsn: str, tenant_name: str) -> None:
    first = cordee("convention", "sign", str(convention), "--tenant", tenant_name, dsn=dsn)
    again = cordee("convention", "sign", str(convention), "--tenant", tenant_name, dsn=dsn)
    assert (first.returncode, again.returncode) == (0, 0)
    assert first.stdout.endswith("version 1, enregistrée\n")
    assert again.stdout == first.stdout.replace("enregistrée", "déjà enregistrée")


def test_what_contradicts_a_signed_convention_is_refused(convention: Path, dsn: str, tenant_name: str) -> None:
    cordee("convention", "sign", str(convention), "--tenant", tenant_name, dsn=dsn)
    convention.write_text(convention.read_text(encoding="utf-8").replace("share: 15 %", "share: 14 %"))
    done = cordee("convention", "sign", str(convention), "--tenant", tenant_name, dsn=dsn)
    assert done.returncode == 1
    assert "is signed with another text" in done.stderr
