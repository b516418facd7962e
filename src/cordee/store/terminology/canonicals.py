"""Canonical resources found by their address, in the version that is meant (R4 references.html#canonical).

A resource's text is read once a process for each version of it; whether that version is still the current one is asked
every time, so what another process writes is seen at once.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from cordee.fhir.terminology.business_version import Rank, rank
from cordee.store.connection import Connection
from cordee.store.index_values import form_hash, parameter_key

_MOST_REMEMBERED = 512

Identity = tuple[int, int, datetime]
"""(row, transaction, moment): one version of one resource, in whichever database, rolled back or not."""


@dataclass(frozen=True, slots=True)
class Canonical:
    """(resource type, address without version, version if one is asked for)"""

    resource_type: str
    url: str
    version: str | None = None

    @classmethod
    def parse(cls, resource_type: str, text: str, version: str | None = None) -> "Canonical":
        """`url` or `url|version`; the version in the text comes before the other."""
        url, _, said = text.partition("|")
        return cls(resource_type, url, said or version)


@dataclass(frozen=True, slots=True)
class Known:
    """A canonical resource as it stands. A CodeSystem's is without its concepts, which `generation` leads to."""

    id: str
    rid: int
    version: int
    identity: Identity
    resource: Mapping[str, Any]
    generation: int | None
    indexed_version: int | None

    @property
    def state(self) -> tuple[Identity, int | None]:
        """What changes whenever the resource or its concepts do."""
        return self.identity, self.generation


_FIND = """
SELECT w.place, r.id, r.rid, r.version, r.txn, r.last_updated, i.generation, i.version AS indexed_version
FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS w(resource_type, term, place)
JOIN LATERAL (
  SELECT * FROM resource o
  WHERE o.tenant = $1 AND o.resource_type = w.resource_type AND o.terms @> ARRAY[w.term] AND NOT o.deleted) AS r ON true
LEFT JOIN indexed_code_system i ON i.tenant = $1 AND i.rid = r.rid
"""

_BODY = "SELECT body, txn, last_updated FROM resource WHERE tenant = $1 AND resource_type = $2 AND id = $3"

_remembered: OrderedDict[Identity, Mapping[str, Any]] = OrderedDict()


async def find_canonicals(
    connection: Connection, tenant: int, wanted: Iterable[Canonical]
) -> dict[Canonical, Known | None]:
    """The resource that each canonical means now, None when there is none.

    Without a version, the active one of the highest version.
    """
    asked = list(dict.fromkeys(wanted))
    terms = [parameter_key(tenant, c.resource_type, "url") ^ form_hash(f"u{c.url}") for c in asked]
    rows = await connection.fetch(_FIND, tenant, [c.resource_type for c in asked], terms)
    candidates: dict[Canonical, list[Known]] = {canonical: [] for canonical in asked}
    for row in rows:
        canonical = asked[row["place"] - 1]
        identity = (row["rid"], row["txn"], row["last_updated"])
        resource = await _resource(connection, tenant, canonical.resource_type, row["id"], identity)
        if resource is None or canonical.version not in (None, resource.get("version")):
            continue
        candidates[canonical].append(
            Known(row["id"], row["rid"], row["version"], identity, resource, row["generation"], row["indexed_version"])
        )
    return {canonical: max(found, key=_rank, default=None) for canonical, found in candidates.items()}


async def _resource(
    connection: Connection, tenant: int, resource_type: str, id_: str, identity: Identity
) -> Mapping[str, Any] | None:
    """The resource, None when it was changed or deleted in between."""
    found = _remembered.get(identity)
    if found is not None:
        _remembered.move_to_end(identity)
        return found
    row = await connection.fetchrow(_BODY, tenant, resource_type, id_)
    if row is None or not row["body"] or (row["txn"], row["last_updated"]) != identity[1:]:
        return None
    resource: dict[str, Any] = orjson.loads(row["body"])
    if resource_type == "CodeSystem":
        resource.pop("concept", None)
    _remembered[identity] = resource
    while len(_remembered) > _MOST_REMEMBERED:
        _remembered.popitem(last=False)
    return resource


def _rank(known: Known) -> tuple[Rank, datetime, int]:
    return rank(known.resource), known.identity[2], known.rid
