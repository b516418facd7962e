"""What wakes the websockets of a process: one connection that listens to the database, while there are any."""

import asyncio

from cordee.store.connection import Database
from cordee.store.subscriptions.sockets import CHANNEL


class SocketNews:
    """News from the process that dispatches, for all the connections of this one; listened for while there are any."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: set[asyncio.Event] = set()
        self._listener: asyncio.Task[None] | None = None

    def join(self) -> asyncio.Event:
        """An event that is set at news, until `leave` is called with it."""
        told = asyncio.Event()
        self._waiting.add(told)
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        return told

    def leave(self, told: asyncio.Event) -> None:
        """No more news for it."""
        self._waiting.discard(told)
        if not self._waiting and self._listener is not None:
            self._listener.cancel()
            self._listener = None

    async def _listen(self) -> None:
        async with self._database.listening(CHANNEL) as news:
            while True:
                await news.wait()
                news.clear()
                for told in self._waiting:
                    told.set()
