"""What a settlement is computed from: the inclusion, the care circle, the sessions; days are local days.

People are known here by FHIR references (`PractitionerRole/abc`) and by business identifiers
(`system|value`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from cordee.pathways.model import Validity


@dataclass(frozen=True, slots=True)
class Code:
    """A code in its system, with the display the sender wrote."""

    system: str
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class Structure:
    """The structure responsible for coordination, as its Organization resource states it.

    `categories` are the codes of `Organization.type` in the project's system: categories and legal forms.
    """

    reference: str
    name: str
    identifiers: tuple[str, ...]
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """Who included the patient, and when (R. 162-138 CSS)."""

    day: date
    decider: str
    validator: str | None = None
    prescriber: str | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """The patient's last day in the parcours, and why."""

    day: date
    reason: Literal["left", "died", "consent_withdrawn"]


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """The patient's consent to the parcours and to the sharing of data (R. 4012-1 CSP)."""

    given_on: date
    reference: str


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One patient in one parcours; `active` is false for a draft, `structure` None when none is named.

    `exit` is the earliest of leaving, death and withdrawal of consent. `copayment_exempt`: the compulsory insurance
    pays all. `earlier_plan` is a plan of the same parcours that the patient followed before this one.
    """

    care_plan: str
    patient: str
    pathway: str
    profile: str | None
    structure: str | None
    start: date
    active: bool
    decision: Decision | None
    exit: Exit | None
    care_teams: tuple[str, ...]
    birth_date: date | None = None
    consent: ConsentGiven | None = None
    copayment_exempt: bool = False
    earlier_plan: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A professional of the care circle in one profession, with every period of membership.

    `identifier` is the stable business identifier used to break ties, `reference` the resource that is
    paid, `references` all that may name them as a performer, `employers` the identifiers of the
    organisations they work for.
    """

    identifier: str
    name: str
    profession: Code | None
    reference: str
    references: tuple[str, ...]
    identifiers: tuple[str, ...]
    employers: tuple[str, ...]
    intervals: tuple[Validity, ...]

    @property
    def key(self) -> str:
        """Unique in a care circle and stable: two professions of one person are two members."""
        return f"{self.identifier}#{self.profession.code}" if self.profession else self.identifier

    def present(self, day: date) -> bool:
        """Whether they are in the circle on a day."""
        return any(interval.covers(day) for interval in self.intervals)

    def present_during(self, period: Validity) -> bool:
        """Whether they are in the circle on at least one day of a period."""
        return any(interval.overlaps(period) for interval in self.intervals)


@dataclass(frozen=True, slots=True)
class EarlierForfait:
    """A forfait of the same patient that a Claim still stands for: what it paid, and on which acts.

    `identifier` is that of this one forfait, `forfait` its code in the pathway's file; `acts` are (session, act code);
    `first_day` that of its period; `after` the identifiers of the forfaits known, and taken off, when it was settled.
    """

    identifier: str
    pathway: str
    care_plan: str
    forfait: str
    claim: str
    first_day: date
    cents: int
    acts: tuple[tuple[str, str], ...]
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedDistribution:
    """A free distribution of one forfait, signed off: cents by member identifier.

    `forfait` is its code in the plan. A person in two professions of the circle is named by `Member.key`.
    """

    forfait: str
    amounts: tuple[tuple[str, int], ...]
    signed_by: str
    signed_on: date


@dataclass(frozen=True, slots=True)
class CareCircle:
    """The cercle de soins of one patient, maybe from several CareTeams."""

    patient: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A séance: `status` is `Encounter.status`, `minutes` None when its start or end is not known."""

    reference: str
    status: str
    patient: str
    care_plan: str | None
    day: date | None
    minutes: int | None
    codes: tuple[Code, ...]
    performers: tuple[str, ...]
