"""The operations of terminology over HTTP: GET and POST, by type and by instance, stored and given."""

from typing import Any

import httpx
import pytest
from tests.functional.operation_answers import answered, named, refusal, value

SYSTEM = "https://example.org/CodeSystem/soins"
SET = "https://example.org/ValueSet/soins"
CODE_SYSTEM: dict[str, Any] = {
    "resourceType": "CodeSystem", "id": "soins", "url": SYSTEM, "version": "2", "name": "Soins", "title": "Les soins",
    "status": "active", "content": "complete",
    "concept": [
        {"code": "soin", "display": "Soin", "property": [{"code": "notSelectable", "valueBoolean": True}], "concept": [
            {"code": "tele", "display": "Téléconsultation", "definition": "À distance.",
             "designation": [{"language": "en", "value": "Remote visit"}],
             "property": [{"code": "poids", "valueDecimal": 2}]},
            {"code": "acte", "display": "Acte", "property": [{"code": "inactive", "valueBoolean": True}]},
        ]},
        {"code": "autre", "display": "Autre"},
    ],
}  # fmt: skip
VALUE_SET: dict[str, Any] = {
    "resourceType": "ValueSet", "id": "soins", "url": SET, "name": "Soins", "status": "active",
    "compose": {"include": [{"system": SYSTEM}]},
}  # fmt: skip
CONCEPT_MAP: dict[str, Any] = {
    "resourceType": "ConceptMap", "id": "m", "url": "https://example.org/ConceptMap/m", "status": "active",
    "group": [{"source": SYSTEM, "target": "urn:t", "element": [
        {"code": "tele", "target": [{"code": "T", "display": "Tele", "equivalence": "equivalent"}]}]}],
}  # fmt: skip


@pytest.fixture
def stored(client: httpx.Client) -> httpx.Client:
    for resource in (CODE_SYSTEM, VALUE_SET, CONCEPT_MAP):
        client.put(f"{resource['resourceType']}/{resource['id']}", json=resource).raise_for_status()
    return client


def expanded(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    resource = response.json()
    assert resource["resourceType"] == "ValueSet"
    return dict(resource["expansion"])


def codes(response: httpx.Response) -> list[str]:
    return [entry["code"] for entry in expanded(response).get("contains", ())]


def post(client: httpx.Client, address: str, *parameters: dict[str, Any]) -> httpx.Response:
    return client.post(address, json={"resourceType": "Parameters", "parameter": list(parameters)})


def test_a_whole_expansion_has_its_hierarchy(stored: httpx.Client) -> None:
    whole = expanded(stored.get("ValueSet/soins/$expand"))
    assert whole["total"] == 4
    soin, autre = whole["contains"]
    assert (soin["code"], soin["abstract"], soin["version"]) == ("soin", True, "2")
    assert [(c["code"], c.get("inactive")) for c in soin["contains"]] == [("tele", None), ("acte", True)]
    assert "contains" not in autre
    assert codes(stored.get("ValueSet/$expand", params={"url": SET, "excludeNested": "true"})) == [
        "soin", "tele", "acte", "autre",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({"filter": "teleCONS"}, ["tele"]),
        ({"filter": "consultation"}, []),
        ({"filter": "visit remote"}, ["tele"]),
        ({"filter": "!"}, []),
        ({"offset": 1, "count": 2}, ["tele", "acte"]),
        ({"count": 0}, []),
        ({"activeOnly": "true", "excludeNested": "true"}, ["soin", "tele", "autre"]),
        ({"excludeNotForUI": "true", "count": 9}, ["tele", "acte", "autre"]),
        ({"exclude-system": SYSTEM}, []),
    ],
)
def test_a_part_of_an_expansion(stored: httpx.Client, asked: dict[str, str], answer: list[str]) -> None:
    assert codes(stored.get("ValueSet/$expand", params={"url": SET, **asked})) == answer


