"""Exporting: what stood at one moment, once, whatever is written or killed meanwhile."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from cordee.api.operations.exporting import plan_export
from cordee.fhir.body import accept
from cordee.store.bulk_export import ExportOrder, compartments, export_files, moment
from cordee.store.connection import Database
from cordee.store.jobs import Job, JobQueue, run_jobs
from cordee.store.repository import Repository

Resource = dict[str, Any]


def patient(id_: str, **members: Any) -> Resource:
    return {"resourceType": "Patient", "id": id_, **members}


def observation(id_: str, subject: str, performer: str | None = None, code: str = "x") -> Resource:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": "urn:codes", "code": code}]},
        "subject": {"reference": subject},
    } | ({"performer": [{"reference": performer}]} if performer else {})


async def store(repository: Repository, *resources: Resource) -> None:
    for resource in resources:
        await repository.update(resource["resourceType"], resource["id"], accept(orjson.dumps(resource)))


class Exporting:
    """Exports of one tenant, run in this process by a kind of job of its own."""

    def __init__(self, database: Database, repository: Repository, folder: Path) -> None:
        self.kind = f"export-{uuid.uuid4().hex[:8]}"
        self.database = database
        self.repository = repository
        self.folder = folder / "jobs"
        self.most_file_bytes = 1_000_000

    async def ask(self, order: ExportOrder) -> Job:
        return await self.repository.jobs.ask(self.kind, order.as_json())

    @asynccontextmanager
    async def background(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        work = partial(export_files, plan=plan_export, most_file_bytes=self.most_file_bytes)
        running = asyncio.create_task(run_jobs(self.database, {self.kind: work}, self.folder, stop))
        try:
            yield
        finally:
            stop.set()
            await running

    async def run(self, order: ExportOrder) -> "Exported":
        job = await self.ask(order)
        async with self.background():
            ended_job = await ended(self.repository.jobs, job.id)
            return Exported(ended_job.result, self.folder / job.id)


class Exported:
    """What an export gave, read at once."""

    def __init__(self, result: Any, folder: Path) -> None:
        self.result = result
        self.left = sorted(path.name for path in folder.iterdir())
        self.resources: list[Resource] = []
        for described in result["output"]:
            lines = (folder / described["file"]).read_bytes().splitlines()
            assert len(lines) == described["count"]
            found = [orjson.loads(line) for line in lines]
            assert {one["resourceType"] for one in found} == {described["type"]}
            self.resources += found
        self.deleted = [
            entry["request"]["url"]
            for described in result["deleted"]
            for line in (folder / described["file"]).read_bytes().splitlines()
            for entry in orjson.loads(line)["entry"]
        ]

    @property
    def names(self) -> list[str]:
        return sorted(f"{one['resourceType']}/{one['id']}" for one in self.resources)


async def ended(jobs: JobQueue, job_id: str) -> Job:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        job = await jobs.find(job_id)
        if job.has_ended:
            assert job.state == "completed", job.fault
            return job
    pytest.fail("the job did not end")


@pytest.fixture
def exporting(database: Database, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exporting:
    monkeypatch.setattr(moment, "SECONDS_TO_BEGIN", 0)  # nobody writes beside the test
    return Exporting(database, repository, tmp_path)


TYPES = ("Group", "Observation", "Patient", "Practitioner")
ALL = ExportOrder(TYPES)
RECORDS = ExportOrder(("Patient", "Group", "Observation"), of_patients=True)


async def test_all_that_is_current_is_given_as_it_is_served(exporting: Exporting, repository: Repository) -> None:
    await store(repository, patient("a", gender="male"), patient("a", gender="female"), patient("b"), patient("c"))
    await store(repository, observation("o", "Patient/a"))
    await repository.delete("Patient", "c")
    exported = await exporting.run(ALL)
    assert exported.names == ["Observation/o", "Patient/a", "Patient/b"]
    assert exported.resources[1] == orjson.loads((await repository.read("Patient", "a")).body)
    assert exported.result["deleted"] == []
    assert exported.left == ["Observation-1.ndjson", "Patient-1.ndjson"]


async def test_files_are_split_at_a_size(exporting: Exporting, repository: Repository) -> None:
    await store(repository, *(patient(f"p{n}") for n in range(5)))
    exporting.most_file_bytes = 1
    exported = await exporting.run(ALL)
    assert exported.names == [f"Patient/p{n}" for n in range(5)]


async def test_since_gives_what_was_written_after_it_and_what_was_deleted(
    exporting: Exporting, repository: Repository
) -> None:
    await store(repository, patient("old"), patient("changed"), patient("deleted"), observation("o", "Patient/old"))
    before = (await exporting.run(ALL)).result["moment"]
    await store(repository, patient("changed", gender="male"), patient("new"))
    await repository.delete("Patient", "deleted")
    await repository.delete("Observation", "o")
    exported = await exporting.run(replace(ALL, since=before))
    assert exported.names == ["Patient/changed", "Patient/new"]
    assert sorted(exported.deleted) == ["Observation/o", "Patient/deleted"]
    again = await exporting.run(replace(ALL, since=exported.result["moment"]))
    assert (again.names, again.deleted) == ([], [])


async def test_until_leaves_out_what_was_written_after_it(exporting: Exporting, repository: Repository) -> None:
    await store(repository, patient("a"), patient("b"))
    before = (await exporting.run(ALL)).result["moment"]
    await store(repository, patient("b", gender="male"), patient("c"))
    assert (await exporting.run(replace(ALL, until=before))).names == ["Patient/a"]


async def test_filters_choose_among_their_type_and_add_up(exporting: Exporting, repository: Repository) -> None:
    await store(repository, patient("m", gender="male"), patient("f", gender="female"), patient("u", gender="unknown"))
    await store(repository, observation("om", "Patient/m"), observation("of", "Patient/f", code="y"))
    two = await exporting.run(replace(ALL, filters=("Patient?gender=male", "Patient?gender=female")))
    assert two.names == ["Observation/of", "Observation/om", "Patient/f", "Patient/m"]
    chained = await exporting.run(replace(ALL, filters=("Observation?subject:Patient.gender=male&code=x",)))
    assert [name for name in chained.names if name.startswith("Obs")] == ["Observation/om"]


async def test_elements_leave_the_rest_out_and_say_so(exporting: Exporting, repository: Repository) -> None:
    await store(repository, patient("a", gender="male", birthDate="1970-01-01"), observation("o", "Patient/a"))
    exported = await exporting.run(replace(ALL, elements=("Patient.gender",)))
    found = {one["id"]: one for one in exported.resources}
    assert found["a"]["gender"] == "male"
    assert "birthDate" not in found["a"]
    assert found["a"]["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert "subject" in found["o"]


@pytest.fixture
async def practice(repository: Repository) -> Repository:
    """Two patients, what is theirs, and what is nobody's."""
    await store(repository, patient("a"), patient("b"), {"resourceType": "Practitioner", "id": "p"})
    await store(
        repository,
        observation("a1", "Patient/a"),
        observation("b1", "Patient/b"),
        observation("told-by-a", "Group/g", "Patient/a"),
        observation("of-group", "Group/g", "Practitioner/p"),
        observation("elsewhere", "https://example.org/fhir/Patient/a"),
        {
            "resourceType": "Group",
            "id": "g",
            "type": "person",
            "actual": True,
            "member": [{"entity": {"reference": "Patient/a"}}],
        },
    )
    return repository


