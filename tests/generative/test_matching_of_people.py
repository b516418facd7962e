"""Laws of the comparison of two people, whatever their traits."""

from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cordee.identity.comparison import compare_traits
from cordee.identity.grading import Grade, compare, of_inactive_record
from cordee.identity.rules import Likeness
from cordee.identity.spelling import is_one_digit_wrong, is_one_mistake, is_part
from cordee.identity.traits import Identity

_NAMES = st.sampled_from(["martin", "martni", "martin durand", "durand martin", "le goff", "legoff", "exemple", "li"])
_GIVEN = st.sampled_from(["camille", "camile", "lou", "c", "camille lou", "sacha", "anne", "lea", "leo"])
_DATES = st.sampled_from(
    ["", "1974", "1974-12", "1974-01-01", "1974-12-31", "1974-03-05", "1974-05-03", "1974-05-04", "1981-05-03"]
)
_INS = st.sampled_from([("nir", "1"), ("nir", "2")]).map(lambda ins: (f"urn:oid:1.2.250.1.213.1.4.{8}", ins[1]))
_LOCAL = st.sampled_from([("https://example.org/ipp", "1"), ("https://example.org/ipp", "2")])

identities = st.builds(
    Identity,
    ins=st.frozensets(_INS, max_size=1),
    qualified=st.booleans(),
    identifiers=st.frozensets(_LOCAL, max_size=1),
    birth_names=st.frozensets(_NAMES, max_size=2),
    used_names=st.frozensets(_NAMES, max_size=1),
    birth_given=st.lists(_GIVEN, max_size=3).map(tuple),
    used_given=st.frozensets(_GIVEN, max_size=1),
    birth_date=_DATES,
    sex=st.sampled_from(["", "male", "female"]),
    birth_place=st.sampled_from(["", "29064", "75056"]),
)
_EMPTY = Identity()
_OF_TRAIT: dict[str, tuple[str, ...]] = {
    "family": ("birth_names", "used_names"),
    "given": ("birth_given", "used_given"),
    "birthDate": ("birth_date",),
    "gender": ("sex",),
    "birthPlace": ("birth_place",),
}


def without(person: Identity, trait: str) -> Identity:
    left: dict[str, Any] = {name: getattr(_EMPTY, name) for name in _OF_TRAIT[trait]}
    return replace(person, **left)


@given(identities, identities)
def test_comparing_is_symmetric(one: Identity, other: Identity) -> None:
    assert compare(one, other) == compare(other, one)


@given(identities, identities)
def test_nobody_is_more_alike_than_the_person_themselves(one: Identity, other: Identity) -> None:
    own = compare(one, one)
    found = compare(one, replace(other, qualified=one.qualified, ins=one.ins, identifiers=one.identifiers))
    assert found.grade <= own.grade
    assert found.points <= own.points


@given(identities, identities, st.sampled_from(sorted(_OF_TRAIT)))
def test_taking_away_a_trait_that_agrees_never_makes_a_better_match(one: Identity, other: Identity, trait: str) -> None:
    (rule,) = (rule for rule in compare_traits(one, other) if rule.trait == trait)
    if rule.likeness in (Likeness.EQUAL, Likeness.CLOSE):
        before, after = compare(one, other), compare(without(one, trait), other)
        assert (after.grade, after.score) <= (before.grade, before.score)


@given(identities, identities, st.sampled_from(["family", "given", "birthDate", "gender"]))
def test_knowing_less_of_the_four_traits_never_makes_anyone_certain(one: Identity, other: Identity, trait: str) -> None:
    assert compare(without(one, trait), other).grade < Grade.CERTAIN


@given(identities, identities)
def test_certain_needs_one_qualified_ins_and_no_contradiction(one: Identity, other: Identity) -> None:
    if compare(one, other).grade is Grade.CERTAIN:
        assert one.ins & other.ins
        assert one.qualified and other.qualified
        assert all(rule.likeness is not Likeness.DIFFERENT for rule in compare_traits(one, other))


@given(identities, identities, identities)
def test_a_better_grade_has_a_higher_score(one: Identity, other: Identity, third: Identity) -> None:
    first, second = compare(one, other), compare(one, third)
    if first.grade > second.grade > Grade.UNRELATED:
        assert first.score > second.score
    assert 0 <= first.score <= 1


@given(identities, identities)
def test_a_record_that_is_not_active_is_never_better_graded(one: Identity, other: Identity) -> None:
    found = compare(one, other)
    told = of_inactive_record(found)
    assert told.grade <= min(found.grade, Grade.POSSIBLE)
    assert told.score <= found.score


@given(st.text("abc ", max_size=7), st.text("abc ", max_size=7))
def test_spellings_are_compared_alike_both_ways(one: str, other: str) -> None:
    for alike in (is_one_mistake, is_one_digit_wrong, is_part):
        assert alike(one, other) == alike(other, one)
    assert not is_one_mistake(one, one)


@given(st.text("abcde", min_size=5, max_size=8), st.data())
def test_every_single_mistake_of_typing_is_seen(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 2))
    wrong = data.draw(
        st.sampled_from(
            [
                word[:place] + word[place + 1 :],
                word[:place] + "z" + word[place:],
                word[:place] + "z" + word[place + 1 :],
                word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            ]
        )
    )
    assert is_one_mistake(word, wrong) == (word != wrong)


def test_every_trait_of_an_identity_is_compared() -> None:
    compared = {name for names in _OF_TRAIT.values() for name in names}
    assert {field.name for field in fields(Identity)} - {"ins", "qualified", "identifiers"} == compared
