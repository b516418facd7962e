"""Jobs are run once, in the background, go on after a crash from where they were kept, and can be cancelled."""

import asyncio
import uuid
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest

from cordee.fhir.outcome import NotFound, Unprocessable
from cordee.store.connection import Database
from cordee.store.jobs import MOST_FRUITLESS_ATTEMPTS, JobLost, JobQueue, run_jobs


@pytest.fixture
def kind():
    """A kind of job that no other test runs."""
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def jobs(repository):
    """The jobs of a tenant that no other test sees."""
    return repository.jobs


@asynccontextmanager
async def background(database, kind, work, folder, **options):
    """A background process's coroutine, for the length of the block."""
    stop = asyncio.Event()
    running = asyncio.create_task(run_jobs(database, {kind: work}, folder, stop, **options))
    try:
        yield running
    finally:
        stop.set()
        await running


async def ended(jobs: JobQueue, job_id: str, *, tries=2_000):
    """The job once it has ended."""
    for _ in range(tries):
        job = await jobs.find(job_id)
        if job.has_ended:
            return job
    pytest.fail("the job did not end")


async def gone(jobs, job_id, *, tries=2_000):
    for _ in range(tries):
        if job_id not in {job.id for job in await jobs.recent()}:
            return
    pytest.fail("the job is still there")


async def test_a_job_is_carried_out_with_what_was_asked_and_keeps_its_result(database, jobs, kind, tmp_path):
    async def double(running):
        assert running.job.payload == b"body"
        return {"doubled": running.job.request["number"] * 2}

    asked = await jobs.ask(kind, {"number": 21}, b"body")
    assert (asked.state, asked.progress) == ("accepted", "waiting")
    async with background(database, kind, double, tmp_path):
        job = await ended(jobs, asked.id)
    assert (job.state, job.result, job.payload, job.attempts) == ("completed", {"doubled": 42}, None, 1)
    assert job.expires - job.ended >= timedelta(hours=24)


async def test_jobs_are_taken_up_in_the_order_they_were_asked_for(database, jobs, kind, tmp_path):
    order = []

    async def note(running):
        order.append(running.job.request)

    asked = [await jobs.ask(kind, number) for number in range(5)]
    async with background(database, kind, note, tmp_path, at_once=1):
        await ended(jobs, asked[-1].id)
    assert order == list(range(5))


async def test_each_job_is_run_once_by_processes_that_look_at_the_same_time(database, jobs, kind, tmp_path):
    runs = []

    async def note(running):
        runs.append(running.job.request)
        await running.checkpoint(None, "half way")

    asked = [await jobs.ask(kind, number) for number in range(20)]
    async with background(database, kind, note, tmp_path), background(database, kind, note, tmp_path):
        for job in asked:
            await ended(jobs, job.id)
    assert sorted(runs) == list(range(20))


async def test_a_job_asked_for_in_a_transaction_that_is_rolled_back_never_was(database, jobs, kind):
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as connection:
            job = await jobs.ask(kind, None, connection=connection)
            raise ZeroDivisionError
    with pytest.raises(NotFound):
        await jobs.find(job.id)


async def test_a_job_whose_process_loses_its_connections_goes_on_from_where_it_was_kept(
    dsn, database, jobs, kind, tmp_path
):
    """What a killed process leaves: a job «running», and no session that holds its lock."""
    positions = []
    reached = asyncio.Event()
    lost = []

    async def count(running):
        start = running.job.position or 0
        positions.append(start)
        try:
            for number in range(start, 10):
                await running.checkpoint(number, f"{number} of 10")
                if start == 0 and number == 4:
                    reached.set()
                    await asyncio.Event().wait() if not lost else None
        except JobLost:
            lost.append(running.job.attempts)
            raise
        return "done"

    first = Database(dsn, connections=5)
    await first.open()
    asked = await jobs.ask(kind, None)
    dying = asyncio.create_task(run_jobs(first, {kind: count}, tmp_path, asyncio.Event()))
    await reached.wait()
    for pool in (first._rows, first._searches):
        pool.terminate()  # as the system does for a process that is killed
    async with background(database, kind, count, tmp_path):
        job = await ended(jobs, asked.id)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    assert (job.state, job.result, job.attempts) == ("completed", "done", 2)
    assert positions == [0, 4]