@pytest.mark.parametrize("few", [0, 2_000], ids=["gone through", "looked up"])
async def test_a_record_is_what_is_in_the_compartment(
    exporting: Exporting, practice: Repository, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(compartments, "FEW_PATIENTS", few)
    of_all = await exporting.run(RECORDS)
    assert of_all.names == [
        "Group/g",
        "Observation/a1",
        "Observation/b1",
        "Observation/told-by-a",
        "Patient/a",
        "Patient/b",
    ]
    of_one = await exporting.run(replace(RECORDS, patients=("b",)))
    assert of_one.names == ["Observation/b1", "Patient/b"]
    of_group = await exporting.run(replace(RECORDS, group="g"))
    assert of_group.names == ["Group/g", "Observation/a1", "Observation/told-by-a", "Patient/a"]


async def test_what_was_deleted_of_a_record_is_told_with_that_record_alone(
    exporting: Exporting, practice: Repository
) -> None:
    before = (await exporting.run(ALL)).result["moment"]
    for id_ in ("a1", "b1", "of-group"):
        await practice.delete("Observation", id_)
    of_all = await exporting.run(replace(RECORDS, since=before))
    assert sorted(of_all.deleted) == ["Observation/a1", "Observation/b1"]
    of_one = await exporting.run(replace(RECORDS, since=before, patients=("a",)))
    assert of_one.deleted == ["Observation/a1"]


async def test_members_that_are_inactive_are_left_out_and_groups_inside_followed(
    exporting: Exporting, practice: Repository
) -> None:
    outer = {
        "resourceType": "Group", "id": "outer", "type": "person", "actual": True,
        "member": [
            {"entity": {"reference": "Patient/b"}, "inactive": True},
            {"entity": {"reference": "Group/g"}},
            {"entity": {"reference": "Group/outer"}},
        ],
    }  # fmt: skip
    await store(practice, outer)
    exported = await exporting.run(replace(RECORDS, group="outer", types=("Patient",)))
    assert exported.names == ["Patient/a"]


async def test_a_group_that_lists_nobody_fails_the_export(exporting: Exporting, practice: Repository) -> None:
    await store(practice, {"resourceType": "Group", "id": "d", "type": "person", "actual": False})
    job = await exporting.ask(replace(RECORDS, group="d"))
    async with exporting.background():
        with pytest.raises(AssertionError, match="422"):
            await ended(practice.jobs, job.id)


_KILLABLE = """
import asyncio, os, sys
from functools import partial
from pathlib import Path
from cordee.api.operations.exporting import plan_export
from cordee.store.bulk_export import export_files, work
from cordee.store.connection import Database
from cordee.store.jobs import run_jobs

async def main(dsn, kind, folder):
    work._SECONDS_BETWEEN_CHECKPOINTS = 0
    work._READ_RESOURCES = 10
    database = Database(dsn, connections=6)
    await database.open()
    work_ = partial(export_files, plan=plan_export, most_file_bytes=20_000)
    await run_jobs(database, {kind: work_}, Path(folder), asyncio.Event())

asyncio.run(main(*sys.argv[1:]))
"""


async def test_an_export_that_is_killed_gives_what_stood_when_it_began_once(
    exporting: Exporting, repository: Repository, dsn: str, tmp_path: Path
) -> None:
    ids = [f"p{n:04}" for n in range(2_000)]
    await store(repository, *(patient(id_) for id_ in ids))
    program = tmp_path / "killable.py"
    program.write_text(_KILLABLE)
    job = await exporting.ask(ALL)
    command = [sys.executable, program, dsn, exporting.kind, exporting.folder]
    for goal in (1, 500):
        process = subprocess.Popen(command)  # noqa: ASYNC220 - it is to be killed, not waited for
        while True:
            kept = (await repository.jobs.find(job.id)).position
            if kept is not None and kept["given"] >= goal:
                break
            assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        # What was listed is given as it was, whatever is written now.
        await store(repository, *(patient(id_, gender="other") for id_ in ids[goal::300]), patient(f"new-{goal}"))
        await repository.delete("Patient", ids[-goal])
    async with exporting.background():
        exported = Exported((await ended(repository.jobs, job.id)).result, exporting.folder / job.id)
    assert exported.names == [f"Patient/{id_}" for id_ in ids]
    assert all("gender" not in one for one in exported.resources)
    assert len(exported.result["output"]) >= 3
