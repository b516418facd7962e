"""`cordee load` as its operator meets it; what the loading itself does is in tests/integration/test_loading.py."""

import bz2
import gzip
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from tests.functional.conftest import CORDEE

Load = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def environment(dsn: str) -> dict[str, str]:
    return os.environ | {"CORDEE_DATABASE_URL": dsn, "COLUMNS": "200", "NO_COLOR": "1"}


@pytest.fixture
def load(environment: dict[str, str], tenant_name: str) -> Load:
    """`cordee load` in the tenant of the test."""

    def run(*arguments: str | Path, tenant: str = tenant_name, given: bytes = b"") -> Any:
        command = [CORDEE, "load", "--tenant", tenant, *map(str, arguments)]
        return subprocess.run(command, env=environment, input=given, capture_output=True, timeout=120, check=False)

    return run


def table(done: "subprocess.CompletedProcess[bytes]") -> dict[str, tuple[int, ...]]:
    """The rows of the last table: stored, updated, unchanged, refused by resource type."""
    rows = re.findall(r"^ +(\S+)((?: +[\d,]+){4,6}) *$", done.stdout.decode(), re.MULTILINE)
    return {name: tuple(int(number.replace(",", "")) for number in numbers.split()) for name, numbers in rows}


def patient(id_: str, **members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_} | members


def ndjson(*resources: dict[str, Any]) -> bytes:
    return b"".join(orjson.dumps(resource) + b"\n" for resource in resources)


def test_files_of_every_kind_in_a_folder_are_stored_and_served(
    load: Load, client: httpx.Client, tmp_path: Path
) -> None:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient("bundled")}]}
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "one.json").write_bytes(orjson.dumps(patient("one"), option=orjson.OPT_INDENT_2))
    (tmp_path / "lines.txt").write_bytes(ndjson(patient("l1"), patient("l2")))
    (tmp_path / "deep" / "zipped").write_bytes(gzip.compress(orjson.dumps(bundle)))
    (tmp_path / "deep" / "er" / "x.ndjson").write_bytes(bz2.compress(ndjson(patient("z1"), patient("z2"))))
    done = load(tmp_path)
    assert done.returncode == 0, done.stderr
    assert table(done) == {"Patient": (6, 0, 0, 0)}
    for id_ in ("one", "l1", "l2", "bundled", "z1", "z2"):
        assert client.get(f"Patient/{id_}").status_code == httpx.codes.OK
    again = load(tmp_path)
    assert again.returncode == 0
    assert table(again) == {"Patient": (0, 0, 6, 0)}
    assert len(client.get("Patient/one/_history").json()["entry"]) == 1


