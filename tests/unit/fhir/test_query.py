from decimal import Decimal

import pytest

from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import InvalidSearch, UnknownResourceType
from cordee.fhir.query import (
    Chain,
    Criterion,
    Include,
    Link,
    Search,
    SortKey,
    parse_search,
    search_parameters_as_query,
)
from cordee.fhir.query_values import (
    CompositeSearch,
    DateSearch,
    IdSearch,
    MissingSearch,
    NumberSearch,
    QuantitySearch,
    ReferenceSearch,
    StringSearch,
    TokenSearch,
    UriSearch,
)
from cordee.fhir.temporal import date_range

HERE = "https://here.example/fhir"


def criterion(type_, name, value, **options):
    (found,) = parse_search(type_, [(name, value)], **options).criteria
    return found


def value(type_, name, text, **options):
    (found,) = criterion(type_, name, text, **options).values
    return found


def refusal(type_, *parameters, **options):
    with pytest.raises(InvalidSearch) as raised:
        parse_search(type_, parameters, **options)
    assert raised.value.status == 400
    return raised.value


# Values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("final", TokenSearch(None, "final", any_system=True)),
        ("http://loinc.org|8480-6", TokenSearch("http://loinc.org", "8480-6", any_system=False)),
        ("|8480-6", TokenSearch(None, "8480-6", any_system=False)),
        ("http://loinc.org|", TokenSearch("http://loinc.org", None, any_system=False)),
        (r"a\|b\,c\$d\\e", TokenSearch(None, r"a|b,c$d\e", any_system=True)),
    ],
)
def test_a_token_has_four_forms(text, expected):
    assert value("Observation", "code", text) == expected


@pytest.mark.parametrize("text", ["|", "a|b|c"])
def test_a_token_of_another_form_is_refused(text):
    assert "code, system|code, |code or system|" in str(refusal("Observation", ("code", text)))


@pytest.mark.parametrize("prefix", ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"])
def test_a_date_has_a_prefix_and_a_range(prefix):
    exact = date_range("2024-03")
    assert value("Encounter", "date", f"{prefix}2024-03") == DateSearch(prefix, exact.low, exact.high, "2024-03")


def test_a_value_without_a_prefix_is_meant_to_be_equal():
    assert value("Encounter", "date", "2024-03") == value("Encounter", "date", "eq2024-03")


def test_an_approximate_date_is_widened_by_its_own_precision():
    found = value("Encounter", "date", "ap2024-03-14")
    assert (found.low, found.high) == (date_range("2024-03-13").low, date_range("2024-03-15").high)


@pytest.mark.parametrize("text", ["20240314", "xx2024", "gt", "2024-13", "hier"])
def test_what_is_not_a_date_is_refused_with_an_example(text):
    assert f"date={text}" in str(refusal("Encounter", ("date", text)))
    assert "for example date=2024-03-31" in str(refusal("Encounter", ("date", text)))


def test_a_plus_that_became_a_space_is_explained():
    assert "%2B" in str(refusal("Encounter", ("date", "2024-03-14T10:00:00 01:00")))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("1e2", "95", "105"),
        ("1.00e2", "99.5", "100.5"),
        ("-2", "-2.5", "-1.5"),
        ("0", "-0.5", "0.5"),
        ("ap100", "90", "110"),
        ("ap-100", "-110", "-90"),
        ("ap0", "-0.5", "0.5"),
    ],
)
def test_a_number_has_the_range_of_its_precision(text, low, high):
    found = value("RiskAssessment", "probability", text)
    assert (found.low, found.high) == (Decimal(low), Decimal(high))


def test_a_number_keeps_its_exact_value():
    assert value("RiskAssessment", "probability", "gt0.80").value == Decimal("0.80")


@pytest.mark.parametrize("text", ["", "un", "1.", ".5", "+1", "1e", "NaN", "1e9999", "9" * 65, "gt"])
def test_what_is_not_a_number_is_refused(text):
    assert "probability" in str(refusal("RiskAssessment", ("probability", text)))


