"""What was deleted since a moment, as transaction Bundles of DELETE entries (Bulk Data Access 2.0, `deleted`)."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from cordee.fhir.definitions import load_definitions
from cordee.fhir.search_values import ReferenceValue, extract
from cordee.store.bulk_export.listing import Wanted
from cordee.store.connection import Connection
from cordee.store.jobs.folders import open_private

_ENTRIES = 100
_FETCHED = 1_000

# The last version that was not a deletion says whose it was.
_DELETED = """
SELECT r.id, last.body FROM resource r
LEFT JOIN LATERAL (
  SELECT h.body FROM resource_history h WHERE h.tenant = r.tenant AND h.rid = r.rid AND NOT h.deleted AND $5
  ORDER BY h.version DESC LIMIT 1) AS last ON true
WHERE r.tenant = $1 AND r.resource_type = $2 AND r.deleted AND r.last_updated > $3 AND r.last_updated <= $4
ORDER BY r.rid"""


async def write_deletions(connection: Connection, tenant: int, wanted: Wanted, path: Path) -> tuple[int, int]:
    """Writes a Bundle a line; how many lines, and bytes. No file is left where nothing was deleted.

    Filters are not applied: what a resource was before its deletion is not indexed, and to delete what one does not
    have does no harm.
    """
    values = tenant, wanted.resource_type, wanted.since, wanted.moment, wanted.of_patients
    lines = size = 0
    with open_private(path) as file:
        cursor = await connection.cursor(_DELETED, *values)
        ids: list[str] = []
        while rows := await cursor.fetch(_FETCHED):
            ids += [row["id"] for row in rows if not wanted.of_patients or _is_of(wanted, row["id"], row["body"])]
            while len(ids) >= _ENTRIES:
                size += file.write(_bundle(wanted.resource_type, ids[:_ENTRIES]))
                lines += 1
                del ids[:_ENTRIES]
        if ids:
            size += file.write(_bundle(wanted.resource_type, ids))
            lines += 1
    if not lines:
        await asyncio.to_thread(path.unlink)
    return lines, size


def _is_of(wanted: Wanted, resource_id: str, body: str | None) -> bool:
    """Whether a resource as it last was belonged to one of the patients."""
    if wanted.resource_type == "Patient":
        return wanted.patients is None or resource_id in wanted.patients
    if not body:
        return False
    codes = load_definitions().compartments["Patient"].get(wanted.resource_type, ())
    values = extract(orjson.loads(body))
    return any(_names(value, wanted.patients) for code in codes for value in values.get(code, ()))


def _names(value: Any, patients: Sequence[str] | None) -> bool:
    if not isinstance(value, ReferenceValue) or value.type != "Patient":
        return False
    return patients is None or value.id in patients


def _bundle(resource_type: str, ids: Sequence[str]) -> bytes:
    entries = [{"request": {"method": "DELETE", "url": f"{resource_type}/{id_}"}} for id_ in ids]
    return orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}) + b"\n"