def test_what_is_refused_stops_nothing_else_and_is_told_with_file_line_path_and_reason(
    load: Load, client: httpx.Client, tmp_path: Path
) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n")
    (tmp_path / "b.txt").write_bytes(b"a letter")
    (tmp_path / "c.json").write_bytes(b"")
    (tmp_path / "d.ndjson").write_bytes(ndjson(patient("d1"), patient("d2", birthDate="99"), patient("d3")))
    (tmp_path / "e.ndjson.gz").write_bytes(gzip.compress(ndjson(*(patient(f"e{n}") for n in range(500))))[:-9])
    entries = [{"resource": patient("f1")}, {"resource": patient("f2", foo=1)}]
    (tmp_path / "f.json").write_bytes(orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    (tmp_path / "g.xml").write_bytes(b'<ClinicalDocument xmlns="urn:hl7-org:v3">')
    (tmp_path / "z.json").write_bytes(orjson.dumps(patient("z")))
    report = tmp_path.parent / f"{tmp_path.name}.jsonl"
    done = load(tmp_path, "--report", report)
    said = done.stdout.decode()
    assert done.returncode == 1
    assert f"{tmp_path}/a.pdf: A PDF" in said
    assert f"{tmp_path}/b.txt: This is neither FHIR" in said
    assert f"{tmp_path}/c.json: The file is empty." in said
    assert f"{tmp_path}/d.ndjson:2: Patient.birthDate: " in said
    assert f"{tmp_path}/e.ndjson.gz: The gzip data is cut short" in said
    assert f"{tmp_path}/f.json: Bundle.entry[1].resource.foo: " in said
    assert f"{tmp_path}/g.xml: A CDA document is not loaded yet" in said
    assert table(done)["(file)"] == (0, 0, 0, 5)
    assert table(done)["Patient"][3] == 2
    for id_ in ("d1", "d3", "f1", "z"):
        assert client.get(f"Patient/{id_}").status_code == httpx.codes.OK
    written = [orjson.loads(line) for line in report.read_bytes().splitlines()]
    assert len(written) == 7
    assert {"file": f"{tmp_path}/d.ndjson", "line": 2, "path": "Patient.birthDate"}.items() <= next(
        line for line in written if line["file"].endswith("d.ndjson")
    ).items()
    assert b"birthDate" not in done.stderr  # what a log might keep


def test_a_transaction_that_refers_to_what_a_later_file_creates_is_tried_again(
    load: Load, client: httpx.Client, tmp_path: Path
) -> None:
    def transaction(resource: dict[str, Any]) -> bytes:
        url = f"{resource['resourceType']}/{resource['id']}"
        made = {"resource": resource, "request": {"method": "PUT", "url": url}}
        return orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [made]})

    identifier = {"system": "http://example.org/ids", "value": "1"}
    group = {"resourceType": "Group", "id": "g", "type": "person", "actual": True}
    member = {"member": [{"entity": {"reference": "Patient?identifier=http://example.org/ids|1"}}]}
    flag = {"resourceType": "Basic", "id": "b", "code": {"text": "x"}}
    nobody = {"subject": {"reference": "Patient?identifier=http://example.org/ids|2"}}
    (tmp_path / "1-group.json").write_bytes(transaction(group | member))
    (tmp_path / "2-nobody.json").write_bytes(transaction(flag | nobody))
    (tmp_path / "3-patient.json").write_bytes(transaction(patient("p", identifier=[identifier])))
    done = load(tmp_path)
    assert table(done) == {"Basic": (0, 0, 0, 1), "Group": (1, 0, 0, 0), "Patient": (1, 0, 0, 0), "all": (2, 0, 0, 1)}
    assert done.returncode == 1
    assert client.get("Group/g").json()["member"][0]["entity"]["reference"] == "Patient/p"


def test_standard_input_is_loaded(load: Load, client: httpx.Client) -> None:
    done = load("-", given=gzip.compress(ndjson(patient("s1"), patient("s2"))))
    assert done.returncode == 0
    assert table(done) == {"Patient": (2, 0, 0, 0)}
    assert client.get("Patient/s2").status_code == httpx.codes.OK


def test_a_standard_input_without_anything_is_refused(load: Load) -> None:
    done = load("-")
    assert done.returncode == 1
    assert "standard input: The file is empty." in done.stdout.decode()


def test_paths_without_a_file_are_a_wrong_use(load: Load, tmp_path: Path) -> None:
    for path, said in ((tmp_path / "absent", "No such file"), (tmp_path, "There is no file in the folder")):
        done = load(path)
        assert done.returncode == 2
        assert said in done.stderr.decode()
        assert done.stdout == b""


def test_a_tenant_that_does_not_exist_is_told_with_the_command_that_makes_it(load: Load, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(patient("a")))
    done = load(tmp_path, tenant="no-such-tenant")
    assert done.returncode == 2
    assert "cordee tenant create no-such-tenant" in done.stderr.decode()


def test_only_the_first_refusals_are_shown_and_the_rest_counted(load: Load) -> None:
    done = load("-", given=ndjson(*(patient(f"p{n}", birthDate="x") for n in range(30))))
    assert len(re.findall(r"^standard input:\d+: Patient\.birthDate", done.stdout.decode(), re.MULTILINE)) == 20
    assert "and 10 more" in done.stdout.decode()


