"""Searches and resources made at random: what is written is read back, and finds what gave it."""

import string
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.queries_from_values import queries_from

from cordee.fhir.definitions import load_definitions
from cordee.fhir.matching import matches
from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import Search, parse_search, search_parameters_as_query
from cordee.fhir.query_criteria import MODIFIERS, takes_of_type
from cordee.fhir.query_parameters import served_codes
from cordee.fhir.query_values import PREFIXES, escape, split_unescaped, unescape
from cordee.fhir.search_values import extract
from cordee.fhir.text_normalization import normalize_text

TYPES = ("Patient", "Encounter", "Observation", "Claim", "RiskAssessment", "ValueSet", "CareTeam", "Condition")

words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12)
ids = st.text(string.ascii_letters + string.digits + "-.", min_size=1, max_size=12)
prefixes = st.sampled_from(("", *PREFIXES))
numbers = st.from_regex(r"-?[0-9]{1,6}(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
offsets = st.sampled_from(("Z", "+02:00", "-05:00"))
days = st.dates().map(str)
dates = st.one_of(days, days.map(lambda d: d[:4]), days.map(lambda d: d[:7]),
                  st.builds(lambda d, t, z: f"{d}T{t:%H:%M:%S}{z}", days, st.times(), offsets))  # fmt: skip
systems = st.sampled_from(("http://loinc.org", "urn:oid:1.2.3", "a,b|c$d\\e"))


def coded(code):
    escaped = code.map(escape)
    return st.one_of(
        escaped,
        escaped.map(lambda c: f"|{c}"),
        st.builds(lambda s, c: f"{escape(s)}|{c}", systems, st.one_of(escaped, st.just(""))),
    )


def value_text(parameter, known):
    match parameter.type:
        case "token":
            return coded(words)
        case "date":
            return st.builds(str.__add__, prefixes, dates)
        case "number":
            return st.builds(str.__add__, prefixes, numbers)
        case "quantity":
            units = st.one_of(
                st.just(""),
                st.builds(lambda s, u: f"|{escape(s)}|{escape(u)}", st.one_of(st.just(""), systems), words),
            )
            return st.builds(lambda p, n, u: p + n + u, prefixes, numbers, units)
        case "string":
            return words.filter(normalize_text).map(escape)
        case "reference":
            local = st.builds(lambda t, i: f"{t}/{i}", st.sampled_from(("Patient", "Group", "Claim")), ids)
            return st.one_of(ids, local, st.just("urn:uuid:1"), st.just("http://x.example/q|2").map(escape))
        case "composite":
            return st.tuples(*(value_text(known[c.parameter], known) for c in parameter.components)).map("$".join)
    return words.map(escape)


@st.composite
def criteria(draw, type_):
    known = load_definitions().search_parameters[type_]
    served = sorted(code for code in served_codes(type_) if code not in ("_id", "_lastUpdated"))
    parameter = known[draw(st.sampled_from(served))]
    modifiers = [m for m in MODIFIERS[parameter.type] if m != "of-type" or takes_of_type(type_, parameter.code)]
    modifier = draw(st.sampled_from((None, None, *modifiers)))
    if modifier == "missing":
        return f"{parameter.code}:missing", draw(st.sampled_from(("true", "false")))
    text = coded(words) if modifier == "identifier" else value_text(parameter, known)
    if modifier == "text":
        text = words.filter(normalize_text).map(escape)
    if modifier == "of-type":
        text = st.builds(lambda *parts: "|".join(map(escape, parts)), systems, words, words)
    if parameter.type == "token" and modifier in ("above", "below"):
        text = st.builds(lambda s, c: f"{escape(s)}|{escape(c)}", systems, words)
    elif modifier in ("above", "below", "in", "not-in"):
        text = ids.map(lambda path: escape(f"http://x.example/{path}"))
    return (
        f"{parameter.code}:{modifier}" if modifier else parameter.code,
        ",".join(draw(st.lists(text, min_size=1, max_size=3))),
    )


@st.composite
def queries(draw):
    type_ = draw(st.sampled_from(TYPES))
    pairs = draw(st.lists(criteria(type_), max_size=4))
    if type_ in ("Encounter", "Observation", "Claim", "Condition"):
        ends = draw(st.lists(criteria("Patient"), max_size=1))
        way = draw(st.sampled_from(("patient.", "patient:Patient.", "patient.")))
        pairs += [(way + name, text) for name, text in ends]
    if type_ == "Encounter":
        ends = draw(st.lists(criteria("Observation"), max_size=1))
        way = draw(st.sampled_from(("_has:Observation:encounter:", "part-of.part-of._has:Observation:encounter:")))
        pairs += [(way + name, text) for name, text in ends]
    pairs += draw(st.lists(st.tuples(st.just("_id"), ids), max_size=1))
    pairs += draw(st.lists(st.tuples(st.just("_lastUpdated"), st.builds(str.__add__, prefixes, dates)), max_size=1))
    pairs += draw(st.sampled_from(([], [("_sort", "-_lastUpdated,_id")], [("_count", "20"), ("_total", "accurate")])))
    pairs += draw(st.sampled_from(([], [("_summary", "text")], [("_elements", "id,meta")])))
    return type_, pairs


@given(queries())
@settings(max_examples=150, deadline=None)
def test_a_search_written_back_is_read_as_the_same_search(query):
    type_, pairs = query
    search = parse_search(type_, pairs)
    written = search_parameters_as_query(search)
    assert parse_search(type_, written) == search
    assert search_parameters_as_query(parse_search(type_, written)) == written


@given(st.sampled_from(TYPES), st.data())
@settings(max_examples=150, deadline=None)
def test_any_text_is_either_read_or_refused(type_, data):
    codes = sorted(load_definitions().search_parameters[type_])
    name = data.draw(st.one_of(words, st.sampled_from(codes), st.builds("{}{}{}".format, st.sampled_from(codes),
                                                                       st.sampled_from(":."), words)))  # fmt: skip
    try:
        search = parse_search(type_, [(name, data.draw(st.text(max_size=12)))])
    except InvalidSearch as refusal:
        assert all(issue.diagnostics for issue in refusal.issues)
    else:
        assert isinstance(search, Search)


@given(st.lists(st.text(), min_size=1), st.sampled_from(",|$"))
@settings(deadline=None)
def test_escaped_texts_joined_come_apart_as_they_were(texts, separator):
    joined = separator.join(map(escape, texts))
    assert [unescape(part) for part in split_unescaped(joined, separator)] == texts


@given(st.text())
@settings(deadline=None)
def test_normalising_text_twice_changes_nothing(text):
    assert normalize_text(normalize_text(text)) == normalize_text(text)


decimals = st.decimals(min_value=-(10**6), max_value=10**6, places=3).map(lambda d: d.normalize())
json_numbers = st.one_of(decimals, st.floats(-1e6, 1e6).map(lambda f: f + 0.0), st.integers(-(10**6), 10**6))
codings = st.fixed_dictionaries({}, optional={"system": systems, "code": words, "display": words})
concepts = st.fixed_dictionaries({}, optional={"coding": st.lists(codings, max_size=3), "text": words})
periods = st.fixed_dictionaries({}, optional={"start": dates, "end": dates})
quantities = st.fixed_dictionaries(
    {"value": json_numbers},
    optional={"unit": words, "system": systems, "code": words, "comparator": st.sampled_from(("<", "<=", ">", ">="))},
)
references = st.one_of(
    st.builds(lambda i: {"reference": f"Patient/{i}"}, ids),
    st.just({"reference": "https://elsewhere.example/fhir/Patient/1"}),
    st.builds(lambda v: {"type": "Patient", "identifier": {"system": "urn:s", "value": v}}, words),
)
names = st.fixed_dictionaries(
    {}, optional={"family": words, "given": st.lists(st.one_of(words, st.none()), max_size=3)}
)
patients = st.fixed_dictionaries(
    {"resourceType": st.just("Patient")},
    optional={
        "identifier": st.lists(st.fixed_dictionaries({"value": words}, optional={"system": systems}), max_size=2),
        "name": st.lists(names, max_size=2),
        "gender": st.sampled_from(("male", "female", "other", "unknown")),
        "birthDate": st.one_of(days, days.map(lambda d: d[:4])),
        "deceasedBoolean": st.booleans(),
    },
)
observations = st.fixed_dictionaries(
    {"resourceType": st.just("Observation"), "code": concepts},
    optional={
        "subject": references,
        "effectivePeriod": periods,
        "valueQuantity": quantities,
        "valueString": words,
        "component": st.lists(
            st.fixed_dictionaries({"code": concepts}, optional={"valueQuantity": quantities}), max_size=2
        ),
    },
)


@given(st.one_of(patients, observations))
@settings(max_examples=200, deadline=None)
def test_a_resource_is_found_by_each_of_its_own_values(resource):
    for code, values in extract(resource).items():
        for value in values:
            for query in queries_from(code, value):
                assert matches(parse_search(resource["resourceType"], [query]), resource, lambda *_: None), query


@given(patients, st.sampled_from(("male", "female,other", "x")))
@settings(deadline=None)
def test_not_finds_what_the_plain_criterion_does_not(patient, codes):
    def found(name):
        return matches(parse_search("Patient", [(name, codes)]), patient, lambda *_: None)

    assert found("gender:not") is not found("gender")


@given(periods, dates)
@settings(deadline=None)
def test_the_comparisons_of_one_date_agree_with_each_other(period, date):
    encounter = {"resourceType": "Encounter", "period": period}

    def found(prefix):
        return matches(parse_search("Encounter", [("date", prefix + date)]), encounter, lambda *_: None)

    if period:
        assert found("ne") is not found("eq")
        assert not (found("sa") and found("eb"))
        assert not found("sa") or found("gt")
        assert not found("eb") or found("lt")
        assert not found("eq") or (found("ge") and found("le") and found("ap"))
        assert not (found("eq") and (found("gt") or found("lt")))
    else:
        assert not any(map(found, PREFIXES))


@given(decimals, numbers)
@settings(deadline=None)
def test_the_comparisons_of_one_number_agree_with_each_other(value: Decimal, number):
    assessment = {"resourceType": "RiskAssessment", "prediction": [{"probabilityDecimal": value}]}

    def found(prefix):
        return matches(parse_search("RiskAssessment", [("probability", prefix + number)]), assessment, lambda *_: None)

    assert found("ne") is not found("eq")
    assert [found("gt"), found("lt"), found("ge") and found("le")].count(True) == 1
    assert found("sa") is found("gt")
    assert found("eb") is found("lt")
    assert not found("eq") or found("ap")
