"""What an auditor looks at first: the same session claimed twice, acts outside of a membership, days that can't be.

An anomaly accuses nobody: it names the Claims and sessions to look at, and what is odd about them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from cordee.claims.claim_record import ClaimKind, ClaimRecord
from cordee.claims.evidence import CareCircle
from cordee.pathways.model import Label
from cordee.pathways.money import in_english, in_french

AnomalyKind = Literal["session_claimed_twice", "act_outside_membership", "improbable_density", "amount_changed"]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something to look at: `subject` is a session, a professional's identifier or a forfait's."""

    kind: AnomalyKind
    subject: str
    day: date | None
    claims: tuple[str, ...]
    sessions: tuple[str, ...]
    said: Label


@dataclass(frozen=True, slots=True)
class ClaimedSessions:
    """What of a Claim tells whether a session is claimed twice: `forfait` is that of its corrections too."""

    claim: str
    kind: ClaimKind
    original: str | None
    forfait: str
    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PerformedAct:
    """One session as one professional did it; `performer` is the resource named by the session."""

    session: str
    performer: str
    patient: str
    care_plan: str
    act: str
    day: date
    begins: datetime | None
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Beyond what a professional's day is improbable; the structure may set its own."""

    minutes_a_day: int = 720
    sessions_a_day: int = 25


def claimed_sessions(claim: ClaimRecord) -> ClaimedSessions:
    """The sessions of a Claim."""
    sessions = {session for item in claim.items for session in item.sessions}
    forfait = f"{claim.care_plan} {claim.forfait}"
    return ClaimedSessions(claim.reference, claim.kind, claim.original, forfait, tuple(sorted(sessions)))


def claimed_twice(claims: Iterable[ClaimedSessions]) -> Iterator[Anomaly]:
    """Sessions that two forfaits still stand on; a Claim that was credited stands on none, nor does its credit.

    A resubmission claims again the part of its original that was refused: the two are one forfait.
    """
    standing: dict[str, dict[str, str]] = defaultdict(dict)
    credited: set[str] = set()
    kept: list[ClaimedSessions] = []
    for claim in claims:
        if claim.kind == "credit" and claim.original is not None:
            credited.add(claim.original)
        elif claim.kind != "resubmission":
            kept.append(claim)
    for claim in kept:
        if claim.claim not in credited:
            for session in claim.sessions:
                standing[session][claim.forfait] = claim.claim
    for session, by_forfait in sorted(standing.items()):
        if len(by_forfait) > 1:
            named = tuple(sorted(by_forfait.values()))
            yield Anomaly("session_claimed_twice", session, None, named, (session,), _twice(len(named)))


def outside_membership(acts: Iterable[PerformedAct], circles: Mapping[str, CareCircle]) -> Iterator[Anomaly]:
    """Acts by somebody who, as the record says now, was not in the care circle of the plan on that day.

    `circles` are by CarePlan; a plan without one is passed over.
    """
    for act in acts:
        circle = circles.get(act.care_plan)
        if circle is None:
            continue
        named = [member for member in circle.members if act.performer in member.references]
        if any(member.present(act.day) for member in named):
            continue
        who = named[0].identifier if named else act.performer
        said = Label(
            f"acte du {act.day:%d/%m/%Y} par un intervenant absent du cercle de soins ce jour-là",
            f"act of {act.day.isoformat()} by somebody who was not in the care circle that day",
        )
        yield Anomaly("act_outside_membership", who, act.day, (), (act.session,), said)


def improbable_days(acts: Iterable[PerformedAct], thresholds: Thresholds = Thresholds()) -> Iterator[Anomaly]:
    """Professionals' days with too many sessions, too many minutes, or two sessions at the same time.

    Sessions of one act that begin and end together are one workshop, whatever the number of patients.
    """
    days: dict[tuple[str, date], dict[tuple[datetime | str, int | None, str], list[PerformedAct]]] = {}
    for act in acts:
        workshop = (act.begins or act.session, act.minutes, act.act)
        days.setdefault((act.performer, act.day), defaultdict(list))[workshop].append(act)
    for (performer, day), workshops in sorted(days.items()):
        sessions = tuple(sorted(act.session for group in workshops.values() for act in group))
        minutes = sum(length for _, length, _ in workshops if length is not None)
        if len(workshops) > thresholds.sessions_a_day or minutes > thresholds.minutes_a_day:
            said = Label(
                f"{len(workshops)} séances et {minutes} minutes dans la journée",
                f"{len(workshops)} sessions and {minutes} minutes in the day",
            )
            yield Anomaly("improbable_density", performer, day, (), sessions, said)
        yield from _overlaps(performer, day, workshops)


def changed_amounts(versions: Iterable[ClaimRecord]) -> Iterator[Anomaly]:
    """Forfaits whose total differs from one version of their Claim to the next; versions come oldest first."""
    last: dict[str, ClaimRecord] = {}
    for version in versions:
        before = last.get(version.reference)
        last[version.reference] = version
        if before is not None and before.total != version.total:
            said = Label(
                f"le montant passe de {in_french(before.total)} (version {before.version}) "
                f"à {in_french(version.total)} (version {version.version})",
                f"the amount goes from {in_english(before.total)} (version {before.version}) "
                f"to {in_english(version.total)} (version {version.version})",
            )
            yield Anomaly("amount_changed", version.identifier, version.created, (version.reference,), (), said)


def _overlaps(
    performer: str, day: date, workshops: Mapping[tuple[datetime | str, int | None, str], list[PerformedAct]]
) -> Iterator[Anomaly]:
    timed = sorted(
        (
            (begins, minutes, group)
            for (begins, minutes, _), group in workshops.items()
            if isinstance(begins, datetime) and minutes
        ),
        key=lambda entry: (entry[0], entry[1], entry[2][0].session),
    )
    longest: tuple[datetime, list[PerformedAct]] | None = None
    for begins, minutes, group in timed:
        if longest is not None and begins < longest[0]:
            both = tuple(sorted(act.session for act in (*longest[1], *group)))
            said = Label(
                f"deux séances en même temps, à {begins:%H:%M}", f"two sessions at the same time, at {begins:%H:%M}"
            )
            yield Anomaly("improbable_density", performer, day, (), both, said)
        ends = begins + timedelta(minutes=minutes)
        if longest is None or ends > longest[0]:
            longest = (ends, group)


def _twice(number: int) -> Label:
    return Label(f"séance portée par {number} forfaits", f"session claimed in {number} forfaits")
