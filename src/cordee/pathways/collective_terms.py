"""What a convention states of a collective payment, and what it may not."""

from itertools import combinations
from typing import Literal, get_args

from cordee.pathways.convention import CollectiveTerms, Convention, QualityRule
from cordee.pathways.model import Pathway, WeightBand
from cordee.pathways.strict_yaml import Section

ListReadOn = Literal["first_day", "last_day"]
QualityEffect = Literal["threshold", "proportional", "savings_alone"]

LIST_DAYS: tuple[ListReadOn, ...] = get_args(ListReadOn)
QUALITY_EFFECTS: tuple[QualityEffect, ...] = get_args(QualityEffect)


def read_collective_terms(section: Section | None) -> CollectiveTerms:
    """The optional section `collective`."""
    if section is None:
        return CollectiveTerms()
    terms = CollectiveTerms(
        list_read_on=section.choice("list_read_on", LIST_DAYS) if section.has("list_read_on") else None,
        quality=_quality(section.optional_section("quality")),
    )
    section.close()
    return terms


def _quality(section: Section | None) -> QualityRule | None:
    if section is None:
        return None
    kind = section.choice("rule", QUALITY_EFFECTS)
    by_score = kind != "savings_alone"
    rule = QualityRule(
        kind,
        points=section.integer("points", minimum=1) if by_score else None,
        assured_share=section.basis_points("assured_share") if by_score and section.has("assured_share") else 0,
    )
    section.close()
    return rule


def check_collective_terms(root: Section, pathway: Pathway, convention: Convention) -> None:
    """Records in `root`'s document the terms that don't belong to the way the pathway is paid, and weights in doubt."""
    terms = convention.collective
    if terms.list_read_on is not None and pathway.capitation is None:
        root.refuse("collective.list_read_on", f"{pathway.code!r} is not paid by capitation: remove this line")
    if terms.list_read_on is None and pathway.capitation is not None:
        root.refuse(
            "", f"collective.list_read_on is missing: the day a list is read on is one of {', '.join(LIST_DAYS)}"
        )
    if terms.quality is not None and not pathway.shared_savings:
        root.refuse("collective.quality", f"{pathway.code!r} is not paid by shared savings: remove this section")
    for (i, one), (j, other) in combinations(enumerate(convention.weight_bands), 2):
        if _patients(one) == _patients(other):
            root.refuse(f"weight_bands[{j}]", f"entry {i} is about the same patients: keep one weight")


def _patients(band: WeightBand) -> tuple[object, ...]:
    return band.minimum_age or 0, band.maximum_age, band.sex, frozenset(band.traits)
