"""What an agreement or a contradiction of one trait weighs: the table of `docs/match.md`, as data.

The points of the first rule of each trait add up to 100. A trait that is not known on both sides weighs nothing: what
is not known is no contradiction.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from cordee.pathways.model import Label

Trait = Literal["family", "given", "birthDate", "gender", "birthPlace"]


class Likeness(Enum):
    """How two values of a trait stand to each other."""

    EQUAL = "equal"
    CLOSE = "close"
    UNKNOWN = "unknown"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which two values of a trait stand to each other; `reason` is what the client is told."""

    code: str
    trait: Trait
    likeness: Likeness
    points: int
    reason: Label


_EQUAL, _CLOSE, _DIFFERENT = Likeness.EQUAL, Likeness.CLOSE, Likeness.DIFFERENT

FAMILY_EQUAL = Rule(
    "family-equal", "family", _EQUAL, 25, Label("Même nom de naissance.", "The birth name is the same.")
)
FAMILY_REORDERED = Rule(
    "family-reordered",
    "family",
    _CLOSE,
    20,
    Label("Mêmes noms dans un autre ordre.", "The birth name has the same words in another order."),
)
FAMILY_USED = Rule(
    "family-used",
    "family",
    _CLOSE,
    18,
    Label("Même nom, mais d'usage sur l'une des fiches.", "The name is the same, but a used name on one record."),
)
FAMILY_MISTYPED = Rule(
    "family-mistyped",
    "family",
    _CLOSE,
    17,
    Label("Nom de naissance à une lettre près.", "The birth name is the same but for one letter."),
)
FAMILY_PART = Rule(
    "family-part",
    "family",
    _CLOSE,
    15,
    Label("L'un des noms est une partie de l'autre.", "One name is a part of the other, which is compound."),
)
FAMILY_DIFFERENT = Rule(
    "family-different", "family", _DIFFERENT, -15, Label("Noms différents.", "The names are different.")
)

GIVEN_EQUAL = Rule(
    "given-equal",
    "given",
    _EQUAL,
    25,
    Label("Mêmes prénoms de naissance.", "The first names of birth are the same."),
)
GIVEN_BEGINNING = Rule(
    "given-beginning",
    "given",
    _EQUAL,
    22,
    Label(
        "Même premier prénom ; l'une des listes est plus longue.",
        "The first of the first names is the same; one list goes on.",
    ),
)
GIVEN_REORDERED = Rule(
    "given-reordered",
    "given",
    _CLOSE,
    18,
    Label("Mêmes prénoms dans un autre ordre.", "The first names are the same in another order."),
)
GIVEN_USED = Rule(
    "given-used",
    "given",
    _CLOSE,
    18,
    Label("Même prénom, mais d'usage sur l'une des fiches.", "The first name is the same, but a used one on a record."),
)
GIVEN_MISTYPED = Rule(
    "given-mistyped",
    "given",
    _CLOSE,
    16,
    Label("Premier prénom à une lettre près.", "The first of the first names is the same but for one letter."),
)
GIVEN_AMONG = Rule(
    "given-among",
    "given",
    _CLOSE,
    15,
    Label(
        "Le premier prénom de l'une est parmi ceux de l'autre.", "The first name of one is among those of the other."
    ),
)
GIVEN_PART = Rule(
    "given-part",
    "given",
    _CLOSE,
    14,
    Label("L'un des prénoms est une partie de l'autre, composé.", "One first name is a part of the other, compound."),
)
GIVEN_INITIAL = Rule(
    "given-initial", "given", _CLOSE, 8, Label("Même initiale du prénom.", "The first name has the same initial.")
)
GIVEN_DIFFERENT = Rule(
    "given-different", "given", _DIFFERENT, -20, Label("Prénoms différents.", "The first names are different.")
)

DATE_EQUAL = Rule(
    "date-equal", "birthDate", _EQUAL, 30, Label("Même date de naissance.", "The birth date is the same.")
)
DATE_EQUAL_CONVENTIONAL = Rule(
    "date-equal-conventional",
    "birthDate",
    _CLOSE,
    22,
    Label(
        "Même date de naissance, mais de celles qu'on écrit quand le jour n'est pas connu.",
        "The birth date is the same, but one that is written where the day is not known.",
    ),
)
DATE_SWAPPED = Rule(
    "date-swapped",
    "birthDate",
    _CLOSE,
    18,
    Label("Jour et mois de naissance intervertis.", "Day and month of birth changed places."),
)
DATE_SAME_MONTH = Rule(
    "date-same-month",
    "birthDate",
    _CLOSE,
    18,
    Label("Même mois de naissance, sans le jour.", "The month of birth is the same; a day is not known."),
)
DATE_MISTYPED = Rule(
    "date-mistyped",
    "birthDate",
    _CLOSE,
    15,
    Label("Date de naissance à un chiffre près.", "The birth date is the same but for one digit."),
)
DATE_SAME_YEAR = Rule(
    "date-same-year",
    "birthDate",
    _CLOSE,
    12,
    Label(
        "Même année de naissance, le jour étant inconnu (ou écrit 1er janvier, 31 décembre).",
        "The year of birth is the same; a day is not known, or written as 1 January or 31 December.",
    ),
)
DATE_DIFFERENT = Rule(
    "date-different",
    "birthDate",
    _DIFFERENT,
    -20,
    Label("Dates de naissance différentes.", "The birth dates are different."),
)

SEX_EQUAL = Rule("sex-equal", "gender", _EQUAL, 5, Label("Même sexe.", "The sex is the same."))
SEX_DIFFERENT = Rule("sex-different", "gender", _DIFFERENT, -10, Label("Sexes différents.", "The sexes are different."))

PLACE_EQUAL = Rule(
    "place-equal", "birthPlace", _EQUAL, 15, Label("Même lieu de naissance.", "The place of birth is the same.")
)
PLACE_DIFFERENT = Rule(
    "place-different",
    "birthPlace",
    _DIFFERENT,
    -10,
    Label("Lieux de naissance différents.", "The places of birth are different."),
)

_UNKNOWN = Label("", "")
UNKNOWN = {
    trait: Rule("unknown", trait, Likeness.UNKNOWN, 0, _UNKNOWN)
    for trait in ("family", "given", "birthDate", "gender", "birthPlace")
}
"""By trait, what is said where one side does not have it: nothing."""