def test_an_expansion_in_a_language_with_designations(stored: httpx.Client) -> None:
    asked = {"url": SET, "displayLanguage": "en-GB", "includeDesignations": "true", "filter": "tele"}
    (entry,) = expanded(stored.get("ValueSet/$expand", params=asked))["contains"]
    assert entry["display"] == "Remote visit"
    assert entry["designation"] == [{"language": "en", "value": "Remote visit"}]


def test_a_value_set_that_is_given_whole(stored: httpx.Client) -> None:
    is_a = {"property": "concept", "op": "descendent-of", "value": "soin"}
    given = {"resourceType": "ValueSet", "status": "draft"}
    given |= {"compose": {"include": [{"system": SYSTEM, "filter": [is_a]}]}}
    parameter = {"name": "valueSet", "resource": given}
    assert codes(post(stored, "ValueSet/$expand", parameter)) == ["tele", "acte"]
    coding = {"name": "coding", "valueCoding": {"system": SYSTEM, "code": "tele"}}
    assert value(answered(post(stored, "ValueSet/$validate-code", parameter, coding)), "result") is True


def test_value_sets_that_need_not_be_stored(client: httpx.Client) -> None:
    gender = "http://hl7.org/fhir/ValueSet/administrative-gender"
    assert codes(client.get("ValueSet/$expand", params={"url": gender})) == ["female", "male", "other", "unknown"]


def test_a_code_is_looked_up(stored: httpx.Client) -> None:
    found = answered(stored.get("CodeSystem/$lookup", params={"system": SYSTEM, "code": "tele"}))
    assert (value(found, "name"), value(found, "version")) == ("Les soins", "2")
    assert value(found, "display") == "Téléconsultation"
    properties = {value(p["part"], "code"): value(p["part"], "value") for p in named(found, "property")}
    assert properties == {"definition": "À distance.", "parent": "soin", "poids": 2}
    (designation,) = named(found, "designation")
    assert value(designation["part"], "value") == "Remote visit"
    coding = {"name": "coding", "valueCoding": {"system": SYSTEM, "code": "soin"}}
    children = answered(post(stored, "CodeSystem/$lookup", coding, {"name": "property", "valueCode": "child"}))
    assert [value(p["part"], "value") for p in named(children, "property")] == ["tele", "acte"]


def test_codes_are_compared(stored: httpx.Client) -> None:
    asked = {"codeA": "soin", "codeB": "tele"}
    assert value(answered(stored.get("CodeSystem/soins/$subsumes", params=asked)), "outcome") == "subsumes"
    a, b = ({"system": SYSTEM, "code": code} for code in ("tele", "acte"))
    codings = ({"name": "codingA", "valueCoding": a}, {"name": "codingB", "valueCoding": b})
    assert value(answered(post(stored, "CodeSystem/$subsumes", *codings)), "outcome") == "not-subsumed"


@pytest.mark.parametrize("address", ["ValueSet/soins/$validate-code", "CodeSystem/soins/$validate-code"])
def test_codes_are_validated(stored: httpx.Client, address: str) -> None:
    def result(**asked: str) -> tuple[bool, str]:
        found = answered(stored.get(address, params=asked))
        return value(found, "result"), value(found, "message") if named(found, "message") else ""

    assert result(code="tele", display="teleconsultation") == (True, "")
    assert result(code="tele", display="Acte")[1].endswith("«Téléconsultation».")
    assert result(code="none")[0] is False
    assert result(code="soin") == (True, "")
    assert result(code="soin", abstract="false")[0] is False
    codings = [{"system": SYSTEM, "code": "none"}, {"system": SYSTEM, "code": "autre"}]
    concept = {"name": "codeableConcept", "valueCodeableConcept": {"coding": codings}}
    found = answered(post(stored, address, concept))
    assert (value(found, "result"), value(found, "display")) == (True, "Autre")