def test_several_jobs_store_what_one_would(load: Load, client: httpx.Client, tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.json").write_bytes(orjson.dumps(patient(f"p{number}")))
    assert table(load(tmp_path, "--jobs", "4")) == {"Patient": (12, 0, 0, 0)}
    assert len(client.get("Patient").json()["entry"]) == 12


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_load_keeps_what_it_stored_and_says_so(
    environment: dict[str, str], tenant_name: str, client: httpx.Client, sent: signal.Signals
) -> None:
    command = [CORDEE, "load", "--tenant", tenant_name, "-"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write(ndjson(*(patient(f"p{n}") for n in range(700))))
        process.stdin.flush()
        while client.get("Patient/p0").status_code != httpx.codes.OK:  # the first chunk is stored
            assert process.poll() is None
        process.send_signal(sent)
        process.wait(timeout=60)  # standard input is still open
        said, errors = process.communicate()
    assert process.returncode == 130
    done = subprocess.CompletedProcess(command, 130, said, errors)
    assert table(done) == {"Patient": (500, 0, 0, 0)}
    assert b"Traceback" not in errors
    assert b"Interrupted" in errors
    assert client.get("Patient/p499").status_code == httpx.codes.OK
    assert client.get("Patient/p500").status_code == httpx.codes.NOT_FOUND


def test_addresses_of_this_server_are_relative_and_resources_of_another_are_told(
    load: Load, client: httpx.Client, tmp_path: Path, tenant_name: str
) -> None:
    ours, theirs = f"https://ours.example.org/t/{tenant_name}/fhir", "https://theirs.example.org/fhir"
    client.put("Patient/1", json=patient("1", active=True)).raise_for_status()
    entries = [
        {
            "fullUrl": f"{ours}/Patient/2",
            "resource": patient("2", managingOrganization={"reference": f"{ours}/Organization/o"}),
        },
        {"fullUrl": f"{theirs}/Patient/1", "resource": patient("1", active=False)},
        {
            "fullUrl": f"{theirs}/Patient/3",
            "resource": patient("3", generalPractitioner=[{"reference": f"{ours}/Practitioner/p"}]),
        },
    ]
    (tmp_path / "searchset.json").write_bytes(
        orjson.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entries})
    )
    done = load("--base-url", "https://ours.example.org", tmp_path)
    assert done.returncode == 0
    assert f"2 came from {theirs} and have the ids they have there" in done.stdout.decode()
    assert "ours.example.org" not in done.stdout.decode()
    assert client.get("Patient/2").json()["managingOrganization"] == {"reference": "Organization/o"}
    assert client.get("Patient/3").json()["generalPractitioner"] == [{"reference": "Practitioner/p"}]
    assert client.get("Patient/1").json()["active"] is False
    assert client.get("Patient/1/_history/1").json()["active"] is True


def test_a_transaction_may_name_this_server_in_its_addresses(
    load: Load, client: httpx.Client, tmp_path: Path, tenant_name: str
) -> None:
    ours = f"https://ours.example.org/t/{tenant_name}/fhir"
    for type_, id_ in (("transaction", "t"), ("batch", "b")):
        entry = {
            "fullUrl": f"{ours}/Patient/{id_}",
            "resource": patient(id_),
            "request": {"method": "PUT", "url": f"{ours}/Patient/{id_}"},
        }
        (tmp_path / f"{type_}.json").write_bytes(
            orjson.dumps({"resourceType": "Bundle", "type": type_, "entry": [entry]})
        )
    assert load("--base-url", "https://ours.example.org/", tmp_path).returncode == 0
    assert client.get("Patient?_summary=count").json()["total"] == 2
    assert load(tmp_path).returncode == 1


def test_a_large_file_is_stored_by_processes_in_the_order_of_its_lines(
    load: Load, client: httpx.Client, tmp_path: Path
) -> None:
    lines = [patient(f"p{n}") if n % 2_000 else {"resourceType": "Patient", "gender": "x"} for n in range(8_000)]
    lines += [patient("p1", gender="male"), *lines[1:500], patient("p1", gender="female")]
    (tmp_path / "large.ndjson").write_bytes(ndjson(*lines))
    report = tmp_path / "refused"
    done = load(tmp_path / "large.ndjson", "--processes", "2", "--report", report)
    assert done.returncode == 1
    assert table(done)["Patient"][0] == 7_996
    assert [orjson.loads(line)["line"] for line in report.read_bytes().splitlines()] == [1, 2_001, 4_001, 6_001]
    assert client.get("Patient/p1").json()["gender"] == "female"
    assert client.get("Patient?_summary=count").json()["total"] == 7_996
