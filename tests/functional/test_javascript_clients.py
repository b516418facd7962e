"""fhir-kit-client and @medplum/core, two JavaScript clients, do their work against this server."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


@pytest.fixture(scope="session", params=["fhir_kit_client", "medplum_core"])
def script(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A client's script beside its installed packages; skips where they can't be had."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    for file in (HERE / request.param).iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    try:
        installed = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {request.param} within two minutes")
    if installed.returncode != 0:
        pytest.skip(f"npm can't install {request.param}: {installed.stderr.strip()[-300:]}")
    return folder / "exercise.mjs"


def test_every_call_of_the_client_is_answered_as_it_expects(script: Path, base_url: str) -> None:
    run = subprocess.run(
        ["node", script.name, base_url], cwd=script.parent, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr[-4000:]
    assert "all as expected" in run.stdout
