import pytest

from cordee.fhir.literal_references import LiteralReference, read_reference, reference_type


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient/1", LiteralReference("Patient", "1", None, None)),
        ("Patient/1/_history/2", LiteralReference("Patient", "1", "2", None)),
        ("Patience/1", LiteralReference(None, None, None, "Patience/1")),
        (
            "https://elsewhere.example/fhir/Patient/1",
            LiteralReference("Patient", None, None, "https://elsewhere.example/fhir/Patient/1"),
        ),
        ("urn:uuid:f1", LiteralReference(None, None, None, "urn:uuid:f1")),
        ("http://x.example/q|2", LiteralReference(None, None, None, "http://x.example/q|2")),
        ("#contained", None),
        ("", None),
    ],
)
def test_a_reference_is_local_only_when_it_names_a_type_and_an_id(text, expected):
    assert read_reference(text) == expected


@pytest.mark.parametrize("base", ["https://here.example/fhir", "https://here.example/fhir/"])
def test_an_address_of_this_server_is_local(base):
    found = read_reference("https://here.example/fhir/Patient/1", base)
    assert found == LiteralReference("Patient", "1", None, None)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"reference": "Patient/1"}, "Patient"),
        ({"reference": "https://elsewhere.example/fhir/Patient/1"}, "Patient"),
        ({"reference": "urn:uuid:f1", "type": "Patient"}, "Patient"),
        ({"type": "http://hl7.org/fhir/StructureDefinition/Patient"}, "Patient"),
        ({"reference": "urn:uuid:f1"}, None),
        ({"reference": "#p"}, None),
        ({"display": "somebody"}, None),
        ("Questionnaire/1", "Questionnaire"),
    ],
)
def test_the_type_is_read_from_the_address_then_from_what_is_stated(node, expected):
    assert reference_type(node) == expected
