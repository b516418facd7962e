"""Which codes mean the same, by the examples of R4 operation-observation-lastn.html."""

import pytest

from cordee.fhir.code_groups import code_groups, names_of


def concept(*codes, system="http://loinc.org", text=None):
    coding = [{"system": system, "code": code} for code in codes]
    return ({"coding": coding} if coding else {}) | ({"text": text} if text else {})


A, B, C, AB, AC = (concept(*codes) for codes in ("a", "b", "c", "ab", "ac"))


@pytest.mark.parametrize(
    ("concepts", "groups"),
    [
        ((A, B, C), [0, 1, 2]),
        ((A, B, AC), [0, 1, 0]),
        ((A, B, AB), [0, 0, 0]),
        ((AB, C, AC), [0, 0, 0]),
        ((concept(text="textM"), concept(text="Text"), concept(text="t e x t")), [0, 1, 2]),
        ((concept("a", text="one"), concept("a", text="two"), concept(text="one")), [0, 0, 1]),
        ((A, concept("a", system="urn:oid:1"), {"coding": [{"code": "a"}]}), [0, 1, 2]),
        (({}, {"coding": [{"display": "x"}]}, A), [0, 0, 1]),
        ((concept(text="a"), {"coding": [{"code": "a"}]}), [0, 1]),
    ],
)
def test_codes_are_of_one_group_when_they_share_one_directly_or_through_another(concepts, groups):
    assert code_groups(names_of(one) for one in concepts) == groups
