"""One rule of the standard a test: what is refused, with which code, at which path, in which words."""

import pytest

from cordee.fhir.definitions import Definitions, Element, Structure, load_definitions
from cordee.fhir.validation import validate
from cordee.fhir.validation.problems import MAX_ISSUES
from cordee.fhir.validation.shapes import MAX_DEPTH, Compiler

OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "Weight"}}
EXTENSION = {"url": "http://x.example/e", "valueString": "x"}


def patient(**elements):
    return {"resourceType": "Patient", **elements}


def observation(**elements):
    return OBSERVATION | elements


def found(resource, expected_type=None):
    return [(i.code, i.path) for i in validate(resource, expected_type)]


def only(resource, expected_type=None):
    (issue,) = validate(resource, expected_type)
    return issue


def nested_extension(levels):
    extension = EXTENSION
    for _ in range(levels):
        extension = {"url": "http://x.example/e", "extension": [extension]}
    return extension


# Resource types


def test_a_valid_resource_has_no_issue():
    assert validate(patient(id="p1", active=True, name=[{"family": "Test", "given": ["A", "B"]}])) == []


def test_a_resource_of_another_type_than_expected_is_refused():
    issue = only(OBSERVATION, "Patient")
    assert (issue.code, issue.path) == ("structure", "Observation.resourceType")
    assert "type Observation, Patient is expected" in issue.diagnostics


def test_an_unknown_resource_type_is_refused_and_the_close_one_suggested():
    issue = only({"resourceType": "Pateint"})
    assert issue.path == "resourceType"
    assert "did you mean 'Patient'" in issue.diagnostics


@pytest.mark.parametrize("name", ["Resource", "DomainResource", "HumanName", "", 3, ["Patient"], {}])
def test_what_is_no_concrete_resource_type_is_refused(name):
    assert found({"resourceType": name}) == [("structure", "resourceType")]


def test_a_resource_without_type_is_refused():
    assert found({"id": "x"}) == [("structure", "resourceType")]
    assert found({"id": "x"}, "Patient") == [("structure", "Patient.resourceType")]


@pytest.mark.parametrize("value", [None, True, 3, 1.5, "Patient", [], [patient()]])
def test_what_is_no_object_is_no_resource(value):
    assert [i.code for i in validate(value)] == ["structure"]


# Names and shapes


def test_an_unknown_element_is_refused_with_its_path():
    issue = only(patient(contact=[{"name": {"family": "X"}}, {"nmae": {"family": "X"}}]))
    assert (issue.code, issue.path) == ("structure", "Patient.contact[1].nmae")
    assert issue.diagnostics == "unknown element 'nmae'; did you mean 'name'?"


def test_a_name_that_is_no_identifier_is_delimited_in_the_path():
    assert found(patient(**{"a b": 1})) == [("structure", "Patient.`a b`")]


def test_a_long_unknown_name_is_cut_in_the_issue():
    issue = only(patient(**{"x" * 10_000: 1}))
    assert len(issue.path or "") < 100
    assert len(issue.diagnostics) < 200


def test_every_problem_is_reported_at_once():
    resource = patient(gender="x", birthDate="yesterday", name={"family": "X"}, colour="red")
    assert found(resource) == [
        ("code-invalid", "Patient.gender"),
        ("value", "Patient.birthDate"),
        ("structure", "Patient.name"),
        ("structure", "Patient.colour"),
    ]


def test_past_a_limit_it_is_said_that_there_are_more_problems():
    issues = validate(patient(**{f"x{n}": n for n in range(MAX_ISSUES + 50)}))
    assert len(issues) == MAX_ISSUES + 1
    assert issues[-1].diagnostics == "there are more problems than these 200: correct these first"


def test_problems_up_to_the_limit_are_all_given():
    assert len(validate(patient(**{f"x{n}": n for n in range(MAX_ISSUES)}))) == MAX_ISSUES
    names = [{"given": [n]} for n in range(MAX_ISSUES)]
    assert found(patient(name=names))[-1] == ("value", f"Patient.name[{MAX_ISSUES - 1}].given[0]")


