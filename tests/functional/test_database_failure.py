"""The database killed and started again while requests are under way."""

import tempfile
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest
from tests.functional.conftest import Server, serving

from cordee.store.embedded import EmbeddedPostgres
from cordee.store.migrate import migrate

GROUPS = "https://example.org/groups"
HEADERS = {"Content-Type": "application/fhir+json"}


@pytest.fixture
async def own_postgres() -> AsyncIterator[tuple[EmbeddedPostgres, Path, str]]:
    """A PostgreSQL of this test alone: its folder and its address."""
    with tempfile.TemporaryDirectory(prefix="cordee-killed-") as folder:
        postgres = EmbeddedPostgres(Path(folder))
        dsn = postgres.start()
        await migrate(dsn)
        yield postgres, Path(folder), dsn
        postgres.stop()


def transaction(size: int, group: str) -> dict[str, object]:
    entries = [
        {
            "request": {"method": "POST", "url": "Basic"},
            "resource": {
                "resourceType": "Basic",
                "code": {"text": group},
                "identifier": [{"system": GROUPS, "value": group}],
            },
        }
        for _ in range(size)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def kill(folder: Path) -> None:
    """As if the machine had lost power for PostgreSQL alone; returns once every process of it is gone."""
    postmaster = psutil.Process(int((folder / "postgresql" / "postmaster.pid").read_text().split()[0]))
    processes = [postmaster, *postmaster.children(recursive=True)]
    postmaster.kill()
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert not alive


def test_a_killed_database_is_503_nothing_is_half_stored_and_the_server_recovers(
    own_postgres: tuple[EmbeddedPostgres, Path, str], tmp_path: Path
) -> None:
    postgres, folder, dsn = own_postgres
    size = 200
    answers: list[int] = []
    outcomes: list[tuple[str, bool]] = []
    first_answered = threading.Event()
    enough = threading.Event()

    with serving(dsn, tmp_path / "log") as server:

        def write(worker: int) -> None:
            with httpx.Client(base_url=f"{server.url}/fhir", headers=HEADERS, timeout=60) as client:
                for number in range(200):
                    answer = client.post("", json=transaction(size, f"g-{worker}-{number}"))
                    answers.append(answer.status_code)
                    first_answered.set()
                    if answer.status_code != 200:
                        outcomes.append((answer.json()["resourceType"], "retry-after" in answer.headers))
                    if enough.is_set():
                        return

        threads = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
        for thread in threads:
            thread.start()
        first_answered.wait(60)
        kill(folder)
        _wait_for_refusal(server)
        enough.set()
        for thread in threads:
            thread.join()
        assert set(answers) == {200, 503}
        assert set(outcomes) == {("OperationOutcome", True)}
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        assert httpx.get(f"{server.url}/readyz").status_code == 503

        postgres.start()
        with httpx.Client(base_url=f"{server.url}/fhir", headers=HEADERS, timeout=60) as client:
            assert client.get("metadata").status_code == 200
            counted = client.get(f"Basic?identifier={GROUPS}|&_summary=count")
            assert counted.status_code == 200
            total = counted.json()["total"]
            assert total % size == 0
            assert total >= answers.count(200) * size
            assert client.post("", json=transaction(1, "after")).status_code == 200
            assert client.get("Basic?identifier=after&_summary=count").json()["total"] == 1
        assert httpx.get(f"{server.url}/readyz").status_code == 200


def _wait_for_refusal(server: Server) -> None:
    for _ in range(1000):
        refused = httpx.get(f"{server.url}/fhir/Basic/none", timeout=60)
        if refused.status_code == 503:
            assert refused.json()["issue"][0]["code"] == "transient"
            return
    pytest.fail("the server went on answering without its database")
