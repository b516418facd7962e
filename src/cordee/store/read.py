"""Reading one version of one resource, as the text that is served."""

from collections.abc import Iterable

from cordee.fhir.outcome import Gone, NotFound
from cordee.fhir.stored_version import StoredVersion
from cordee.store.connection import Connection

_COMMON_COLUMNS = "{0}.resource_type, {0}.id, {0}.version, {0}.last_updated, {0}.deleted, {0}.method, {0}.body, {0}.rid"
VERSION_COLUMNS = _COMMON_COLUMNS + ", {0}.sealed"
"""The columns of a `StoredVersion` in the table `resource`, in order; `{0}` is the table's name in the query."""
OLD_VERSION_COLUMNS = _COMMON_COLUMNS + ", false"
"""The same in `resource_history`: a version that was replaced was never sealed."""

_OF_RESOURCE = f"SELECT {VERSION_COLUMNS.format('r')} FROM resource r"
_CURRENT = _OF_RESOURCE + " WHERE r.tenant = $1 AND r.resource_type = $2 AND r.id = $3"
_OF_TYPE = f"""{_OF_RESOURCE}
    WHERE r.tenant = $1 AND r.resource_type = $2 AND r.rid > $3 AND NOT r.deleted ORDER BY r.rid LIMIT $4"""
# One look-up a key, in the order given: no plan made when the table was small can turn it into a scan, and the locks
# are taken in that order.
_SEVERAL = f"""SELECT {VERSION_COLUMNS.format("r")}
FROM unnest($2::text[], $3::text[]) AS wanted(resource_type, id)
CROSS JOIN LATERAL (
  SELECT * FROM resource o
  WHERE o.tenant = $1 AND o.resource_type = wanted.resource_type AND o.id = wanted.id LIMIT 1 {{lock}}) AS r"""
_READ_SEVERAL, _LOCK_SEVERAL = _SEVERAL.format(lock=""), _SEVERAL.format(lock="FOR UPDATE")
_VERSION = f"""{_CURRENT} AND r.version = $4
UNION ALL
SELECT {OLD_VERSION_COLUMNS.format("h")}
FROM resource r JOIN resource_history h ON h.tenant = r.tenant AND h.rid = r.rid
WHERE r.tenant = $1 AND r.resource_type = $2 AND r.id = $3 AND h.version = $4
"""

# One look-up a version, each by a key.
_VERSIONS = f"""SELECT v.* FROM unnest($2::text[], $3::text[], $4::int[]) AS wanted(resource_type, id, version)
CROSS JOIN LATERAL (
  SELECT {VERSION_COLUMNS.format("r")} FROM resource r
  WHERE r.tenant = $1 AND r.resource_type = wanted.resource_type AND r.id = wanted.id AND r.version = wanted.version
  UNION ALL
  SELECT {OLD_VERSION_COLUMNS.format("h")}
  FROM resource r JOIN resource_history h ON h.tenant = r.tenant AND h.rid = r.rid AND h.version = wanted.version
  WHERE r.tenant = $1 AND r.resource_type = wanted.resource_type AND r.id = wanted.id) AS v"""


async def find_current(
    connection: Connection, tenant: int, resource_type: str, resource_id: str
) -> StoredVersion | None:
    """The current version, deleted or not; None when nothing was ever stored there."""
    row = await connection.fetchrow(_CURRENT, tenant, resource_type, resource_id)
    return None if row is None else StoredVersion(*row)


async def find_several(
    connection: Connection, tenant: int, keys: Iterable[tuple[str, str]], *, lock: bool = False
) -> dict[tuple[str, str], StoredVersion]:
    """The current versions of those (type, id) that exist; with `lock`, held until the transaction ends."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = await connection.fetch(
        _LOCK_SEVERAL if lock else _READ_SEVERAL, tenant, [key[0] for key in wanted], [key[1] for key in wanted]
    )
    return {(row[0], row[1]): StoredVersion(*row) for row in rows}


async def find_versions(
    connection: Connection, tenant: int, wanted: Iterable[tuple[str, str, int]]
) -> dict[tuple[str, str, int], StoredVersion]:
    """Those versions, current or not, deletions included, of the (type, id, version) that exist."""
    keys = sorted(set(wanted))
    if not keys:
        return {}
    columns = [list(column) for column in zip(*keys, strict=True)]
    rows = await connection.fetch(_VERSIONS, tenant, *columns)
    return {(row[0], row[1], row[2]): StoredVersion(*row) for row in rows}


async def all_of_type(
    connection: Connection, tenant: int, resource_type: str, *, count: int, after: int
) -> list[StoredVersion]:
    """A page of the current versions of a type, in the order of their rows, deletions left out."""
    rows = await connection.fetch(_OF_TYPE, tenant, resource_type, after, count)
    return [StoredVersion(*row) for row in rows]


async def read(connection: Connection, tenant: int, resource_type: str, resource_id: str) -> StoredVersion:
    """The current version. Raises `NotFound`, or `Gone` when it was deleted (R4 http.html#read)."""
    return require_current(
        await find_current(connection, tenant, resource_type, resource_id), resource_type, resource_id
    )


def require_current(found: StoredVersion | None, resource_type: str, resource_id: str) -> StoredVersion:
    """What was found, unless it is nothing or deleted: raises `NotFound` or `Gone`."""
    if found is None:
        raise NotFound(f"There is no {resource_type}/{resource_id}.")
    if found.deleted:
        raise Gone(f"{resource_type}/{resource_id} was deleted; its last version was {found.version - 1}.")
    return found


async def vread(
    connection: Connection, tenant: int, resource_type: str, resource_id: str, version: int
) -> StoredVersion:
    """One version. Raises `NotFound`, or `Gone` when that version is the deletion (R4 http.html#vread)."""
    row = await connection.fetchrow(_VERSION, tenant, resource_type, resource_id, version)
    if row is None:
        raise NotFound(f"{resource_type}/{resource_id} has no version {version}.")
    found = StoredVersion(*row)
    if found.deleted:
        raise Gone(f"Version {version} of {resource_type}/{resource_id} is its deletion.")
    return found
