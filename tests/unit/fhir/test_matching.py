import pytest

from cordee.fhir.matching import matches
from cordee.fhir.query import parse_search

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"


def nobody(_type, _id):
    return None


def found(resource, query, *, among=()):
    """Whether `resource` is found by `query` (`name=value&…`, not URL-encoded); `among` are the other resources."""
    pairs = [tuple(part.split("=", 1)) for part in query.split("&")]
    stored = {(r["resourceType"], r["id"]): r for r in among}
    return matches(parse_search(resource["resourceType"], pairs), resource, lambda *key: stored.get(key))


def encounter(**period):
    return {"resourceType": "Encounter", "id": "e", "period": period}


def observation(**elements):
    return {"resourceType": "Observation", "id": "o", **elements}


# Dates (R4 search.html#prefix and #date)

ON_THE_14TH = {"start": "2013-01-14T10:00:00+01:00", "end": "2013-01-14T11:00:00+01:00"}
WHOLE_DAY = {"start": "2013-01-14", "end": "2013-01-14"}
FROM_JANUARY = {"start": "2013-01-21"}
FROM_15_MARCH = {"start": "2013-03-15"}
UNTIL_JANUARY = {"end": "2013-01-21"}


@pytest.mark.parametrize(
    ("wanted", "period", "expected"),
    [
        ("eq2013-01-14", ON_THE_14TH, True),
        ("eq2013-01-14", WHOLE_DAY, True),
        ("2013", WHOLE_DAY, True),
        ("eq2013-01-14", {"start": "2013-01-14", "end": "2013-01-15"}, False),
        ("eq2013-01-14", {"start": "2013-01-15", "end": "2013-01-15"}, False),
        ("eq2013-01-14T10:00", WHOLE_DAY, False),
        ("ne2013-01-14", ON_THE_14TH, False),
        ("ne2013-01-14", {"start": "2013-01-15", "end": "2013-01-15"}, True),
        ("ne2013-01-14", {"start": "2013-01-14", "end": "2013-01-15"}, True),
        ("lt2013-01-14T10:00", WHOLE_DAY, True),
        ("gt2013-01-14T10:00", WHOLE_DAY, True),
        ("lt2013-01-14", WHOLE_DAY, False),
        ("gt2013-01-14", WHOLE_DAY, False),
        ("ge2013-01-14", WHOLE_DAY, True),
        ("le2013-01-14", WHOLE_DAY, True),
        ("ge2013-01-15", WHOLE_DAY, False),
        ("le2013-01-13", WHOLE_DAY, False),
        ("ge2013-03-14", FROM_JANUARY, True),
        ("le2013-03-14", FROM_JANUARY, True),
        ("sa2013-03-14", FROM_15_MARCH, True),
        ("sa2013-03-14", FROM_JANUARY, False),
        ("sa2013-03-14", UNTIL_JANUARY, False),
        ("eb2013-03-14", FROM_15_MARCH, False),
        ("eb2013-03-14", FROM_JANUARY, False),
        ("eb2013-03-14", UNTIL_JANUARY, True),
        ("ap2013-03-14", {"start": "2013-03-14", "end": "2013-03-14"}, True),
        ("ap2013-03-14", {"start": "2013-03-15", "end": "2013-03-15"}, True),
        ("ap2013-03-14", UNTIL_JANUARY, False),
        ("ap2013-03-14", {"start": "2015-06-15", "end": "2015-06-15"}, False),
        # The half hour after midnight in Paris belongs to the new day, though it is still the 13th in UTC.
        ("2013-01-14", {"start": "2013-01-13T23:30:00Z", "end": "2013-01-13T23:45:00Z"}, True),
        ("2013-01-13", {"start": "2013-01-13T23:30:00Z", "end": "2013-01-13T23:45:00Z"}, False),
    ],
)
def test_dates_are_compared_as_ranges(wanted, period, expected):
    assert found(encounter(**period), f"date={wanted}") is expected


def test_a_resource_without_the_date_is_found_by_no_comparison():
    assert not any(found(encounter(), f"date={prefix}2013") for prefix in ("eq", "ne", "lt", "gt", "ap"))


# Numbers


