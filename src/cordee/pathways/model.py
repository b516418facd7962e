"""A pathway (parcours): what the public texts say of it, each figure with its date of effect and its source.

Money is integer cents of euro, percentages are basis points, dates are calendar days.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from cordee.pathways.durations import Duration

IncompleteUse = Literal["all_or_nothing", "full_if_started", "prorata_done", "prorata_time", "per_act"]
"""What an incomplete séquence is worth: nothing; all of it once started; its amount × acts done ÷ acts required, or ×
days followed ÷ days of the séquence; or the price of each act done."""

EarlyExit = Literal["not_due", "due_if_acts_done", "prorata_done", "prorata_time"]
"""What a séquence the patient left before its end is worth: nothing, what its acts done make it worth, or a prorata."""

Trigger = Literal["inclusion", "end_of_sequence", "per_period", "per_act", "per_listed_patient", "per_year"]
"""What makes a forfait fall due."""

Unit = Literal[
    "EUR per patient",
    "EUR per act",
    "EUR per act and performer",
    "EUR per patient and period",
    "EUR per patient and year",
    "EUR per listed patient",
]
"""What one amount of a forfait pays for."""

Nature = Literal["law", "official", "draft_opinion", "press"]
"""What kind of text a source is: law, an authority's own page, an opinion on a draft, or a report of somebody else."""

StructureCategory = Literal[
    "etablissement-de-sante",
    "esms",
    "centre-de-sante",
    "msp",
    "equipe-de-soins-specialisee",
    "cpts",
    "dac",
    "mdph",
    "pmi",
    "groupement",
]
"""Categories of structure: those of D. 162-34 CSS, and those that experiments add."""

LegalForm = Literal["sisa"]
"""Legal forms that a category of structure may have to have."""

Sex = Literal["male", "female"]

PaymentModel = Literal["per_patient", "capitation", "shared_savings"]
"""Who or what the forfait is counted for: a patient followed, a list of patients, or savings of a group."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name or sentence in both languages."""

    fr: str
    en: str


@dataclass(frozen=True, slots=True)
class Source:
    """The text a fact comes from. `published_on` is its date, that of the text reported when it is known by a report;
    a page that bears none has the day it was `read_on`. `address` None: it has none that is public.
    """

    code: str
    title: str
    address: str | None
    nature: Nature
    published_on: date | None = None
    read_on: date | None = None


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
    """A published amount: `profile`, `sequence` or `act` None means every one of them, or the whole parcours."""

    profile: str | None
    sequence: str | None
    minimum: int
    maximum: int
    validity: Validity
    source: str
    act: str | None = None

    @property
    def exact(self) -> int | None:
        """The amount in cents when one figure is published, None when only two bounds are."""
        return self.minimum if self.minimum == self.maximum else None


