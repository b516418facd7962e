"""Who the patients of a Group are (R4 group.html)."""

from typing import Any

import orjson

from cordee.fhir.outcome import Unprocessable
from cordee.store.connection import Connection
from cordee.store.read import read

MOST_NESTED = 20
"""Groups inside of groups that are followed."""


async def group_members(connection: Connection, tenant: int, group: str) -> tuple[str, ...]:
    """The ids of the patients that are active members of a Group, or of Groups that are members of it, sorted.

    Raises `NotFound` or `Gone` for a Group that is not there, `Unprocessable` for one that is not a list of persons.
    """
    patients: set[str] = set()
    waiting, seen = [group], {group}
    while waiting:
        if len(seen) > MOST_NESTED:
            raise Unprocessable(f"More than {MOST_NESTED} Groups are nested in Group/{group}; name them one by one.")
        current = waiting.pop()
        version = await read(connection, tenant, "Group", current)
        body = orjson.loads(version.body)
        if not body.get("actual", False):
            raise Unprocessable(f"Group/{current} describes members (actual is false); it does not list them.")
        for member in body.get("member", ()):
            kind, id_ = _entity(member)
            if kind == "Patient":
                patients.add(id_)
            elif kind == "Group" and id_ not in seen:
                seen.add(id_)
                waiting.append(id_)
    return tuple(sorted(patients))


def _entity(member: dict[str, Any]) -> tuple[str, str]:
    """The type and id of a member of this server; empty for one that is inactive, or elsewhere."""
    reference = "" if member.get("inactive") else str(member.get("entity", {}).get("reference", ""))
    parts = reference.partition("/_history/")[0].split("/")
    return (parts[0], parts[1]) if len(parts) == 2 else ("", "")