@pytest.mark.parametrize(
    ("wanted", "value", "expected"),
    [
        ("100", 100, True), ("100", 99.5, True), ("100", 100.5, False), ("100", 100.4, True),
        ("1e2", 95, True), ("1e2", 105, False), ("100.00", 100.1, False),
        ("ne100", 100, False), ("ne100", 101, True),
        ("gt100", 100, False), ("gt100", 100.01, True), ("lt100", 99.99, True), ("lt100", 100, False),
        ("ge100", 100, True), ("le100", 100, True), ("ge100", 99.9, False), ("le100", 100.1, False),
        ("sa100", 100.1, True), ("sa100", 100, False), ("eb100", 99.9, True), ("eb100", 100, False),
        ("ap100", 90, True), ("ap100", 110, True), ("ap100", 89.9, False), ("ap100", 110.1, False),
    ],
)  # fmt: skip
def test_numbers_are_equal_to_their_precision_and_compared_exactly(wanted, value, expected):
    assessment = {"resourceType": "RiskAssessment", "prediction": [{"probabilityDecimal": value}]}
    assert found(assessment, f"probability={wanted}") is expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("15", False), ("gt15", True), ("lt15", True), ("ge20", True), ("gt20", False), ("sa9", True), ("sa10", False),
     ("eb21", True), ("eb20", False), ("ap9", False), ("ap10", True), ("ne15", True), ("1.5e1", False)],
)  # fmt: skip
def test_a_range_of_numbers_is_compared_by_its_ends(wanted, expected):
    prediction = [{"probabilityRange": {"low": {"value": 10}, "high": {"value": 20}}}]
    assert found({"resourceType": "RiskAssessment", "prediction": prediction}, f"probability={wanted}") is expected


# Quantities


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("5.4", True), ("5.40", True), ("5.5", False), ("gt5", True),
        (f"5.4|{UCUM}|mg", True), (f"5.4|{UCUM}|g", False), ("5.4|urn:other|mg", False),
        ("5.4||mg", True), ("5.4||milligrammes", True), ("5.4||MG", False), (f"5.4|{UCUM}|milligrammes", False),
    ],
)  # fmt: skip
def test_a_quantity_matches_by_number_and_unit(wanted, expected):
    quantity = {"value": 5.4, "unit": "milligrammes", "system": UCUM, "code": "mg"}
    assert found(observation(valueQuantity=quantity), f"value-quantity={wanted}") is expected


@pytest.mark.parametrize(("wanted", "expected"), [("lt1", True), ("gt4", True), ("gt5", False), ("5", False)])
def test_a_quantity_below_a_value_may_be_anything_below(wanted, expected):
    assert found(observation(valueQuantity={"value": 5, "comparator": "<"}), f"value-quantity={wanted}") is expected


# Tokens


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("8480-6", True), (f"{LOINC}|8480-6", True), (f"{LOINC}|", True), ("|8480-6", False),
        ("urn:other|8480-6", False), ("urn:other|", False), ("8480", False), ("8462-4,8480-6", True),
        ("|local", True), ("LOCAL", True), (f"{LOINC}|local", False), (LOINC, False),
    ],
)  # fmt: skip
def test_a_token_matches_by_code_and_system(wanted, expected):
    coding = [{"system": LOINC, "code": "8480-6"}, {"code": "local"}]
    assert found(observation(code={"coding": coding}), f"code={wanted}") is expected


@pytest.mark.parametrize(("wanted", "expected"), [("Ab1", True), ("AB1", False), ("urn:oid:1.2|Ab1", True)])
def test_the_case_of_an_identifier_counts(wanted, expected):
    patient = {"resourceType": "Patient", "identifier": [{"system": "urn:oid:1.2", "value": "Ab1"}]}
    assert found(patient, f"identifier={wanted}") is expected


def test_a_code_has_the_system_of_its_value_set():
    patient = {"resourceType": "Patient", "gender": "female"}
    assert found(patient, "gender=http://hl7.org/fhir/administrative-gender|Female")


@pytest.mark.parametrize(
    ("gender", "wanted", "expected"),
    [("female", "male", True), ("male", "male", False), (None, "male", True), ("other", "male,other", False)],
)
def test_not_is_true_when_no_value_matches_even_when_there_is_none(gender, wanted, expected):
    patient = {"resourceType": "Patient"} | ({"gender": gender} if gender else {})
    assert found(patient, f"gender:not={wanted}") is expected


def test_not_looks_at_all_the_values():
    category = [{"coding": [{"code": "lab"}]}, {"coding": [{"code": "vital"}]}]
    assert not found(observation(category=category), "category:not=lab")


