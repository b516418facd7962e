"""One trait of two people compared: which rule of `rules` holds, the first that does, the strongest first.

Pure and symmetric: what is said of one and the other is said of the other and the one.
"""

from cordee.identity import rules
from cordee.identity.rules import UNKNOWN, Rule
from cordee.identity.spelling import are_joined_alike, are_same_words, is_one_digit_wrong, is_one_mistake, is_part
from cordee.identity.traits import Identity

_CONVENTIONAL = ("-01-01", "-12-31")
_DAY, _MONTH, _YEAR = 10, 7, 4


def compare_traits(one: Identity, other: Identity) -> tuple[Rule, ...]:
    """What holds for each of the five strict traits, in the order of `Trait`."""
    return (
        _family(one, other),
        _given(one, other),
        _birth_date(one.birth_date, other.birth_date),
        _sex(one.sex, other.sex),
        _birth_place(one.birth_place, other.birth_place),
    )


def is_conventional(birth_date: str) -> bool:
    """Whether a birth date is one of those written where the day is not known."""
    return birth_date.endswith(_CONVENTIONAL) and len(birth_date) == _DAY


def _family(one: Identity, other: Identity) -> Rule:
    if not one.names or not other.names:
        return UNKNOWN["family"]
    births = [(a, b) for a in one.birth_names for b in other.birth_names]
    if any(are_joined_alike(a, b) for a, b in births):
        return rules.FAMILY_EQUAL
    if any(are_same_words(a, b) for a, b in births):
        return rules.FAMILY_REORDERED
    pairs = [(a, b) for a in one.names for b in other.names]
    if any(are_joined_alike(a, b) for a, b in pairs):
        return rules.FAMILY_USED
    if any(is_one_mistake(a, b) for a, b in births):
        return rules.FAMILY_MISTYPED
    if any(is_part(a, b) for a, b in pairs):
        return rules.FAMILY_PART
    return rules.FAMILY_DIFFERENT


def _given(one: Identity, other: Identity) -> Rule:
    if not one.given or not other.given:
        return UNKNOWN["given"]
    return _birth_given(one.birth_given, other.birth_given) or _used_given(one, other)


def _birth_given(one: tuple[str, ...], other: tuple[str, ...]) -> Rule | None:
    """The strongest that holds between two lists of first names of birth, None when none does."""
    if not one or not other:
        return None
    if " ".join(one) == " ".join(other):
        return rules.GIVEN_EQUAL
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return rules.GIVEN_BEGINNING
    if sorted(one) == sorted(other):
        return rules.GIVEN_REORDERED
    if is_one_mistake(one[0], other[0]):
        return rules.GIVEN_MISTYPED
    if one[0] != other[0] and (one[0] in other or other[0] in one):
        return rules.GIVEN_AMONG
    if is_part(one[0], other[0]) or one[0] == other[0]:
        return rules.GIVEN_PART
    if one[0][0] == other[0][0] and min(len(one[0]), len(other[0])) == 1:
        return rules.GIVEN_INITIAL
    return None


def _used_given(one: Identity, other: Identity) -> Rule:
    if one.used_given & other.given or other.used_given & one.given:
        return rules.GIVEN_USED
    return rules.GIVEN_DIFFERENT


def _birth_date(one: str, other: str) -> Rule:
    if not one or not other:
        return UNKNOWN["birthDate"]
    if len(one) == len(other) == _DAY:
        return _days(one, other)
    known = min(len(one), len(other))
    if one[:known] == other[:known]:
        return rules.DATE_SAME_MONTH if known == _MONTH else rules.DATE_SAME_YEAR
    if one[:_YEAR] == other[:_YEAR] and (is_conventional(one) or is_conventional(other)):
        return rules.DATE_SAME_YEAR
    return rules.DATE_DIFFERENT


def _days(one: str, other: str) -> Rule:
    if one == other:
        return rules.DATE_EQUAL_CONVENTIONAL if is_conventional(one) else rules.DATE_EQUAL
    if one[:_YEAR] == other[:_YEAR] and one[5:7] == other[8:] and one[8:] == other[5:7]:
        return rules.DATE_SWAPPED
    if is_one_digit_wrong(one, other):
        return rules.DATE_MISTYPED
    if one[:_YEAR] == other[:_YEAR] and (is_conventional(one) or is_conventional(other)):
        return rules.DATE_SAME_YEAR
    return rules.DATE_DIFFERENT


def _sex(one: str, other: str) -> Rule:
    if not one or not other:
        return UNKNOWN["gender"]
    return rules.SEX_EQUAL if one == other else rules.SEX_DIFFERENT


def _birth_place(one: str, other: str) -> Rule:
    if not one or not other:
        return UNKNOWN["birthPlace"]
    return rules.PLACE_EQUAL if one == other else rules.PLACE_DIFFERENT
