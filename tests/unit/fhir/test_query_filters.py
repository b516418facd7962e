"""Rules of `_filter` (R4 search_filter.html)."""

import pytest

from cordee.fhir.matching import matches
from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import parse_search, search_parameters_as_query

PETER = {
    "resourceType": "Patient",
    "id": "1",
    "name": [{"family": 'O"Neill', "given": ["Peter"]}],
    "birthDate": "2014-10-12",
    "gender": "male",
    "generalPractitioner": [{"reference": "Practitioner/1"}],
}
DOCTOR = {"resourceType": "Practitioner", "id": "1", "name": [{"text": "Martin, Zo\u00e9"}]}


def holds(text):
    return matches(parse_search("Patient", [("_filter", text)]), PETER, lambda *_: DOCTOR)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('given eq "peter" and birthdate ge 2014-10-10', True),
        ("given eq pete", False),
        ("given sw pete", True),
        ("given co ete", True),
        ("given ne peter", False),
        ("gender eq male", True),
        ("gender ne female", True),
        ("gender eq female or given eq peter and birthdate lt 2014", False),
        ("(gender eq male or given eq paul) and birthdate gt 2014-10-11", True),
        ("gender eq male or given eq paul and birthdate lt 2014", True),
        ("not (gender eq female)", True),
        ("not (gender eq male) or not(given eq paul)", True),
        ("telecom pr true", False),
        ("telecom pr false", True),
        ('family eq "O\\"Neill"', True),
        ("general-practitioner re Practitioner/1", True),
        ("general-practitioner.name sw martin", True),
        ('general-practitioner.name co "Martin, Zo"', True),
    ],
)
def test_a_filter_combines_comparisons(text, expected):
    assert holds(text) is expected


def test_a_filter_is_written_back_as_it_was():
    query = [("_filter", "given eq peter  or gender eq male")]
    assert search_parameters_as_query(parse_search("Patient", query)) == query


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its end"),
        ("given", "its end"),
        ("given eq", "its end"),
        ("given is peter", "the operator 'is'"),
        ("given ew r", "the operator 'ew'"),
        ("given gt peter", "does not apply to given"),
        ("gender sw ma", "does not apply to gender"),
        ("gender co ma", ":contains"),
        ("(gender eq male", "should"),
        ("gender eq male)", "left over"),
        ("gender eq male gender eq male", "left over"),
        ("not gender eq male", "should"),
        ('given eq "peter', "can't be read"),
        ("nickname eq x", "'nickname'"),
        ("name[family eq x].given eq y", "is not a parameter"),
        ("deceased pr maybe", "true or false"),
        ("(" * 40 + "gender eq male" + ")" * 40, "parentheses"),
        (" and ".join(["gender eq male"] * 60), "50 comparisons"),
    ],
)
def test_a_filter_that_can_not_be_read_is_refused(text, said):
    with pytest.raises(InvalidSearch) as raised:
        parse_search("Patient", [("_filter", text)])
    assert said in str(raised.value)
