"""A pathway (parcours): what the public texts say of it, each figure with its date of effect and its source.

Money is integer cents of euro, percentages are basis points, dates are calendar days.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from cordee.pathways.durations import Duration

IncompleteUse = Literal["all_or_nothing", "full_if_started"]
"""What an incomplete séquence is worth: nothing, or all of it from the first act on."""

EarlyExit = Literal["not_due", "due_if_acts_done"]
"""What a séquence the patient left before its end is worth: nothing, or what its acts done make it worth."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name or sentence in both languages."""

    fr: str
    en: str


@dataclass(frozen=True, slots=True)
class Source:
    """The text a fact comes from. `nature`: law, official (an authority's), draft_opinion, press."""

    code: str
    title: str
    address: str
    nature: str


@dataclass(frozen=True, slots=True)
class Validity:
    """Days of effect, both included; an open end is None."""

    first: date
    last: date | None

    def covers(self, day: date) -> bool:
        """Whether `day` is inside."""
        return self.first <= day and (self.last is None or day <= self.last)

    def overlaps(self, other: "Validity") -> bool:
        """Whether the two have a day in common."""
        return (self.last is None or other.first <= self.last) and (other.last is None or self.first <= other.last)


@dataclass(frozen=True, slots=True)
class Amount:
    """A published amount: `profile` or `sequence` None means every profile, or the whole parcours."""

    profile: str | None
    sequence: str | None
    minimum: int
    maximum: int
    validity: Validity
    source: str

    @property
    def exact(self) -> int | None:
        """The amount in cents when one figure is published, None when only two bounds are."""
        return self.minimum if self.minimum == self.maximum else None


@dataclass(frozen=True, slots=True)
class Forfait:
    """What is paid: at the end of each séquence, in euros per patient. `amounts` may be exact or bounds."""

    code: str
    label: Label
    trigger: str
    unit: str
    amounts: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class TerritoryUplift:
    """An increase of every amount in a territory, in basis points (2000 is 20 %)."""

    territory: str
    label: Label
    basis_points: int
    validity: Validity
    source: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A patient profile, fixed at inclusion."""

    code: str
    label: Label


@dataclass(frozen=True, slots=True)
class Profession:
    """A profession under the name the files use; its key is (system, code), since codes collide."""

    name: str
    system: str
    code: str
    label: Label


@dataclass(frozen=True, slots=True)
class Act:
    """An act of the parcours, coded in `Encounter.type` or `Encounter.serviceType` by (system, code)."""

    code: str
    system: str
    label: Label


@dataclass(frozen=True, slots=True)
class RequiredAct:
    """How many times an act must be done within the séquence."""

    act: str
    count: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A séquence of the parcours; what is None is not public, and the convention states it."""

    code: str
    label: Label
    duration: Duration | None
    required_acts: tuple[RequiredAct, ...] | None


@dataclass(frozen=True, slots=True)
class Fact:
    """A published statement the engine does not compute with (eligibility, content), and its source."""

    label: Label
    source: str


@dataclass(frozen=True, slots=True)
class TotalDuration:
    """How long the whole parcours lasts: the two published bounds."""

    minimum: Duration
    maximum: Duration
    source: str


@dataclass(frozen=True, slots=True)
class Pathway:
    """A parcours as its file states it. A policy of None is not public: the convention states it."""

    code: str
    version: str
    label: Label
    validity: Validity
    validity_source: str
    sources: tuple[Source, ...]
    not_public: tuple[Label, ...]
    facts: tuple[Fact, ...]
    profiles: tuple[Profile, ...]
    professions: tuple[Profession, ...]
    acts: tuple[Act, ...]
    total_duration: TotalDuration | None
    sequences: tuple[Sequence, ...]
    forfait: Forfait
    uplifts: tuple[TerritoryUplift, ...]
    incomplete_use: IncompleteUse | None
    early_exit: EarlyExit | None

    def uplift(self, territory: str, day: date) -> TerritoryUplift | None:
        """The uplift in force in a territory on a day."""
        return next((u for u in self.uplifts if u.territory == territory and u.validity.covers(day)), None)

    def amount(self, profile: str, sequence: str | None, day: date) -> Amount | None:
        """The amount in force for a profile and a séquence (None: the whole parcours)."""
        found = [
            amount
            for amount in self.forfait.amounts
            if amount.sequence == sequence and amount.profile in {profile, None} and amount.validity.covers(day)
        ]
        return next((a for a in found if a.profile is not None), found[0] if found else None)
