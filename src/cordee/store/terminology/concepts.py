"""The concepts of a code system looked up and chosen in PostgreSQL; is-a is a look-up in an index."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from cordee.fhir.terminology.concepts import decode_exact
from cordee.fhir.terminology.refusals import UnusableTerminology
from cordee.fhir.terminology.value_set import Filter
from cordee.store.connection import Connection, Connections
from cordee.store.terminology.canonicals import Canonical, Known, find_canonicals
from cordee.store.terminology.indexing import ensure_indexed

_CODES = ("code", "concept")
_TABLE = "FROM code_system_concept c WHERE c.tenant = $1 AND c.generation = $2"
_MEMBER = "c.concept, c.code, c.folded, c.display, c.searched, c.inactive, c.abstract, c.parents"


@dataclass(frozen=True, slots=True)
class StoredConcept:
    """A row of the table; `concept` is its identity, `parents` those of what it is directly under."""

    concept: int
    code: str
    folded: str
    display: str | None
    searched: str
    inactive: bool
    abstract: bool
    parents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """All that is said of a concept."""

    concept: StoredConcept
    ancestors: frozenset[int]
    parents: tuple[str, ...]
    """Their codes; `children` likewise."""
    children: tuple[str, ...]
    said: dict[str, Any]
    """definition, designation and property, as the CodeSystem writes them."""


class ConceptReader:
    """The canonical resources and the concepts of one tenant."""

    def __init__(self, connections: Connections, tenant: int) -> None:
        self._connections = connections
        self._tenant = tenant

    async def canonicals(self, wanted: Iterable[Canonical]) -> dict[Canonical, Known | None]:
        """The resource that each means now; see `find_canonicals`."""
        async with self._connections.searches() as connection:
            return await find_canonicals(connection, self._tenant, wanted)

    async def generation(self, code_system: Known) -> int | None:
        """The generation of its concepts, None when it has none here; see `ensure_indexed`."""
        if code_system.indexed_version == code_system.version:
            return code_system.generation
        async with self._connections.searches() as connection:
            return await ensure_indexed(connection, self._tenant, code_system)

    async def find(self, generation: int, folded: Sequence[str]) -> dict[str, StoredConcept]:
        """The concepts of those codes, as the system compares them, that are there."""
        async with self._connections.searches() as connection:
            rows = await connection.fetch(
                f"SELECT {_MEMBER} {_TABLE} AND c.folded = ANY($3::text[])", self._tenant, generation, folded
            )
        return {row["folded"]: _concept(row) for row in rows}

    async def select(
        self,
        generation: int,
        filters: Sequence[Filter],
        *,
        case_sensitive: bool,
        among: Sequence[str] | None = None,
        most: int | None = None,
    ) -> list[StoredConcept]:
        """The concepts that all filters keep, the first `most` in the order of the system; of the codes `among` alone.

        Raises `UnusableTerminology` for a filter that can't be applied.
        """
        async with self._connections.searches() as connection:
            conditions = _Conditions(connection, self._tenant, generation, case_sensitive)
            sql = "".join([f" AND {await conditions.of(one)}" for one in filters])
            if among is not None:
                sql += f" AND {conditions.among(among)}"
            sql += " ORDER BY c.concept"
            if most is not None:
                sql += f" LIMIT {conditions.limit(most)}"
            try:
                rows = await connection.fetch(
                    f"SELECT {_MEMBER} {_TABLE}{sql}", self._tenant, generation, *conditions.values
                )
            except asyncpg.InvalidRegularExpressionError:
                wrong = next(one for one in filters if one.op == "regex")
                raise UnusableTerminology(
                    f"«{wrong.value}» is not a regular expression.", path=f"{wrong.path}.value"
                ) from None
        return [_concept(row) for row in rows]

    async def details(self, generation: int, folded: str) -> Detail | None:
        """All that is said of a concept, None when the code is not there."""
        async with self._connections.searches() as connection:
            row = await connection.fetchrow(
                f"SELECT {_MEMBER}, c.ancestors, c.detail {_TABLE} AND c.folded = $3", self._tenant, generation, folded
            )
            if row is None:
                return None
            near = await connection.fetch(
                f"SELECT c.code, c.concept = ANY($3::bigint[]) AS is_parent {_TABLE} AND (c.concept = ANY($3::bigint[])"
                " OR (c.ancestors @> ARRAY[$4::bigint] AND $4 = ANY(c.parents))) ORDER BY c.concept",
                self._tenant,
                generation,
                row["parents"],
                row["concept"],
            )
        return Detail(
            _concept(row),
            frozenset(row["ancestors"]),
            tuple(one["code"] for one in near if one["is_parent"]),
            tuple(one["code"] for one in near if not one["is_parent"]),
            decode_exact(row["detail"]),
        )

    async def said(self, concepts: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Definition, designations and properties of many concepts, by their identity."""
        generations = sorted({concept >> 32 for concept in concepts})
        async with self._connections.searches() as connection:
            rows = await connection.fetch(
                "SELECT concept, detail FROM code_system_concept"
                " WHERE tenant = $1 AND generation = ANY($2::bigint[]) AND concept = ANY($3::bigint[])",
                self._tenant,
                generations,
                concepts,
            )
        return {row["concept"]: decode_exact(row["detail"]) for row in rows}