@pytest.mark.parametrize(
    ("text", "system", "code"),
    [
        ("5.4", None, None),
        ("5.4||mg", None, "mg"),
        ("5.4|http://unitsofmeasure.org|mg", "http://unitsofmeasure.org", "mg"),
    ],
)
def test_a_quantity_may_have_a_unit_with_or_without_its_system(text, system, code):
    number = NumberSearch("eq", Decimal("5.35"), Decimal("5.45"), Decimal("5.4"), "5.4")
    assert value("Observation", "value-quantity", text) == QuantitySearch(number, system, code)


@pytest.mark.parametrize("text", ["5.4|mg", "5.4|http://unitsofmeasure.org|", "5.4||", "mg", "5|a|b|c"])
def test_a_quantity_of_another_form_is_refused(text):
    assert "value-quantity" in str(refusal("Observation", ("value-quantity", text)))


def test_a_string_is_looked_for_normalised_and_as_written():
    assert value("Patient", "name", "L’Huillier") == StringSearch("l huillier", "L’Huillier")


def test_a_string_of_punctuation_is_refused_unless_exact():
    assert "letter or digit" in str(refusal("Patient", ("name", "--")))
    assert value("Patient", "name:exact", "--").literal == "--"


def test_commas_separate_alternatives_unless_escaped():
    found = criterion("Patient", "name", r"Martin,Le\,Goff,Martin")
    assert [v.literal for v in found.values] == ["Martin", "Le,Goff"]


def test_a_repeated_parameter_is_another_criterion():
    found = parse_search("Patient", [("given", "Zoé"), ("given", "Lou")])
    assert [c.values[0].literal for c in found.criteria] == ["Zoé", "Lou"]


@pytest.mark.parametrize("text", ["", "a,", ",a", "a,,b"])
def test_an_empty_value_is_refused(text):
    assert "empty" in str(refusal("Patient", ("name", text)))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("subject", "Patient/1", ReferenceSearch(("Patient",), id="1")),
        ("subject", "1", ReferenceSearch(("Group", "Patient"), id="1")),
        ("patient", "1", ReferenceSearch(("Patient",), id="1")),
        ("subject:Patient", "1", ReferenceSearch(("Patient",), id="1")),
        ("subject:Patient", "Patient/1", ReferenceSearch(("Patient",), id="1")),
        (
            "subject",
            "https://other.example/Patient/1",
            ReferenceSearch((), url="https://other.example/Patient/1"),
        ),
        ("subject", "urn:uuid:f1", ReferenceSearch((), url="urn:uuid:f1")),
        (
            "subject:identifier",
            "urn:oid:1.2|Ab",
            ReferenceSearch((), identifier=TokenSearch("urn:oid:1.2", "Ab", any_system=False)),
        ),
    ],
)
def test_a_reference_is_local_elsewhere_or_logical(name, text, expected):
    assert value("Encounter", name, text, base_url=HERE) == expected


def test_a_bare_id_may_be_of_any_type_when_the_parameter_refers_to_any():
    assert value("Provenance", "target", "1") == ReferenceSearch((), id="1")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("subject", "Patience/1"), ("subject", "Patient/1/_history/2"), ("subject", "#p"), ("subject", "a b"),
        ("subject:Patient", "Group/1"), ("subject", "Patient/"),
    ],
)  # fmt: skip
def test_what_is_not_a_reference_is_refused(name, text):
    assert f"for example {name}=Patient/123" in str(refusal("Encounter", (name, text)))


def test_a_uri_is_taken_whole():
    assert value("ValueSet", "url", "http://x.example/v|1.0") == UriSearch("http://x.example/v|1.0")


def test_a_composite_has_one_value_for_each_component():
    found = value("Observation", "code-value-quantity", "http://loinc.org|8480-6$gt140||mm[Hg]")
    assert found == CompositeSearch(
        (
            value("Observation", "code", "http://loinc.org|8480-6"),
            value("Observation", "value-quantity", "gt140||mm[Hg]"),
        )
    )


@pytest.mark.parametrize("text", ["8480-6", "8480-6$1$2", r"8480-6\$1", "8480-6$gros"])
def test_a_composite_of_another_form_is_refused(text):
    assert "code-value-quantity" in str(refusal("Observation", ("code-value-quantity", text)))


def test_ids_and_times_of_update_are_criteria():
    assert criterion("Patient", "_id", "a,b").values == (IdSearch("a"), IdSearch("b"))
    assert criterion("Patient", "_lastUpdated", "gt2024").values[0].prefix == "gt"