@pytest.mark.parametrize(
    ("elements", "path"),
    [
        ({"name": {"family": "X"}}, "Patient.name"),
        ({"name": [{"given": "A"}]}, "Patient.name[0].given"),
        ({"maritalStatus": [{"text": "M"}]}, "Patient.maritalStatus"),
        ({"birthDate": ["2000-01-01"]}, "Patient.birthDate"),
        ({"birthDate": {"value": "2000-01-01"}}, "Patient.birthDate"),
        ({"maritalStatus": "M"}, "Patient.maritalStatus"),
        ({"name": ["X"]}, "Patient.name[0]"),
        ({"name": [None]}, "Patient.name[0]"),
        ({"name": None}, "Patient.name"),
        ({"maritalStatus": None}, "Patient.maritalStatus"),
        ({"birthDate": None}, "Patient.birthDate"),
        ({"name": []}, "Patient.name"),
        ({"name": [{}]}, "Patient.name[0]"),
        ({"name": [{"given": []}]}, "Patient.name[0].given"),
        ({"maritalStatus": {}}, "Patient.maritalStatus"),
    ],
)
def test_a_wrong_json_shape_is_refused(elements, path):
    assert found(patient(**elements)) == [("structure", path)]


# Cardinality


def test_a_missing_required_element_is_reported_at_its_place():
    assert found({"resourceType": "Observation", "status": "final"}) == [("required", "Observation.code")]
    assert found(patient(link=[{"type": "seealso"}])) == [("required", "Patient.link[0].other")]


def test_a_required_primitive_may_have_extensions_only():
    resource = observation(_status={"extension": [EXTENSION]})
    del resource["status"]
    assert validate(resource) == []


# Choice types


def test_a_choice_allows_one_type_only():
    issue = only(observation(valueString="x", valueInteger=3))
    assert (issue.code, issue.path) == ("structure", "Observation.value")
    assert "valueInteger, valueString" in issue.diagnostics


def test_a_choice_and_its_companion_are_of_one_type():
    assert validate(observation(valueString="x", _valueString={"id": "a"})) == []
    assert found(observation(valueString="x", _valueInteger={"id": "a"})) == [("structure", "Observation.value")]


@pytest.mark.parametrize("spelling", ["value", "value[x]", "valueAddress", "valuequantity", "valueFoo"])
def test_a_wrong_spelling_of_a_choice_is_told_the_allowed_ones(spelling):
    issue = only(observation(**{spelling: "x"}))
    assert issue.code == "structure"
    assert "valueQuantity" in issue.diagnostics


def test_a_required_choice_is_told_the_allowed_spellings():
    issue = only({"resourceType": "MedicationRequest", "status": "active", "intent": "order",
                  "subject": {"reference": "Patient/1"}})  # fmt: skip
    assert (issue.code, issue.path) == ("required", "MedicationRequest.medication")
    assert "medicationCodeableConcept, medicationReference" in issue.diagnostics


def test_a_path_through_a_choice_names_the_type():
    assert found(observation(valueQuantity={"value": "72"})) == [("value", "Observation.value.ofType(Quantity).value")]


# Primitives


def primitive(type_name, value):
    """Issues of one extension that holds `value` as a `type_name`."""
    name = f"value{type_name[0].upper()}{type_name[1:]}"
    issues = validate(patient(extension=[{"url": "http://x.example/e", name: value}]))
    assert {i.path for i in issues} <= {f"Patient.extension[0].value.ofType({type_name})"}
    return issues


