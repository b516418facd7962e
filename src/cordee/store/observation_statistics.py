"""Statistics of measured quantities (R4 operation-observation-stats.html), in the exact decimals of the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from cordee.fhir.outcome import Unprocessable
from cordee.fhir.query import Search
from cordee.fhir.query_refusals import too_costly
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.written_references import references_written
from cordee.store.bounded_rows import bounded, whole
from cordee.store.connection import Connection
from cordee.store.index_values import long_key, parameter_key
from cordee.store.read import find_several
from cordee.store.search import MOST_PAGE_BYTES, find_rids

MOST_MEASURED = 100_000
"""Observations that statistics are made of."""

_ROW = "SELECT * FROM resource o WHERE o.tenant = $1 AND o.resource_type = 'Observation' AND o.rid = wanted.rid LIMIT 1"
_MATCHES = """EXISTS (
    SELECT FROM json_array_elements({0} #> '{{coding}}') AS c
    WHERE c ->> 'code' = $4 AND ($3::text IS NULL OR c ->> 'system' = $3))"""
_FOUND = f"""
found AS (
  SELECT r.rid, r.body::json AS body
  FROM unnest($2::bigint[]) AS wanted(rid) CROSS JOIN LATERAL ({_ROW}) AS r WHERE NOT r.deleted),
asked AS (SELECT *, {_MATCHES.format("body -> 'code'")} AS is_it FROM found)"""
_MEMBERS = f"""WITH {_FOUND}
SELECT DISTINCT m ->> 'reference' FROM asked CROSS JOIN LATERAL json_array_elements(body -> 'hasMember') AS m
WHERE is_it AND m ->> 'reference' IS NOT NULL"""
# What a panel holds is measured under its own codes; a panel itself measures nothing. Numbers of a length that nobody
# measures are no measurements.
_STATISTICS = f"""WITH {_FOUND},
said AS (
  SELECT is_it, body -> 'code' AS code, body -> 'valueQuantity' AS quantity FROM asked
  WHERE (is_it OR rid = ANY($5)) AND (body -> 'valueQuantity' IS NOT NULL
                                      OR (body -> 'component' IS NULL AND body -> 'hasMember' IS NULL))
  UNION ALL
  SELECT {_MATCHES.format("part -> 'code'")}, part -> 'code', part -> 'valueQuantity'
  FROM asked CROSS JOIN LATERAL json_array_elements(body -> 'component') AS part
  WHERE is_it OR rid = ANY($5) OR {_MATCHES.format("part -> 'code'")}),
measured AS (
  SELECT CASE WHEN is_it THEN $4 ELSE coalesce(code #>> '{{coding,0,code}}', code ->> 'text') END AS name,
         CASE WHEN is_it THEN $3 ELSE code #>> '{{coding,0,system}}' END AS system,
         coalesce(quantity ->> 'code', quantity ->> 'unit', '') AS unit,
         coalesce(quantity ->> 'unit', quantity ->> 'code') AS unit_text,
         quantity ->> 'system' AS unit_system,
         CASE WHEN quantity ->> 'value' ~ '^-?[0-9]{{1,40}}([.][0-9]{{1,40}})?([eE][+-]?[0-9]{{1,2}})?$'
               AND quantity ->> 'comparator' IS NULL THEN (quantity ->> 'value')::numeric END AS value
  FROM said),
gathered AS (
  SELECT name, system, count(*) AS total, count(value) AS n, sum(value) AS sum, min(value) AS low, max(value) AS high,
         avg(value) AS average, var_samp(value) AS variance, stddev_samp(value) AS deviation,
         array_agg(value ORDER BY value) FILTER (WHERE value IS NOT NULL) AS sorted,
         array_agg(DISTINCT unit) FILTER (WHERE value IS NOT NULL) AS units,
         min(unit_text) FILTER (WHERE value IS NOT NULL) AS unit_text,
         min(unit_system) FILTER (WHERE value IS NOT NULL) AS unit_system,
         coalesce(max(scale(value)), 0) + 6 AS digits
  FROM measured GROUP BY name, system)
SELECT name, system, units, unit_text, unit_system, total, n,
       trim_scale(sum) AS sum, trim_scale(low) AS low, trim_scale(high) AS high,
       trim_scale(round(average, digits)) AS average, trim_scale(round(variance, digits)) AS variance,
       trim_scale(round(deviation, digits)) AS deviation,
       (SELECT array_agg(trim_scale(round(below + (at - floor(at)) * (above - below), digits)) ORDER BY place)
        FROM (SELECT place, part * (n - 1) AS at FROM unnest($6::numeric[]) WITH ORDINALITY AS q(part, place)) AS p
        CROSS JOIN LATERAL (SELECT sorted[floor(at)::int + 1] AS below, sorted[ceil(at)::int + 1] AS above) AS nearest
        WHERE n > 0) AS quantiles
FROM gathered ORDER BY name, system"""
_SOURCES = bounded(most_bytes="$5", order=["place"], rows=f"""
  SELECT r.*, wanted.place
  FROM (SELECT rid, row_number() OVER (ORDER BY time DESC NULLS LAST, rid DESC) AS place
        FROM (SELECT w.rid, (SELECT max(d.high) FROM date_value d
                             WHERE d.tenant = $1 AND d.rid = w.rid AND d.key = ANY($3)) AS time
              FROM unnest($2::bigint[]) AS w(rid)) AS timed
        ORDER BY place LIMIT $4) AS wanted
  CROSS JOIN LATERAL ({_ROW}) AS r WHERE NOT r.deleted""")  # fmt: skip

QUANTILES = tuple(map(Decimal, ("0.2", "0.25", "0.4", "0.5", "0.6", "0.75", "0.8")))
"""Those worked out, between the nearest two values in proportion."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the values of one code. `total` counts those too that are no values; what means nothing is None.

    Variance and deviation are those of a sample (n - 1).
    """

    system: str | None
    code: str
    unit: str | None
    unit_code: str | None
    unit_system: str | None
    total: int
    count: int
    sum: Decimal | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    average: Decimal | None = None
    variance: Decimal | None = None
    deviation: Decimal | None = None
    quantiles: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """The statistics of each code, and the Observations they are of, the most recent first."""

    statistics: tuple[Statistics, ...]
    sources: tuple[StoredVersion, ...]


async def observation_statistics(
    connection: Connection,
    tenant: int,
    asked: Iterable[tuple[str | None, str, Search]],
    *,
    sources: int = 0,
    most_measured: int = MOST_MEASURED,
) -> Measured:
    """The statistics of each (system, code) in the Observations that its search finds, and `sources` of these.

    A code is looked for in `code` and in `component.code`; of an Observation that is a panel of that code, each
    component and each member counts under its own code. Raises `InvalidSearch` (`too-costly`) for too many,
    `Unprocessable` (422) for values in different units.
    """
    horizon = int(await connection.fetchval("SELECT last_value FROM transaction_number"))
    found: dict[tuple[str | None, str], Statistics] = {}
    every: set[int] = set()
    for system, code, search in asked:
        rids = await find_rids(connection, tenant, search, horizon=horizon, most=most_measured + 1)
        if len(rids) > most_measured:
            raise too_costly(f"More than {most_measured} Observations of {code}: ask for a shorter period.")
        members = await _members(connection, tenant, rids, system, code)
        every.update(rids, members)
        given = ([*rids, *members], system, code, members, list(QUANTILES))
        told = [_statistics(record) for record in await connection.fetch(_STATISTICS, tenant, *given)]
        told = told or [Statistics(system, code, None, None, None, 0, 0)]
        found |= {(one.system, one.code): one for one in told}
    return Measured(tuple(found.values()), await _sources(connection, tenant, sorted(every), sources))


async def _members(
    connection: Connection, tenant: int, rids: Sequence[int], system: str | None, code: str
) -> list[int]:
    """The rows of what the panels of a code have as members, save what was entered in error."""
    records = await connection.fetch(_MEMBERS, tenant, rids, system, code)
    text = orjson.dumps([{"reference": record[0]} for record in records]).decode()
    keys = [key for key in references_written(text) if key[0] == "Observation"]
    versions = (await find_several(connection, tenant, keys)).values()
    there = [v for v in versions if not v.deleted and orjson.loads(v.body)["status"] != "entered-in-error"]
    return [version.rid for version in there if version.rid not in set(rids)]


async def _sources(connection: Connection, tenant: int, rids: list[int], most: int) -> tuple[StoredVersion, ...]:
    if most == 0 or not rids:
        return ()
    key = parameter_key(tenant, "Observation", "date")
    records = await connection.fetch(_SOURCES, tenant, rids, [key, long_key(key)], most, MOST_PAGE_BYTES)
    return tuple(StoredVersion(*record) for record in whole(records))


def _statistics(record: Any) -> Statistics:
    units = record["units"] or [""]
    if len(units) > 1:
        names = ", ".join(repr(unit) for unit in units)
        raise Unprocessable(
            f"{record['name']} is measured in different units ({names}): statistics of them together mean nothing; ask "
            "for a period or a code that has one unit."
        )
    return Statistics(
        record["system"],
        record["name"] or "",
        record["unit_text"],
        units[0] or None,
        record["unit_system"],
        record["total"],
        record["n"],
        record["sum"],
        record["low"],
        record["high"],
        record["average"],
        record["variance"],
        record["deviation"],
        tuple(record["quantiles"] or ()),
    )
