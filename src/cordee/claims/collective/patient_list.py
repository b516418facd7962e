"""A list of patients as its members are on one day; ages are whole years."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cordee.claims.explanation import Explanation, explain
from cordee.claims.gates import Missing, lacking
from cordee.pathways.model import Sex, Validity


@dataclass(frozen=True, slots=True)
class ListedPatient:
    """A patient on a list during `membership`, with the traits they have all that time.

    `born` is the days a birth date may mean, one unless it is partial, None when it is not known. A patient whose
    traits change, or who comes back, is listed once for each time.
    """

    patient: str
    membership: Validity
    traits: tuple[str, ...]
    born: Validity | None
    sex: Sex | None
    died_on: date | None = None


@dataclass(frozen=True, slots=True)
class ListedElsewhere:
    """A patient on another structure's list of the same pathway; `group` is that list."""

    patient: str
    membership: Validity
    group: str


@dataclass(frozen=True, slots=True)
class ListOnDay:
    """Those of a list on a day, sorted; `set_aside` says who is not among them and why."""

    patients: tuple[ListedPatient, ...]
    missing: tuple[Missing, ...]
    set_aside: tuple[Explanation, ...]


def list_on_day(listed: Iterable[ListedPatient], day: date, elsewhere: Iterable[ListedElsewhere] = ()) -> ListOnDay:
    """The patients of a list on `day`; the order they are given in changes nothing.

    One listed twice on that day, here or on another structure's list, is a problem: they would be paid for twice.
    """
    present: list[ListedPatient] = []
    set_aside: list[Explanation] = []
    absent = 0
    for patient in listed:
        if not patient.membership.covers(day):
            absent += 1
        elif patient.died_on is not None and patient.died_on < day:
            set_aside.append(explain("list.died", patient=patient.patient, day=patient.died_on))
        else:
            present.append(patient)
    times = Counter(patient.patient for patient in present)
    twice = sorted(name for name, number in times.items() if number > 1)
    if absent:
        set_aside.append(explain("list.absent", number=absent, day=day))
    others = sorted({(o.patient, o.group) for o in elsewhere if o.patient in times and o.membership.covers(day)})
    return ListOnDay(
        tuple(sorted(present, key=lambda patient: patient.patient)),
        (
            *(lacking("listed_twice", patient=name, day=day) for name in twice),
            *(lacking("listed_elsewhere", patient=name, group=group, day=day) for name, group in others),
        ),
        tuple(sorted(set_aside, key=lambda reason: (reason.rule, str(reason.inputs)))),
    )


def ages(born: Validity, day: date) -> tuple[int, int]:
    """The least and the greatest age on `day` of somebody born then."""
    return _age(born.last or born.first, day), _age(born.first, day)


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
