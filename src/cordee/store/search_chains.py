"""What chains lead to, found before the search itself where it is little.

PostgreSQL has no idea how many rows refer to another, so it can't tell a chain that leads to one patient from one that
leads to half of them. So each chain is followed from its far end first, as long as few rows are met; the search then
looks among the rows found, by their numbers. A chain that meets many is left to be tried row by row from the near end,
where many rows pass, so that a page is soon full; where it comes from a few rows that many refer to, the references to
these are looked for.

The same holds for a criterion of many exact values: as one overlap of arrays, PostgreSQL takes them for a large part of
the table, so they are looked up one by one first.
"""

from collections.abc import Iterable
from dataclasses import replace

from cordee.fhir.query_tree import Chain, Criterion, ReverseChain
from cordee.fhir.query_values import StringSearch
from cordee.store import search_statements as statements
from cordee.store.connection import Connection
from cordee.store.index_values import parameter_key
from cordee.store.search_shape import Found, HasTerms, HasValue, IsOneOf, Lookup, rows

MOST_FOLLOWED = 2_000
"""Rows met at each step of a chain; more, and it is tried from the near end."""

MOST_ENDS = 200
"""Rows at the far end whose references are looked for."""

MANY_TERMS = 8
"""Of one criterion; fewer are well estimated as they are."""

MOST_TEXTS = 2_000
"""Texts that begin so, or have such a part, found by their index; of more, the rows are tried as they come."""

# OFFSET 0 keeps the other conditions out of the look-up, which PostgreSQL would else make by two indexes each time.
_HAVING = """
SELECT f.rid FROM unnest($3::bigint[]) AS wanted(term)
CROSS JOIN LATERAL (
  SELECT o.rid, o.tenant, o.resource_type, o.deleted FROM resource o WHERE o.terms @> ARRAY[wanted.term] OFFSET 0) AS f
WHERE f.tenant = $1 AND f.resource_type = $2 AND NOT f.deleted
LIMIT $4"""


async def follow_chains(
    connection: Connection, tenant: int, resource_type: str, criteria: Iterable[Criterion], *, most: int = MOST_FOLLOWED
) -> Found:
    """The rows that meet the chained criteria, and those chained inside, of which there are no more than `most`."""
    follower = _Follower(connection, tenant, most)
    for criterion in criteria:
        await follower.follow(resource_type, criterion)
        await follower.weigh_texts(resource_type, criterion)
    return follower.found


class _Follower:
    def __init__(self, connection: Connection, tenant: int, most: int) -> None:
        self._connection = connection
        self._tenant = tenant
        self._most = most
        self.found: dict[tuple[str, Criterion], Lookup] = {}

    async def follow(self, resource_type: str, criterion: Criterion) -> None:
        if self._most <= 0:
            return
        if criterion.combination is not None:
            for one in criterion.combination.criteria:
                await self.follow(resource_type, one)
            return
        if criterion.chain is not None:
            for link in criterion.chain.links:
                await self.follow(link.resource_type, link.criterion)
            key = parameter_key(self._tenant, resource_type, criterion.code)
            met = await self._referring(resource_type, key, criterion.chain)
        elif criterion.reverse is not None:
            await self.follow(criterion.reverse.resource_type, criterion.reverse.criterion)
            met = _one_of(await self._referred(resource_type, criterion.reverse))
        elif criterion.modifier is None and len(criterion.values) >= MANY_TERMS:
            met = _one_of(await self._having_any(resource_type, criterion))
        else:
            return
        if met is not None:
            self.found[resource_type, criterion] = met

    async def weigh_texts(self, resource_type: str, criterion: Criterion) -> None:
        """PostgreSQL can't tell how many rows have a text that begins so either, and gathers and sorts them all."""
        if self._most <= 0 or not any(isinstance(value, StringSearch) for value in criterion.values):
            return
        found, (_, *given) = rows(self._tenant, resource_type, [criterion])
        shape = found.conditions[0]
        if isinstance(shape, HasValue):
            call = statements.texts_at_most(shape.tests).call([self._tenant, *given, MOST_TEXTS + 1])
            if await self._connection.fetchval(*call) > MOST_TEXTS:
                self.found[resource_type, criterion] = replace(shape, common=True), given

    async def _referring(self, resource_type: str, key: int, chain: Chain) -> Lookup | None:
        terms: list[int] = []
        for link in chain.links:
            shape, given = rows(self._tenant, link.resource_type, [link.criterion], self.found)
            arguments = [self._tenant, *given, self._most + 1]
            terms += [key ^ row[0] for row in await self._connection.fetch(*statements.ends(shape).call(arguments))]
            if len(terms) > self._most:
                return None
        met = _one_of(await self._having(resource_type, terms) if terms else [])
        if met is None and len(terms) <= MOST_ENDS:
            return HasTerms(single=len(terms) == 1), [terms]
        return met

    async def _having_any(self, resource_type: str, criterion: Criterion) -> list[int] | None:
        shape, given = rows(self._tenant, resource_type, [criterion])
        if not isinstance(shape.conditions[0], HasTerms) or len(given[1]) > self._most:
            return None
        return await self._having(resource_type, given[1])

    async def _having(self, resource_type: str, terms: list[int]) -> list[int] | None:
        """The rows that have one of the terms; one that has several counts for each against the most."""
        met = await self._connection.fetch(_HAVING, self._tenant, resource_type, terms, self._most + 1)
        return sorted({row[0] for row in met}) if len(met) <= self._most else None

    async def _referred(self, resource_type: str, reverse: ReverseChain) -> list[int] | None:
        shape, given = rows(self._tenant, reverse.resource_type, [reverse.criterion], self.found)
        key = parameter_key(self._tenant, reverse.resource_type, reverse.code)
        arguments = [self._tenant, *given, self._most, self._most + 1, key, resource_type]
        met: list[int] | None = await self._connection.fetchval(*statements.referred(shape).call(arguments))
        return met


def _one_of(met: list[int] | None) -> Lookup | None:
    return None if met is None else (IsOneOf(), [met])
