"""The addresses of one code system: its own, and the OIDs that stand for it (R4 namingsystem.html)."""

from collections.abc import Mapping
from typing import Any, Final

from cordee.fhir.terminology.naming_system import ids_of_kind
from cordee.fhir.terminology.shared_value_sets import SYSTEMS

_OID: Final = "urn:oid:"


class SystemNames:
    """What NamingSystems (`uniqueId`) and CodeSystems (`identifier`) say, beside what the standard says."""

    def __init__(self) -> None:
        self._address = {f"{_OID}{oid}": address for oid, address in SYSTEMS.items()}
        self._with_oid = set(self._address.values())

    def add(self, resource: Mapping[str, Any]) -> None:
        """Takes a NamingSystem or CodeSystem into account."""
        if resource["resourceType"] == "CodeSystem":
            address = resource.get("url")
            oids = [str(one.get("value", "")) for one in resource.get("identifier", ())]
        else:
            address = next(iter(ids_of_kind(resource, "uri")), None)
            oids = [f"{_OID}{oid}" for oid in ids_of_kind(resource, "oid")]
        for oid in oids:
            if address and oid.startswith(_OID):
                self._address[oid] = address
                self._with_oid.add(address)

    def same(self, one: str, other: str) -> bool | None:
        """Whether two addresses name one code system; None for an OID that may stand for the other address."""
        if one == other:
            return True
        one, other = self._address.get(one, one), self._address.get(other, other)
        if one == other:
            return True
        is_oid = one.startswith(_OID)
        if is_oid == other.startswith(_OID):
            return False
        return False if (other if is_oid else one) in self._with_oid else None
