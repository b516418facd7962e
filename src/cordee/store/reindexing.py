"""The index of resources that are stored already, made anew when search parameters are added or dropped.

For migrations, before anything else is served. Bodies, versions and history stay as they are.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from cordee.fhir.search_parameters import SHIPPED, SearchParameters
from cordee.store.index_values import IndexRows, index_rows
from cordee.store.search_parameters import added_of, searchable

_BATCH = 500
_HAVE_OWN = text("SELECT to_regclass('search_parameter')")
_OWN = text("SELECT id, definition, state, types FROM search_parameter WHERE tenant = :tenant ORDER BY id")
_TENANTS = text("SELECT tenant FROM tenant ORDER BY tenant")
_READ = text("""
SELECT rid, terms, body FROM resource
WHERE tenant = :tenant AND resource_type = :type AND rid > :rid AND NOT deleted AND strpos(body, :holding) > 0
ORDER BY rid LIMIT :count""")
_TERMS = text("""
UPDATE resource SET terms = CAST(:terms AS bigint[])
WHERE tenant = :tenant AND resource_type = :type AND rid = :rid""")
_FORGET = [
    text(f"DELETE FROM {table} WHERE tenant = :tenant AND rid = :rid")
    for table in ("date_value", "number_value", "string_value")
]
_DATES = text("INSERT INTO date_value (tenant, rid, key, low, high) VALUES (:tenant, :rid, :key, :low, :high)")
_NUMBERS = text("""
INSERT INTO number_value (tenant, rid, key, low, high, units)
VALUES (:tenant, :rid, :key, :low, :high, CAST(:units AS bigint[]))""")
_STRINGS = text("""
INSERT INTO string_value (tenant, rid, key, value, grams)
VALUES (:tenant, :rid, :key, :value, CAST(:grams AS bigint[]))""")


def reindex(
    connection: Connection, resource_types: Iterable[str], *, beyond_terms: bool = False, holding: str = ""
) -> int:
    """Indexes the stored resources of some types as they would be if they were written now; how many were changed.

    One whose terms are as they should be is left, unless `beyond_terms`: a parameter that has a value has a term, so
    none was added or dropped. Only those whose text holds `holding` are looked at. Those of all tenants, a
    batch in memory at a time.
    """
    changed = 0
    tenants = [row[0] for row in connection.execute(_TENANTS)]
    for resource_type in resource_types:
        for tenant in tenants:
            parameters = _parameters(connection, tenant)
            rid = -1
            while True:
                place = {"tenant": tenant, "type": resource_type, "rid": rid, "count": _BATCH, "holding": holding}
                rows = connection.execute(_READ, place).all()
                for rid, terms, body in rows:
                    fresh = index_rows(tenant, orjson.loads(body), parameters)
                    if beyond_terms or tuple(sorted(terms)) != fresh.terms:
                        _write(connection, {"tenant": tenant, "rid": rid}, resource_type, fresh)
                        if parameters.keeps_words:
                            _write_words(connection, {"tenant": tenant, "rid": rid}, fresh.words)
                        changed += 1
                if len(rows) < _BATCH:
                    break
    return changed


def _parameters(connection: Connection, tenant: int) -> SearchParameters:
    """The migrations before the tenants' own parameters know of none."""
    if connection.execute(_HAVE_OWN).scalar() is None:
        return SHIPPED
    return searchable(added_of(*row) for row in connection.execute(_OWN, {"tenant": tenant}))


def _write(connection: Connection, row: dict[str, Any], resource_type: str, fresh: IndexRows) -> None:
    connection.execute(_TERMS, row | {"type": resource_type, "terms": list(fresh.terms)})
    for forget in _FORGET:
        connection.execute(forget, row)
    dates = [row | {"key": key, "low": low, "high": high} for key, low, high in fresh.dates]
    numbers = [row | {"key": k, "low": low, "high": high, "units": list(u)} for k, low, high, u in fresh.numbers]
    strings = [row | {"key": key, "value": value, "grams": list(grams)} for key, value, grams in fresh.strings]
    for insert, values in ((_DATES, dates), (_NUMBERS, numbers), (_STRINGS, strings)):
        _insert(connection, insert, values)


def _write_words(connection: Connection, row: dict[str, Any], words: str) -> None:
    connection.execute(text("DELETE FROM word_value WHERE tenant = :tenant AND rid = :rid"), row)
    if words:
        insert = "INSERT INTO word_value (tenant, rid, words) VALUES (:tenant, :rid, CAST(:words AS tsvector))"
        connection.execute(text(insert), row | {"words": words})


def _insert(connection: Connection, insert: Any, values: Sequence[dict[str, Any]]) -> None:
    if values:
        connection.execute(insert, values)
