"""R4 lets an extension stand in place of any value: what can't be used then is refused or left out, never a fault."""

from typing import Any

import orjson
import pytest

from cordee.fhir.body import accept
from cordee.fhir.terminology.concept_map import Coded, Match, translations
from cordee.fhir.terminology.concepts import linked, read_concepts
from cordee.fhir.terminology.refusals import UnusableTerminology
from cordee.fhir.terminology.value_set import read_composition

ABSENT = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}


def accepted(resource: dict[str, Any]) -> dict[str, Any]:
    return dict(accept(orjson.dumps(resource)).resource)


def code_system(concept: dict[str, Any]) -> dict[str, Any]:
    return accepted({"resourceType": "CodeSystem", "status": "active", "content": "complete", "concept": [concept]})


@pytest.mark.parametrize(
    "concept",
    [
        {"code": "a", "designation": [{"_value": ABSENT}]},
        {"code": "a", "property": [{"_code": ABSENT, "valueCode": "x"}]},
        {"code": "a", "property": [{"code": "p", "_valueCode": ABSENT}]},
        {"code": "a", "_display": ABSENT},
    ],
)
def test_what_a_concept_does_not_say_is_left_out(concept: dict[str, Any]) -> None:
    (placed,) = linked(list(read_concepts(code_system(concept)["concept"])), case_sensitive=True)
    assert (placed.concept.searched, placed.concept.properties, placed.concept.detail) == ("a", {}, {})


def test_a_concept_without_a_code_is_refused() -> None:
    with pytest.raises(UnusableTerminology, match="no code"):
        list(read_concepts(code_system({"_code": ABSENT})["concept"]))


@pytest.mark.parametrize(
    ("include", "path"),
    [
        ({"_system": ABSENT}, "ValueSet.compose.include[0]"),
        ({"system": "urn:x", "concept": [{"_code": ABSENT}]}, "ValueSet.compose.include[0].concept[0].code"),
        (
            {"system": "urn:x", "filter": [{"_property": ABSENT, "op": "=", "value": "a"}]},
            "ValueSet.compose.include[0].filter[0].property",
        ),
        (
            {"system": "urn:x", "filter": [{"property": "a", "op": "=", "_value": ABSENT}]},
            "ValueSet.compose.include[0].filter[0].value",
        ),
        ({"valueSet": [None], "_valueSet": [ABSENT]}, "ValueSet.compose.include[0].valueSet[0]"),
    ],
)
def test_a_rule_without_a_value_is_refused_with_its_path(include: dict[str, Any], path: str) -> None:
    resource = accepted({"resourceType": "ValueSet", "status": "active", "compose": {"include": [include]}})
    with pytest.raises(UnusableTerminology) as refused:
        read_composition(resource)
    assert refused.value.issues[0].path == path


def test_a_map_without_an_equivalence_or_a_mode_still_answers() -> None:
    target = {"code": "x", "_equivalence": ABSENT}
    group = {"element": [{"code": "a", "target": [target]}], "unmapped": {"_mode": ABSENT}}
    resource = accepted({"resourceType": "ConceptMap", "status": "active", "group": [group]})
    assert list(translations(resource, Coded(None, "a"))) == [Match("relatedto", Coded(None, "x"))]
    assert list(translations(resource, Coded(None, "b"))) == []
    assert list(translations(resource, Coded(None, "x"), reverse=True)) == [Match("relatedto", Coded(None, "a"))]
