"""The collective payment models: capitation of a list of patients, and shared savings."""

from fractions import Fraction
from typing import get_args

from cordee.pathways.entry_reader import OLDEST
from cordee.pathways.fields import read_code, read_label, read_validity
from cordee.pathways.model import Capitation, LeastPatients, QualityIndicator, Sex, SharedSavings, WeightBand
from cordee.pathways.strict_yaml import Section

SEXES: tuple[Sex, ...] = get_args(Sex)


def read_capitation(section: Section | None) -> Capitation | None:
    """A weighted list of patients; `bands` is left out where the weights are not public."""
    if section is None:
        return None
    capitation = Capitation(
        bands=tuple(read_weight_band(s) for s in section.sections("bands")) if section.has("bands") else None,
        growth_cap=section.basis_points("growth_cap") if section.has("growth_cap") else None,
        deducts_care_elsewhere=section.flag("deducts_care_elsewhere", default=False),
        source=section.text("source"),
        least_patients=_least_patients(section.optional_section("least_patients")),
    )
    section.close()
    return capitation


def _least_patients(section: Section | None) -> LeastPatients | None:
    if section is None:
        return None
    least = LeastPatients(section.integer("count", minimum=1), section.text("source"))
    section.close()
    return least


def read_weight_band(section: Section) -> WeightBand:
    """Patients and their `weight`, a whole number of thousandths (1250 is 1.25)."""
    band = WeightBand(
        weight=section.integer("weight"),
        minimum_age=section.integer("minimum_age") if section.has("minimum_age") else None,
        maximum_age=section.integer("maximum_age") if section.has("maximum_age") else None,
        sex=section.choice("sex", SEXES) if section.has("sex") else None,
        traits=section.texts("traits"),
    )
    lowest, highest = band.minimum_age, band.maximum_age
    if highest is not None and not (lowest or 0) <= highest <= OLDEST:
        section.refuse("maximum_age", f"{highest} is not between the minimum of {lowest or 0} and {OLDEST}")
    section.close()
    return band


def read_shared_savings(section: Section) -> SharedSavings:
    """The published formula while it is in force: its coefficients are fractions, those of the gains add up to one."""
    savings = SharedSavings(
        shared=section.fraction("shared"),
        change=section.fraction("change"),
        level=section.fraction("level"),
        indicators=tuple(_indicator(s) for s in section.sections("indicators", required=False)),
        patient_experience=section.integer("patient_experience"),
        validity=read_validity(section),
        source=section.text("source"),
    )
    total = Fraction(*savings.change) + Fraction(*savings.level)
    if section.has("change") and section.has("level") and total != 1:
        section.refuse("level", f"change and level add up to {total}: they add up to 1, as in 2/3 and 1/3")
    section.close()
    return savings


def _indicator(section: Section) -> QualityIndicator:
    indicator = QualityIndicator(
        code=read_code(section),
        label=read_label(section.section("label")),
        points=section.integer("points"),
        core=section.flag("core", default=True),
    )
    section.close()
    return indicator
