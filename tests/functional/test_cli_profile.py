"""`cordee profile`: packages put into a tenant, listed, taken away, and used by validation at once."""

import io
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from tests.functional.conftest import CORDEE

PROFILE = "https://example.org/StructureDefinition/ne"
BORN: dict[str, Any] = {
    "resourceType": "StructureDefinition", "id": "ne", "url": PROFILE, "name": "Ne", "status": "active",
    "kind": "resource", "abstract": False, "type": "Patient", "derivation": "constraint",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "differential": {"element": [{"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1}]},
}  # fmt: skip
MANIFEST = {"name": "org.example.ne", "version": "1.0.0", "dependencies": {"org.example.base": "2.0.0"}}


@pytest.fixture
def profile(dsn: str, tenant_name: str) -> Any:
    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [CORDEE, "profile", *map(str, arguments), "--tenant", tenant_name]
        return subprocess.run(
            command, env=os.environ | {"CORDEE_DATABASE_URL": dsn}, capture_output=True, text=True, check=False
        )

    return run


def package(folder: Path, *definitions: dict[str, Any], manifest: dict[str, Any] = MANIFEST) -> Path:
    path = folder / "ne.tgz"
    files = {"package/package.json": manifest, "package/example/Patient-x.json": {"resourceType": "Patient"}}
    files |= {f"package/{one['resourceType']}-{one['id']}.json": one for one in definitions}
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            data = orjson.dumps(content)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_a_package_is_added_used_listed_and_removed(profile: Any, client: httpx.Client, tmp_path: Path) -> None:
    done = profile("add", package(tmp_path, BORN))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "org.example.ne#1.0.0: 1 created",
        "  org.example.ne#1.0.0 builds on org.example.base#2.0.0, which is not here",
    ]
    asked = {"params": {"profile": PROFILE}, "json": {"resourceType": "Patient", "active": True}}
    assert "at least 1 birthDate expected" in client.post("Patient/$validate", **asked).text
    file = tmp_path / "patient.json"
    file.write_bytes(orjson.dumps({"resourceType": "Patient", "meta": {"profile": [PROFILE]}}))
    checked = profile("check", file)
    assert checked.returncode == 1
    assert f"{file}: error: Patient.birthDate: at least 1 birthDate expected" in checked.stdout
    assert profile("list").stdout == "org.example.ne#1.0.0\t1 StructureDefinition\n"
    assert profile("remove", "org.example.ne#1.0.0").stdout == "org.example.ne#1.0.0: 1 definitions removed.\n"
    assert "is not known here" in client.post("Patient/$validate", **asked).text


def test_the_french_guides_are_added_from_their_folders(profile: Any, client: httpx.Client, corpus: Path) -> None:
    guides = ("fr-core-2.2.0", "annuaire", "cercle-de-soins", "pdsm", "ihe-mhd", "agendas-partages")
    done = profile("add", *(corpus / "fhir" / guide / "definitions" for guide in guides))
    assert (done.returncode, done.stderr) == (0, "")
    assert "can't be used yet" not in done.stdout
    assert "break R4: StructureDefinition-cds-organization.json" in done.stdout
    patient = orjson.loads((corpus / "fhir/fr-core-2.2.0/examples/Patient-FRCorePatientExample.json").read_bytes())
    outcome = client.post("Patient/$validate", json=patient).json()
    assert {issue["severity"] for issue in outcome["issue"]} <= {"information", "warning"}
    del patient["identifier"]
    assert "fr-core-patient-ins" in client.post("Patient/$validate", json=patient).text
