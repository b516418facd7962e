"""Importing: every line once, in order, whatever was killed; refusals named by their line."""

import asyncio
import gzip
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest

from cordee.fhir.outcome import NotFound
from cordee.store.bulk_import import ImportInput, ImportOrder, ImportPolicy, Mode, import_files
from cordee.store.connection import Database
from cordee.store.jobs import Job, JobQueue, run_jobs
from cordee.store.repository import Repository

Resource = dict[str, Any]
LINE = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line"


def patient(id_: str, family: str = "Essai") -> Resource:
    return {"resourceType": "Patient", "id": id_, "name": [{"family": family}]}


def ndjson(*resources: Resource) -> bytes:
    return b"".join(orjson.dumps(resource) + b"\n" for resource in resources)


class Importing:
    """Imports into one tenant, run in this process by a kind of job of its own."""

    def __init__(self, database: Database, repository: Repository, folder: Path) -> None:
        self.kind = f"import-{uuid.uuid4().hex[:8]}"
        self.database = database
        self.repository = repository
        self.inputs = folder / "in"
        self.inputs.mkdir()
        self.jobs_folder = folder / "jobs"
        self.policy = ImportPolicy(self.inputs, frozenset(), 1_000_000, 2)

    def file(self, name: str, content: bytes) -> str:
        (self.inputs / name).write_bytes(content)
        return f"file://{self.inputs}/{name}"

    async def ask(self, *inputs: ImportInput | str, mode: Mode = "best-effort") -> Job:
        given = tuple(ImportInput(one) if isinstance(one, str) else one for one in inputs)
        return await self.repository.jobs.ask(self.kind, ImportOrder(given, mode).as_json())

    @asynccontextmanager
    async def background(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        works = {self.kind: partial(import_files, policy=self.policy)}
        running = asyncio.create_task(run_jobs(self.database, works, self.jobs_folder, stop))
        try:
            yield
        finally:
            stop.set()
            await running

    async def run(self, *inputs: ImportInput | str, mode: Mode = "best-effort") -> Any:
        """The result of an import."""
        job = await self.ask(*inputs, mode=mode)
        async with self.background():
            return (await ended(self.repository.jobs, job.id)).result

    def errors(self, job: str, number: int = 1) -> list[Resource]:
        return [
            orjson.loads(line)
            for line in (self.jobs_folder / job / f"errors-{number}.ndjson").read_bytes().splitlines()
        ]


async def ended(jobs: JobQueue, job_id: str) -> Job:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        job = await jobs.find(job_id)
        if job.has_ended:
            assert job.state == "completed", job.fault
            return job
    pytest.fail("the job did not end")


@pytest.fixture
def importing(database: Database, repository: Repository, tmp_path: Path) -> Importing:
    return Importing(database, repository, tmp_path)


async def version(repository: Repository, id_: str) -> int:
    return (await repository.read("Patient", id_)).version


async def test_each_line_is_stored_as_any_other_write(importing: Importing, repository: Repository) -> None:
    lines = ndjson(patient("a"), patient("b"), {"resourceType": "Basic", "code": {"text": "x"}})
    result = await importing.run(importing.file("all.ndjson", lines))
    (file,) = result["inputs"]
    assert file["effects"] == {"Basic created": 1, "Patient created": 2}
    assert file["errors"] is None
    assert orjson.loads((await repository.read("Patient", "a")).body)["name"] == [{"family": "Essai"}]


async def test_what_is_stored_already_is_written_only_if_it_differs(
    importing: Importing, repository: Repository
) -> None:
    await importing.run(importing.file("1", ndjson(patient("a"), patient("b"))))
    result = await importing.run(importing.file("2", ndjson(patient("a"), patient("b", "Autre"))))
    assert result["inputs"][0]["effects"] == {"Patient unchanged": 1, "Patient updated": 1}
    assert [await version(repository, id_) for id_ in "ab"] == [1, 2]


async def test_a_resource_that_is_there_twice_is_stored_twice_and_the_last_one_stands(
    importing: Importing, repository: Repository
) -> None:
    others = [patient(f"p{n}") for n in range(3_000)]
    lines = ndjson(
        patient("a", "first"), *others[:1_500], patient("a", "second"), *others[1_500:], patient("a", "third")
    )
    result = await importing.run(importing.file("twice", lines))
    assert result["inputs"][0]["effects"] == {"Patient created": 3_001, "Patient updated": 2}
    assert await version(repository, "a") == 3
    assert "third" in (await repository.read("Patient", "a")).body


async def test_lines_that_are_refused_are_named_and_keep_no_other_from_being_stored(
    importing: Importing, repository: Repository
) -> None:
    lines = b"\n".join(
        [
            orjson.dumps(patient("a")),
            b"nonsense",
            b"",
            orjson.dumps({"resourceType": "Patient", "id": "b", "gender": "x"}),
            b'{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"}}',
            b'{"resourceType":"Patient","id":"long","name":[{"family":"' + b"x" * 1_000_000 + b'"}]}',
            orjson.dumps(patient("nul", "\0")),
            orjson.dumps(patient("c")),
        ]
    )
    job = await importing.ask(ImportInput(importing.file("bad", lines), "Patient"))
    async with importing.background():
        result = (await ended(repository.jobs, job.id)).result
        assert result["inputs"][0]["effects"]["Patient created"] == 2
        errors = importing.errors(job.id)
        assert result["inputs"][0]["errors"] == {"file": "errors-1.ndjson", "count": len(errors)}
        named = [outcome["issue"][0]["extension"][0] for outcome in errors]
        assert named == [{"url": LINE, "valueInteger": line} for line in (2, 4, 5, 6, 7)]
        assert errors[1]["issue"][0]["expression"] == ["Patient.gender"]
        folder = importing.jobs_folder / job.id
        assert oct(folder.stat().st_mode)[-3:] == "700"
        assert oct((folder / "errors-1.ndjson").stat().st_mode)[-3:] == "600"
    for id_ in ("b", "nul", "long"):
        with pytest.raises(NotFound):
            await repository.read("Patient", id_)


async def test_a_file_that_is_cut_short_is_stored_up_to_there_and_said_to_be(importing: Importing) -> None:
    whole = gzip.compress(ndjson(*(patient(f"p{n}", uuid.uuid4().hex) for n in range(3_000))))
    job = await importing.ask(importing.file("cut.gz", whole[: len(whole) // 2]))
    async with importing.background():
        effects = (await ended(importing.repository.jobs, job.id)).result["inputs"][0]["effects"]
        assert 1_000 < effects["Patient created"] < 2_000
        (outcome,) = importing.errors(job.id)
    assert "cut short" in outcome["issue"][0]["diagnostics"]


async def test_a_file_that_can_not_be_read_keeps_no_other_from_being_imported(importing: Importing) -> None:
    job = await importing.ask(f"file://{importing.inputs}/absent", importing.file("there", ndjson(patient("a"))))
    async with importing.background():
        absent, there = (await ended(importing.repository.jobs, job.id)).result["inputs"]
    assert absent["effects"] == {"file refused": 1}
    assert absent["errors"]["count"] == 1
    assert there["effects"] == {"Patient created": 1}


async def test_an_atomic_file_with_a_line_that_is_refused_stores_nothing(
    importing: Importing, repository: Repository
) -> None:
    bad = importing.file(
        "bad", ndjson(*(patient(f"p{n}") for n in range(1_500)), {"resourceType": "Patient", "gender": "x"})
    )
    good = importing.file("good", ndjson(patient("good")))
    result = await importing.run(bad, good, mode="atomic")
    assert [file["effects"] for file in result["inputs"]] == [{"line refused": 1}, {"Patient created": 1}]
    with pytest.raises(NotFound):
        await repository.read("Patient", "p0")


async def test_imports_of_the_same_resources_at_once_lose_nothing(importing: Importing, repository: Repository) -> None:
    ids = [f"p{n}" for n in range(2_500)]
    files = [
        importing.file(f"{family}", ndjson(*(patient(id_, family) for id_ in order)))
        for family, order in (("une", ids), ("deux", ids[::-1]))
    ]
    jobs = [await importing.ask(file) for file in files]
    async with importing.background():
        results = [(await ended(repository.jobs, job.id)).result["inputs"][0]["effects"] for job in jobs]
    assert sum(effects.get("Patient created", 0) for effects in results) == len(ids)
    assert sum(sum(effects.values()) for effects in results) == 2 * len(ids)
    for id_ in ids[::500]:
        assert await version(repository, id_) == 2


_KILLABLE = """
import asyncio, sys
from functools import partial
from pathlib import Path
from cordee.store.bulk_import import ImportPolicy, import_files
from cordee.store.connection import Database
from cordee.store.jobs import run_jobs

async def main(dsn, kind, inputs, folder):
    database = Database(dsn, connections=6)
    await database.open()
    policy = ImportPolicy(Path(inputs), frozenset(), 1_000_000, 1)
    await run_jobs(database, {kind: partial(import_files, policy=policy)}, Path(folder), asyncio.Event())

if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
"""


async def test_an_import_that_is_killed_again_and_again_stores_every_line_once(
    importing: Importing, repository: Repository, dsn: str, tmp_path: Path
) -> None:
    program = tmp_path / "killable.py"
    program.write_text(_KILLABLE)
    anonymous = [{"resourceType": "Basic", "code": {"text": f"{n}"}} for n in range(6_000)]
    lines = []
    for n, one in enumerate(anonymous):
        lines.append(one if n % 300 else {"resourceType": "Basic"})  # every 300th is refused
    job = await importing.ask(importing.file("once", ndjson(*lines, patient("a", "x"), patient("a", "y"))))
    stored = "SELECT count(*) FROM resource WHERE tenant = $1"
    async with importing.database.rows() as connection:
        for goal in (1, 3_000):
            process = subprocess.Popen(  # noqa: ASYNC220 - it is to be killed, not waited for
                [sys.executable, program, dsn, importing.kind, importing.inputs, importing.jobs_folder]
            )
            children = []
            while await connection.fetchval(stored, repository.tenant) < goal:
                assert process.poll() is None
                children = psutil.Process(process.pid).children(recursive=True)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            psutil.wait_procs(children, timeout=30)
    async with importing.background():
        result = (await ended(repository.jobs, job.id)).result
        errors = importing.errors(job.id)
    assert result["inputs"][0]["effects"] == {
        "Basic created": 5_980,
        "line refused": 20,
        "Patient created": 1,
        "Patient updated": 1,
    }
    assert [outcome["issue"][0]["extension"][0]["valueInteger"] for outcome in errors] == list(range(1, 6_001, 300))
    async with importing.database.rows() as connection:
        texts = await connection.fetch(
            "SELECT body::jsonb #>> '{code,text}' FROM resource WHERE tenant = $1 AND resource_type = 'Basic'",
            repository.tenant,
        )
        marks = await connection.fetchval("SELECT count(*) FROM import_piece WHERE tenant = $1", repository.tenant)
    assert sorted(int(row[0]) for row in texts) == [n for n in range(6_000) if n % 300]
    assert marks == 0
    assert await version(repository, "a") == 2


async def test_a_file_that_was_changed_meanwhile_is_not_gone_on_with(
    importing: Importing, repository: Repository
) -> None:
    url = importing.file("changing", ndjson(*(patient(f"p{n}") for n in range(2_000))))
    job = await importing.ask(url)
    async with importing.database.rows() as connection:
        await connection.execute(
            "UPDATE job SET position = $2 WHERE id = $1",
            job.id,
            orjson.dumps(
                {
                    "begun": "2026-01-01T00:00:00.000Z",
                    "file": 0,
                    "piece": 1,
                    "files": [{"effects": {}, "errors": 0, "error_bytes": 0, "stamp": [1, 1]}],
                }
            ).decode(),
        )
    async with importing.background():
        result = (await ended(repository.jobs, job.id)).result
    assert result["inputs"][0]["effects"] == {"file refused": 1}
