"""`cordee terminology import`, and what it imports answered by a server that was there before."""

import gzip
import json
import os
import subprocess
from pathlib import Path

import httpx
from tests.functional.conftest import CORDEE

HEAD = {
    "resourceType": "CodeSystem",
    "id": "l",
    "url": "https://example.org/l",
    "status": "active",
    "content": "complete",
}
SVS = (
    '<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet id="1.2.3" displayName="JDV_X"><ConceptList>'
    '<Concept code="A" codeSystem="1.2" displayName="Un"/></ConceptList></ValueSet></RetrieveValueSetResponse>'
)


def run(dsn: str, tenant: str, *files: Path) -> "subprocess.CompletedProcess[str]":
    command = [CORDEE, "terminology", "import", *map(str, files), "--tenant", tenant]
    environment = os.environ | {"CORDEE_DATABASE_URL": dsn}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_files_of_each_kind_are_imported_and_served(
    dsn: str, tenant_name: str, client: httpx.Client, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    lines = "\n".join(json.dumps(said) for said in (HEAD, {"code": "a", "display": "Été"}, {"code": "b"}))
    (folder / "l.ndjson.gz").write_bytes(gzip.compress(lines.encode()))
    (folder / "svs.xml").write_text(SVS)
    (folder / "broken.json").write_text('{"resourceType": "ValueSet"}')
    done = run(dsn, tenant_name, folder)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "CodeSystem/l created, 2 codes: https://example.org/l",
        "ValueSet/JDV-X created, 1 code: urn:oid:1.2.3",
    ]
    assert "broken.json" in done.stderr
    assert "1 of 3 files refused" in done.stderr
    asked = {"url": "https://example.org/l?fhir_vs", "filter": "ete"}
    expansion = client.get("ValueSet/$expand", params=asked).json()["expansion"]
    assert [entry["code"] for entry in expansion["contains"]] == ["a"]


def test_nothing_to_import_is_told(dsn: str, tenant_name: str, tmp_path: Path) -> None:
    done = run(dsn, tenant_name, tmp_path / "none")
    assert (done.returncode, "none" in done.stderr) == (2, True)
