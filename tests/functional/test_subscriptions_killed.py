"""A server killed while it delivers: nothing is lost, and the order holds."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.functional.conftest import CORDEE, free_port, wait_until_ready
from tests.receivers import Receiver, eventually, receiving
from tests.subscriptions import incoming, observation, subscription

from cordee.store.connection import Database
from cordee.store.repository import Repository

WRITTEN = 90


@asynccontextmanager
async def killable(dsn: str, log: Path) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """`cordee serve` with all its processes, and what kills them at once."""
    port = free_port()
    with log.open("ab") as written:
        process = await asyncio.to_thread(
            subprocess.Popen,
            [CORDEE, "serve", "--port", str(port), "--workers", "2"],
            env=os.environ
            | {"CORDEE_DATABASE_URL": dsn, "CORDEE_DATA_DIR": str(log.parent / "data")}
            | {"CORDEE_SUBSCRIPTION_ENDPOINTS": '["127.0.0.1"]', "CORDEE_SUBSCRIPTION_LONGEST_RETRY_SECONDS": "0.1"},
            stderr=written,
            start_new_session=True,
        )

    async def kill() -> None:
        os.killpg(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait, 30)

    try:
        await asyncio.to_thread(wait_until_ready, f"http://127.0.0.1:{port}", process)
        yield kill
    finally:
        if process.poll() is None:
            process.terminate()
            await asyncio.to_thread(process.wait, 30)


async def write(repository: Repository, numbers: range) -> None:
    for number in numbers:
        await repository.update("Observation", f"o{number % 4}", incoming(observation(f"o{number % 4}", number)))


async def test_what_is_written_around_two_deaths_of_the_server_comes_once_more_at_most_and_in_order(
    own_dsn: str, tmp_path: Path
) -> None:
    database = Database(own_dsn, connections=2)
    await database.open()
    try:
        async with receiving() as receiver:
            await run(Repository(database, await database.tenant("default")), receiver, own_dsn, tmp_path / "log")
            values = [request.resource["valueInteger"] for request in receiver.received]
    finally:
        await database.close()
    assert sorted(set(values)) == list(range(WRITTEN))
    assert values == sorted(values)
    assert len(values) <= WRITTEN + 2  # what was on its way when the server died is sent again


async def run(repository: Repository, receiver: Receiver, dsn: str, log: Path) -> None:
    asked = incoming(subscription("s", receiver.url, payload="application/fhir+json"))
    await repository.update("Subscription", "s", asked)

    async def active() -> bool:
        return '"active"' in (await repository.read("Subscription", "s")).body

    async with killable(dsn, log) as kill:
        await eventually(active)
        writing = asyncio.create_task(write(repository, range(60)))
        await receiver.count(10)
        await kill()
        await writing
    receiver.let_go.clear()  # the next one dies while it waits for an answer
    before = len(receiver.received)
    async with killable(dsn, log) as kill:
        await receiver.count(before + 1)
        await kill()
        receiver.let_go.set()
        await write(repository, range(60, WRITTEN))
    async with killable(dsn, log):
        await receiver.until(lambda all_: all_[-1].resource["valueInteger"] == WRITTEN - 1)
