"""The part of an expansion that is asked for, and its hierarchy."""

import pytest

from cordee.fhir.terminology.expansion import MOST_AT_ONCE, Expansion, Member, Wanted, combined, nested, page
from cordee.fhir.terminology.refusals import TooCostly


def member(code: str, concept: int = 0, parents: tuple[int, ...] = (), searched: str = "") -> Member:
    return Member("urn:s", None, code, code, None, searched or code, concept=concept, parents=parents)


def test_the_hierarchy_leaves_out_what_is_between_and_places_each_once() -> None:
    members = [member("d", 4, (2, 3)), member("a", 1), member("c", 3, (1,)), member("e", 5, (9,))]
    assert [(depth, m.code) for depth, m in nested(members)] == [(0, "a"), (1, "c"), (2, "d"), (0, "e")]


def test_each_word_of_a_filter_begins_a_word() -> None:
    expansion = Expansion(combined([[member("a", searched="insuffisance renale"), member("b", searched="reins")]], ()))
    for said, codes in (("REN", ["a"]), ("ré insuff", ["a"]), ("sance", []), ("re", ["a", "b"]), ("", ["a", "b"])):
        assert [m.code for m in page(expansion, Wanted(filter=said)).members] == codes, said


def test_too_many_codes_are_answered_in_parts_only() -> None:
    expansion = Expansion(combined([[member(str(n)) for n in range(MOST_AT_ONCE + 1)]], ()))
    with pytest.raises(TooCostly, match="offset"):
        page(expansion, Wanted())
    found = page(expansion, Wanted(offset=MOST_AT_ONCE, count=5))
    assert ([m.code for m in found.members], found.total) == ([str(MOST_AT_ONCE)], MOST_AT_ONCE + 1)


def test_without_a_system_a_code_is_found_when_only_one_has_it() -> None:
    other = Member("urn:t", None, "a", "a", None, "a")
    expansion = Expansion(combined([[member("a"), member("b"), other]], ()))
    assert expansion.find(None, "a") is None
    assert expansion.find(None, "b") == member("b")
