"""One rule of a profile a test: what is refused, where, in which words, and what is let pass."""

import pytest

from cordee.fhir.profiles.library import ProfileLibrary, UnusableProfileError
from cordee.fhir.profiles.validation import ProfileValidator

BASE = "http://x.example/StructureDefinition/"
SYSTEM = "http://x.example/codes"
CODES = {
    "resourceType": "CodeSystem",
    "url": SYSTEM,
    "status": "active",
    "content": "complete",
    "concept": [{"code": "a", "concept": [{"code": "a1"}]}, {"code": "b"}],
}
VALUE_SET = {
    "resourceType": "ValueSet",
    "url": "http://x.example/ValueSet/some",
    "status": "active",
    "compose": {"include": [{"system": SYSTEM}], "exclude": [{"system": SYSTEM, "concept": [{"code": "b"}]}]},
}


def profile(name, type_, *elements, base=None, **more):
    return {
        "resourceType": "StructureDefinition",
        "url": BASE + name,
        "type": type_,
        "kind": "resource",
        "baseDefinition": base or f"http://hl7.org/fhir/StructureDefinition/{type_}",
        "derivation": "constraint",
        "differential": {"element": [element(path, **rules) for path, rules in elements]},
    } | more


def element(id_, **rules):
    steps = [step.split(":") for step in id_.split(".")]
    named = {"sliceName": steps[-1][1]} if len(steps[-1]) > 1 else {}
    return {"id": id_, "path": ".".join(step[0] for step in steps)} | named | rules


def problems(resource, *definitions, severity="error"):
    """Paths and texts of the problems of the severity, held to the first definition."""
    issues = ProfileValidator([*definitions, CODES, VALUE_SET]).validate(resource, [definitions[0]["url"]])
    return [(issue.path, issue.diagnostics) for issue in issues if issue.severity == severity]


def paths(resource, *definitions, severity="error"):
    return [path for path, _ in problems(resource, *definitions, severity=severity)]


def patient(**members):
    return {"resourceType": "Patient"} | members


def observation(**members):
    return {"resourceType": "Observation", "status": "final", "code": {"text": "Poids"}} | members


# Cardinality


def test_a_missing_element_is_told_with_what_was_expected_and_by_whom():
    rule = profile("born", "Patient", ("Patient.birthDate", {"min": 1}))
    assert problems(patient(), rule) == [
        (
            "Patient.birthDate",
            f"at least 1 birthDate expected, none found (rule of {BASE}born at Patient.birthDate).",
        )
    ]
    assert problems(patient(birthDate="1980"), rule) == []


def test_a_primitive_with_only_extensions_is_there():
    rule = profile("born", "Patient", ("Patient.birthDate", {"min": 1}))
    absent = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    assert problems(patient(_birthDate={"extension": [absent]}), rule) == []


def test_no_more_than_the_profile_allows():
    rule = profile("one", "Patient", ("Patient.name", {"max": "1"}), ("Patient.photo", {"max": "0"}))
    assert paths(patient(name=[{"text": "A"}, {"text": "B"}], photo=[{"title": "x"}]), rule) == [
        "Patient.name",
        "Patient.photo",
    ]


def test_a_minimum_below_an_element_applies_where_the_element_is():
    rule = profile("named", "Patient", ("Patient.contact.name.family", {"min": 1}))
    assert paths(patient(contact=[{"name": {"text": "X"}}]), rule) == ["Patient.contact[0].name.family"]
    assert paths(patient(), rule) == []


# Values


def test_fixed_is_exact_and_pattern_is_contained():
    coding = {"system": SYSTEM, "code": "a"}
    fixed = profile("f", "Observation", ("Observation.code", {"fixedCodeableConcept": {"coding": [coding]}}))
    pattern = profile("p", "Observation", ("Observation.code", {"patternCodeableConcept": {"coding": [coding]}}))
    exact, more = {"coding": [coding]}, {"coding": [{"code": "z"}, coding | {"display": "A"}], "text": "A"}
    assert paths(observation(code=exact), fixed) == []
    assert paths(observation(code=more), fixed) == ["Observation.code"]
    assert paths(observation(code=more), pattern) == []
    assert paths(observation(code={"coding": [{"code": "a"}]}), pattern) == ["Observation.code"]


