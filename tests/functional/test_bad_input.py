"""What bad input gets: a status that tells, an OperationOutcome that names the place, and nothing is stored."""

import gzip
import json
import socket
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from tests.functional.conftest import Server

MARKER = "Zzmarqueur"
LIMIT = 20_000_000


def nested(depth: int) -> bytes:
    return (
        b'{"resourceType":"Patient","extension":' + b'[{"url":"x","extension":' * depth + b"[]" + b"}]" * depth + b"}"
    )


def outcome(answer: httpx.Response) -> dict[str, str]:
    assert answer.headers["content-type"].startswith("application/fhir+json")
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    issue: dict[str, str] = body["issue"][0]
    return issue


def stored(client: httpx.Client) -> int:
    return int(client.get("Patient?_summary=count").json()["total"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"resourceType":"Patient","name":[{"family":"x', "column"),
        (b'{"resourceType":"Patient",}', "column"),
        (b"", "empty"),
        (b"[1]", "array"),
        (b'"Patient"', "object"),
        (b"null", "null"),
        (b'{"resourceType":"Patient","name":[{"family":"a\x00b"}]}', "column"),
        (b'{"resourceType":"Patient","name":[{"family":"\xe9"}]}', "UTF-8"),
        (b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}', "column"),
        ('{"resourceType":"Patient"}'.encode("utf-16"), "JSON"),
        (nested(10_000), "column"),
        (b"[" * 100_000, "column"),
        (b'{"resourceType":"Patient","active":true,"active":false}', "active"),
        (b'{"resourceType":"Patient","name":[{"family":"a","family":"b"}]}', "family"),
        (b'{"resourceType":"Patient","multipleBirthInteger":NaN}', "column"),
        (b'{"resourceType":"Patient","multipleBirthInteger":1e999}', "column"),
    ],
)
def test_what_is_not_json_is_400_and_says_where(client: httpx.Client, body: bytes, said: str) -> None:
    refused = client.post("Patient", content=body)
    assert refused.status_code == 400
    assert said in outcome(refused)["diagnostics"]
    assert stored(client) == 0


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        (b'{"resourceType":"Observation"}', 400, "Observation"),
        (b'{"resourceType":"Poem"}', 400, ""),
        (b"{}", 400, ""),
        (b'{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}', 422, "Patient.name[0].family"),
        (b'{"resourceType":"Patient","birthDate":"2020-02-30"}', 422, "Patient.birthDate"),
        (b'{"resourceType":"Patient","birthDate":"30/01/2020"}', 422, "Patient.birthDate"),
        (b'{"resourceType":"Patient","nope":1}', 400, "Patient.nope"),
        (b'{"resourceType":"Patient","id":"a\\u0000b"}', 422, "Patient.id"),
        (b'{"resourceType":"Patient","id":"' + b"a" * 65 + b'"}', 422, "Patient.id"),
        (nested(300), 400, "Patient.extension"),
    ],
)
def test_a_body_that_breaks_the_rules_is_refused_with_the_path(
    client: httpx.Client, body: bytes, status: int, place: str
) -> None:
    """R4 http.html#create: 400 for what can't be read as the resource, 422 for what is read and refused."""
    refused = client.post("Patient", content=body)
    assert refused.status_code == status
    issue = outcome(refused)
    assert "".join(issue.get("expression", [""])).startswith(place)
    assert stored(client) == 0


def test_a_body_nested_too_deeply_is_refused_in_a_bundle_too(client: httpx.Client) -> None:
    for depth in (10_000, 400):
        bundle = b'{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Patient"},'
        refused = client.post("", content=bundle + b'"resource":' + nested(depth) + b"}]}")
        assert refused.status_code == 400
        outcome(refused)


def chunks() -> Iterator[bytes]:
    yield b'{"resourceType":"Patient","name":[{"family":"'
    for _ in range(50):
        yield b"a" * 1_000_000
    yield b'"}]}'


def memory(server: Server) -> int:
    port = urlsplit(server.url).port
    process = next(c.pid for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr.port == port)
    return int(psutil.Process(process).memory_info().rss)


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_of_50_mb_is_413_and_is_not_kept_in_memory(
    client: httpx.Client, server: Server, announced: bool
) -> None:
    before = memory(server)
    body = b"".join(chunks()) if announced else chunks()
    refused = client.post("Patient", content=body)
    assert (refused.status_code, outcome(refused)["code"]) == (413, "too-long")
    assert memory(server) - before < 2 * LIMIT + 10_000_000
    assert stored(client) == 0


def test_a_small_body_that_unpacks_to_a_huge_one_is_413(client: httpx.Client) -> None:
    packed = gzip.compress(b" " * 60_000_000, 1)
    assert client.post("Patient", content=packed, headers={"Content-Encoding": "gzip"}).status_code == 413


