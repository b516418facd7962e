"""An INS leaves the record only with a qualified identity, whichever of the two code systems says so."""

from typing import Any

import pytest

from cordee.identity.ins import qualified_ins

FR_CORE = "https://hl7.fr/ig/fhir/core"
OLD_CODES, NEW_CODES = "fr-core-cs-v2-0445", "fr-core-cs-identity-status"
NIR, NIA, TEST = (f"urn:oid:1.2.250.1.213.1.4.{last}" for last in (8, 9, 10))


def patient(codes: str | None, code: str, *identifiers: tuple[str, str, str]) -> dict[str, Any]:
    status = {"url": "identityStatus", "valueCoding": {"system": f"{FR_CORE}/CodeSystem/{codes}", "code": code}}
    reliability = {"url": f"{FR_CORE}/StructureDefinition/fr-core-identity-reliability", "extension": [status]}
    return {
        "resourceType": "Patient",
        "extension": [reliability] if codes else [],
        "identifier": [{"system": system, "value": value, "use": use} for system, value, use in identifiers],
    }


@pytest.mark.parametrize(
    ("codes", "code", "leaves"),
    [
        (OLD_CODES, "VALI", True),
        (NEW_CODES, "QUAL", True),
        (NEW_CODES, "VALI", False),
        (OLD_CODES, "QUAL", False),
        (OLD_CODES, "PROV", False),
        (NEW_CODES, "RECUP", False),
        (None, "", False),
    ],
)
def test_only_a_qualified_identity_gives_its_ins(codes: str | None, code: str, leaves: bool) -> None:
    found = qualified_ins(patient(codes, code, (NIR, "255081416802538", "official")))
    assert found == (f"{NIR}|255081416802538" if leaves else None)


def test_a_number_no_longer_in_use_stays_inside() -> None:
    assert qualified_ins(patient(OLD_CODES, "VALI", (NIR, "1", "old"))) is None
    assert qualified_ins(patient(OLD_CODES, "VALI", (NIR, "1", "old"), (NIA, "2", "official"))) == f"{NIA}|2"


def test_another_identifier_is_not_an_ins() -> None:
    assert qualified_ins(patient(OLD_CODES, "VALI", ("https://cordee.example/local", "1", "official"))) is None
    assert qualified_ins(patient(OLD_CODES, "VALI", (TEST, "1", "official"))) == f"{TEST}|1"