def test_a_number_is_not_the_boolean_it_equals():
    rule = profile("n", "Patient", ("Patient.multipleBirth[x]", {"fixedBoolean": True}))
    assert paths(patient(multipleBirthInteger=1), rule) == ["Patient.multipleBirth.ofType(integer)"]


def test_length_and_limits():
    rule = profile(
        "l",
        "Observation",
        ("Observation.value[x]", {"minValueInteger": 3, "maxValueInteger": 5}),
        ("Observation.code.text", {"maxLength": 5}),
    )
    assert paths(observation(valueInteger=3), rule) == []
    assert paths(observation(valueInteger=2), rule) == ["Observation.value.ofType(integer)"]
    assert paths(observation(valueInteger=6), rule) == ["Observation.value.ofType(integer)"]
    assert paths(observation(code={"text": "Taille"}), rule) == ["Observation.code.text"]


def test_a_choice_keeps_the_types_left():
    rule = profile("t", "Observation", ("Observation.value[x]", {"type": [{"code": "Quantity"}]}))
    ((path, text),) = problems(observation(valueString="80"), rule)
    assert path == "Observation.value.ofType(string)"
    assert text.startswith("Quantity is expected, string was found")


# Bindings


@pytest.mark.parametrize(("code", "refused"), [("a", False), ("a1", False), ("b", True), ("zz", True)])
def test_a_required_binding_is_an_error_and_an_extensible_one_a_warning(code, refused):
    concept = {"coding": [{"system": SYSTEM, "code": code}]}
    for strength, severity in (("required", "error"), ("extensible", "warning")):
        rule = profile(
            "b", "Observation", ("Observation.code", {"binding": {"strength": strength, "valueSet": VALUE_SET["url"]}})
        )
        found = [path for path in paths(observation(code=concept), rule, severity=severity) if "." in path]
        assert found == (["Observation.code"] if refused else [])


def test_a_value_set_that_is_not_known_is_said_not_to_be_checked():
    binding = {"strength": "required", "valueSet": "http://x.example/ValueSet/elsewhere"}
    rule = profile("b", "Patient", ("Patient.maritalStatus", {"binding": binding}))
    person = patient(maritalStatus={"coding": [{"system": SYSTEM, "code": "a"}]})
    assert problems(person, rule) == []
    ((path, text),) = problems(person, rule, severity="information")
    assert path == "Patient.maritalStatus"
    assert "was not checked: the value set http://x.example/ValueSet/elsewhere" in text


# Slicing


def sliced(*slices, kind="value", path="system", on="Patient.identifier", **how):
    slicing = {"discriminator": [{"type": kind, "path": path}], "rules": "open"} | how
    return profile("s", on.partition(".")[0], (on, {"slicing": slicing}), *slices)


INS = ("Patient.identifier:ins", {"min": 1, "max": "1"})
INS_SYSTEM = ("Patient.identifier:ins.system", {"fixedUri": "urn:ins"})
LOCAL = ("Patient.identifier:local", {"max": "1"})
LOCAL_SYSTEM = ("Patient.identifier:local.system", {"fixedUri": "urn:local"})


def identified(*systems):
    return patient(identifier=[{"system": system, "value": "1"} for system in systems])


def test_a_slice_is_counted_by_itself():
    rule = sliced(INS, INS_SYSTEM)
    assert paths(identified("urn:ins", "urn:other"), rule) == []
    ((path, text),) = problems(identified("urn:other"), rule)
    assert path == "Patient.identifier"
    assert "of the slice ins expected, none found" in text
    assert paths(identified("urn:ins", "urn:ins"), rule) == ["Patient.identifier"]


def test_the_rules_of_a_slice_are_those_of_its_items_alone():
    rule = sliced(INS, INS_SYSTEM, ("Patient.identifier:ins.period", {"min": 1}))
    assert paths(identified("urn:other", "urn:ins"), rule) == ["Patient.identifier[1].period"]


