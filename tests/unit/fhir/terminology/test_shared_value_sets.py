"""National value sets (IHE SVS XML) become ValueSets under the addresses that the guides bind to."""

from datetime import date

import pytest

from cordee.fhir.body import accept
from cordee.fhir.outcome import MalformedBody
from cordee.fhir.terminology.concepts import encode_exact
from cordee.fhir.terminology.shared_value_sets import is_shared_value_set, systems_named, value_sets

ON = date(2026, 11, 24)


def xml(concepts: str = '<Concept code="A" codeSystem="1.2.3" displayName="Un"/>', **attributes: str) -> bytes:
    said = {"id": "1.2.250.1.999.5", "displayName": "JDV_X_CISIS.tabs", "revisionDate": "2024-12-13T12:00:00+01:00"}
    written = " ".join(f'{name}="{value}"' for name, value in (said | attributes).items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?><RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008">'
        f"<ValueSet {written}><ConceptList>{concepts}</ConceptList></ValueSet></RetrieveValueSetResponse>"
    ).encode()


def test_a_value_set_without_an_address_is_known_by_its_oid() -> None:
    raw = xml()
    assert is_shared_value_set(raw)
    (found,) = value_sets(raw, ON, {})
    assert found == {
        "resourceType": "ValueSet",
        "id": "JDV-X-CISIS",
        "url": "urn:oid:1.2.250.1.999.5",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.5"}],
        "version": "20241213120000",
        "name": "JDV_X_CISIS",
        "title": "JDV_X_CISIS",
        "status": "active",
        "date": "2024-12-13T12:00:00+01:00",
        "compose": {"include": [{"system": "urn:oid:1.2.3", "concept": [{"code": "A", "display": "Un"}]}]},
    }
    accept(encode_exact(found).encode())


def test_a_national_one_has_the_address_and_the_version_of_its_publication_in_fhir() -> None:
    address = "https://mos.esante.gouv.fr/NOS/JDV_J01-Spec-CISIS"
    (found,) = value_sets(xml(urlFichier=address, dateMaj="20250101120000", description="Spécialité"), ON, {})
    assert found["url"] == f"{address}/FHIR/JDV-J01-Spec-CISIS"
    assert (found["id"], found["version"], found["title"]) == ("JDV-J01-Spec-CISIS", "20250101120000", "Spécialité")


def test_codes_are_grouped_by_system_each_once_under_the_address_fhir_gives_to_it() -> None:
    concepts = "".join(
        f'<Concept code="{code}" codeSystem="{system}"/>'
        for code, system in (
            ("1", "2.16.840.1.113883.6.1"),
            ("2", "1.2.9"),
            ("3", "ASTM"),
            ("1", "2.16.840.1.113883.6.1"),
        )
    )
    assert systems_named(xml(concepts)) == {"2.16.840.1.113883.6.1", "1.2.9"}
    (found,) = value_sets(xml(concepts), ON, {"1.2.9": "https://example.org/s"})
    assert found["compose"]["include"] == [
        {"system": "http://loinc.org", "concept": [{"code": "1"}]},
        {"system": "https://example.org/s", "concept": [{"code": "2"}]},
        {"system": "ASTM", "concept": [{"code": "3"}]},
    ]


@pytest.mark.parametrize(("ended", "kept"), [("20261123000000", False), ("20261124000000", True), ("", True)])
def test_what_is_over_is_left_out_or_retired(ended: str, kept: bool) -> None:
    over = f'<Concept code="B" codeSystem="1.2.3" dateFin="{ended}"/>'
    (found,) = value_sets(xml('<Concept code="A" codeSystem="1.2.3"/>' + over), ON, {})
    assert len(found["compose"]["include"][0]["concept"]) == (2 if kept else 1)
    (whole,) = value_sets(xml(dateFin=ended), ON, {})
    assert whole["status"] == ("active" if kept else "retired")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"<a", "not XML"),
        (b"<a/>", "root element is a"),
        (xml(""), "has no code"),
        (xml('<Concept code="A"/>'), "has a code and a codeSystem"),
        (xml(id="x"), "is not one"),
        (b'<!DOCTYPE RetrieveValueSetResponse [<!ENTITY e "x">]>' + xml().split(b"?>", 1)[1], "document type"),
        (b'<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"/>', "no ValueSet"),
    ],
)
def test_what_is_no_value_set_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(MalformedBody, match=why):
        value_sets(raw, ON, {})