def test_codes_are_translated(stored: httpx.Client) -> None:
    for address, asked in (
        ("ConceptMap/m/$translate", {"system": SYSTEM, "code": "tele"}),
        ("ConceptMap/$translate", {"url": CONCEPT_MAP["url"], "system": SYSTEM, "code": "tele"}),
        ("ConceptMap/$translate", {"system": SYSTEM, "code": "tele", "targetsystem": "urn:t"}),
    ):
        found = answered(stored.get(address, params=asked))
        assert value(found, "result") is True
        (match,) = named(found, "match")
        assert value(match["part"], "equivalence") == "equivalent"
        (concept,) = named(match["part"], "concept")
        assert concept["valueCoding"] == {"system": "urn:t", "code": "T", "display": "Tele"}
    back = answered(stored.get("ConceptMap/m/$translate", params={"system": "urn:t", "code": "T", "reverse": "true"}))
    assert value(back, "result") is True
    none = answered(stored.get("ConceptMap/m/$translate", params={"system": SYSTEM, "code": "acte"}))
    assert value(none, "result") is False


def test_what_can_not_be_answered_is_told_with_its_place(stored: httpx.Client) -> None:
    get = stored.get
    unknown = get("ValueSet/$expand", params={"url": "urn:none"})
    assert refusal(unknown, 404) == [("not-found", ["url"])]
    assert refusal(get("ValueSet/$expand"), 400) == [("processing", ["url"])]
    assert refusal(get("ValueSet/$expand", params={"url": SET, "count": -1}), 400)[0][1] == ["http.count"]
    assert refusal(get("ValueSet/$expand", params={"valueSet": "x"}), 400) == [("value", ["http.valueSet"])]
    assert refusal(get("CodeSystem/$lookup", params={"code": "x"}), 400) == [("invalid", ["system"])]
    assert refusal(get("CodeSystem/$lookup", params={"system": SYSTEM, "code": "x"}), 404) == [("not-found", ["code"])]
    assert refusal(get("ValueSet/none/$expand"), 404)[0][0] == "not-found"
    wrong = {"name": "valueSet", "resource": CODE_SYSTEM}
    assert refusal(post(stored, "ValueSet/$expand", wrong), 400) == [("value", ["Parameters.parameter[0]"])]
    both = {"name": "coding", "valueCoding": {"code": "a"}}
    two = post(stored, "ValueSet/soins/$validate-code", both, {"name": "code", "valueCode": "a"})
    assert refusal(two, 400) == [("invalid", ["Parameters.parameter"])]


def test_a_system_is_found_by_any_of_its_identifiers(client: httpx.Client) -> None:
    naming = {
        "resourceType": "NamingSystem", "id": "n", "name": "N", "status": "active", "kind": "codesystem",
        "date": "2026-01-01",
        "uniqueId": [
            {"type": "oid", "value": "1.2.3"}, {"type": "uri", "value": "https://example.org/old"},
            {"type": "uri", "value": "https://example.org/n", "preferred": True},
        ],
    }  # fmt: skip
    client.put("NamingSystem/n", json=naming).raise_for_status()
    client.put("NamingSystem/other", json=naming | {"id": "other", "uniqueId": [{"type": "oid", "value": "1.2.34"}]})

    def preferred(id_: str, kind: str) -> str:
        return str(
            value(answered(client.get("NamingSystem/$preferred-id", params={"id": id_, "type": kind})), "result")
        )

    assert preferred("1.2.3", "uri") == preferred("urn:oid:1.2.3", "uri") == "https://example.org/n"
    assert preferred("https://example.org/old", "oid") == "1.2.3"
    assert preferred("https://example.org/old", "uri") == "https://example.org/n"
    assert preferred("2.16.840.1.113883.6.1", "uri") == "http://loinc.org"
    assert preferred("http://loinc.org", "oid") == "2.16.840.1.113883.6.1"
    refused = client.get("NamingSystem/$preferred-id", params={"id": "1.2.3", "type": "uuid"})
    assert refusal(refused, 404)[0][0] == "not-found"
    unknown = client.get("NamingSystem/$preferred-id", params={"id": "1.2.3", "type": "url"})
    assert refusal(unknown, 400) == [("invalid", ["http.type"])]
    assert client.get("NamingSystem/$preferred-id", params={"id": "1.2.3"}).status_code == 400