@dataclass(frozen=True, slots=True)
class Forfait:
    """One thing that is paid: when it falls due, for what, and the published amounts, exact or bounds.

    `sequences` empty: every séquence. `period` is the interval of `per_period` and `per_listed_patient`, and how far
    apart `per_act` is billed.
    `includes` names forfaits of the same patient whose amounts are deducted from this one. `incomplete_use` None: the
    pathway's.
    """

    code: str
    label: Label
    trigger: Trigger
    unit: Unit
    amounts: tuple[Amount, ...]
    sequences: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    period: Duration | None = None
    includes: tuple[str, ...] = ()
    incomplete_use: IncompleteUse | None = None


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
    """How many times an act must be done within the séquence, or within `within` of its first day.

    `profession` None: by anybody of the team. `minimum` is what counts as started for `full_if_started`; None: one.
    """

    act: str
    count: int
    profession: str | None = None
    within: Duration | None = None
    minimum: int | None = None


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
class Condition:
    """A coded criterion of inclusion, for people; the engine checks ages and the prescription only."""

    label: Label
    source: str
    system: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who may be included: ages in whole years on the day of inclusion, both included."""

    minimum_age: int | None = None
    maximum_age: int | None = None
    levels: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    medical_prescription: bool = False
    source: str | None = None


@dataclass(frozen=True, slots=True)
class AllowedStructure:
    """A category of structure that may coordinate, and the legal form it must have, if any (an MSP: `sisa`)."""

    category: StructureCategory
    label: Label
    source: str
    legal_form: LegalForm | None = None


@dataclass(frozen=True, slots=True)
class TeamRole:
    """A place of the team: at least `minimum` members of one of these professions."""

    professions: tuple[str, ...]
    minimum: int
    label: Label
    source: str


@dataclass(frozen=True, slots=True)
class Cap:
    """A ceiling: cents, or a number of acts, for one patient over `per`; `acts` empty: every act."""

    code: str
    label: Label
    per: Literal["sequence", "year", "pathway"]
    amount: int | None
    count: int | None
    acts: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class IncompatibleActs:
    """Acts that are not paid together for one patient on one day, or in one séquence: the first done stands."""

    acts: tuple[str, ...]
    within: Literal["day", "sequence"]
    label: Label
    source: str


@dataclass(frozen=True, slots=True)
class WeightBand:
    """Patients of a list and their weight, in thousandths; None matches anybody. Ages in whole years, both included."""

    weight: int
    minimum_age: int | None = None
    maximum_age: int | None = None
    sex: Sex | None = None
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeastPatients:
    """The shortest list that may be paid by capitation."""

    count: int
    source: str


@dataclass(frozen=True, slots=True)
class Capitation:
    """PEPS: a weighted list of patients, less care elsewhere, capped on earlier remuneration.

    `growth_cap` in basis points of the reference remuneration (2000: at most 120 % of it). Bands None: not public, the
    convention states them.
    """

    bands: tuple[WeightBand, ...] | None
    growth_cap: int | None
    deducts_care_elsewhere: bool
    source: str
    least_patients: LeastPatients | None = None


@dataclass(frozen=True, slots=True)
class QualityIndicator:
    """An indicator and the most points it gives."""

    code: str
    label: Label
    points: int
    core: bool


@dataclass(frozen=True, slots=True)
class SharedSavings:
    """IPEP: `shared` × (`change` × max(0, change gain) + `level` × max(0, level gap gain)) a patient.

    `shared` is (numerator, denominator), `change` and `level` too and add up to one. `patient_experience` is the most
    points the patient-experience component gives; `indicators` is empty where the list is not public. The coefficients
    may change: those in force on the first day of a year govern it.
    """

    shared: tuple[int, int]
    change: tuple[int, int]
    level: tuple[int, int]
    indicators: tuple[QualityIndicator, ...]
    patient_experience: int
    validity: Validity
    source: str


@dataclass(frozen=True, slots=True)
class ProjectReview:
    """The ARS may oppose the projet within `silence`; without an answer it is accepted (R. 162-134 CSS)."""

    silence: Duration
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
    forfaits: tuple[Forfait, ...]
    uplifts: tuple[TerritoryUplift, ...]
    incomplete_use: IncompleteUse | None
    early_exit: EarlyExit | None
    payment_model: PaymentModel = "per_patient"
    eligibility: Eligibility = Eligibility()
    structures: tuple[AllowedStructure, ...] = ()
    team: tuple[TeamRole, ...] = ()
    caps: tuple[Cap, ...] = ()
    incompatible_acts: tuple[IncompatibleActs, ...] = ()
    review: ProjectReview | None = None
    consent_required: bool = False
    identification_required: bool = False
    renewable: bool = True
    capitation: Capitation | None = None
    shared_savings: tuple[SharedSavings, ...] = ()

    def forfait(self, code: str) -> Forfait | None:
        """The forfait of that code."""
        return next((forfait for forfait in self.forfaits if forfait.code == code), None)

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """The published amounts of every forfait."""
        return tuple(amount for forfait in self.forfaits for amount in forfait.amounts)

    def uplift(self, territory: str, day: date) -> TerritoryUplift | None:
        """The uplift in force in a territory on a day."""
        return next((u for u in self.uplifts if u.territory == territory and u.validity.covers(day)), None)