@pytest.mark.parametrize(("name", "text"), [("_id", "a/b"), ("_id", ""), ("_lastUpdated", "hier"), ("_id:not", "a")])
def test_malformed_ids_and_times_of_update_are_refused(name, text):
    assert name in str(refusal("Patient", (name, text)))


# Modifiers


@pytest.mark.parametrize(
    ("type_", "code"),
    [
        ("Patient", "gender"),
        ("Patient", "name"),
        ("Encounter", "date"),
        ("Encounter", "subject"),
        ("ValueSet", "url"),
        ("Observation", "value-quantity"),
        ("Observation", "code-value-quantity"),
        ("RiskAssessment", "probability"),
    ],
)
def test_missing_goes_with_every_type_of_parameter(type_, code):
    assert criterion(type_, f"{code}:missing", "true") == Criterion(code, "missing", (MissingSearch(missing=True),))


def test_missing_is_true_or_false():
    assert value("Patient", "name:missing", "false") == MissingSearch(missing=False)
    assert "true or false" in str(refusal("Patient", ("name:missing", "true,false")))


@pytest.mark.parametrize(
    ("type_", "name"), [("Patient", "name:exact"), ("Patient", "name:contains"), ("Patient", "gender:not")]
)
def test_a_modifier_of_the_parameters_type_is_kept(type_, name):
    code, modifier = name.split(":")
    found = criterion(type_, name, "x")
    assert (found.code, found.modifier) == (code, modifier)


@pytest.mark.parametrize(
    "name",
    [
        "name:not",
        "gender:exact",
        "gender:of-type",
        "birthdate:exact",
        "organization:Patience",
        "name:in",
    ],
)
def test_a_modifier_that_is_not_served_is_refused_with_those_that_are(name):
    error = refusal("Patient", (name, "x"))
    assert error.issues[0].code == "not-supported"
    assert ":missing" in str(error)


def test_a_colon_without_a_modifier_is_refused():
    assert "colon" in str(refusal("Patient", ("name:", "x")))


@pytest.mark.parametrize(
    ("type_", "name", "text"),
    [
        ("Patient", "identifier:of-type", "system|value"),
        ("Patient", "identifier:of-type", "system||value"),
        ("Condition", "code:text", "--"),
        ("ValueSet", "url:below", "urn:oid:1.2"),
        ("ValueSet", "url:above", "relative/path"),
    ],
)
def test_a_value_that_a_modifier_makes_nothing_of_is_refused(type_, name, text):
    assert refusal(type_, (name, text)).issues[0].code == "value"


# Chains


def test_a_chain_leads_to_every_target_that_has_the_parameter():
    found = criterion("Encounter", "subject.identifier", "A")
    expected = Criterion("identifier", None, (TokenSearch(None, "A", any_system=True),))
    assert found == Criterion("subject", None, (), Chain((Link("Group", expected), Link("Patient", expected))))


def test_a_chain_passes_over_targets_without_the_parameter():
    assert [link.resource_type for link in criterion("Encounter", "subject.name", "A").chain.links] == ["Patient"]


def test_a_chain_may_name_its_target():
    found = criterion("Encounter", "subject:Patient.identifier", "A")
    assert [link.resource_type for link in found.chain.links] == ["Patient"]


def test_the_end_of_a_chain_may_have_a_modifier():
    (link,) = criterion("Encounter", "patient.name:exact", "Zoé").chain.links
    assert link.criterion == Criterion("name", "exact", (StringSearch("zoe", "Zoé"),))


def test_a_chain_may_end_on_the_targets_id():
    (link,) = criterion("Encounter", "patient._id", "1").chain.links
    assert link.criterion == Criterion("_id", None, (IdSearch("1"),))


def test_a_chain_goes_to_any_depth_and_turns_round():
    found = criterion("Encounter", "patient:Patient._has:Observation:subject:performer:Practitioner.name", "A")
    ((reverse,),) = [[link.criterion.reverse] for link in found.chain.links]
    assert (reverse.resource_type, reverse.code, reverse.criterion.code) == ("Observation", "subject", "performer")
    assert [link.resource_type for link in reverse.criterion.chain.links] == ["Practitioner"]


