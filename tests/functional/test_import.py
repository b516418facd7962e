"""`$import` over HTTP: files named or posted, what became of them, what is refused at once."""

import gzip
import time
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from tests.functional.conftest import Server, serving

NDJSON = {"Content-Type": "application/fhir+ndjson"}


def patients(*ids: str, family: str = "Essai") -> bytes:
    return b"".join(
        orjson.dumps({"resourceType": "Patient", "id": id_, "name": [{"family": family}]}) + b"\n" for id_ in ids
    )


def completed(client: httpx.Client, kicked: httpx.Response, seconds: float = 60) -> dict[str, Any]:
    """The manifest of the job that a kick-off began."""
    assert kicked.status_code == httpx.codes.ACCEPTED, kicked.text
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = client.get(kicked.headers["Content-Location"])
        if answer.status_code != httpx.codes.ACCEPTED:
            assert answer.status_code == httpx.codes.OK, answer.text
            assert answer.headers["Content-Type"] == "application/json"
            manifest: dict[str, Any] = answer.json()
            return manifest
    pytest.fail("the job did not end")


def order(*urls: str, mode: str | None = None, **parts: str) -> dict[str, Any]:
    parameter: list[dict[str, Any]] = [
        {
            "name": "input",
            "part": [
                {"name": "url", "valueUri": url},
                *({"name": name, "valueCode": value} for name, value in parts.items()),
            ],
        }
        for url in urls
    ]
    if mode is not None:
        parameter.append({"name": "mode", "valueCode": mode})
    return {"resourceType": "Parameters", "parameter": parameter}


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("said", [False, True], ids=["unsaid", "said"])
def test_a_file_that_is_posted_is_stored(client: httpx.Client, compressed: bool, said: bool) -> None:
    content = gzip.compress(patients("a", "b")) if compressed else patients("a", "b")
    headers = NDJSON | ({"Content-Encoding": "gzip"} if compressed and said else {})
    manifest = completed(client, client.post("$import", content=content, headers=headers))
    assert manifest["output"] == [{"type": "Patient", "count": 2, "extension": {"effects": {"created": 2}}}]
    assert manifest["error"] == []
    assert client.get("Patient/b").json()["name"] == [{"family": "Essai"}]
    assert client.get("Patient?name=essai&_summary=count").json()["total"] == 2


def test_the_refusals_are_a_file_of_outcomes_that_name_the_line(client: httpx.Client) -> None:
    manifest = completed(
        client, client.post("$import", content=patients("a") + b"{}\n" + patients("b"), headers=NDJSON)
    )
    assert [one["count"] for one in manifest["output"]] == [2]
    (told,) = manifest["error"]
    assert (told["type"], told["count"]) == ("OperationOutcome", 1)
    file = client.get(told["url"])
    assert file.headers["Content-Type"] == "application/fhir+ndjson"
    assert file.headers["Content-Encoding"] == "gzip"
    (outcome,) = [orjson.loads(line) for line in file.text.splitlines()]
    assert outcome["issue"][0]["diagnostics"].startswith("Line 2: ")
    plain = client.get(told["url"], headers={"Accept-Encoding": "identity", "Accept": "application/fhir+ndjson"})
    assert "Content-Encoding" not in plain.headers
    assert plain.text == file.text


def test_references_under_the_address_of_this_server_are_relative_ones(client: httpx.Client, base_url: str) -> None:
    observation = {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": f"{base_url}/Patient/a"},
    }
    completed(client, client.post("$import", content=orjson.dumps(observation), headers=NDJSON))
    assert client.get("Observation/o").json()["subject"] == {"reference": "Patient/a"}


def test_atomic_stores_all_of_a_file_or_nothing(client: httpx.Client) -> None:
    content = patients("a") + b"{}\n"
    manifest = completed(client, client.post("$import?mode=atomic", content=content, headers=NDJSON))
    assert manifest["output"] == []
    assert manifest["error"][0]["count"] == 1
    assert client.get("Patient/a").status_code == httpx.codes.NOT_FOUND
    completed(client, client.post("$import?mode=atomic", content=patients("a"), headers=NDJSON))
    assert client.get("Patient/a").status_code == httpx.codes.OK


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        (order("file:///etc/passwd"), "Parameters.parameter[0].part[0]"),
        (order("https://example.org/a.ndjson"), "Parameters.parameter[0].part[0]"),
        (order("received:"), "Parameters.parameter[0].part[0]"),
        (order("file:///etc/passwd", type="Nothing"), "Parameters.parameter[0].part[1]"),
        (order(), "Parameters.parameter"),
        ({"resourceType": "Parameters", "parameter": [{"name": "input", "part": []}]}, None),
        ({"resourceType": "Parameters", "parameter": [{"name": "input", "valueUri": "x"}]}, None),
    ],
)
def test_what_may_not_be_read_is_refused_at_once(
    client: httpx.Client, parameters: dict[str, Any], path: str | None
) -> None:
    answer = client.post("$import", json=parameters)
    assert answer.status_code in (400, 422)
    paths = [issue.get("expression", [None])[0] for issue in answer.json()["issue"]]
    assert path is None or path in paths


def test_what_can_not_be_an_import_is_refused(client: httpx.Client) -> None:
    assert client.post("$import", content=b"", headers=NDJSON).status_code == 400
    assert client.post("$import?mode=x", content=patients("a"), headers=NDJSON).status_code == 400
    assert client.post("$import?x=y", content=patients("a"), headers=NDJSON).status_code == 400
    assert client.post("$import", content=b"x", headers=NDJSON | {"Content-Encoding": "br"}).status_code == 415
    assert client.get("$import").status_code == 405
    entry = {"request": {"method": "POST", "url": "$import"}, "resource": order("https://example.org/a")}
    answer = client.post("", json={"resourceType": "Bundle", "type": "batch", "entry": [entry]}).json()
    assert answer["entry"][0]["response"]["status"].startswith("400")


def test_cancelling_removes_what_was_received(client: httpx.Client) -> None:
    kicked = client.post("$import", content=patients("a") + b"{}\n", headers=NDJSON)
    manifest = completed(client, kicked)
    where = kicked.headers["Content-Location"]
    assert client.delete(where).status_code == httpx.codes.ACCEPTED
    assert client.get(where).status_code == httpx.codes.NOT_FOUND
    assert client.get(manifest["error"][0]["url"]).status_code == httpx.codes.NOT_FOUND


def test_files_of_the_folder_are_imported_in_order(client: httpx.Client, server: Server) -> None:
    folder = server.log.parent / "in"
    (folder / "1.ndjson").write_bytes(patients("a", "b"))
    (folder / "2.ndjson.gz").write_bytes(gzip.compress(patients("b", family="Autre")))
    urls = [f"file://{folder}/{name}" for name in ("1.ndjson", "2.ndjson.gz")]
    manifest = completed(client, client.post("$import", json=order(*urls, type="Patient")))
    assert [one["inputUrl"] for one in manifest["output"]] == urls
    assert client.get("Patient/b").json()["name"] == [{"family": "Autre"}]


def test_a_file_that_is_too_large_is_refused_and_not_kept(dsn: str, tmp_path: Path, tenant_name: str) -> None:
    with serving(dsn, tmp_path / "log", CORDEE_MAX_IMPORT_BYTES="1000") as server:
        answer = httpx.post(
            f"{server.url}/t/{tenant_name}/fhir/$import", content=patients(*map(str, range(100))), headers=NDJSON
        )
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert list(tmp_path.glob("data/jobs/*")) == []