def test_a_closed_slicing_lets_nothing_else_in():
    assert paths(identified("urn:ins", "urn:other"), sliced(INS, INS_SYSTEM, rules="closed")) == [
        "Patient.identifier[1]"
    ]


def test_slices_in_order_and_others_at_the_end():
    ordered = sliced(INS, INS_SYSTEM, LOCAL, LOCAL_SYSTEM, ordered=True)
    assert paths(identified("urn:ins", "urn:other", "urn:local"), ordered) == []
    assert paths(identified("urn:local", "urn:ins"), ordered) == ["Patient.identifier[1]"]
    at_end = sliced(INS, INS_SYSTEM, rules="openAtEnd")
    assert paths(identified("urn:ins", "urn:other"), at_end) == []
    assert paths(identified("urn:other", "urn:ins"), at_end) == ["Patient.identifier[1]"]


def test_the_default_slice_takes_what_is_in_no_other():
    rule = sliced(INS, INS_SYSTEM, ("Patient.identifier:@default.period", {"min": 1}), rules="closed")
    assert paths(identified("urn:ins", "urn:other"), rule) == ["Patient.identifier[1].period"]


def test_a_slice_told_by_a_pattern_above_the_path():
    concept = {"coding": [{"system": SYSTEM, "code": "a"}]}
    rule = sliced(
        ("Patient.identifier:ins", {"min": 1}),
        ("Patient.identifier:ins.type", {"patternCodeableConcept": concept}),
        kind="pattern",
        path="type.coding.code",
    )
    assert paths(patient(identifier=[{"type": concept}]), rule) == []
    assert paths(patient(identifier=[{"type": {"text": "INS"}}]), rule) == ["Patient.identifier"]


def test_a_slice_told_by_a_binding():
    binding = {"strength": "required", "valueSet": VALUE_SET["url"]}
    rule = sliced(
        ("Observation.category:kind", {"min": 1, "max": "1", "binding": binding}),
        path="$this",
        on="Observation.category",
    )
    concepts = [{"coding": [{"system": SYSTEM, "code": code}]} for code in ("zz", "a")]
    assert paths(observation(category=concepts), rule) == []
    assert paths(observation(category=concepts[:1]), rule) == ["Observation.category"]


def test_a_slice_told_by_presence():
    rule = sliced(
        ("Patient.telecom:dated", {"max": "1"}),
        ("Patient.telecom:dated.period", {"min": 1}),
        kind="exists",
        path="period",
        on="Patient.telecom",
    )
    dated = {"system": "phone", "value": "1", "period": {"start": "2026"}}
    assert paths(patient(telecom=[dated, {"system": "phone", "value": "2"}]), rule) == []
    assert paths(patient(telecom=[dated, dated]), rule) == ["Patient.telecom"]


def test_a_slice_of_a_choice_is_told_by_its_type():
    rule = profile(
        "c",
        "Observation",
        ("Observation.value[x]:valueQuantity", {"type": [{"code": "Quantity"}]}),
        ("Observation.value[x]:valueQuantity.code", {"min": 1}),
    )
    assert paths(observation(valueQuantity={"value": 80}), rule) == ["Observation.value.ofType(Quantity).code"]
    assert paths(observation(valueString="80"), rule) == []


def bundle(*resources):
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def test_a_slice_told_by_the_type_of_a_resource():
    rule = sliced(
        ("Bundle.entry:patient", {"min": 1, "max": "1"}),
        ("Bundle.entry:patient.resource", {"type": [{"code": "Patient"}]}),
        kind="type",
        path="resource",
        on="Bundle.entry",
    )
    assert paths(bundle(patient(), observation()), rule) == []
    assert paths(bundle(patient(), patient()), rule) == ["Bundle.entry"]


def test_a_slice_told_by_a_profile():
    rule = sliced(
        ("Bundle.entry:born", {"min": 1, "max": "1"}),
        ("Bundle.entry:born.resource", {"type": [{"code": "Patient", "profile": [BASE + "born"]}]}),
        kind="profile",
        path="resource",
        on="Bundle.entry",
    )
    born = profile("born", "Patient", ("Patient.birthDate", {"min": 1}))
    assert paths(bundle(patient(birthDate="1980"), patient()), rule, born) == []
    assert paths(bundle(patient(), observation()), rule, born) == ["Bundle.entry"]


