"""Connections to PostgreSQL: two pools, because reads by key and searches want different plans."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

import asyncpg

from cordee.fhir.outcome import Conflict, FhirError, NotFound, Sealed, Unavailable

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
    _Base = asyncpg.Connection[asyncpg.Record]
else:
    Connection = Pool = object
    _Base = asyncpg.Connection

DEFAULT_TENANT = "default"

_GONE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection cut at the wrong moment of the protocol
)


_SEALED = "CO001"
"""What the triggers of the migrations raise: their message names the resource, and nothing of its content."""


_SECONDS_BEFORE_RECONNECTION = 1.0


class _PlainConnection(_Base):
    """Nothing here changes a session's state, so giving a connection back need not cost a round trip."""

    def get_reset_query(self) -> str:
        return ""


class Database:
    """The pools of one process. `open` first, `close` last.

    A free connection is waited for `waiting_seconds`; at the end, work under way gets `closing_seconds`.
    """

    def __init__(
        self,
        dsn: str,
        *,
        connections: int = 8,
        statement_timeout_seconds: int = 60,
        waiting_seconds: float = 30,
        closing_seconds: float = 5,
    ) -> None:
        self._dsn = dsn
        self._connections = connections
        self._timeout = statement_timeout_seconds * 1000
        self._waiting = waiting_seconds
        self._closing = closing_seconds
        self._tenants: dict[str, int] = {}
        self._free_rids: list[int] = []
        self._rows: Pool
        self._searches: Pool

    @property
    def dsn(self) -> str:
        """The address of the server, for processes that open pools of their own."""
        return self._dsn

    async def open(self) -> None:
        """Connects; raises `Unavailable` when the server can't be reached."""
        try:
            self._rows = await self._pool({})
            # The values of a search are skewed: a plan made for one is wrong for the next. Parallel workers would take
            # the processors of other searches, and sort what one process goes through until a page is full.
            self._searches = await self._pool(
                {
                    "plan_cache_mode": "force_custom_plan",
                    "max_parallel_workers_per_gather": "0",
                    "enable_hashjoin": "off",
                    "enable_seqscan": "off",
                }
            )
        except _GONE as error:
            raise _unavailable(error) from error

    async def close(self) -> None:
        """Gives the connections up, ending those still at work after a while."""
        for pool in (self._rows, self._searches):
            try:
                with suppress(TimeoutError):
                    await asyncio.wait_for(pool.close(), self._closing)
            finally:
                pool.terminate()

    def rows(self) -> "Borrowed":
        """A connection for reads by key and for writes, until the end of the block."""
        return Borrowed(self._rows, self._waiting)

    def searches(self) -> "Borrowed":
        """A connection whose plans are made anew for each search's values, until the end of the block."""
        return Borrowed(self._searches, self._waiting)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside a transaction, committed at the end, rolled back on any error.

        Transactions look conditions up and write many rows at once: both want plans made for their values and sizes.
        """
        async with self.searches() as connection, connection.transaction():
            yield connection

    async def tenant(self, name: str) -> int:
        """The number of a tenant; `NotFound` when there is none of that name."""
        known = self._tenants.get(name)
        if known is not None:
            return known
        async with self.rows() as connection:
            found = await connection.fetchval("SELECT tenant FROM tenant WHERE name = $1", name)
        if found is None:
            raise NotFound(f"There is no tenant «{name}» here.")
        self._tenants[name] = int(found)
        return int(found)

    @asynccontextmanager
    async def listening(self, channel: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set at each notification on `channel`, until the end of the block.

        It is set too when the connection is lost and when it is had again: what was said meanwhile was not heard.
        """
        news = asyncio.Event()
        listener = asyncio.create_task(self._listen(channel, news))
        try:
            yield news
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    async def _listen(self, channel: str, news: asyncio.Event) -> None:
        while True:
            lost = asyncio.Event()
            with suppress(*_GONE, asyncpg.PostgresError):
                connection = await asyncpg.connect(self._dsn, server_settings={"application_name": "cordee listener"})
                try:
                    connection.add_termination_listener(lambda _connection, lost=lost: lost.set())
                    await connection.add_listener(channel, lambda *_: news.set())
                    news.set()
                    await lost.wait()
                finally:
                    connection.terminate()
            news.set()
            await asyncio.sleep(_SECONDS_BEFORE_RECONNECTION)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Connection]:
        """A connection of its own, whose locks and settings end with the block; the database's failures as `rows`.

        For what holds a session's lock for long: the pools are for work that ends soon.
        """
        try:
            connection = await asyncpg.connect(self._dsn, server_settings=self._server_settings)
            try:
                yield connection
            finally:
                connection.terminate()
        except (*_GONE, asyncpg.PostgresError) as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            raise refusal from error

    async def next_rids(self, connection: Connection, count: int) -> list[int]:
        """`count` row identities never used before; those left of an earlier block come first."""
        while len(self._free_rids) < count:
            first = await connection.fetchval("SELECT nextval('resource_rid')")
            self._free_rids[:0] = range(first + 999, first - 1, -1)  # taken from the end
        return [self._free_rids.pop() for _ in range(count)]

    @property
    def _server_settings(self) -> dict[str, str]:
        return {
            "application_name": "cordee",
            "jit": "off",
            "timezone": "UTC",
            "statement_timeout": str(self._timeout),
        }

    async def _pool(self, settings: dict[str, str]) -> Pool:
        return await asyncpg.create_pool(
            self._dsn,
            min_size=1,
            max_size=self._connections,
            connection_class=_PlainConnection,
            server_settings=self._server_settings | settings,
        )


