"""A convention: what a structure and its professionals signed, and how it splits a forfait.

Money is integer cents, shares are basis points of the forfait, dates are calendar days in the structure's
time zone. People and organisations are named by business identifier, `system|value`: a convention
survives a reload.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from cordee.pathways.durations import Duration
from cordee.pathways.model import Act, EarlyExit, IncompleteUse, Label, RequiredAct, Validity, WeightBand

PayeeMode = Literal["direct_by_caisse", "via_structure"]
"""Who is paid: each professional by the caisse (PCR), or the structure, which redistributes (Article 51)."""

Residue = Literal["structure", "reserve", "not_billed"]
"""What becomes of the cents no step gave to anybody."""

HOME_TERRITORY = "metropole"
"""The territory without uplift."""


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody named by identifier (`system|value`)."""

    identifier: str
    name: str


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signed, and when; an employer may sign for its employees (R. 162-131 CSS)."""

    identifier: str
    name: str
    signed_on: date
    for_employees: bool


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """A payee of an off-the-top step who is named, not found in the care circle."""

    code: str
    party: Party
    organization: bool


@dataclass(frozen=True, slots=True)
class FixedAmount:
    """A fixed amount off the top."""

    beneficiary: str
    cents: int


@dataclass(frozen=True, slots=True)
class Percentage:
    """A share of the forfait off the top."""

    beneficiary: str
    basis_points: int


@dataclass(frozen=True, slots=True)
class PricePerAct:
    """A price for each coded act, to each performer; reduced in proportion when too little is left."""

    prices: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ByProfession:
    """A share of the forfait or an amount by profession, split inside it by points per act (one each by default)."""

    shares: tuple[tuple[str, int], ...]
    points: tuple[tuple[str, int], ...] | None
    amounts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Remainder:
    """All that is left, by points per act, minutes, head among those who took part, or percentages; the last step.

    `shares` are the basis points by identifier of `percentages`; those of members who took no part go to the others.
    """

    key: Literal["points", "time", "heads", "percentages"]
    points: tuple[tuple[str, int], ...]
    shares: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class FreeDistribution:
    """Amounts entered and signed off by hand for each forfait; they must add up to what is left. The last step."""


Step = FixedAmount | Percentage | PricePerAct | ByProfession | Remainder | FreeDistribution


@dataclass(frozen=True, slots=True)
class Limit:
    """The least or the most cents a member may get of one forfait; both names None: every member.

    Of several that fit a member, the one by identifier goes first, then by profession.
    """

    profession: str | None
    identifier: str | None
    minimum: int | None
    maximum: int | None


@dataclass(frozen=True, slots=True)
class Project:
    """The projet de parcours sent to the ARS and the caisse (R. 162-134 CSS); `opposed_on` when the ARS refused it."""

    sent_on: date
    opposed_on: date | None = None


@dataclass(frozen=True, slots=True)
class StatedAmount:
    """An amount in cents that the convention states for a forfait the pathway leaves without.

    `sequence` is the billable séquence's code, `act` the act's where the forfait is paid per act.
    """

    forfait: str
    profile: str | None
    sequence: str | None
    act: str | None
    cents: int


@dataclass(frozen=True, slots=True)
class OutsideSplit:
    """Members who take part without a quote-part, by profession name or by identifier, and why."""

    profession: str | None
    identifier: str | None
    reason: Label


@dataclass(frozen=True, slots=True)
class StatedSequence:
    """A billable séquence `within` a séquence of the pathway, with its amount in cents by profile."""

    code: str
    within: str
    label: Label
    duration: Duration
    required_acts: tuple[RequiredAct, ...]
    amounts: tuple[tuple[str, int], ...]

    def amount(self, profile: str) -> int | None:
        """The cents stated for a profile, None when nobody stated any."""
        return dict(self.amounts).get(profile)


@dataclass(frozen=True, slots=True)
class QualityRule:
    """How the quality score acts on shared savings, which no public text says.

    `threshold`: all of them from `points` on; `proportional`: score ÷ `points` of them, at most all; `savings_alone`:
    all of them whatever the score. `assured_share`, in basis points, is due whatever the score.
    """

    kind: Literal["threshold", "proportional", "savings_alone"]
    points: int | None = None
    assured_share: int = 0


@dataclass(frozen=True, slots=True)
class CollectiveTerms:
    """What a convention states of a collective payment: the day of a period its list is read on, what quality does."""

    list_read_on: Literal["first_day", "last_day"] | None = None
    quality: QualityRule | None = None


@dataclass(frozen=True, slots=True)
class Convention:
    """One version of a convention. `sequences` is empty when the pathway publishes all about its own.

    `amo_share`, in basis points, is the part of a forfait that the compulsory insurance pays; the rest is the
    complementary insurance's.
    """

    identifier: str
    version: str
    pathway: str
    validity: Validity
    structure: Party
    insurer: Party | None
    territory: str
    time_zone: str
    payee_mode: PayeeMode
    incomplete_use: IncompleteUse
    early_exit: EarlyExit
    signatories: tuple[Signatory, ...]
    acts: tuple[Act, ...]
    beneficiaries: tuple[Beneficiary, ...]
    sequences: tuple[StatedSequence, ...]
    steps: tuple[Step, ...]
    residue: Residue
    outside_split: tuple[OutsideSplit, ...]
    amounts: tuple[StatedAmount, ...] = ()
    amo_share: int = 10_000
    limits: tuple[Limit, ...] = ()
    project: Project | None = None
    weight_bands: tuple[WeightBand, ...] = ()
    collective: CollectiveTerms = CollectiveTerms()