def test_who_claims_the_profile_of_a_slice_is_told_what_it_breaks():
    rule = sliced(
        ("Bundle.entry:born", {"min": 1}),
        ("Bundle.entry:born.resource", {"type": [{"code": "Patient", "profile": [BASE + "born"]}]}),
        kind="profile",
        path="resource",
        on="Bundle.entry",
    )
    born = profile("born", "Patient", ("Patient.birthDate", {"min": 1}))
    assert paths(bundle(patient(meta={"profile": [BASE + "born"]})), rule, born) == [
        "Bundle.entry[0].resource.birthDate"
    ]


def test_a_slice_of_a_slice():
    rule = sliced(
        ("Patient.identifier:ins", {"slicing": {"discriminator": [{"type": "value", "path": "use"}], "rules": "open"}}),
        INS_SYSTEM,
        ("Patient.identifier:ins/official", {"min": 1}),
        ("Patient.identifier:ins/official.use", {"fixedCode": "official"}),
    )
    assert paths(patient(identifier=[{"system": "urn:ins", "use": "official"}]), rule) == []
    assert paths(patient(identifier=[{"system": "urn:ins", "use": "old"}]), rule) == ["Patient.identifier"]


# Invariants


def test_an_invariant_is_an_error_or_a_warning_as_it_says():
    constraint = {"key": "x-1", "severity": "error", "human": "a family name", "expression": "name.family.exists()"}
    rule = profile("i", "Patient", ("Patient", {"constraint": [constraint]}))
    ((path, text),) = problems(patient(), rule)
    assert (path, "the rule x-1 is not met: a family name" in text) == ("Patient", True)
    assert paths(patient(name=[{"family": "A"}]), rule) == []
    mild = profile("i", "Patient", ("Patient", {"constraint": [constraint | {"severity": "warning"}]}))
    assert problems(patient(), mild) == []


def test_an_invariant_of_an_element_is_told_where_it_is_broken():
    constraint = {"key": "x-1", "severity": "error", "human": "digits", "expression": "$this.matches('^[0-9]+$')"}
    rule = profile("i", "Patient", ("Patient.identifier.value", {"constraint": [constraint]}))
    assert paths(patient(identifier=[{"value": "12"}, {"value": "1b"}]), rule) == ["Patient.identifier[1].value"]


def test_an_invariant_that_can_not_be_evaluated_is_said_so():
    constraint = {"key": "x-1", "severity": "error", "human": "", "expression": "conformsTo('http://x.example/y')"}
    rule = profile("i", "Patient", ("Patient", {"constraint": [constraint]}))
    assert problems(patient(), rule) == []
    (text,) = [text for _, text in problems(patient(), rule, severity="information") if "x-1" in text]
    assert text.startswith("the rule x-1 could not be evaluated, the function conformsTo is not evaluated here: ")
    assert text.endswith(f"(rule of {rule['url']} at Patient).")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("name.where(", "makes no sense"),
        ('name = "x"', "is not FHIRPath"),
        ("name.nothing()", "there is no function nothing"),
        ("'a' + 1 = 2", "makes no sense of this value"),
    ],
)
def test_an_expression_that_is_in_error_is_the_profile_s_fault(expression: str, reason: str):
    constraint = {"key": "x-1", "severity": "error", "human": "", "expression": expression}
    rule = profile("i", "Patient", ("Patient", {"constraint": [constraint]}))
    named = patient(name=[{"family": "x"}])
    assert problems(named, rule) == []
    (text,) = [text for _, text in problems(named, rule, severity="warning") if "x-1" in text]
    assert reason in text


def test_a_rule_that_asks_for_what_is_not_at_hand_is_not_said_to_be_broken():
    constraint = {"key": "x-1", "severity": "error", "human": "", "expression": "subject.resolve().exists()"}
    rule = profile("i", "Observation", ("Observation", {"constraint": [constraint]}))
    absent = observation(subject={"reference": "Patient/1"})
    assert problems(absent, rule) == []
    (text,) = [text for _, text in problems(absent, rule, severity="information") if "x-1" in text]
    assert "could not be evaluated, Patient/1 is not at hand" in text
    contained = observation(contained=[patient(id="p")], subject={"reference": "#p"})
    assert problems(contained, rule) == []


BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
NATIONALITY = "http://hl7.org/fhir/StructureDefinition/patient-nationality"


@pytest.mark.parametrize(
    ("members", "path", "severity", "text"),
    [
        ({"extension": [{"url": BIRTH_PLACE, "valueAddress": {"city": "Ici"}}]}, None, "", ""),
        ({"extension": [{"url": BIRTH_PLACE, "valueString": "Ici"}]}, "Patient.extension[0]", "error",
         "valueAddress is expected, valueString was found"),
        ({"extension": [{"url": f"{BIRTH_PLACE}s", "valueString": "Ici"}]}, "Patient.extension[0].url", "information",
         "is not known here"),
        ({"contact": [{"name": {"text": "x"}, "extension": [{"url": BIRTH_PLACE, "valueAddress": {"city": "Ici"}}]}]},
         "Patient.contact[0].extension[0]", "warning", "this extension is for Patient; it stands on Patient.contact"),
        ({"extension": [{"url": NATIONALITY, "valueCode": "FR"}]}, "Patient.extension[0]", "error",
         "no value, but parts, is expected, valueCode was found"),
        ({"modifierExtension": [{"url": BIRTH_PLACE, "valueAddress": {"city": "Ici"}}]},
         "Patient.modifierExtension[0].url", "error", "modifier extension"),
    ],
)  # fmt: skip
def test_the_standard_s_own_extensions_have_their_place_and_type(members, path, severity, text):
    issues = ProfileValidator([]).validate(patient(**members))
    found = [one for one in issues if "xtension" in (one.path or "")]
    if path is None:
        assert found == []
        return
    (issue,) = found
    assert (issue.path, issue.severity) == (path, severity)
    assert text in issue.diagnostics


def test_the_standard_s_own_extensible_bindings_are_warnings():
    status = {"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"}
    resource = patient(maritalStatus={"coding": [status | {"code": "M"}]})
    assert not [one for one in ProfileValidator([]).validate(resource) if one.path == "Patient.maritalStatus"]
    for coding in (status | {"code": "zz"}, {"system": "urn:other", "code": "M"}):
        found = ProfileValidator([]).validate(patient(maritalStatus={"coding": [coding]}))
        (issue,) = [one for one in found if one.path == "Patient.maritalStatus"]
        assert (issue.severity, issue.code) == ("warning", "code-invalid")
        assert "(rule of http://hl7.org/fhir/StructureDefinition/Patient at Patient.maritalStatus)" in issue.diagnostics
    by_text = ProfileValidator([]).validate(patient(maritalStatus={"text": "divorcée"}))
    assert "Patient.maritalStatus" not in [one.path for one in by_text]


def test_the_standard_s_own_invariants():
    resource = patient(contact=[{"gender": "male"}], deceasedBoolean=False)
    issues = ProfileValidator([]).validate(resource)
    assert [issue.path for issue in issues if issue.severity == "error"] == ["Patient.contact[0]"]
    backwards = patient(name=[{"period": {"start": "2026-02-01", "end": "2026-01-01"}}])
    issues = ProfileValidator([]).validate(backwards)
    assert [issue.path for issue in issues if issue.severity == "error"] == ["Patient.name[0].period"]


def test_what_is_contained_is_referred_to():
    person = patient(id="p")
    for subject, refused in (({"reference": "#p"}, []), ({"reference": "Patient/p"}, ["Observation"])):
        issues = ProfileValidator([]).validate(observation(contained=[person], subject=subject))
        assert [issue.path for issue in issues if issue.severity == "error"] == refused
    device = {"resourceType": "Device", "id": "d", "patient": {"reference": "#"}}
    issues = ProfileValidator([]).validate(patient(contained=[device]))
    assert [issue.path for issue in issues if issue.severity == "error"] == []


# References


