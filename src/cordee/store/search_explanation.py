"""The statements of a search and how PostgreSQL carries them out, for whoever looks for why one is slow."""

from dataclasses import dataclass
from typing import Any, cast

from cordee.fhir.query import Search
from cordee.store.connection import Connection
from cordee.store.search import search


@dataclass(frozen=True, slots=True)
class ExplainedStatement:
    """A statement with `$1`, `$2`… in it, and its plan with the times and rows of a run of its own."""

    sql: str
    plan: str


async def explain(
    connection: Connection, tenant: int, *wanted: Search, count: int, position: str | None = None
) -> list[ExplainedStatement]:
    """The statements that `search.search` runs for the same arguments, in their order; raises as it does.

    Each runs twice. A plan holds the values that were searched for.
    """
    recorder = _Recorder(connection)
    await search(cast("Connection", recorder), tenant, *wanted, count=count, position=position)
    return recorder.statements


class _Recorder:
    """A connection as far as a search uses one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements: list[ExplainedStatement] = []

    async def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        await self._explain(sql, arguments)
        return await self._connection.fetch(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        await self._explain(sql, arguments)
        return await self._connection.fetchval(sql, *arguments)

    async def _explain(self, sql: str, arguments: tuple[Any, ...]) -> None:
        lines = await self._connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", *arguments)
        self.statements.append(ExplainedStatement(sql.strip(), "\n".join(line[0] for line in lines)))