class Borrowed:
    """A connection of a pool for the length of an `async with` block; on the hottest path, hence no generator.

    The database's failures leave the block in the words of the standard: `Unavailable`, `Conflict`.
    """

    __slots__ = ("_connection", "_pool", "_waiting")

    def __init__(self, pool: Pool, waiting_seconds: float) -> None:
        self._pool = pool
        self._waiting = waiting_seconds

    async def __aenter__(self) -> Connection:
        try:
            self._connection = await self._pool.acquire(timeout=self._waiting)
        except TimeoutError as error:
            raise Unavailable("All connections to the database are busy; try again later.") from error
        except (*_GONE, asyncpg.PostgresError) as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            raise refusal from error
        return self._connection

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._pool.release(self._connection)
        refusal = None if error is None else refusal_of(error)
        if refusal is not None:
            raise refusal from error


def refusal_of(error: BaseException) -> FhirError | None:
    """What a failure of the database is to a client. An error's detail can hold data: it is not repeated."""
    if isinstance(error, asyncpg.QueryCanceledError):
        return Unavailable("The database took too long over this; ask for less, or later.")
    if isinstance(error, asyncpg.SerializationError | asyncpg.DeadlockDetectedError):
        return Conflict("Another writer is changing the same resources; try again.")
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate == _SEALED:
        return Sealed(f"{error}.")
    return _unavailable(error) if isinstance(error, _GONE) else None


def _unavailable(error: BaseException) -> Unavailable:
    return Unavailable(
        f"The database can't be reached ({type(error).__name__}). If this was a write, it may or may not have been "
        "stored: read it back, or repeat it with a condition."
    )


class Connections(Protocol):
    """Where readers get their connections: the pools of a `Database`, or the one of a transaction."""

    def rows(self) -> AbstractAsyncContextManager[Connection]:
        """For reads by key."""

    def searches(self) -> AbstractAsyncContextManager[Connection]:
        """For searches and histories."""


class Held:
    """A connection that somebody else holds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def rows(self) -> AsyncIterator[Connection]:
        """That connection, for reads of any kind."""
        yield self._connection

    searches = rows
