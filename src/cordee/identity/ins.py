"""The INS of a patient, and whether the identity that carries it is qualified (FR Core, patient INS)."""

from collections.abc import Iterator, Mapping
from typing import Any

Resource = Mapping[str, Any]

FR_CORE = "https://hl7.fr/ig/fhir/core"
_RELIABILITY = f"{FR_CORE}/StructureDefinition/fr-core-identity-reliability"
_QUALIFIED = frozenset(
    {
        (f"{FR_CORE}/CodeSystem/fr-core-cs-v2-0445", "VALI"),
        (f"{FR_CORE}/CodeSystem/fr-core-cs-identity-status", "QUAL"),
    }
)
"""System and code together: VALI of the second system means that the INS was not retrieved."""

INS_SYSTEMS = tuple(f"urn:oid:1.2.250.1.213.1.4.{last}" for last in (8, 9, 10, 11))
"""INS-NIR, INS-NIA, and the numbers of test and demonstration, which their system tells apart."""


def qualified_ins(patient: Resource) -> str | None:
    """The INS that may leave the record, as `system|value`.

    None when there is none in use, or the identity is not qualified.
    """
    found = ins_in_use(patient)
    return f"{found[0][0]}|{found[0][1]}" if found and is_qualified(patient) else None


def is_qualified(patient: Resource) -> bool:
    """Whether the INS was retrieved, and the person's identity checked."""
    return any((status.get("system"), status.get("code")) in _QUALIFIED for status in _statuses(patient))


def ins_in_use(patient: Resource) -> tuple[tuple[str, str], ...]:
    """The INS in use, as (system, value), in the order of `INS_SYSTEMS`."""
    found = sorted(
        (INS_SYSTEMS.index(identifier["system"]), str(identifier.get("value", "")))
        for identifier in patient.get("identifier", ())
        if identifier.get("system") in INS_SYSTEMS and identifier.get("use") != "old" and identifier.get("value")
    )
    return tuple((INS_SYSTEMS[place], value) for place, value in found)


def _statuses(patient: Resource) -> Iterator[Resource]:
    for extension in patient.get("extension", ()):
        if extension.get("url") == _RELIABILITY:
            yield from (
                part.get("valueCoding", {})
                for part in extension.get("extension", ())
                if part.get("url") == "identityStatus"
            )