def test_what_a_reference_may_point_at():
    issues = ProfileValidator([]).validate(observation(subject={"reference": "Practitioner/1"}))
    assert [issue.path for issue in issues if issue.severity == "error"] == ["Observation.subject.reference"]
    target = {"type": [{"code": "Reference", "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Patient"]}]}
    rule = profile("r", "Observation", ("Observation.subject", target))
    assert paths(observation(subject={"reference": "http://x.example/fhir/Patient/1"}), rule) == []
    assert paths(observation(subject={"reference": "Group/1"}), rule) == ["Observation.subject.reference"]
    assert paths(observation(subject={"identifier": {"value": "1"}}), rule) == []


def test_what_is_contained_meets_the_profile_of_the_reference():
    rule = profile(
        "r",
        "Observation",
        ("Observation.subject", {"type": [{"code": "Reference", "targetProfile": [BASE + "born"]}]}),
    )
    born = profile("born", "Patient", ("Patient.birthDate", {"min": 1}))
    person = patient(id="p")
    assert paths(observation(contained=[person], subject={"reference": "#p"}), rule, born) == [
        "Observation.subject.reference"
    ]
    person["birthDate"] = "1980"
    assert paths(observation(contained=[person], subject={"reference": "#p"}), rule, born) == []


def test_resources_that_refer_to_each_other_are_judged_once():
    to_another = {"type": [{"code": "Reference", "targetProfile": [BASE + "linked"]}]}
    rule = profile("linked", "Patient", ("Patient.link.other", to_another))
    one, other = (
        {"resourceType": "Patient", "id": mine, "link": [{"other": {"reference": f"Patient/{its}"}, "type": "seealso"}]}
        for mine, its in (("1", "2"), ("2", "1"))
    )
    holder = profile(
        "all", "Bundle", ("Bundle.entry.resource", {"type": [{"code": "Patient", "profile": [rule["url"]]}]})
    )
    assert paths(bundle(one, other), holder, rule) == []


# Extensions

NOTE = profile(
    "note",
    "Extension",
    ("Extension.url", {"fixedUri": BASE + "note"}),
    ("Extension.value[x]", {"min": 1, "type": [{"code": "string"}]}),
    kind="complex-type",
    context=[{"type": "element", "expression": "Patient"}, {"type": "element", "expression": "HumanName"}],
)


def extended(value, url=BASE + "note"):
    return [{"url": url} | value]


def test_an_extension_is_held_to_its_definition_wherever_it_stands():
    rule = profile("any", "Patient")
    good, bad = {"valueString": "x"}, {"valueInteger": 1}
    assert paths(patient(extension=extended(good), name=[{"extension": extended(good)}]), rule, NOTE) == []
    assert paths(patient(extension=extended(bad)), rule, NOTE) == ["Patient.extension[0].value.ofType(integer)"]
    assert paths(patient(contact=[{"name": {"extension": extended(bad)}}]), rule, NOTE) == [
        "Patient.contact[0].name.extension[0].value.ofType(integer)"
    ]


def test_an_extension_stands_where_its_definition_says():
    rule = profile("any", "Patient")
    ((path, text),) = problems(patient(telecom=[{"extension": extended({"valueString": "x"})}]), rule, NOTE)
    assert path == "Patient.telecom[0].extension[0]"
    assert "is for Patient, HumanName; it stands on Patient.telecom" in text


def test_an_unknown_extension_is_told_and_an_unknown_modifier_refused():
    rule = profile("any", "Patient")
    unknown = extended({"valueString": "x"}, "http://x.example/unknown")
    assert paths(patient(extension=unknown), rule) == []
    assert paths(patient(extension=unknown), rule, severity="information") == ["Patient.extension[0].url"]
    assert paths(patient(modifierExtension=unknown), rule) == ["Patient.modifierExtension[0].url"]


def test_a_profile_counts_an_extension_by_its_url():
    typed = {"min": 1, "type": [{"code": "Extension", "profile": [NOTE["url"]]}]}
    rule = profile("noted", "Patient", ("Patient.extension:note", typed))
    assert paths(patient(extension=extended({"valueString": "x"})), rule, NOTE) == []
    assert paths(patient(), rule, NOTE) == ["Patient.extension"]


