"""Two identities graded (R4 operation-patient-match.html, value set match-grade): pure, symmetric, with its reasons."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import IntEnum

from cordee.identity.comparison import compare_traits
from cordee.identity.ins import INS_SYSTEMS
from cordee.identity.rules import UNKNOWN, Likeness, Rule
from cordee.identity.traits import Identity
from cordee.pathways.model import Label

LEAST_POINTS = 45
"""Of 100: with less, two records have too little in common to be told."""


class Grade(IntEnum):
    """A better grade is a higher number."""

    UNRELATED = 0
    CERTAINLY_NOT = 1
    POSSIBLE = 2
    PROBABLE = 3
    CERTAIN = 4

    @property
    def code(self) -> str:
        """As the value set match-grade has it."""
        return self.name.lower().replace("_", "-")


_BANDS = {
    Grade.UNRELATED: (0, 0),
    Grade.CERTAINLY_NOT: (0, 10),
    Grade.POSSIBLE: (30, 79),
    Grade.PROBABLE: (80, 94),
    Grade.CERTAIN: (95, 100),
}
"""Hundredths that the score of each grade goes through: the order by score is that by grade, then by likeness."""

_STRICT_EQUAL = Label(
    "Les cinq traits stricts sont égaux, sans INS qui le confirme.",
    "The five strict traits are equal, without an INS that confirms it.",
)
_SAME_INS = Label("Même INS, qualifié des deux côtés.", "The INS is the same, qualified on both sides.")
_SAME_INS_NOT_QUALIFIED = Label(
    "Même INS, mais l'identité n'est pas qualifiée des deux côtés.",
    "The INS is the same, but the identity is not qualified on both sides.",
)
_INS_TRAITS_DIFFER = Label(
    "Même INS, mais des traits se contredisent : l'une des fiches porte peut-être l'INS d'une autre personne.",
    "The INS is the same, but traits contradict each other: one record may bear the INS of somebody else.",
)
_INS_TRAITS_UNSURE = Label(
    "Même INS, mais les traits n'y suffisent pas : il faut nom, prénom, date de naissance et sexe identiques.",
    "The INS is the same, but the traits do not suffice: name, first name, birth date and sex must be equal.",
)
_OTHER_INS = Label(
    "Deux INS qualifiés différents : deux personnes, par exemple des jumeaux.",
    "Two different qualified INS: two people, twins for instance.",
)
_OTHER_INS_EQUAL_TRAITS = Label(
    "Deux INS qualifiés différents, et aucun trait qui diffère : à vérifier.",
    "Two different qualified INS, and no trait that differs: to be checked.",
)
_SAME_IDENTIFIER = Label("Même identifiant local.", "An identifier other than the INS is the same.")
_INACTIVE = Label("Fiche inactive : au mieux possible.", "The record is not active: possible at most.")


@dataclass(frozen=True, slots=True)
class Comparison:
    """How alike two identities are: the grade, a score of 0 to 1, and what both rest on, the weightiest first."""

    grade: Grade
    score: Decimal
    reasons: tuple[Label, ...]
    points: int


def compare(one: Identity, other: Identity) -> Comparison:
    """The grade by the rules of `docs/match.md`."""
    traits = compare_traits(one, other)
    points = min(max(sum(rule.points for rule in traits), 0), 100)
    grade, said = _grade(one, other, traits, points)
    reasons = tuple(rule.reason for rule in traits if rule is not UNKNOWN[rule.trait])
    return Comparison(grade, _score(grade, points), (*said, *reasons), points)


def of_inactive_record(compared: Comparison) -> Comparison:
    """The same, of a record that is not active: nobody is found with certainty there."""
    grade = min(compared.grade, Grade.POSSIBLE)
    return replace(compared, grade=grade, score=_score(grade, compared.points), reasons=(_INACTIVE, *compared.reasons))


def most_points(identity: Identity) -> int:
    """What the best record of the same traits could get."""
    return sum(rule.points for rule in compare_traits(identity, identity))


def _grade(one: Identity, other: Identity, traits: tuple[Rule, ...], points: int) -> tuple[Grade, tuple[Label, ...]]:
    known = [rule for rule in traits if rule.likeness is not Likeness.UNKNOWN]
    contradicts = any(rule.likeness is Likeness.DIFFERENT for rule in known)
    family, given, date, sex, place = (rule.likeness for rule in traits)
    if one.ins & other.ins:
        qualified = one.qualified and other.qualified
        same = _SAME_INS if qualified else _SAME_INS_NOT_QUALIFIED
        if contradicts:
            return Grade.POSSIBLE, (_INS_TRAITS_DIFFER,)
        if {family, given, date, sex} == {Likeness.EQUAL} and qualified:
            return Grade.CERTAIN, (same,)
        if Likeness.UNKNOWN in (family, given, date):
            return Grade.POSSIBLE, (same, _INS_TRAITS_UNSURE)
        return Grade.PROBABLE, (same, *((_INS_TRAITS_UNSURE,) if qualified else ()))
    if _have_different_ins(one, other):
        if points < LEAST_POINTS:
            return Grade.UNRELATED, ()
        if all(rule.likeness is Likeness.EQUAL for rule in known):
            return Grade.POSSIBLE, (_OTHER_INS_EQUAL_TRAITS,)
        return Grade.CERTAINLY_NOT, (_OTHER_INS,)
    if {family, given, date, sex, place} == {Likeness.EQUAL}:
        return Grade.PROBABLE, (_STRICT_EQUAL,)
    if one.identifiers & other.identifiers:
        sure = not contradicts and Likeness.UNKNOWN not in (family, given, date)
        return Grade.PROBABLE if sure else Grade.POSSIBLE, (_SAME_IDENTIFIER,)
    return (Grade.POSSIBLE if points >= LEAST_POINTS else Grade.UNRELATED), ()


def _have_different_ins(one: Identity, other: Identity) -> bool:
    """Whether both are qualified, with numbers of one system that differ. A NIA and a NIR can be one person's."""
    if not (one.qualified and other.qualified):
        return False
    systems = {system for system, _ in one.ins} & {system for system, _ in other.ins}
    return bool(systems.intersection(INS_SYSTEMS))


def _score(grade: Grade, points: int) -> Decimal:
    lowest, highest = _BANDS[grade]
    return (Decimal(lowest) + Decimal(highest - lowest) * points / 100).quantize(Decimal(1)) / 100