async def test_who_was_thought_dead_is_told_at_its_next_checkpoint_and_its_transaction_is_undone(
    dsn, database, jobs, kind, tmp_path
):
    told = asyncio.Event()
    taken = asyncio.Event()
    again = asyncio.Event()

    async def work(running):
        if running.job.attempts == 1:
            taken.set()
            await again.wait()
            with pytest.raises(JobLost):
                async with database.transaction() as connection:
                    await connection.execute("UPDATE job SET progress = 'stolen' WHERE id = $1", running.job.id)
                    await running.checkpoint(1, "too late", connection)
            told.set()
            raise JobLost
        again.set()
        await told.wait()
        return running.job.attempts

    asked = await jobs.ask(kind, None)
    async with background(database, kind, work, tmp_path):
        await taken.wait()
        await end_sessions_with_locks(dsn)
        job = await ended_by_another(dsn, jobs, kind, work, tmp_path, asked.id)
    assert (job.result, job.progress) == (2, "completed")


async def end_sessions_with_locks(dsn):
    """Ends, as the network may, the sessions that hold the locks of jobs; those who run them are not told."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    await connection.close()


async def ended_by_another(dsn, jobs, kind, work, folder, job_id):
    other = Database(dsn, connections=5)
    await other.open()
    try:
        async with background(other, kind, work, folder):
            return await ended(jobs, job_id, tries=5_000)
    finally:
        await other.close()


async def test_a_refusal_fails_the_job_with_its_issues(database, jobs, kind, tmp_path):
    async def refuse(_running):
        raise Unprocessable("The group has no members.", path="Group.member")

    asked = await jobs.ask(kind, None)
    async with background(database, kind, refuse, tmp_path):
        job = await ended(jobs, asked.id)
    assert (job.state, job.fault.status) == ("failed", 422)
    assert "Group.member" in job.fault.outcome


@pytest.mark.parametrize("keeps", [False, True], ids=["keeps nothing", "keeps the same place again and again"])
async def test_a_job_that_never_gets_further_is_given_up(database, jobs, kind, tmp_path, keeps):
    attempts = []

    async def fail(running):
        attempts.append(running.job.attempts)
        if keeps:
            await running.checkpoint(7, "seven")
        raise ZeroDivisionError

    asked = await jobs.ask(kind, None)
    async with background(database, kind, fail, tmp_path):
        job = await ended(jobs, asked.id)
    assert (job.state, job.fault.status) == ("failed", 500)
    assert attempts == list(range(1, MOST_FRUITLESS_ATTEMPTS + 1 + keeps))  # the first one that keeps it got there


async def test_a_running_job_that_is_cancelled_stops_and_its_files_go(database, jobs, kind, tmp_path):
    begun = asyncio.Event()

    async def wait(running):
        (running.files() / "part.ndjson").write_text("{}")
        begun.set()
        await asyncio.Event().wait()

    asked = await jobs.ask(kind, None)
    async with background(database, kind, wait, tmp_path):
        await begun.wait()
        await jobs.cancel(asked.id)
        with pytest.raises(NotFound):
            await jobs.find(asked.id)
        await gone(jobs, asked.id)
    assert not any(tmp_path.iterdir())


async def test_what_has_expired_is_forgotten_with_its_files(database, jobs, kind, tmp_path):
    async def write(running):
        (running.files() / "part.ndjson").write_text("{}")

    asked = await jobs.ask(kind, None)
    async with background(database, kind, write, tmp_path, kept_for=timedelta(0)):
        await gone(jobs, asked.id)
        await jobs.ask(kind, None)
    assert not (tmp_path / asked.id).exists()


async def test_the_files_of_a_job_are_nobody_elses_to_read(database, jobs, kind, tmp_path):
    async def write(running):
        return running.files().stat().st_mode & 0o777

    asked = await jobs.ask(kind, None)
    async with background(database, kind, write, tmp_path):
        assert (await ended(jobs, asked.id)).result == 0o700


async def test_a_stopped_process_leaves_its_job_to_the_next(database, jobs, kind, tmp_path):
    begun = asyncio.Event()

    async def wait_once(running):
        if running.job.attempts == 1:
            begun.set()
            await asyncio.Event().wait()
        return running.job.fruitless

    asked = await jobs.ask(kind, None)
    async with background(database, kind, wait_once, tmp_path):
        await begun.wait()
    async with background(database, kind, wait_once, tmp_path):
        job = await ended(jobs, asked.id)
    assert (job.attempts, job.result) == (2, 1)


async def test_a_tenant_does_not_see_the_jobs_of_another(database, jobs, kind, dsn):
    asked = await jobs.ask(kind, None)
    name = f"other-{uuid.uuid4().hex[:8]}"
    connection = await asyncpg.connect(dsn)
    await connection.execute("INSERT INTO tenant (name) VALUES ($1)", name)
    await connection.close()
    others = JobQueue(database, await database.tenant(name))
    assert await others.recent() == []
    for look in (others.find, others.cancel):
        with pytest.raises(NotFound):
            await look(asked.id)
    assert (await jobs.find(asked.id)).state == "accepted"