# Strings


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("name=noe", True), ("name=NOÉMIE", True), ("name=mie", False), ("name=martin l", True),
        ("name:contains=mie", True), ("name:contains=xyz", False), ("name:contains=l'huil", True),
        ("name:exact=Noémie", True), ("name:exact=Noemie", False), ("name:exact=Noé", False),
        ("name=noémie martin", True), ("name=xyz,noe", True), ("given=martin", False),
    ],
)  # fmt: skip
def test_a_string_matches_by_its_beginning_anywhere_or_exactly(parameter, expected):
    patient = {"resourceType": "Patient", "name": [{"family": "Martin-L’Huillier", "given": ["Noémie"]}]}
    assert found(patient, parameter) is expected


# References


@pytest.mark.parametrize(
    ("reference", "parameter", "expected"),
    [
        ({"reference": "Patient/1"}, "subject=Patient/1", True),
        ({"reference": "Patient/1"}, "subject=1", True),
        ({"reference": "Patient/1"}, "subject=Group/1", False),
        ({"reference": "Group/1"}, "subject:Patient=1", False),
        ({"reference": "Patient/1/_history/3"}, "subject=Patient/1", True),
        ({"reference": "Patient/10"}, "subject=Patient/1", False),
        ({"reference": "https://elsewhere.example/fhir/Patient/1"}, "subject=Patient/1", False),
        (
            {"reference": "https://elsewhere.example/fhir/Patient/1"},
            "subject=https://elsewhere.example/fhir/Patient/1",
            True,
        ),
        ({"identifier": {"system": "urn:s", "value": "A"}}, "subject:identifier=urn:s|A", True),
        ({"identifier": {"system": "urn:s", "value": "A"}}, "subject:identifier=urn:s|B", False),
        ({"reference": "Patient/1"}, "subject:identifier=A", False),
    ],
)
def test_a_reference_matches_by_type_and_id_by_address_or_by_identifier(reference, parameter, expected):
    assert found({"resourceType": "Encounter", "subject": reference}, parameter) is expected


def test_a_canonical_is_found_with_its_version_and_without():
    response = {"resourceType": "QuestionnaireResponse", "questionnaire": "http://x.example/q|2"}
    assert found(response, "questionnaire=http://x.example/q")
    assert found(response, r"questionnaire=http://x.example/q\|2")
    assert not found(response, "questionnaire=http://x.example/q|1")


# URIs, composites, :missing, ids


def test_every_character_of_a_uri_counts():
    value_set = {"resourceType": "ValueSet", "url": "http://x.example/v"}
    assert found(value_set, "url=http://x.example/v")
    assert not found(value_set, "url=http://x.example/V")
    assert not found(value_set, "url=http://x.example/")


@pytest.mark.parametrize(("wanted", "expected"), [("sys$gt100", True), ("dia$gt100", False), ("sys$80", False)])
def test_a_composite_matches_within_one_element(wanted, expected):
    def component(code, value):
        return {"code": {"coding": [{"code": code}]}, "valueQuantity": {"value": value}}

    pressure = observation(component=[component("sys", 120), component("dia", 80)])
    assert found(pressure, f"component-code-value-quantity={wanted}") is expected


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("name:missing=true", True),
        ("name:missing=false", False),
        ("gender:missing=true", False),
        ("gender:missing=false", True),
    ],
)
def test_missing_tells_whether_there_is_a_value(parameter, expected):
    assert found({"resourceType": "Patient", "gender": "male"}, parameter) is expected


def test_the_id_and_the_time_of_update_are_those_of_the_resource():
    patient = {"resourceType": "Patient", "id": "a", "meta": {"lastUpdated": "2024-03-14T10:00:00.000Z"}}
    assert found(patient, "_id=b,a")
    assert not found(patient, "_id=A")
    assert found(patient, "_lastUpdated=ge2024-03-14")
    assert not found(patient, "_lastUpdated=gt2024-03-14")
    assert not found({"resourceType": "Patient"}, "_id=a")
    assert not found({"resourceType": "Patient"}, "_lastUpdated=gt2000")


# Combined


def test_criteria_are_all_needed_and_one_value_of_each_is_enough():
    patient = {"resourceType": "Patient", "gender": "male", "birthDate": "1980"}
    assert found(patient, "gender=female,male&birthdate=1980")
    assert not found(patient, "gender=female,male&birthdate=1981")


def test_no_criteria_find_every_resource_of_the_type():
    assert matches(parse_search("Patient", []), {"resourceType": "Patient"}, nobody)
    assert not matches(parse_search("Patient", []), {"resourceType": "Group"}, nobody)


# Modifiers that look beside the value

CONDITION = {"resourceType": "Condition", "code": {"text": "Céphalée aiguë", "coding": [
    {"system": "http://snomed.info/sct", "code": "25064002", "display": "Headache"}]}}  # fmt: skip