UUID = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
GOOD = [
    ("boolean", True), ("boolean", False),
    ("integer", 0), ("integer", -(2**31)), ("integer", 2**31 - 1),
    ("unsignedInt", 0), ("positiveInt", 1), ("positiveInt", 2**31 - 1),
    ("decimal", 1), ("decimal", -0.5), ("decimal", 1e30),
    ("date", "2024"), ("date", "2024-02"), ("date", "2024-02-29"),
    ("dateTime", "2024-12-31"), ("dateTime", "2024-01-31T23:59:60Z"),
    ("dateTime", "2024-01-31T09:30:00.123+14:00"),
    ("instant", "2024-02-29T00:00:00-02:00"),
    ("time", "23:59:59"), ("time", "09:30:00.5"),
    ("id", "a"), ("id", "A-1." + "x" * 60), ("code", "a"), ("code", "two words"),
    ("oid", "urn:oid:1.2.250.1.213"), ("uuid", UUID),
    ("uri", "urn:x"), ("uri", "été"), ("url", "mailto:a@b.example"), ("canonical", "http://x.example/v|1"),
    ("base64Binary", "YWJj"), ("base64Binary", "YWI="), ("base64Binary", "YW Jj\r\nYWJj"),
    ("string", "tab\t, line\r\n, no-break\u00a0space, emoji 🙂"), ("string", "x" * 2**20), ("string", " "),
    ("markdown", "# Titre\n\n*texte*"),
]  # fmt: skip
BAD = [
    ("boolean", "true"), ("boolean", 1), ("boolean", None),
    ("integer", True), ("integer", 1.0), ("integer", "1"), ("integer", 2**31), ("integer", -(2**31) - 1),
    ("unsignedInt", -1), ("positiveInt", 0), ("positiveInt", 2**31),
    ("decimal", "1.0"), ("decimal", True), ("decimal", float("nan")), ("decimal", float("inf")),
    ("date", "2023-02-29"), ("date", "2023-02-30"), ("date", "2023-04-31"), ("date", "2023-13"),
    ("date", "2023-00"), ("date", "2023-01-00"), ("date", "0000"), ("date", "23-01-01"), ("date", "2023-1-1"),
    ("date", "2023-01-01T00:00:00Z"), ("date", "２０２３"), ("date", "2023-01-01\n"),
    ("dateTime", "2023-01-01T10:00:00"), ("dateTime", "2023-01-01T10:00Z"), ("dateTime", "2023-01T10:00:00Z"),
    ("dateTime", "2023-01-01T24:00:00Z"), ("dateTime", "2023-02-30T10:00:00Z"),
    ("dateTime", "2023-01-01 10:00:00Z"), ("dateTime", "2023-01-01T10:00:00+15:00"),
    ("instant", "2023-01-01"), ("instant", "2023-01-01T10:00:00"),
    ("time", "24:00:00"), ("time", "09:30"), ("time", "09:30:00Z"),
    ("id", "x" * 65), ("id", "a_b"), ("id", "a b"), ("id", "é"),
    ("code", " a"), ("code", "a "), ("code", "a  b"), ("code", "a\x00b"),
    ("oid", "1.2.3"), ("oid", "urn:oid:3.1"), ("oid", "urn:oid:1.02"), ("uuid", UUID.upper()), ("uuid", UUID[9:]),
    ("uri", "a b"), ("uri", "a\nb"), ("uri", 3), ("url", "a\x01"), ("canonical", "a b"),
    ("base64Binary", "YWJ"), ("base64Binary", "YW=Jj"), ("base64Binary", "é==="), ("base64Binary", "    "),
    ("string", "a\x00b"), ("string", "\x0b"), ("string", "\x1f"), ("string", "\ud800"), ("string", 3),
    ("markdown", "\x07"),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "value"), GOOD)
def test_a_well_formed_primitive_is_accepted(type_name, value):
    assert primitive(type_name, value) == []


@pytest.mark.parametrize(("type_name", "value"), BAD)
def test_an_ill_formed_primitive_is_refused(type_name, value):
    (issue,) = primitive(type_name, value)
    assert issue.code == ("structure" if value is None else "value")


@pytest.mark.parametrize(
    "type_name",
    [
        "string",
        "markdown",
        "code",
        "uri",
        "url",
        "canonical",
        "id",
        "oid",
        "uuid",
        "date",
        "dateTime",
        "instant",
        "time",
        "base64Binary",
    ],
)
def test_an_empty_string_is_no_value(type_name):
    (issue,) = primitive(type_name, "")
    assert "empty string" in issue.diagnostics


def test_a_text_over_one_megabyte_is_too_long():
    (issue,) = primitive("string", "x" * (2**20 + 1))
    assert (issue.code, "1,048,577" in issue.diagnostics) == ("too-long", True)


@pytest.mark.parametrize(
    ("type_name", "value", "said"),
    [
        ("instant", "2023-01-01T10:00:00", "no offset"),
        ("dateTime", "2023-01-01T10:00:00", "no offset"),
        ("date", "2023-02-30", "a day that doesn't exist"),
        ("string", "ab\x00", "U+0000 at position 3"),
        ("integer", True, "a boolean stands where"),
    ],
)
def test_the_reason_of_a_refusal_is_said(type_name, value, said):
    (issue,) = primitive(type_name, value)
    assert said in issue.diagnostics


