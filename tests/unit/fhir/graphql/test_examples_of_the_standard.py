"""The examples of R4 graphql.html that are about one resource, on R4's example patient."""

from typing import Any

import pytest

from cordee.fhir.graphql.execution import AtHand, execute
from cordee.fhir.graphql.planning import plan_query

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "example",
    "identifier": [{"system": "urn:oid:1.2.36.146.595.217.0.1", "value": "12345"}],
    "active": True,
    "name": [
        {"use": "official", "family": "Chalmers", "given": ["Peter", "James"]},
        {"use": "usual", "given": ["Jim"]},
        {"use": "maiden", "family": "Windsor", "given": ["Peter", "James"]},
    ],
    "birthDate": "2016-05-18",
    "_birthDate": {"extension": [{"url": "https://example.org/time", "valueDateTime": "2016-05-18T10:28:45Z"}]},
    "extension": [
        {"url": "https://example.org/details", "valueString": "some value"},
        {"url": "https://example.org/other", "valueString": "another"},
    ],
}
SYSTEM, NUMBER = "urn:oid:1.2.36.146.595.217.0.1", "12345"


def asked(query: str, resource: dict[str, Any] = PATIENT, **variables: Any) -> dict[str, Any]:
    plan = plan_query(query, None, variables, resource["resourceType"], "https://example.org/fhir")
    outcome = execute(plan, AtHand(), resource)
    assert outcome.is_whole
    return outcome.data


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (
            "{ name { text given family } }",
            {
                "name": [
                    {"given": ["Peter", "James"], "family": "Chalmers"},
                    {"given": ["Jim"]},
                    {"given": ["Peter", "James"], "family": "Windsor"},
                ]
            },
        ),
        (
            "{ birthDate _birthDate { extension {valueDateTime} } }",
            {"birthDate": "2016-05-18", "_birthDate": {"extension": [{"valueDateTime": "2016-05-18T10:28:45Z"}]}},
        ),
        (
            "{ name(use: official) { text given family } }",
            {"name": [{"given": ["Peter", "James"], "family": "Chalmers"}]},
        ),
        (
            '{ myext: extension(url: "https://example.org/details") { value : valueString } }',
            {"myext": [{"value": "some value"}]},
        ),
        ("{ name(_count: 1, _offset: 1) { given } }", {"name": [{"given": ["Jim"]}]}),
        (
            "{ identifier @flatten { system value } active name @flatten { text given family } }",
            {
                "system": [SYSTEM],
                "value": [NUMBER],
                "active": True,
                "given": ["Peter", "James", "Jim", "Peter", "James"],
                "family": ["Chalmers", "Windsor"],
            },
        ),
        (
            "{ identifier @flatten { system value } active name @flatten { text given @first family } }",
            {
                "system": [SYSTEM],
                "value": [NUMBER],
                "active": True,
                "given": ["Peter", "Jim", "Peter"],
                "family": ["Chalmers", "Windsor"],
            },
        ),
        (
            "{ identifier @flatten { system @singleton value @singleton } active "
            "name @flatten @first { text given family @singleton } }",
            {"system": SYSTEM, "value": NUMBER, "active": True, "given": ["Peter", "James"], "family": "Chalmers"},
        ),
        (
            '{ name @slice(path: "$index") @flatten {given @first @singleton family}}',
            {
                "given.0": "Peter",
                "family.0": ["Chalmers"],
                "given.1": "Jim",
                "given.2": "Peter",
                "family.2": ["Windsor"],
            },
        ),
        (
            "{ identifier @flatten { system value } active "
            'name @flatten @slice(path: "use") { given family @singleton } }',
            {
                "system": [SYSTEM],
                "value": [NUMBER],
                "active": True,
                "given.official": ["Peter", "James"],
                "family.official": "Chalmers",
                "given.usual": ["Jim"],
                "given.maiden": ["Peter", "James"],
                "family.maiden": "Windsor",
            },
        ),
        (
            '{ name @flatten @slice(path: "$index") { given family @singleton } }',
            {
                "given.0": ["Peter", "James"],
                "family.0": "Chalmers",
                "given.1": ["Jim"],
                "given.2": ["Peter", "James"],
                "family.2": "Windsor",
            },
        ),
    ],
)
def test_the_answer_is_that_of_the_page(query: str, answer: dict[str, Any]) -> None:
    assert asked(query) == answer


def test_a_choice_is_asked_for_by_its_type_and_a_decimal_keeps_its_form() -> None:
    observation = {"resourceType": "Observation", "id": "o", "valueQuantity": {"value": 72.5, "unit": "kg"}}
    assert asked("{ valueQuantity { value unit } }", observation) == {"valueQuantity": {"value": 72.5, "unit": "kg"}}


def test_a_contained_resource_is_what_its_reference_leads_to() -> None:
    patient = {
        "resourceType": "Patient",
        "id": "p",
        "contained": [{"resourceType": "Practitioner", "id": "doc", "name": [{"family": "Exemple"}]}],
        "generalPractitioner": [{"reference": "#doc"}],
    }
    query = "{ generalPractitioner { resource { __typename ... on Practitioner { name { family } } } } }"
    assert asked(query, patient) == {
        "generalPractitioner": [{"resource": {"__typename": "Practitioner", "name": [{"family": "Exemple"}]}}]
    }
    contained = "{ contained { id ... on Practitioner { ConditionList(_reference: asserter) { id } } } }"
    assert asked(contained, patient) == {"contained": [{"id": "doc"}]}
