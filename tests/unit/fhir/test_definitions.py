import pytest

from cordee.fhir.definitions import load_definitions

definitions = load_definitions()


def test_r4_has_146_concrete_resource_types():
    assert len(definitions.resource_types) == 146
    assert {"Patient", "Claim", "CareTeam", "Binary"} <= set(definitions.resource_types)
    assert not {"Resource", "DomainResource"} & set(definitions.resource_types)


def test_a_row_tells_cardinality_types_targets_binding_and_flags():
    gender = definitions.structures["Patient"].elements["Patient.gender"]
    assert (gender.min, gender.max, gender.types, gender.summary) == (0, 1, ("code",), True)
    assert gender.required_value_set == "http://hl7.org/fhir/ValueSet/administrative-gender"
    subject = definitions.structures["Observation"].elements["Observation.subject"]
    assert subject.targets == ("Device", "Group", "Location", "Patient")
    status = definitions.structures["Claim"].elements["Claim.status"]
    assert (status.min, status.modifier) == (1, True)
    item = definitions.structures["Questionnaire"].elements["Questionnaire.item.item"]
    assert (item.max, item.content_reference) == (None, "Questionnaire.item")


def test_fhirpath_system_types_are_given_as_fhir_primitives():
    elements = [e for s in definitions.structures.values() for e in s.elements.values()]
    assert not [e.path for e in elements for t in e.types if "/" in t]
    assert definitions.structures["Extension"].elements["Extension.url"].types == ("uri",)
    assert definitions.structures["instant"].elements["instant.value"].types == ("instant",)


def test_the_id_of_a_resource_is_an_id_and_the_id_of_an_element_a_string():
    assert definitions.element_types("Patient.id") == ("id",)
    assert definitions.element_types("Patient.name.id") == ("string",)


def test_every_type_named_by_an_element_is_defined():
    named = {t for s in definitions.structures.values() for e in s.elements.values() for t in e.types}
    assert named <= set(definitions.structures)


def test_every_invariant_named_by_an_element_is_defined_and_has_an_expression():
    named = {k for s in definitions.structures.values() for e in s.elements.values() for k in e.invariants}
    assert named == set(definitions.invariants)
    assert all(rule.key == key and rule.expression for key, rule in definitions.invariants.items())
    assert {rule.severity for rule in definitions.invariants.values()} <= {"error", "warning"}


def test_an_invariant_key_used_for_several_rules_is_told_apart_by_its_structure():
    assert "inv-1" not in definitions.invariants
    parameters = definitions.invariants["Parameters:inv-1"].expression
    assert parameters != definitions.invariants["Task:inv-1"].expression


def test_a_whole_code_system_is_enumerated_with_the_codes_below_its_codes():
    condition = definitions.value_sets["http://hl7.org/fhir/ValueSet/condition-clinical"]
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    assert {(system, "active"), (system, "recurrence"), (system, "resolved")} <= condition


def test_a_value_set_that_depends_on_outside_content_is_absent():
    assert "http://hl7.org/fhir/ValueSet/currencies" not in definitions.value_sets
    assert "http://hl7.org/fhir/ValueSet/mimetypes" not in definitions.value_sets


@pytest.mark.parametrize("resource_type", definitions.resource_types)
def test_every_type_has_the_parameters_of_resource(resource_type):
    codes = definitions.search_parameters[resource_type]
    assert {"_id", "_lastUpdated", "_profile", "_security", "_tag", "_source", "_content"} <= set(codes)


def test_only_domain_resources_have_the_parameter_of_narratives():
    assert "_text" in definitions.search_parameters["Patient"]
    assert "_text" not in definitions.search_parameters["Binary"]


def test_parameters_without_expression_keep_their_type():
    assert definitions.search_parameters["Location"]["near"].type == "special"
    assert definitions.search_parameters["Patient"]["_content"].expression is None


def test_the_components_of_a_composite_are_parameters_of_the_same_type():
    for codes in definitions.search_parameters.values():
        for parameter in codes.values():
            assert (parameter.type == "composite") == bool(parameter.components)
            assert {c.parameter for c in parameter.components} <= set(codes)


def test_a_reference_parameter_without_targets_may_point_at_any_type():
    assert definitions.search_parameters["Claim"]["patient"].targets == ("Patient",)
    assert definitions.search_parameters["Task"]["focus"].targets == ()


def test_the_five_compartments_name_existing_parameters():
    compartments = definitions.compartments
    assert set(compartments) == {"Patient", "Encounter", "Practitioner", "RelatedPerson", "Device"}
    assert compartments["Patient"]["CareTeam"] == ("patient", "participant")
    unknown = {
        (resource_type, code)
        for members in compartments.values()
        for resource_type, codes in members.items()
        for code in codes
        if code not in definitions.search_parameters[resource_type]
    }
    assert unknown == {(own, "{def}") for own in ("Encounter", "Practitioner", "RelatedPerson")}


@pytest.mark.parametrize(
    ("path", "types"),
    [
        ("Patient.contact.name.family", ("string",)),
        ("Patient.contact", ("BackboneElement",)),
        ("Observation.valueQuantity.unit", ("string",)),
        ("Observation.value.unit", ("string",)),
        ("Observation.component.valueQuantity", ("Quantity",)),
        ("Questionnaire.item.item.item.linkId", ("string",)),
        ("Questionnaire.item.item", ("BackboneElement",)),
        ("Patient.deceased[x]", ("boolean", "dateTime")),
        ("Patient.nothing", ()),
        ("Nothing.at.all", ()),
    ],
)
def test_a_path_leads_through_types_choices_and_content_references(path, types):
    assert definitions.element_types(path) == types
    assert (definitions.element(path) is None) == (types == ())