def test_a_list_is_what_its_items_name():
    assert criterion("Patient", "_list", "42") == criterion("Patient", "_has:List:item:_id", "42")


@pytest.mark.parametrize("name", ["focus.focus.focus.status", "_has:Observation:focus:focus.focus.status"])
def test_a_chain_that_branches_without_end_is_refused_before_it_is_followed(name):
    assert refusal("Observation", (name, "final")).issues[0].code == "too-costly"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("patient.organization.nom", "'nom'"),
        ("patient.organization.partof.active.name", "only a reference"),
        ("patient." * 13 + "name", "12 steps"),
        ("_has:Observation:patient", "_has:type:reference:parameter"),
        ("_has:Patience:patient:code", "'Patience'"),
        ("_has:Observation:code:status", "does not refer to Encounter"),
        ("_has:Observation:patient:status", "does not refer to Encounter"),
        ("_has:Observation:encounter:stat", "'stat'"),
        ("status.name", "only a reference"),
        ("patient.nickname", "nickname"),
        ("subject:Claim.status", "not to 'Claim'"),
        ("patience.name", "patience"),
    ],
)
def test_a_chain_that_leads_nowhere_is_refused(name, said):
    assert said in str(refusal("Encounter", (name, "x")))


def test_a_malformed_value_at_the_end_of_a_chain_is_refused():
    assert "birthdate=hier" in str(refusal("Encounter", ("patient.birthdate", "hier")))


# Result parameters


def test_the_answers_shape_is_read():
    found = parse_search(
        "Encounter",
        [
            ("_sort", "-date,_id,_lastUpdated"), ("_count", "0"), ("_total", "accurate"),
            ("_summary", "data"),
            ("_elements", "status,period"), ("_elements", "id,status"), ("_include", "Encounter:patient"),
            ("_include", "Encounter:subject:Group"), ("_revinclude", "Observation:encounter"),
            ("_include:iterate", "Patient:*:Organization"), ("_revinclude", "*"),
        ],
    )  # fmt: skip
    assert found == Search(
        "Encounter",
        sort=(
            SortKey("date", descending=True),
            SortKey("_id", descending=False),
            SortKey("_lastUpdated", descending=False),
        ),
        count=0,
        total="accurate",
        summary="data",
        elements=("status", "period", "id"),
        includes=(
            Include("Encounter", "patient", None),
            Include("Encounter", "subject", "Group"),
            Include("Patient", "*", "Organization", iterate=True),
        ),
        revincludes=(Include("Observation", "encounter", None), Include("*", "*", None)),
    )


def test_without_parameters_everything_is_asked_for():
    assert parse_search("Patient", []) == Search("Patient")
    assert parse_search("Patient", [("_summary", "false"), ("_total", "none")]) == Search("Patient")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("_count", "-1"), ("_count", "dix"), ("_count", "1.5"), ("_count", "٣"), ("_count", "9" * 10),
        ("_total", "exact"), ("_summary", "yes"), ("_elements", "nickname"), ("_elements", "name.family"),
        ("_sort", ""), ("_sort", "-"), ("_sort", "nickname"), ("_sort", "code-value-quantity"),
        ("_include", "Patient:organization"), ("_include", "Observation"), ("_include", "Observation:status"),
        ("_include", "Observation:subject:Claim"), ("_include", "Observation:nickname"), ("_include", "*:patient"),
        ("_include", "Observation:*:Patience"), ("_include:recurse", "Observation:patient"),
        ("_revinclude", "Claim:patient"), ("_revinclude", "Patience:name"), ("_include", "Patient:*"),
        ("_revinclude:iterate", "Observation:status"),
    ],
)  # fmt: skip
def test_a_malformed_result_parameter_is_refused_by_its_name(name, text):
    assert name.partition(":")[0] in str(refusal("Observation", (name, text)))


@pytest.mark.parametrize("name", ["_count", "_sort", "_total", "_summary"])
def test_a_result_parameter_that_can_be_given_once_is_refused_twice(name):
    text = {"_count": "1", "_sort": "_id", "_total": "none", "_summary": "true"}[name]
    assert "twice" in str(refusal("Patient", (name, text), (name, text)))


# Unknown and unsupported


