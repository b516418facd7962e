"""fhir-kit-client, the JavaScript client, does its work against this server."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fhir_kit_client")
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script beside its installed packages; skips where they can't be had."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    folder = tmp_path_factory.mktemp("fhir-kit-client")
    for file in SCRIPT.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    try:
        installed = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not install fhir-kit-client within two minutes")
    if installed.returncode != 0:
        pytest.skip(f"npm can't install fhir-kit-client: {installed.stderr.strip()[-300:]}")
    return folder / "exercise.mjs"


def test_every_call_of_the_client_is_answered_as_it_expects(script: Path, base_url: str) -> None:
    run = subprocess.run(
        ["node", script.name, base_url], cwd=script.parent, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "all as expected" in run.stdout