RECORD_NUMBER = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
NUMBERED = {
    "resourceType": "Patient",
    "identifier": [{"system": "urn:s", "value": "A1", "type": {"text": "Dossier", **RECORD_NUMBER}}],
}
PUBLISHED = {"resourceType": "ValueSet", "url": "http://acme.example/fhir/ValueSet/123"}


@pytest.mark.parametrize(
    ("resource", "query", "expected"),
    [
        (CONDITION, "code:text=headache", True),
        (CONDITION, "code:text=cephalee", True),
        (CONDITION, "code:text=aigue", False),
        (CONDITION, "code:text=25064002", False),
        (NUMBERED, "identifier:text=dossier", True),
        (NUMBERED, "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|A1", True),
        (NUMBERED, "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|a1", False),
        (NUMBERED, "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|A1", False),
        (PUBLISHED, "url:below=http://acme.example/fhir/", True),
        (PUBLISHED, "url:below=http://acme.example/fhir", True),
        (PUBLISHED, "url:below=http://acme.example/fh", False),
        (PUBLISHED, "url:below=http://acme.example/fhir/ValueSet/123", True),
        (PUBLISHED, "url:above=http://acme.example/fhir/ValueSet/123/_history/5", True),
        (PUBLISHED, "url:above=http://acme.example/fhir/ValueSet", False),
    ],
)
def test_a_modifier_looks_at_texts_kinds_and_levels(resource, query, expected):
    assert found(resource, query) is expected


# Chains

ZOE = {"resourceType": "Patient", "id": "1", "name": [{"family": "Martin"}], "gender": "female"}
GROUP = {"resourceType": "Group", "id": "1", "identifier": [{"value": "G"}]}


@pytest.mark.parametrize(
    ("subject", "parameter", "expected"),
    [
        ("Patient/1", "patient.name=martin", True),
        ("Patient/1", "subject:Patient.name=martin", True),
        ("Patient/1", "patient.name=durand", False),
        ("Patient/2", "patient.name=martin", False),
        ("Patient/1", "patient._id=1", True),
        ("Patient/1", "patient.gender:not=male", True),
        ("Patient/2", "patient.gender:not=male", False),
        ("Patient/1", "patient.birthdate:missing=true", True),
        ("Group/1", "subject.identifier=G", True),
        ("Patient/1", "subject.identifier=G", False),
        ("Group/1", "subject:Patient.identifier=G", False),
        ("https://elsewhere.example/fhir/Patient/1", "patient.name=martin", False),
    ],
)
def test_a_chain_asks_the_resource_referred_to(subject, parameter, expected):
    visit = {"resourceType": "Encounter", "subject": {"reference": subject}}
    assert found(visit, parameter, among=(ZOE, GROUP)) is expected


MEASURE = {"resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "Patient/1"},
           "encounter": {"reference": "Encounter/v"}}  # fmt: skip
CURRENT = {"resourceType": "List", "id": "l", "entry": [{"item": {"reference": "Patient/1"}}]}


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("_has:Observation:patient:status=final", True),
        ("_has:Observation:patient:status=amended", False),
        ("_has:Observation:patient:status:not=amended", True),
        ("_has:Observation:patient:encounter.status=finished", True),
        ("_has:Observation:performer:status=final", False),
        ("_has:Encounter:patient:_has:Observation:encounter:status=final", True),
        ("_has:Encounter:patient:_has:Observation:encounter:status=amended", False),
        ("_list=l", True),
        ("_list=m", False),
    ],
)
def test_a_reverse_chain_asks_what_refers_to_the_resource(parameter, expected):
    visit = {"resourceType": "Encounter", "id": "v", "status": "finished", "subject": {"reference": "Patient/1"}}
    among = (ZOE, MEASURE, CURRENT, visit)
    search = parse_search("Patient", [tuple(parameter.split("="))])

    def resolve(kind, id_):
        return next((r for r in among if (r["resourceType"], r["id"]) == (kind, id_)), None)

    def of_type(kind):
        return [resource for resource in among if resource["resourceType"] == kind]

    assert matches(search, ZOE, resolve, of_type=of_type) is expected


def test_a_reference_to_this_servers_own_address_is_followed():
    visit = {"resourceType": "Encounter", "subject": {"reference": "https://here.example/fhir/Patient/1"}}
    search = parse_search("Encounter", [("patient.name", "martin")])
    assert matches(search, visit, lambda *_: ZOE, base_url="https://here.example/fhir")
    assert not matches(search, visit, lambda *_: ZOE)
