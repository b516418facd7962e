from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cordee.fhir.search_values import (
    CompositeValue,
    DateRange,
    NumberRange,
    QuantityValue,
    ReferenceValue,
    StringValue,
    Token,
    TokenText,
    UriValue,
    extract,
    extract_parameter,
)
from cordee.fhir.temporal import EARLIEST, LATEST, date_range

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
HERE = "https://here.example/fhir"


def values(type_, code, /, **elements):
    return extract_parameter({"resourceType": type_, **elements}, code)


def texts(type_, code, /, **elements):
    return {value.text for value in values(type_, code, **elements)}


# Tokens


def test_each_coding_of_a_concept_is_a_token():
    code = {
        "coding": [{"system": LOINC, "code": "8480-6"}, {"code": "bp"}, {"display": "only words"}],
        "text": "x",
    }
    assert values("Observation", "code", code=code) == (
        *(Token(LOINC, "8480-6"), Token(None, "bp")),
        *(TokenText("only words"), TokenText("x")),
    )


def test_a_coding_may_have_a_system_without_a_code():
    assert values("Encounter", "class", **{"class": {"system": LOINC}}) == (Token(LOINC, None),)


def test_an_identifier_is_an_exact_token():
    found = values("Patient", "identifier", identifier=[{"system": "urn:oid:1.2", "value": "Ab"}, {"value": "C"}])
    assert found == (Token("urn:oid:1.2", "Ab", exact=True), Token(None, "C", exact=True))


def test_a_code_has_the_system_of_its_required_value_set():
    assert values("Patient", "gender", gender="female") == (
        Token("http://hl7.org/fhir/administrative-gender", "female"),
    )


def test_a_code_whose_value_set_can_not_be_enumerated_has_no_system():
    content = [{"attachment": {"contentType": "application/pdf"}}]
    assert values("DocumentReference", "contenttype", content=content) == (Token(None, "application/pdf"),)


def test_a_contact_point_is_its_value():
    telecom = [{"system": "phone", "value": "0102030405"}, {"system": "email"}]
    assert values("Patient", "phone", telecom=telecom) == (Token(None, "0102030405"),)
    assert values("Patient", "telecom", telecom=telecom) == (Token(None, "0102030405"),)


def test_a_boolean_is_a_token():
    assert values("Patient", "active", active=False) == (Token(None, "false"),)


def test_a_patient_who_is_not_said_to_be_dead_is_not_deceased():
    assert values("Patient", "deceased") == (Token(None, "false"),)
    assert values("Patient", "deceased", deceasedDateTime="2024-03-14") == (Token(None, "true"),)


# Strings


def test_a_name_gives_each_part_and_the_whole_in_both_orders():
    name = {
        "text": "Mme Zoé Martin",
        "family": "Martin",
        "given": ["Zoé", "Lou"],
        "prefix": ["Mme"],
        "suffix": ["MD"],
    }
    assert texts("Patient", "name", name=[name]) == {
        "Mme Zoé Martin", "Martin", "Zoé", "Lou", "Mme", "MD", "Zoé Lou Martin", "Martin Zoé Lou",
    }  # fmt: skip
    assert texts("Patient", "family", name=[name]) == {"Martin"}


def test_an_address_gives_each_part():
    address = {
        "text": "1 rue Haute, 35000 Rennes", "line": ["1 rue Haute", "Bâtiment B"], "city": "Rennes",
        "district": "Ille-et-Vilaine", "state": "Bretagne", "postalCode": "35000",
        "country": "FR", "use": "home",
    }  # fmt: skip
    assert texts("Patient", "address", address=[address]) == {
        "1 rue Haute, 35000 Rennes", "1 rue Haute", "Bâtiment B", "Rennes", "Ille-et-Vilaine", "Bretagne",
        "35000", "FR",
    }  # fmt: skip
    assert texts("Patient", "address-city", address=[address]) == {"Rennes"}


def test_a_name_with_nulls_for_extended_parts_is_read():
    assert texts("Patient", "given", name=[{"given": [None, "Zoé"], "_given": [{"id": "a"}, None]}]) == {"Zoé"}


# References


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "Patient/1"}, ReferenceValue("Patient", "1")),
        ({"reference": "Patient/1/_history/2"}, ReferenceValue("Patient", "1", version="2")),
        (
            {"reference": "https://elsewhere.example/fhir/Patient/1"},
            ReferenceValue("Patient", url="https://elsewhere.example/fhir/Patient/1"),
        ),
        ({"reference": "urn:uuid:f1"}, ReferenceValue(url="urn:uuid:f1")),
        (
            {"type": "Patient", "identifier": {"system": "urn:oid:1.2", "value": "Ab"}},
            ReferenceValue("Patient", identifier=Token("urn:oid:1.2", "Ab", exact=True)),
        ),
        (
            {"reference": "Patient/1", "identifier": {"value": "Ab"}},
            ReferenceValue("Patient", "1", identifier=Token(None, "Ab", exact=True)),
        ),
        ({"reference": "#contained"}, None),
        ({"display": "somebody"}, None),
    ],
)
def test_a_reference_is_local_elsewhere_or_logical(reference, expected):
    assert values("Encounter", "subject", subject=reference) == ((expected,) if expected else ())


