import pytest

from cordee.fhir.definitions import load_definitions
from cordee.fhir.search_expressions import (
    ExpressionError,
    Presence,
    Route,
    _Compiler,
    accessor,
    component_routes,
    reference_targets,
    search_routes,
)


def read(resource, code):
    type_ = resource["resourceType"]
    return accessor(type_, load_definitions().search_parameters[type_][code])(resource)


def test_every_expression_of_every_resource_type_compiles_to_somewhere():
    definitions = load_definitions()
    empty = [
        (type_, code)
        for type_ in definitions.resource_types
        for code, parameter in definitions.search_parameters[type_].items()
        if parameter.expression and not search_routes(type_, code)
    ]
    assert len(definitions.resource_types) == 146
    assert empty == []


def test_every_component_of_every_composite_compiles_to_somewhere():
    definitions = load_definitions()
    empty = [
        (type_, code, component.expression)
        for type_ in definitions.resource_types
        for code, parameter in definitions.search_parameters[type_].items()
        for component in parameter.components
        for route in search_routes(type_, code)
        if not component_routes(route, component.expression)
    ]
    assert empty == []


def test_a_path_goes_through_arrays():
    patient = {"resourceType": "Patient", "name": [{"given": ["Ada", "Zoé"]}, {"given": ["Lou"]}, {}]}
    assert read(patient, "given") == [("string", "Ada"), ("string", "Zoé"), ("string", "Lou")]


def test_an_empty_place_in_an_array_of_primitives_is_passed_over():
    patient = {"resourceType": "Patient", "name": [{"given": [None, "Zoé"]}]}
    assert read(patient, "given") == [("string", "Zoé")]


def test_a_choice_gives_the_type_it_was_written_with():
    observation = {"resourceType": "Observation", "effectivePeriod": {"start": "2024"}}
    assert read(observation, "date") == [("Period", {"start": "2024"})]


def test_a_condition_may_lie_further_down_in_any_of_several():
    claim = {
        "resourceType": "Claim",
        "supportingInfo": [
            {"category": {"coding": [{"code": "other"}, {"code": "pathway"}]}, "code": {"text": "this"}},
            {"category": {"coding": [{"code": "profile"}]}, "code": {"text": "not this"}},
            {"category": {"text": "nor this"}, "code": {"text": "pathway"}},
        ],
    }
    assert read(claim, "pathway") == [("CodeableConcept", {"text": "this"})]


def test_as_keeps_one_type_of_a_choice():
    condition = {"resourceType": "Condition", "onsetAge": {"value": 4}}
    assert read(condition, "onset-age") == [("Age", {"value": 4})]
    assert read(condition, "onset-date") == []


def test_a_path_may_go_on_after_as():
    observation = {"resourceType": "Observation", "valueCodeableConcept": {"text": "positif"}}
    assert read(observation, "value-string") == [("string", "positif")]


def test_where_keeps_the_nodes_whose_property_is_equal():
    telecom = [{"system": "phone", "value": "0102"}, {"system": "email", "value": "a@b.example"}]
    patient = {"resourceType": "Patient", "telecom": telecom}
    assert read(patient, "email") == [("ContactPoint", telecom[1])]


@pytest.mark.parametrize(
    ("reference", "kept"),
    [
        ({"reference": "Patient/1"}, True),
        ({"reference": "Group/1"}, False),
        ({"reference": "urn:uuid:f1", "type": "Patient"}, True),
        ({"reference": "urn:uuid:f1"}, False),
    ],
)
def test_resolve_is_a_type_looks_at_the_reference_itself(reference, kept):
    encounter = {"resourceType": "Encounter", "subject": reference}
    assert read(encounter, "patient") == ([("Reference", reference)] if kept else [])


def test_an_index_takes_one_place_of_a_collection():
    entries = [{"resource": {"resourceType": "Composition", "id": str(n)}} for n in range(2)]
    assert read({"resourceType": "Bundle", "entry": entries}, "composition") == [("Resource", entries[0]["resource"])]


def test_the_first_resource_of_a_bundle_counts_for_its_own_type_only():
    entries = [{"resource": {"resourceType": "Patient", "id": "1"}}]
    assert read({"resourceType": "Bundle", "entry": entries}, "composition") == []


def test_an_extension_is_found_by_its_url():
    url = "http://hl7.org/fhir/StructureDefinition/patient-extensions-Patient-mothersMaidenName"
    extension = {"url": url, "valueString": "Durand"}
    patient = {"resourceType": "Patient", "extension": [{"url": "http://x.example"}, extension]}
    assert read(patient, "mothersMaidenName") == [("Extension", extension)]


def test_has_extension_keeps_the_nodes_that_carry_it():
    url = "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject"
    answer = [{"valueReference": {"reference": "Patient/1"}}]
    response = {
        "resourceType": "QuestionnaireResponse",
        "item": [{"answer": answer}, {"answer": answer, "extension": [{"url": url, "valueBoolean": True}]}],
    }
    assert read(response, "item-subject") == [("Reference", {"reference": "Patient/1"})]


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ({}, False),
        ({"deceasedBoolean": False}, False),
        ({"deceasedBoolean": True}, True),
        ({"deceasedDateTime": "2024"}, True),
    ],
)
def test_a_patient_is_deceased_when_it_is_said_with_or_without_a_date(element, expected):
    assert read({"resourceType": "Patient", **element}, "deceased") == [("boolean", expected)]


def test_only_the_branches_of_the_resource_type_are_read():
    routes = search_routes("Encounter", "date")
    assert [route.path for route in routes] == ["Encounter.period"]


def test_a_component_may_start_again_at_the_resource():
    (variant,) = search_routes("MolecularSequence", "chromosome-variant-coordinate")
    (route,) = component_routes(variant, "%resource.referenceSeq.chromosome")
    assert route.from_resource


@pytest.mark.parametrize(
    ("type_", "code", "targets"),
    [
        ("Encounter", "patient", ("Patient",)),
        ("Encounter", "subject", ("Group", "Patient")),
        ("Claim", "patient", ("Patient",)),
        ("Provenance", "target", ()),
    ],
)
def test_the_targets_of_a_reference_are_those_of_its_element_and_its_filter(type_, code, targets):
    assert reference_targets(type_, code) == targets


@pytest.mark.parametrize(
    "expression",
    [
        "Patient.name.first()",
        "Patient.name.where(use=1)",
        "Patient.name ~ 'x'",
        "(Patient.name",
        "Patient.name)",
    ],
)
def test_what_lies_beyond_the_subset_is_refused(expression):
    root = Route((), "Patient", "Patient")
    with pytest.raises(ExpressionError):
        _Compiler(expression, {"Patient": root}, root).compile()


def test_an_unknown_parameter_has_no_routes():
    with pytest.raises(KeyError):
        search_routes("Patient", "nickname")


def test_presence_is_the_only_shape_that_is_not_a_path():
    definitions = load_definitions()
    presences = {
        (type_, code)
        for type_ in definitions.resource_types
        for code in definitions.search_parameters[type_]
        if isinstance(search_routes(type_, code), Presence)
    }
    assert presences == {("Patient", "deceased")}
