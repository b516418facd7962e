"""The profiles of a tenant: the StructureDefinitions, ValueSets and CodeSystems stored there, compiled and kept.

They are read again when one of them was written, by whichever process: what is stored takes effect at the next
validation.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

import orjson

from cordee.fhir.profiles.validation import ProfileValidator
from cordee.store.connection import Connection

DEFINITIONS = ("StructureDefinition", "ValueSet", "CodeSystem")

# Each write of one of them adds a row or makes a version greater, so that the sum grows.
_STATE = """SELECT count(*), coalesce(sum(version), 0)::bigint, max(last_updated)
FROM resource WHERE tenant = $1 AND resource_type = ANY($2::text[])"""
_BODIES = """SELECT body FROM resource
WHERE tenant = $1 AND resource_type = ANY($2::text[]) AND NOT deleted ORDER BY last_updated, rid"""


@dataclass(frozen=True, slots=True)
class _State:
    count: int
    versions: int
    latest: datetime | None


MOST_KEPT = 8
"""Tenants whose definitions a process holds, the last asked about: the French guides take some 30 MB each."""

_kept: OrderedDict[int, tuple[_State, ProfileValidator]] = OrderedDict()


async def tenant_validator(connection: Connection, tenant: int) -> ProfileValidator:
    """The validator that knows what the tenant has stored; of several versions of a profile, the last written."""
    row = await connection.fetchrow(_STATE, tenant, DEFINITIONS)
    state = _State(*(row or (0, 0, None)))
    kept = _kept.get(tenant)
    if kept is not None and kept[0] == state:
        _kept.move_to_end(tenant)
        return kept[1]
    bodies = await connection.fetch(_BODIES, tenant, DEFINITIONS)
    validator = ProfileValidator(orjson.loads(row["body"]) for row in bodies)
    _kept[tenant] = (state, validator)
    _kept.move_to_end(tenant)
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return validator
