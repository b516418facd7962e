"""What belongs together around one resource: a patient's record, an encounter's, a plan's.

The server decides what is answered, not the client (R4 operation-patient-everything.html): the members, which refer to
the owner or to what it is made of; and, once each, whatever they refer to. What is about another patient is left out,
even where something refers to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cordee.fhir.care_records import parameters_about_encounters, parameters_about_patients
from cordee.fhir.temporal import DateRange

Key = tuple[str, str]
"""(type, id)"""


@dataclass(frozen=True, slots=True)
class Gathering:
    """The owner, which comes first, and its members: those `named`, and those of a type that refer to a target.

    `referring` holds (type, parameter, target). `patients` are the ids of those it may be about, None for any.
    `mixed` says that members may be about others, which are left out then.
    """

    owner: Key
    referring: frozenset[tuple[str, str, Key]]
    named: frozenset[Key] = frozenset()
    patients: frozenset[str] | None = None
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What of a gathering is answered.

    `types` and `since` (written at or after) choose among all that is gathered; `care` among its members, by when care
    was given: what has no such date stays, and what only those left out refer to goes with them.
    """

    types: frozenset[str] | None = None
    since: datetime | None = None
    care: DateRange | None = None


def around_patient(patient_id: str, same_person: Iterable[str] = ()) -> Gathering:
    """A patient's record. `same_person` are the ids of the Patients that its own links name."""
    owner = ("Patient", patient_id)
    referring = frozenset((t, code, owner) for t, codes in parameters_about_patients().items() for code in codes)
    return Gathering(owner, referring, patients=frozenset({patient_id, *same_person}))


def around_encounter(encounter_id: str, patients: frozenset[str]) -> Gathering:
    """An encounter's record; `patients` are those it is with, of whom there may be none known."""
    owner = ("Encounter", encounter_id)
    return Gathering(owner, about_encounter(owner), patients=patients or None)


def about_encounter(encounter: Key) -> frozenset[tuple[str, str, Key]]:
    """What refers to an encounter as its own."""
    return frozenset((t, code, encounter) for t, codes in parameters_about_encounters().items() for code in codes)