def test_another_servers_patient_is_never_taken_for_this_ones():
    (found,) = values("Encounter", "subject", subject={"reference": "https://elsewhere.example/fhir/Patient/1"})
    assert found.id is None


def test_an_address_of_this_server_is_local():
    encounter = {"resourceType": "Encounter", "subject": {"reference": f"{HERE}/Patient/1"}}
    assert extract(encounter, base_url=HERE)["subject"] == (ReferenceValue("Patient", "1"),)


def test_a_canonical_reference_with_a_version_is_found_with_it_and_without():
    assert values("CarePlan", "instantiates-canonical", instantiatesCanonical=["http://x.example/p|2"]) == (
        ReferenceValue(url="http://x.example/p|2"),
        ReferenceValue(url="http://x.example/p"),
    )


def test_the_composition_of_a_document_is_referred_to():
    entry = [{"resource": {"resourceType": "Composition", "id": "c"}}]
    assert values("Bundle", "composition", entry=entry) == (ReferenceValue("Composition", "c"),)


# Dates


def test_a_date_is_a_range():
    assert values("Patient", "birthdate", birthDate="1980-07") == (
        DateRange(datetime(1980, 6, 30, 22, tzinfo=UTC), datetime(1980, 7, 31, 22, tzinfo=UTC)),
    )


def test_a_period_may_be_open():
    start = date_range("2024-03-14")
    assert values("Encounter", "date", period={"start": "2024-03-14"}) == (DateRange(start.low, LATEST),)
    assert values("Encounter", "date", period={"end": "2024-03-14"}) == (DateRange(EARLIEST, start.high),)
    assert values("Encounter", "date", period={"extension": []}) == ()


def test_a_timing_is_its_outer_limits():
    timing = {
        "event": ["2024-03-14", "2024-03-02"],
        "repeat": {"boundsPeriod": {"start": "2024-03-10", "end": "2024-03-31"}},
    }
    expected = DateRange(date_range("2024-03-02").low, date_range("2024-03-31").high)
    activity = [{"detail": {"status": "scheduled", "scheduledTiming": timing}}]
    assert values("CarePlan", "activity-date", activity=activity) == (expected,)


@pytest.mark.parametrize("timing", [{}, {"repeat": {"frequency": 1}}, {"event": [None]}])
def test_a_timing_without_dates_has_no_value(timing):
    activity = [{"detail": {"status": "scheduled", "scheduledTiming": timing}}]
    assert values("CarePlan", "activity-date", activity=activity) == ()


def test_what_is_not_a_date_has_no_value():
    assert values("Patient", "birthdate", birthDate="hier") == ()


# Numbers and quantities


@pytest.mark.parametrize(
    ("written", "expected"),
    [(3, Decimal(3)), (0.1, Decimal("0.1")), (1e-7, Decimal("1E-7")), (Decimal("2.50"), Decimal("2.50"))],
)
def test_a_number_is_exactly_what_was_written(written, expected):
    prediction = [{"probabilityDecimal": written}]
    assert values("RiskAssessment", "probability", prediction=prediction) == (NumberRange(expected, expected),)


@pytest.mark.parametrize("written", [True, "0.5", float("inf"), Decimal("NaN")])
def test_what_is_not_a_number_has_no_value(written):
    assert values("RiskAssessment", "probability", prediction=[{"probabilityDecimal": written}]) == ()


def test_a_range_of_numbers_may_be_open():
    prediction = [{"probabilityRange": {"low": {"value": 10}}}]
    assert values("RiskAssessment", "probability", prediction=prediction) == (NumberRange(Decimal(10), None),)


@pytest.mark.parametrize(
    ("comparator", "low", "high"),
    [(None, 5, 5), ("<", None, 5), ("<=", None, 5), (">", 5, None), (">=", 5, None)],
)
def test_a_comparator_opens_one_end(comparator, low, high):
    quantity = {"value": 5, "unit": "mg", "system": UCUM, "code": "mg"} | (
        {"comparator": comparator} if comparator else {}
    )
    bounds = [None if bound is None else Decimal(bound) for bound in (low, high)]
    assert values("Observation", "value-quantity", valueQuantity=quantity) == (
        QuantityValue(*bounds, UCUM, "mg", "mg"),
    )


