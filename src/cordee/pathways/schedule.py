"""A pathway and a convention put together: which forfaits fall due for a patient, over which days, and when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from cordee.pathways.agreed_terms import kept_for_versions
from cordee.pathways.convention import Convention, StatedSequence
from cordee.pathways.durations import NO_TIME, Duration
from cordee.pathways.model import Forfait, Label, Pathway, RequiredAct

MONTH = Duration(1, 0)
YEAR = Duration(12, 0)
_LONGEST = Duration(120 * 12, 0)
"""No parcours lasts longer: a date asked for by mistake is not counted up to."""

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PlannedSequence:
    """A billable séquence of one patient: its days, both included, and the acts it requires.

    `within` is the séquence of the pathway that it is, or that the convention divided.
    """

    code: str
    within: str
    label: Label
    start: date
    end: date
    required_acts: tuple[RequiredAct, ...]


@dataclass(frozen=True, slots=True)
class PlannedForfait:
    """One time that a forfait of the pathway falls due for a patient; `code` is unique in their plan.

    `start` to `end`, both included, are the days whose acts count for it. `sequence` is None unless it falls due at the
    end of one.
    """

    code: str
    forfait: str
    sequence: str | None
    label: Label
    start: date
    end: date
    due_on: date
    required_acts: tuple[RequiredAct, ...]


@kept_for_versions
def sequences_of(pathway: Pathway, convention: Convention, start: date) -> tuple[PlannedSequence, ...]:
    """The séquences of a patient whose parcours starts on `start`, one after the other without a gap.

    Each date is counted from `start`, so that a parcours begun on the 31st does not drift through short
    months. A séquence of the pathway whose duration nobody states is left out, with all that follow it. What is
    published of a required act holds where the convention says nothing else.
    """
    stated = [
        (s.code, s.within, s.label, s.duration, _as_published(pathway, convention, s)) for s in convention.sequences
    ]
    published = [(s.code, s.code, s.label, s.duration, s.required_acts) for s in pathway.sequences]
    planned: list[PlannedSequence] = []
    elapsed = NO_TIME
    for code, within, label, duration, required in stated or published:
        if duration is None:
            break
        first = elapsed.after(start)
        elapsed = elapsed + duration
        planned.append(PlannedSequence(code, within, label, first, elapsed.after(start) - _ONE_DAY, required or ()))
    return tuple(planned)


def _as_published(pathway: Pathway, convention: Convention, stated: StatedSequence) -> tuple[RequiredAct, ...]:
    """The acts a stated séquence requires, by the published profession; undivided, with published minimum and time."""
    published = next((s.required_acts or () for s in pathway.sequences if s.code == stated.within), ())
    undivided = sum(other.within == stated.within for other in convention.sequences) == 1
    required = []
    for own in stated.required_acts:
        same = next((p for p in published if p.act == own.act and own.profession in {None, p.profession}), None)
        if same is None:
            required.append(own)
        elif undivided:
            minimum, within = own.minimum or same.minimum, own.within or same.within
            required.append(replace(own, profession=same.profession, minimum=minimum, within=within))
        else:
            required.append(replace(own, profession=same.profession))
    return tuple(required)


def sequences_for(forfait: Forfait, sequences: Iterable[PlannedSequence]) -> tuple[PlannedSequence, ...]:
    """The séquences that a forfait is about: those it names, or all of them."""
    return tuple(s for s in sequences if not forfait.sequences or s.within in forfait.sequences)


def schedule(
    pathway: Pathway,
    convention: Convention,
    start: date,
    *,
    until: date,
    decided_on: date | None = None,
) -> tuple[PlannedForfait, ...]:
    """All that falls due for a patient whose parcours starts on `start`, in the order of due dates.

    `until` is the last day on which a further interval of a repeated forfait (`per_period`, `per_year`, `per_act`) may
    begin; a year is counted from the first day of the parcours. `decided_on` is the day of the inclusion decision.
    What is paid for a list of patients is not of a plan.
    """
    at_inclusion = any(forfait.trigger == "inclusion" for forfait in pathway.forfaits)
    return _scheduled(pathway, convention, start, until, decided_on or start if at_inclusion else None)


@kept_for_versions
def _scheduled(
    pathway: Pathway, convention: Convention, start: date, until: date, included_on: date | None
) -> tuple[PlannedForfait, ...]:
    sequences = sequences_of(pathway, convention, start)
    ended = [forfait for forfait in pathway.forfaits if forfait.trigger == "end_of_sequence"]
    planned: list[PlannedForfait] = []
    for forfait in pathway.forfaits:
        match forfait.trigger:
            case "end_of_sequence":
                planned += _at_ends(forfait, sequences_for(forfait, sequences), alone=len(ended) == 1)
            case "inclusion":
                day = included_on or start
                planned.append(PlannedForfait(forfait.code, forfait.code, None, forfait.label, day, day, day, ()))
            case "per_period" | "per_year" | "per_act":
                planned += _repeated(pathway, forfait, sequences, start, until)
            case "per_listed_patient":
                pass
    return tuple(sorted(planned, key=lambda p: (p.due_on, p.start, p.code)))


def forfait_of_code(pathway: Pathway, code: str) -> str:
    """The forfait of the pathway that a `PlannedForfait.code` is of."""
    named = code.partition("@")[0]
    if pathway.forfait(named) is not None:
        return named
    ended = [forfait.code for forfait in pathway.forfaits if forfait.trigger == "end_of_sequence"]
    return ended[0] if len(ended) == 1 else named


def _at_ends(forfait: Forfait, sequences: Iterable[PlannedSequence], *, alone: bool) -> Iterator[PlannedForfait]:
    for s in sequences:
        required = tuple(r for r in s.required_acts if not forfait.acts or r.act in forfait.acts)
        code = s.code if alone else f"{forfait.code}@{s.code}"
        label = s.label if alone else _joined(forfait.label, s.label)
        yield PlannedForfait(code, forfait.code, s.code, label, s.start, s.end, s.end, required)


def _repeated(
    pathway: Pathway, forfait: Forfait, sequences: tuple[PlannedSequence, ...], start: date, until: date
) -> Iterator[PlannedForfait]:
    interval = YEAR if forfait.trigger == "per_year" else forfait.period or MONTH
    own = sequences_for(forfait, sequences)
    if forfait.sequences and not own:
        return
    begun = own[0].start if forfait.sequences else start
    last = own[-1].end if forfait.sequences else _last_day(pathway, sequences, start)
    until = min(until, last, _LONGEST.after(begun))
    elapsed = NO_TIME
    while (first := elapsed.after(begun)) <= until:
        elapsed = elapsed + interval
        end = elapsed.after(begun) - _ONE_DAY
        if forfait.trigger == "per_act":
            # A period begun is paid whole; acts after the parcours are not of it.
            end = min(end, last)
        code = f"{forfait.code}@{first.isoformat()}"
        label = _joined(forfait.label, Label(f"à partir du {first:%d/%m/%Y}", f"from {first.isoformat()}"))
        yield PlannedForfait(code, forfait.code, None, label, first, end, end, ())


def _last_day(pathway: Pathway, sequences: tuple[PlannedSequence, ...], start: date) -> date:
    """The last day of the parcours: of its séquences when each has a duration, else the longest published."""
    if sequences and (len(sequences) >= len(pathway.sequences)):
        return sequences[-1].end
    if pathway.total_duration is not None:
        return pathway.total_duration.maximum.after(start) - _ONE_DAY
    return date.max


def _joined(one: Label, other: Label) -> Label:
    return Label(f"{one.fr}, {other.fr}", f"{one.en}, {other.en}")


def convention_in_force(conventions: Iterable[Convention], day: date) -> Convention | None:
    """The version in force on a day; the one that began last when two overlap."""
    found = [convention for convention in conventions if convention.validity.covers(day)]
    return max(found, key=lambda c: (c.validity.first, c.version), default=None)
