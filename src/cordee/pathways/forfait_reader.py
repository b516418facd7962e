"""What is paid: forfaits, their dated amounts, the uplifts of territories, and ceilings."""

from itertools import combinations
from typing import get_args

from cordee.pathways.fields import in_force_together, read_code, read_incomplete_use, read_label, read_validity
from cordee.pathways.model import Amount, Cap, Forfait, TerritoryUplift, Trigger, Unit
from cordee.pathways.strict_yaml import Section

TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)
UNITS: tuple[Unit, ...] = get_args(Unit)

_UNITS_OF_TRIGGERS: dict[Trigger, tuple[Unit, ...]] = {
    "inclusion": ("EUR per patient",),
    "end_of_sequence": ("EUR per patient",),
    "per_period": ("EUR per patient and period",),
    "per_year": ("EUR per patient and year",),
    "per_act": ("EUR per act", "EUR per act and performer"),
    "per_listed_patient": ("EUR per listed patient",),
}

_PERIODIC: tuple[Trigger, ...] = ("per_period", "per_act", "per_listed_patient")


def read_forfait(section: Section) -> Forfait:
    """A forfait with its published amounts; none where they are not public."""
    forfait = Forfait(
        code=read_code(section),
        label=read_label(section.section("label")),
        trigger=section.choice("trigger", TRIGGERS),
        unit=section.choice("unit", UNITS),
        amounts=tuple(_amount(s) for s in section.sections("amounts", required=False)),
        sequences=section.texts("sequences"),
        acts=section.texts("acts"),
        period=section.duration("period") if section.has("period") else None,
        includes=section.texts("includes"),
        incomplete_use=read_incomplete_use(section),
    )
    if section.has("trigger") and section.has("unit"):
        _check_unit(section, forfait)
    _check_scope(section, forfait)
    _check_overlaps(section, forfait)
    section.close()
    return forfait


def _check_unit(section: Section, forfait: Forfait) -> None:
    units = _UNITS_OF_TRIGGERS[forfait.trigger]
    if forfait.unit not in units:
        section.refuse("unit", f"a forfait {forfait.trigger} pays {' or '.join(units)}, not {forfait.unit}")


def _check_scope(section: Section, forfait: Forfait) -> None:
    if forfait.trigger == "per_period" and forfait.period is None:
        section.refuse("", "the key 'period' is missing: a forfait per_period says its length, as in P3M")
    if forfait.period is not None and forfait.trigger not in _PERIODIC:
        section.refuse("period", f"a forfait {forfait.trigger} has no period: remove it, or make it per_period")
    if forfait.trigger == "per_act" and not forfait.acts:
        section.refuse("", "the list 'acts' is missing: a forfait per_act names the acts it pays")
    if forfait.sequences and forfait.trigger != "end_of_sequence":
        section.refuse("sequences", f"a forfait {forfait.trigger} belongs to no séquence: remove this list")
    if forfait.code in forfait.includes:
        section.refuse("includes", "a forfait does not include itself: remove its code")
    for index, amount in enumerate(forfait.amounts):
        if amount.sequence is not None and forfait.sequences and amount.sequence not in forfait.sequences:
            known = ", ".join(forfait.sequences)
            section.refuse(f"amounts[{index}].sequence", f"this forfait is of {known} only: name one of them")
        if amount.act is not None and amount.act not in forfait.acts:
            section.refuse(
                f"amounts[{index}].act", f"{amount.act!r} is not among the acts of this forfait: add it there"
            )


def _check_overlaps(section: Section, forfait: Forfait) -> None:
    for (_, one), (index, other) in combinations(enumerate(forfait.amounts), 2):
        same = (one.profile, one.sequence, one.act) == (other.profile, other.sequence, other.act)
        if same and in_force_together(one.validity, other.validity):
            section.refuse(
                f"amounts[{index}]",
                f"two amounts are in force together for profile {one.profile or 'any'}, "
                f"séquence {one.sequence or 'all'}, act {one.act or 'all'}, "
                f"from {max(one.validity.first, other.validity.first)}: give the older one a valid_to",
            )


def _amount(section: Section) -> Amount:
    if section.has("amount"):
        minimum = maximum = section.cents("amount")
    else:
        bounds = section.section("published_range")
        minimum, maximum = bounds.cents("minimum"), bounds.cents("maximum")
        if maximum < minimum:
            bounds.refuse("maximum", "the maximum is under the minimum: exchange them")
        bounds.close()
    amount = Amount(
        profile=section.optional_text("profile"),
        sequence=section.optional_text("sequence"),
        minimum=minimum,
        maximum=maximum,
        validity=read_validity(section),
        source=section.text("source"),
        act=section.optional_text("act"),
    )
    section.close()
    return amount


def read_uplift(section: Section) -> TerritoryUplift:
    """An increase of every amount in a territory."""
    uplift = TerritoryUplift(
        territory=read_code(section, "territory"),
        label=read_label(section.section("label")),
        basis_points=section.basis_points("uplift"),
        validity=read_validity(section),
        source=section.text("source"),
    )
    section.close()
    return uplift


def read_cap(section: Section) -> Cap:
    """A ceiling in euros, in acts, or in both."""
    cap = Cap(
        code=read_code(section),
        label=read_label(section.section("label")),
        per=section.choice("per", ("sequence", "year", "pathway")),
        amount=section.cents("amount") if section.has("amount") else None,
        count=section.integer("count", minimum=1) if section.has("count") else None,
        acts=section.texts("acts"),
        source=section.text("source"),
    )
    if not section.has("amount") and not section.has("count"):
        section.refuse("", "this ceiling has no height: write an amount, or a count of acts")
    section.close()
    return cap
