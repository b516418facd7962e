"""Systems by the other identifiers that they have (R4 namingsystem-operation-preferred-id.html)."""

from collections.abc import Mapping
from typing import Any

import orjson

from cordee.fhir.query import parse_search
from cordee.fhir.terminology.naming_system import IdKind, bare, ids_of_kind, names
from cordee.fhir.terminology.shared_value_sets import SYSTEMS
from cordee.store.reader import Reader

_MOST = 100


async def preferred_id(reader: Reader, identifier: str, kind: IdKind) -> str | None:
    """The identifier of a kind, bare, of the system that another identifier names; None when nothing here tells.

    What stored NamingSystems say, the active ones first; of code systems also their own identifiers, and the OIDs of
    those that the standard knows.
    """
    for naming_system in await _naming_systems(reader, identifier):
        if found := ids_of_kind(naming_system, kind):
            return found[0]
    oid = bare(identifier)
    match kind:
        case "uri":
            return SYSTEMS.get(oid) or await _address_of_code_system(reader, oid)
        case "oid":
            return next((oid for oid, address in SYSTEMS.items() if address == identifier), None)
    return None


async def _naming_systems(reader: Reader, identifier: str) -> list[Mapping[str, Any]]:
    spellings = dict.fromkeys((bare(identifier), identifier, f"urn:oid:{bare(identifier)}"))
    values = ",".join(text.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|") for text in spellings)
    page = await reader.search(parse_search("NamingSystem", [("value:exact", values)]), count=_MOST)
    found = [orjson.loads(version.body) for version in page.matches]
    return sorted((one for one in found if names(one, identifier)), key=lambda one: one.get("status") != "active")


async def _address_of_code_system(reader: Reader, oid: str) -> str | None:
    page = await reader.search(parse_search("CodeSystem", [("identifier", f"urn:oid:{oid}")]), count=_MOST)
    addresses = (orjson.loads(version.body).get("url") for version in page.matches)
    return next((str(address) for address in addresses if address), None)