@dataclass(slots=True)
class _Conditions:
    """Filters as SQL; their values are the arguments from $3 on."""

    connection: Connection
    tenant: int
    generation: int
    case_sensitive: bool
    values: list[object] = field(default_factory=list)

    async def of(self, wanted: Filter) -> str:
        """The condition of one filter."""
        match wanted.op:
            case "is-a" | "descendent-of" | "is-not-a" | "generalizes":
                return await self._of_hierarchy(wanted)
            case "=":
                return await self._equal(wanted)
            case "in" | "not-in":
                inside = self._among(wanted.property, [value.strip() for value in wanted.value.split(",")])
                return inside if wanted.op == "in" else f"NOT {inside}"
            case "exists":
                return (
                    self._exists(wanted.property) if wanted.value == "true" else f"NOT {self._exists(wanted.property)}"
                )
        pattern = self._value(f"^(?:{wanted.value})$")
        column = self._column(wanted.property)
        if column is not None:
            return f"coalesce({column} ~ {pattern}, false)"
        return (
            "EXISTS (SELECT FROM jsonb_array_elements_text(c.properties -> "
            f"{self._value(wanted.property)}) AS v(said) WHERE v.said ~ {pattern})"
        )

    def limit(self, most: int) -> str:
        """A number of rows."""
        return self._value(most, "bigint")

    def among(self, folded: Sequence[str]) -> str:
        """The condition of being one of some codes, as the system compares them."""
        return f"c.folded = ANY({self._value(folded, 'text[]')})"

    async def _of_hierarchy(self, wanted: Filter) -> str:
        found = await self._row(wanted.value)
        if found is None:
            return "true" if wanted.op == "is-not-a" else "false"
        if wanted.op == "generalizes":
            return f"c.concept = ANY({self._value([found['concept'], *found['ancestors']], 'bigint[]')})"
        concept = self._value(found["concept"], "bigint")
        below = f"c.ancestors @> ARRAY[{concept}]"
        match wanted.op:
            case "descendent-of":
                return below
            case "is-a":
                return f"(c.concept = {concept} OR {below})"
        return f"NOT (c.concept = {concept} OR {below})"

    async def _equal(self, wanted: Filter) -> str:
        if wanted.property not in ("parent", "child"):
            return self._among(wanted.property, [wanted.value])
        found = await self._row(wanted.value)
        if found is None:
            return "false"
        if wanted.property == "child":
            return f"c.concept = ANY({self._value(found['parents'], 'bigint[]')})"
        concept = self._value(found["concept"], "bigint")
        return f"(c.ancestors @> ARRAY[{concept}] AND {concept} = ANY(c.parents))"

    def _among(self, name: str, values: Sequence[str]) -> str:
        if name in _CODES:
            return self.among(values if self.case_sensitive else [value.casefold() for value in values])
        column = self._column(name)
        if column is not None:
            return f"coalesce({column} = ANY({self._value(values, 'text[]')}), false)"
        return f"coalesce(c.properties -> {self._value(name)} ?| {self._value(values, 'text[]')}, false)"

    def _exists(self, name: str) -> str:
        match name:
            case "code" | "concept":
                return "true"
            case "display":
                return "(c.display IS NOT NULL)"
            case "parent":
                return "(c.parents <> '{}')"
            case "child":
                return (
                    "EXISTS (SELECT FROM code_system_concept d WHERE d.tenant = c.tenant"
                    " AND d.generation = c.generation AND d.ancestors @> ARRAY[c.concept])"
                )
        return f"(c.properties ? {self._value(name)})"

    def _column(self, name: str) -> str | None:
        if name in _CODES:
            return "c.code"
        return "c.display" if name == "display" else None

    async def _row(self, code: str) -> asyncpg.Record | None:
        folded = code if self.case_sensitive else code.casefold()
        return await self.connection.fetchrow(
            f"SELECT c.concept, c.ancestors, c.parents {_TABLE} AND c.folded = $3", self.tenant, self.generation, folded
        )

    def _value(self, value: object, kind: str = "text") -> str:
        self.values.append(value)
        return f"${len(self.values) + 2}::{kind}"


def _concept(row: asyncpg.Record) -> StoredConcept:
    return StoredConcept(
        row["concept"],
        row["code"],
        row["folded"],
        row["display"],
        row["searched"],
        row["inactive"],
        row["abstract"],
        tuple(row["parents"]),
    )
