"""The INS that may leave the record: that of a qualified identity, and no other (FR Core, patient INS)."""

from collections.abc import Iterator

from cordee.claims.fhir_evidence import Resource

_FR_CORE = "https://hl7.fr/ig/fhir/core"
_RELIABILITY = f"{_FR_CORE}/StructureDefinition/fr-core-identity-reliability"
_QUALIFIED = frozenset(
    {
        (f"{_FR_CORE}/CodeSystem/fr-core-cs-v2-0445", "VALI"),
        (f"{_FR_CORE}/CodeSystem/fr-core-cs-identity-status", "QUAL"),
    }
)
"""System and code together: VALI of the second system means that the INS was not retrieved."""

_INS = tuple(f"urn:oid:1.2.250.1.213.1.4.{last}" for last in (8, 9, 10, 11))
"""INS-NIR, INS-NIA, and the numbers of test and demonstration, which their system tells apart."""


def qualified_ins(patient: Resource) -> str | None:
    """The INS in use of a patient, as `system|value`; None when there is none, or the identity is not qualified."""
    if not any((status.get("system"), status.get("code")) in _QUALIFIED for status in _statuses(patient)):
        return None
    found = sorted(
        (_INS.index(identifier["system"]), str(identifier.get("value", "")))
        for identifier in patient.get("identifier", ())
        if identifier.get("system") in _INS and identifier.get("use") != "old" and identifier.get("value")
    )
    return f"{_INS[found[0][0]]}|{found[0][1]}" if found else None


def _statuses(patient: Resource) -> Iterator[Resource]:
    for extension in patient.get("extension", ()):
        if extension.get("url") == _RELIABILITY:
            yield from (
                part.get("valueCoding", {})
                for part in extension.get("extension", ())
                if part.get("url") == "identityStatus"
            )