def test_an_unknown_parameter_is_refused_with_the_valid_ones_closest_first():
    error = refusal("Patient", ("gendre", "male"))
    assert error.issues[0].code == "not-supported"
    assert "'gendre'" in str(error)
    assert "closest first: gender, " in str(error)


@pytest.mark.parametrize(
    "name",
    [
        "_text",
        "_content",
        "_query",
        "_type",
        "near",
        "age",
    ],
)
def test_a_special_parameter_is_refused_as_not_supported(name):
    assert "not supported" in str(refusal("Patient", (name, "x")))


def test_lenient_handling_leaves_out_what_is_unknown_or_unsupported():
    found = parse_search(
        "Patient",
        [("gendre", "male"), ("name:text", "x"), ("_has:Patience:b:c", "x"), ("gender", "male")],
        lenient=True,
    )
    assert found.ignored == ("gendre", "name:text", "_has:Patience:b:c")
    assert [c.code for c in found.criteria] == ["gender"]


def test_lenient_handling_still_refuses_what_is_malformed():
    assert "birthdate" in str(refusal("Patient", ("birthdate", "hier"), lenient=True))


def test_every_problem_is_told_at_once():
    error = refusal("Patient", ("gendre", "male"), ("birthdate", "hier"), ("_count", "x"))
    assert [issue.code for issue in error.issues] == ["not-supported", "value", "value"]


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_characters_that_no_text_may_hold_are_refused(text):
    assert "name" in str(refusal("Patient", ("name", text)))


def test_an_unknown_resource_type_is_refused():
    with pytest.raises(UnknownResourceType):
        parse_search("Patience", [])


def test_the_parameters_common_to_all_types_are_searched_on_resource():
    assert criterion("Resource", "_tag", "demo").code == "_tag"


# Written back


def test_the_canonical_query_keeps_the_order_and_escapes():
    query = [
        ("subject:Patient", "1"), ("name", "unknown"), ("date", "eq2024,gt2025"), ("_tag", r"a\|b|c"),
        ("patient.name:exact", r"Le\,Goff"), ("_sort", "-date"), ("_count", "5"),
    ]  # fmt: skip
    found = parse_search("Encounter", query, lenient=True)
    assert search_parameters_as_query(found) == [
        ("subject", "Patient/1"), ("date", "2024,gt2025"), ("_tag", r"a\|b|c"),
        ("patient:Patient.name:exact", r"Le\,Goff"), ("_sort", "-date"), ("_count", "5"),
    ]  # fmt: skip


@pytest.mark.parametrize("options", [{"base_url": HERE}, {}])
def test_an_address_of_this_server_is_local_and_the_canonical_as_written(options):
    url = f"{HERE}/PlanDefinition/pd"
    pair = (ReferenceSearch(("PlanDefinition",), id="pd"), ReferenceSearch((), url=url))
    search = parse_search("CarePlan", [("instantiates-canonical", url)], base_url=HERE)
    assert search.criteria[0].values == pair
    assert parse_search("CarePlan", search_parameters_as_query(search), **options) == search


@pytest.mark.parametrize(
    "parameters",
    [
        [("_sort", ",".join(["birthdate"] * 11))],
        [
            ("_revinclude", f"{type_}:patient")
            for type_, known in load_definitions().search_parameters.items()
            if "patient" in known and type_ in load_definitions().resource_types
        ][:21],
        [("name", "a")] * 51,
        [("identifier", "a," * 6000 + "a")],
    ],
)
def test_more_than_one_search_may_ask_is_too_costly(parameters):
    assert [issue.code for issue in refusal("Patient", *parameters).issues] == ["too-costly"]


def test_chains_that_lead_to_too_many_types_are_too_costly():
    assert parse_search("Provenance", [("target._id", "x")]).criteria
    refused = refusal("Provenance", ("target._id", "x"), ("target._id", "y"))
    assert [issue.code for issue in refused.issues] == ["too-costly"]


def test_a_sort_key_given_twice_is_refused():
    refusal("Patient", ("_sort", "birthdate,-birthdate"))


def test_a_searched_fraction_of_a_second_has_nine_digits_at_most():
    value("Patient", "_lastUpdated", "2024-03-31T10:00:00.123456789Z")
    refusal("Patient", ("_lastUpdated", "2024-03-31T10:00:00.1234567890Z"))
