"""A real receiver of notifications, in the test's process: keeps what it is sent, and answers as it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Received:
    """A request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def resource(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def said(self) -> dict[str, Any]:
        """The parameters of a notification Bundle's status that are said once."""
        parameters = self.resource["entry"][0]["resource"]["parameter"]
        return {
            p["name"]: next(v for k, v in p.items() if k.startswith("value")) for p in parameters if "part" not in p
        }

    @property
    def numbers(self) -> list[int]:
        """The numbers of the events in a notification Bundle."""
        parameters = self.resource["entry"][0]["resource"]["parameter"]
        parts = [p["part"] for p in parameters if p["name"] == "notification-event"]
        return [int(part[0]["valueString"]) for part in parts]


@dataclass
class Receiver:
    """`answers` gives the status of each answer; `let_go` holds all answers back while it is clear."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], int] = lambda _request: 200
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, seen: Callable[[list[Received]], bool]) -> list[Received]:
        """What was received, once it is so."""
        async with self._came, asyncio.timeout(PATIENCE_SECONDS):
            await self._came.wait_for(lambda: seen(self.received))
            return list(self.received)

    async def count(self, number: int) -> list[Received]:
        """What was received, once that many requests were."""
        return await self.until(lambda received: len(received) >= number)

    async def take(self, request: web.Request) -> web.Response:
        """Keeps a request, then answers."""
        received = Received(request.method, request.path_qs, dict(request.headers), await request.read())
        async with self._came:
            self.received.append(received)
            self._came.notify_all()
        status = self.answer(received)
        await self.let_go.wait()
        headers = {"Location": "/elsewhere"} if 300 <= status < 400 else None
        return web.Response(status=status, headers=headers)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port of the loopback, until the end of the block."""
    receiver = Receiver()
    receiver.let_go.set()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}"
    try:
        yield receiver
    finally:
        receiver.let_go.set()
        await runner.cleanup()


async def eventually(check: Callable[[], Awaitable[Any]]) -> Any:
    """What `check` gives, once that is true."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (found := await check()):  # noqa: ASYNC110 - what is waited for happens in a database
            await asyncio.sleep(0.02)
        return found