# Extensions of primitives, and nulls


@pytest.mark.parametrize(
    "elements",
    [
        {"_birthDate": {"extension": [EXTENSION]}},
        {"birthDate": "2000", "_birthDate": {"id": "b"}},
        {"name": [{"given": ["A", None], "_given": [None, {"extension": [EXTENSION]}]}]},
        {"name": [{"_given": [{"id": "g"}]}]},
        {"name": [{"given": ["A", "B"], "_given": [{"id": "g"}]}]},
    ],
)
def test_a_primitive_may_have_extensions_with_or_without_value(elements):
    assert validate(patient(**elements)) == []


@pytest.mark.parametrize(
    ("elements", "path"),
    [
        ({"_birthDate": {}}, "Patient.birthDate"),
        ({"_birthDate": None}, "Patient.birthDate"),
        ({"_birthDate": [{"id": "b"}]}, "Patient.birthDate"),
        ({"_birthDate": {"value": "2000"}}, "Patient.birthDate.value"),
        ({"_name": [{"id": "n"}]}, "Patient._name"),
        ({"_id": {"id": "n"}}, "Patient._id"),
        ({"name": [{"given": ["A", None]}]}, "Patient.name[0].given[1]"),
        ({"name": [{"given": ["A"], "_given": {"id": "g"}}]}, "Patient.name[0].given"),
        ({"name": [{"given": ["A"], "_given": []}]}, "Patient.name[0].given"),
        ({"name": [{"given": ["A"], "_given": [None, None]}]}, "Patient.name[0].given[1]"),
    ],
)
def test_a_companion_needs_an_id_or_extensions_and_a_null_needs_a_companion(elements, path):
    assert found(patient(**elements)) == [("structure", path)]


def test_where_value_and_companion_are_both_null_each_is_reported():
    resource = patient(name=[{"given": [None], "_given": [None]}])
    assert found(resource) == [("structure", "Patient.name[0].given[0]")] * 2


# Extensions


@pytest.mark.parametrize("extension", [EXTENSION, nested_extension(2), {"url": "e", "_valueString": {"id": "v"}}])
def test_an_extension_has_a_value_or_extensions(extension):
    assert validate(patient(extension=[extension])) == []


@pytest.mark.parametrize(
    ("extension", "code", "path"),
    [
        ({"valueString": "x"}, "required", "Patient.extension[0].url"),
        ({"url": "u"}, "structure", "Patient.extension[0]"),
        ({"url": "u", "valueString": "x", "extension": [EXTENSION]}, "structure", "Patient.extension[0]"),
        ({"url": "u", "_url": {"id": "x"}, "valueString": "x"}, "structure", "Patient.extension[0]._url"),
    ],
)
def test_an_extension_without_url_or_with_both_or_nothing_is_refused(extension, code, path):
    assert found(patient(extension=[extension])) == [(code, path)]


# Bindings


def test_a_code_outside_its_required_value_set_is_refused_with_the_allowed_ones():
    issue = only(patient(gender="M"))
    assert (issue.code, issue.path) == ("code-invalid", "Patient.gender")
    assert "female, male, other, unknown" in issue.diagnostics


def test_a_code_outside_a_long_value_set_is_told_the_close_ones():
    graph = {"resourceType": "GraphDefinition", "name": "X", "status": "active", "start": "Pateint"}
    issue = only(graph)
    assert (issue.code, issue.path) == ("code-invalid", "GraphDefinition.start")
    assert "'Patient'" in issue.diagnostics


CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"


def condition(status):
    return {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "clinicalStatus": status}


@pytest.mark.parametrize(
    "status",
    [
        {"coding": [{"system": CLINICAL, "code": "active"}]},
        {"coding": [{"system": "http://o.example", "code": "x"}, {"system": CLINICAL, "code": "active"}]},
        {"extension": [EXTENSION]},
    ],
)
def test_one_coding_of_the_required_set_is_enough(status):
    assert validate(condition(status)) == []


