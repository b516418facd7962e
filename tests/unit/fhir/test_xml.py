"""XML says what the JSON says, and what is not R4's XML is refused with its place."""

import json

import pytest

from cordee.fhir.body import accept
from cordee.fhir.outcome import FhirError, InvalidResource, MalformedBody
from cordee.fhir.xml import json_from_xml, xml_from_json

NAMESPACE = 'xmlns="http://hl7.org/fhir"'


def as_xml(**members: object) -> str:
    return xml_from_json(json.dumps({"resourceType": "Patient", **members})).decode()


def refusal(inside: str, attributes: str = "") -> FhirError:
    with pytest.raises(FhirError) as caught:
        json_from_xml(f"<Patient {NAMESPACE} {attributes}>{inside}</Patient>".encode())
    return caught.value


def test_a_resource_s_id_is_an_element_and_an_element_s_id_an_attribute() -> None:
    xml = as_xml(id="p", name=[{"id": "n", "family": "Un"}])
    assert f'<Patient {NAMESPACE}><id value="p"/><name id="n"><family value="Un"/></name></Patient>' in xml


def test_members_come_in_the_order_of_the_definitions() -> None:
    assert as_xml(birthDate="1980-01-02", active=True).index("active") < as_xml(
        birthDate="1980-01-02", active=True
    ).index("birthDate")


@pytest.mark.parametrize("number", ["72.50", "0.0", "1E+3", "100000000000000000000.1", "-4"])
def test_a_decimal_keeps_its_digits_both_ways(number: str) -> None:
    text = f'{{"resourceType":"Observation","valueQuantity":{{"value":{number}}}}}'
    xml = xml_from_json(text)
    assert f'value="{number}"'.encode() in xml
    assert json_from_xml(xml).decode() == text


def test_extensions_of_primitives_stay_with_their_value() -> None:
    resource = {
        "resourceType": "Patient",
        "name": [
            {"given": ["A", None, "C"], "_given": [None, {"extension": [{"url": "u", "valueString": "x"}]}, None]}
        ],
        "_birthDate": {"id": "b", "extension": [{"url": "u", "valueCode": "c"}]},
    }
    assert json.loads(json_from_xml(xml_from_json(json.dumps(resource)))) == resource


def test_the_narrative_is_kept_as_markup_and_named_characters_as_themselves() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><p title="a&quot;b">À&nbsp;<b>1 &lt; 2</b></p></div>'
    back = json.loads(json_from_xml(as_xml(text={"status": "generated", "div": div}).encode()))
    assert back["text"]["div"] == div.replace("&nbsp;", "\u00a0")


def test_a_contained_resource_stands_inside_an_element_of_its_type() -> None:
    resource = {"resourceType": "Patient", "contained": [{"resourceType": "Organization", "id": "o", "name": "O"}]}
    xml = xml_from_json(json.dumps(resource))
    assert b'<contained><Organization><id value="o"/><name value="O"/></Organization></contained>' in xml
    assert json.loads(json_from_xml(xml)) == resource


def test_line_breaks_in_a_value_survive_the_normalisation_of_attributes() -> None:
    text = "one\ntwo\tthree\r\nfour"
    back = json.loads(json_from_xml(as_xml(name=[{"text": text}]).encode()))
    assert back["name"][0]["text"] == text


def test_comments_and_instructions_are_left_out() -> None:
    xml = f'<?x y?><Patient {NAMESPACE}><!-- nothing --><active value="true"/><?x y?></Patient>'
    assert json.loads(json_from_xml(xml.encode())) == {"resourceType": "Patient", "active": True}


@pytest.mark.parametrize(
    ("inside", "path", "said"),
    [
        ('<nme><family value="X"/></nme>', "Patient.nme", "did you mean 'name'?"),
        ('<name famly="X"/>', "Patient.name[0]", "unknown attribute 'famly'"),
        ('<birthDate value="1980"/><birthDate value="1981"/>', "Patient.birthDate", "more than once"),
        ("<active>true</active>", "Patient.active", "attribute 'value'"),
        ('<contained><id value="1"/></contained>', "Patient.contained[0]", "not a resource type"),
        ("<contained/>", "Patient.contained[0]", "one resource is expected"),
        ('<name xmlns="urn:other"><family value="X"/></name>', "Patient.name", "namespace 'urn:other'"),
        ('<text><status value="generated"/><div>x</div></text>', "Patient.text.div", "unknown element"),
    ],
)
def test_what_r4_does_not_define_is_refused_with_its_path_and_line(inside: str, path: str, said: str) -> None:
    error = refusal(inside)
    assert isinstance(error, InvalidResource)
    assert error.status == 400
    [issue] = error.issues
    assert issue.path == path
    assert said in issue.diagnostics
    assert "line 1" in issue.diagnostics


def test_every_unknown_element_is_told_at_once() -> None:
    assert [issue.path for issue in refusal("<a/><b/>").issues] == ["Patient.a", "Patient.b"]


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<Patient",
        b"<Patient/>",
        b'<Nobody xmlns="http://hl7.org/fhir"/>',
        b'<!DOCTYPE Patient [<!ENTITY x "y">]><Patient xmlns="http://hl7.org/fhir"><id value="&x;"/></Patient>',
        b'<!DOCTYPE Patient SYSTEM "file:///etc/passwd"><Patient xmlns="http://hl7.org/fhir"/>',
        b'<?xml version="1.0" encoding="nothing"?><Patient xmlns="http://hl7.org/fhir"/>',
    ],
)
def test_what_is_not_a_resource_in_xml_is_refused(xml: bytes) -> None:
    with pytest.raises(MalformedBody):
        json_from_xml(xml)


def test_a_value_is_judged_like_that_of_any_json() -> None:
    json_text = json_from_xml(f'<Patient {NAMESPACE}><active value="maybe"/></Patient>'.encode())
    with pytest.raises(InvalidResource) as caught:
        accept(json_text)
    assert caught.value.issues[0].path == "Patient.active"


def test_elements_inside_each_other_without_end_are_refused() -> None:
    deep = '<extension url="u">' * 250 + "</extension>" * 250
    with pytest.raises(FhirError):
        json_from_xml(f"<Patient {NAMESPACE}>{deep}</Patient>".encode())