@pytest.mark.parametrize(("coding", "status"), [("gzip", 400), ("br", 415)])
def test_a_body_that_can_not_be_unpacked_is_refused(client: httpx.Client, coding: str, status: int) -> None:
    assert client.post("Patient", content=b"{}", headers={"Content-Encoding": coding}).status_code == status
    cut = gzip.compress(b'{"resourceType":"Patient"}')[:-9]
    assert client.post("Patient", content=cut, headers={"Content-Encoding": "gzip"}).status_code == 400


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("Patient/%00", 400),
        ("Patient/a%00b/_history/1", 400),
        ("Patient/" + "a" * 65, 400),
        ("Patient/é", 400),
        ("Patient/a b", 400),
        ("Patient/a%2Fb", 404),
        ("Patient/../metadata/x", 404),
        ("Poem/1", 404),
        ("Patient/1/$everything", 404),
        ("$poem", 404),
        ("Patient?name=" + "a" * 60_000, 200),
    ],
)
def test_odd_addresses_are_answered_by_the_standard(client: httpx.Client, address: str, status: int) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.json()["resourceType"] in ("OperationOutcome", "Bundle")


@pytest.mark.parametrize(
    "position", [[0, 10**30, 1], [10**30, 1, 1], [0, 1, 10**12], [0, -1, 1], {}, [], None, "x", [[]]]
)
def test_a_position_in_a_history_that_nobody_gave_is_400(client: httpx.Client, position: object) -> None:
    cursor = urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")
    assert client.get(f"Patient/_history?_cursor={cursor}").status_code == 400


@pytest.mark.parametrize(
    "position",
    [[10**30, 1], [1, 10**30], [True, 1], [1, 1, "x"], [1, 1, "\0"], [1.5, 1], [-1, 0, {}], {}, [], None, [[]]],
)
@pytest.mark.parametrize("sort", ["", "&_sort=birthdate", "&_sort=name", "&_sort=_lastUpdated"])
def test_a_position_in_a_search_that_nobody_gave_is_400(client: httpx.Client, position: object, sort: str) -> None:
    cursor = urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")
    assert client.get(f"Patient?_cursor={cursor}{sort}").status_code in ({200, 400} if sort else {400})


def test_a_client_that_leaves_in_the_middle_of_its_body_stores_nothing(client: httpx.Client, server: Server) -> None:
    parts = urlsplit(str(client.base_url))
    with socket.create_connection((parts.hostname, parts.port or 80)) as connection:
        head = f"POST {parts.path}Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
        connection.sendall(f'{head}Content-Length: 1000\r\n\r\n{{"resourceType":"Patient"'.encode())
    assert stored(client) == 0
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_two_writers_over_one_version_are_told_apart(client: httpx.Client) -> None:
    client.put("Patient/p", json={"resourceType": "Patient", "id": "p"})
    answers: list[int] = []
    start = threading.Barrier(8)

    def write(number: int) -> None:
        body = {"resourceType": "Patient", "id": "p", "multipleBirthInteger": number}
        with httpx.Client(base_url=client.base_url, headers=client.headers, timeout=30) as own:
            start.wait()
            answers.append(own.put("Patient/p", json=body, headers={"If-Match": 'W/"1"'}).status_code)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [412] * 7
    assert client.get("Patient/p/_history").json()["total"] == 2


def test_nothing_of_what_was_sent_is_in_the_log(client: httpx.Client, server: Server) -> None:
    name = [{"family": MARKER}]
    client.post("Patient", json={"resourceType": "Patient", "name": name, "nope": MARKER})
    client.post("Patient", content=f'{{"resourceType":"Patient","name":"{MARKER}'.encode())
    client.post("Patient", content=f'{{"resourceType":"Patient","{MARKER}":1,"{MARKER}":2}}'.encode())
    client.get(f"Patient?name={MARKER}&birthdate={MARKER}")
    client.get(f"Patient/{MARKER}/{MARKER}")
    client.get(f"Patient?name={MARKER}%00")
    client.post("Patient", json={"resourceType": "Patient", "name": name}, headers={"If-None-Exist": f"x={MARKER}"})
    entry = {"request": {"method": "PUT", "url": f"Patient?name={MARKER}"}, "resource": {"resourceType": "Patient"}}
    client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": [entry, entry]})
    httpx.get(f"{server.url}/t/{MARKER}%00/fhir/Patient")
    httpx.get(f"{server.url}/{MARKER}")
    log = server.log.read_text()
    assert "Uvicorn running" in log
    assert MARKER not in log


def test_the_server_never_failed(server: Server) -> None:
    assert 'status="500"' not in httpx.get(f"{server.url}/metrics").text
    assert "request failed" not in server.log.read_text()