@pytest.mark.parametrize(
    "status",
    [
        {"coding": [{"system": CLINICAL, "code": "actif"}]},
        {"coding": [{"code": "active"}]},
        {"text": "active"},
    ],
)
def test_a_concept_without_coding_of_the_required_set_is_refused(status):
    assert found(condition(status)) == [("code-invalid", "Condition.clinicalStatus.coding")]


def test_a_code_whose_value_set_cannot_be_enumerated_needs_the_format_only():
    attachment = {"contentType": "application/x-anything"}
    resource = patient(photo=[attachment])
    assert validate(resource) == []
    assert found(patient(photo=[{"contentType": " x"}])) == [("value", "Patient.photo[0].contentType")]


def test_a_coding_under_a_required_binding_must_be_in_the_set():
    r4 = load_definitions()
    rows = [
        Element("Marker", 0, None, (), (), None, None, None, (), False, False),
        Element("Marker.kind", 0, 1, ("Coding",), (), None, "http://x.example/kinds", None, (), False, False),
    ]
    marker = Structure("Marker", "complex-type", False, "Element", {e.path: e for e in rows})
    kinds = {"http://x.example/kinds": frozenset({("http://x.example", "a")})}
    definitions = Definitions(
        {**r4.structures, "Marker": marker}, r4.search_parameters, kinds, r4.invariants, {}, r4.compartments, ()
    )
    check = Compiler(definitions).shape("Marker").check
    assert check({"kind": {"system": "http://x.example", "code": "a"}}, 1) is None
    (problem,) = check({"kind": {"system": "http://x.example", "code": "b"}}, 1) or []
    assert (problem.path, problem.code) == (".kind", "code-invalid")


# Resources inside resources, repeated content


def test_contained_resources_are_checked():
    assert validate(patient(contained=[{"resourceType": "Organization", "id": "o", "name": "X"}])) == []
    resource = patient(contained=[{"resourceType": "Organization", "id": "o", "nom": "X"}])
    assert found(resource) == [("structure", "Patient.contained[0].nom")]


def test_a_contained_resource_has_an_id_and_contains_none():
    inner = {"resourceType": "Organization", "id": "i"}
    resource = patient(contained=[{"resourceType": "Organization", "contained": [inner]}])
    assert found(resource) == [
        ("structure", "Patient.contained[0].contained"),
        ("required", "Patient.contained[0].id"),
    ]


def test_the_resources_of_a_bundle_are_checked_with_their_path():
    entries = [{"resource": patient()}, {"resource": patient(name=[{"given": ["A", 3]}])}]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    assert found(bundle) == [("value", "Bundle.entry[1].resource.name[0].given[1]")]


def test_the_resources_of_parameters_are_checked_with_their_path():
    part = {"name": "p", "part": [{"name": "q", "resource": {"resourceType": "Nothing"}}]}
    resource = {"resourceType": "Parameters", "parameter": [part]}
    assert found(resource) == [("structure", "Parameters.parameter[0].part[0].resource.resourceType")]


def test_repeated_content_is_checked_at_every_level():
    item = {"linkId": "1", "type": "group", "item": [{"linkId": "2", "type": "group", "item": [{"linkId": "3"}]}]}
    resource = {"resourceType": "Questionnaire", "status": "draft", "item": [item]}
    assert found(resource) == [("required", "Questionnaire.item[0].item[0].item[0].type")]


def test_the_elements_of_a_reference_are_checked():
    assert found(patient(managingOrganization={"reference": 1, "kind": "x"})) == [
        ("value", "Patient.managingOrganization.reference"),
        ("structure", "Patient.managingOrganization.kind"),
    ]


def test_nesting_past_the_limit_is_an_issue_and_not_an_error():
    assert validate(patient(extension=[nested_extension(MAX_DEPTH - 2)])) == []
    issue = only(patient(extension=[nested_extension(MAX_DEPTH + 500)]))
    assert issue.code == "structure"
    assert f"more than {MAX_DEPTH} levels" in issue.diagnostics


def test_a_bundle_in_a_bundle_counts_towards_the_depth():
    resource = patient()
    for _ in range(MAX_DEPTH):
        resource = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource}]}
    assert "levels deep" in only(resource).diagnostics