def test_money_is_a_quantity_in_a_currency():
    assert values("Invoice", "totalgross", totalGross={"value": 72.5, "currency": "EUR"}) == (
        QuantityValue(Decimal("72.5"), Decimal("72.5"), "urn:iso:std:iso:4217", "EUR", None),
    )


def test_a_range_of_quantities_has_the_unit_that_is_given():
    onset = {"high": {"value": 9, "unit": "ans", "system": UCUM, "code": "a"}}
    assert values("Condition", "onset-age", onsetRange=onset) == (QuantityValue(None, Decimal(9), UCUM, "a", "ans"),)


@pytest.mark.parametrize("quantity", [{"unit": "mg"}, {"value": None}])
def test_a_quantity_without_a_number_has_no_value(quantity):
    assert values("Observation", "value-quantity", valueQuantity=quantity) == ()


# URIs and metadata


def test_metadata_is_searched_on_every_type():
    meta = {
        "profile": ["http://x.example/p|1.0"],
        "source": "urn:source",
        "tag": [{"system": "urn:t", "code": "demo"}],
        "security": [{"code": "R"}],
        "lastUpdated": "2024-03-14T10:00:00Z",
    }
    assert extract({"resourceType": "Claim", "id": "1", "meta": meta}) == {
        "_profile": (UriValue("http://x.example/p|1.0"), UriValue("http://x.example/p")),
        "_source": (UriValue("urn:source"),),
        "_tag": (Token("urn:t", "demo"),),
        "_security": (Token(None, "R"),),
    }


# Composites


def test_a_composite_combines_the_values_of_one_element_only():
    def component(code, value):
        return {"code": {"coding": [{"code": code}]}, "valueQuantity": {"value": value}}

    found = values(
        "Observation",
        "component-code-value-quantity",
        component=[component("sys", 120), component("dia", 80)],
    )
    assert {(v.components[0].code, v.components[1].low) for v in found} == {("sys", 120), ("dia", 80)}
    assert all(isinstance(value, CompositeValue) for value in found)


def test_a_composite_without_one_of_its_components_has_no_value():
    assert values("Observation", "code-value-quantity", code={"coding": [{"code": "sys"}]}) == ()


def test_a_composite_has_every_combination_within_the_element():
    found = values(
        "Observation",
        "code-value-string",
        code={"coding": [{"code": "a"}, {"code": "b"}]},
        valueString="positif",
    )
    assert found == tuple(CompositeValue((Token(None, c), StringValue("positif"))) for c in "ab")


def test_a_component_may_be_read_from_the_resource():
    found = values(
        "MolecularSequence",
        "chromosome-variant-coordinate",
        referenceSeq={"chromosome": {"coding": [{"code": "7"}]}},
        variant=[{"start": 10, "end": 12}],
    )
    assert found == (
        CompositeValue(
            (Token(None, "7"), NumberRange(Decimal(10), Decimal(10)), NumberRange(Decimal(12), Decimal(12)))
        ),
    )


# The whole


def test_the_value_of_an_extension_is_read_by_its_type():
    url = "http://hl7.org/fhir/StructureDefinition/patient-extensions-Patient-mothersMaidenName"
    assert texts("Patient", "mothersMaidenName", extension=[{"url": url, "valueString": "Durand"}]) == {"Durand"}
    assert texts("Patient", "mothersMaidenName", extension=[{"url": url, "extension": []}]) == set()


def test_a_value_given_twice_is_there_once():
    identifier = [{"value": "A"}, {"value": "A", "use": "old"}]
    assert len(values("Patient", "identifier", identifier=identifier)) == 1


def test_one_parameter_reads_what_the_whole_extraction_reads():
    resource = {
        "resourceType": "Observation",
        "status": "final",
        "subject": {"reference": "Patient/1"},
        "code": {"coding": [{"system": LOINC, "code": "8480-6"}]},
        "valueQuantity": {"value": 120, "unit": "mmHg"},
    }
    found = extract(resource)
    assert {"status", "subject", "patient", "code", "combo-code", "code-value-quantity"} <= set(found)
    assert {code: extract_parameter(resource, code) for code in found} == dict(found)


def test_the_body_is_left_as_it_was():
    resource = {"resourceType": "Patient", "name": [{"family": "Martin", "given": ["Zoé"]}]}
    extract(resource)
    assert resource == {"resourceType": "Patient", "name": [{"family": "Martin", "given": ["Zoé"]}]}


def test_an_unknown_resource_type_is_an_error():
    with pytest.raises(KeyError):
        extract({"resourceType": "Patience"})