# Profiles of profiles


def test_a_profile_holds_to_all_that_it_derives_from():
    born = profile("born", "Patient", ("Patient.birthDate", {"min": 1}))
    sexed = profile("sexed", "Patient", ("Patient.gender", {"min": 1}), base=born["url"])
    found = problems(patient(), sexed, born)
    assert [path for path, _ in found] == ["Patient.birthDate", "Patient.gender"]
    assert [BASE + "born at" in text for _, text in found] == [True, False]


def test_a_slice_of_the_base_is_narrowed_by_its_name():
    base = sliced(("Patient.identifier:ins", {}), INS_SYSTEM)
    narrowed = profile("narrow", "Patient", ("Patient.identifier:ins.value", {"maxLength": 1}), base=base["url"])
    two = patient(identifier=[{"system": "urn:ins", "value": "12"}, {"system": "urn:x", "value": "12"}])
    assert paths(two, narrowed, base) == ["Patient.identifier[0].value"]


def test_elements_without_ids_are_placed_by_path_and_slice_name():
    rule = sliced(INS, INS_SYSTEM, ("Patient.identifier:ins.period", {"min": 1}))
    for one in rule["differential"]["element"]:
        del one["id"]
    assert paths(identified("urn:ins", "urn:other"), rule) == ["Patient.identifier[0].period"]


def test_a_snapshot_serves_when_the_base_is_not_known():
    rule = profile("born", "Patient", base="http://x.example/unknown")
    rule["snapshot"] = {"element": [element("Patient"), element("Patient.birthDate", min=1, max="1")]}
    assert paths(patient(), rule) == ["Patient.birthDate"]


def test_what_can_not_be_used_says_why():
    lost = profile("lost", "Patient", base="http://x.example/unknown")
    with pytest.raises(UnusableProfileError, match=r"derives from http://x\.example/unknown, which is not known here"):
        ProfileLibrary([lost]).rules(lost["url"])
    circle = [profile("a", "Patient", base=BASE + "b"), profile("b", "Patient", base=BASE + "a")]
    with pytest.raises(UnusableProfileError, match="derives from itself"):
        ProfileLibrary(circle).rules(BASE + "a")
    assert problems(patient(), lost)[0][1].startswith("the profile asked for can't be used")


def test_a_profile_that_names_itself_is_met_once():
    name = profile(
        "name", "HumanName", ("HumanName", {"type": [{"code": "HumanName", "profile": [BASE + "name"]}]}),
        ("HumanName.family", {"maxLength": 1}), kind="complex-type",
    )  # fmt: skip
    rule = profile("n", "Patient", ("Patient.name", {"type": [{"code": "HumanName", "profile": [name["url"]]}]}))
    assert paths(patient(name=[{"family": "AB"}]), rule, name) == ["Patient.name[0].family"]


def test_an_element_that_makes_no_sense_makes_the_profile_unusable_and_nothing_fails():
    senseless = profile("x", "Patient", ("Patient.name", {"max": "many"}))
    ((path, text),) = problems(patient(), senseless)
    assert path == "Patient"
    assert "an element that can't be read: ValueError" in text


def test_a_claim_that_can_not_be_checked_is_a_warning_and_one_for_another_type_an_error():
    rule = profile("any", "Observation")
    claims = patient(meta={"profile": ["http://x.example/unknown", rule["url"]]})
    issues = [i for i in ProfileValidator([rule]).validate(claims) if i.path == "Patient.meta.profile"]
    assert [issue.severity for issue in issues] == ["warning", "error"]


def test_a_version_is_looked_for_then_any():
    old = profile("v", "Patient", ("Patient.birthDate", {"min": 1}), version="1")
    new = profile("v", "Patient", ("Patient.gender", {"min": 1}), version="2")
    validator = ProfileValidator([old, new])
    for canonical, path in (("|1", "birthDate"), ("|2", "gender"), ("", "gender"), ("|3", "gender")):
        issues = validator.validate(patient(), [f"{BASE}v{canonical}"])
        assert [issue.path for issue in issues if issue.severity == "error"] == [f"Patient.{path}"]
