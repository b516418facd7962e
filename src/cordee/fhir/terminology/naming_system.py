"""The identifiers of one system that a NamingSystem tells (R4 namingsystem.html)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

IdKind = Literal["oid", "uuid", "uri", "other"]

_PREFIX: Final[Mapping[str, str]] = {"oid": "urn:oid:", "uuid": "urn:uuid:"}


def bare(identifier: str) -> str:
    """An OID or UUID without `urn:oid:` or `urn:uuid:`, as a NamingSystem writes it; another as it is."""
    for prefix in _PREFIX.values():
        identifier = identifier.removeprefix(prefix)
    return identifier


def ids_of_kind(naming_system: Mapping[str, Any], kind: IdKind) -> Sequence[str]:
    """Its identifiers of a kind, the preferred one first, OIDs and UUIDs bare."""
    found = [one for one in naming_system.get("uniqueId", ()) if one.get("type") == kind and "value" in one]
    found.sort(key=lambda one: not one.get("preferred", False))
    return [bare(one["value"]) for one in found]


def names(naming_system: Mapping[str, Any], identifier: str) -> bool:
    """Whether an identifier, in any of its spellings, is one of the system's."""
    wanted = bare(identifier)
    return any(bare(one.get("value", "")) == wanted for one in naming_system.get("uniqueId", ()))
