"""Who may enter a parcours, which structures may coordinate it, who makes its team, and the review of the projet."""

from typing import get_args

from cordee.pathways.fields import read_label, read_system
from cordee.pathways.model import (
    AllowedStructure,
    Condition,
    Eligibility,
    LegalForm,
    ProjectReview,
    StructureCategory,
    TeamRole,
)
from cordee.pathways.strict_yaml import Section

CATEGORIES: tuple[StructureCategory, ...] = get_args(StructureCategory)
LEGAL_FORMS: tuple[LegalForm, ...] = get_args(LegalForm)
OLDEST = 130


def read_eligibility(section: Section | None) -> Eligibility:
    """The section `eligibility`; without it, nothing is asked of the patient."""
    if section is None:
        return Eligibility()
    eligibility = Eligibility(
        minimum_age=_age(section, "minimum_age"),
        maximum_age=_age(section, "maximum_age"),
        levels=section.texts("levels"),
        conditions=tuple(_condition(s) for s in section.sections("conditions", required=False)),
        medical_prescription=section.flag("medical_prescription", default=False),
        source=section.text("source"),
    )
    lowest, highest = eligibility.minimum_age, eligibility.maximum_age
    if lowest is not None and highest is not None and highest < lowest:
        section.refuse("maximum_age", f"{highest} is under the minimum of {lowest}: exchange them")
    section.close()
    return eligibility


def _age(section: Section, key: str) -> int | None:
    if not section.has(key):
        return None
    age = section.integer(key)
    if age > OLDEST:
        section.refuse(key, f"{age} is not an age in years: at most {OLDEST}")
    return age


def _condition(section: Section) -> Condition:
    condition = Condition(
        label=read_label(section.section("label")),
        source=section.text("source"),
        system=read_system(section) if section.has("system") else None,
        code=section.optional_text("code"),
    )
    if (condition.system is None) != (condition.code is None):
        section.refuse("", "a coded condition has both a system and a code: write both, or neither")
    section.close()
    return condition


def read_structure(section: Section) -> AllowedStructure:
    """A category of structure that may coordinate (D. 162-34 CSS)."""
    allowed = AllowedStructure(
        category=section.choice("category", CATEGORIES),
        label=read_label(section.section("label")),
        source=section.text("source"),
        legal_form=section.choice("legal_form", LEGAL_FORMS) if section.has("legal_form") else None,
    )
    section.close()
    return allowed


def read_team_role(section: Section) -> TeamRole:
    """A place of the team."""
    role = TeamRole(
        professions=section.texts("professions", required=True),
        minimum=section.integer("minimum", minimum=1),
        label=read_label(section.section("label")),
        source=section.text("source"),
    )
    if section.has("professions") and not role.professions:
        section.refuse("professions", "this list is empty: name the professions that may hold this place")
    section.close()
    return role


def read_review(section: Section | None) -> ProjectReview | None:
    """The ARS's time to oppose the projet."""
    if section is None:
        return None
    review = ProjectReview(section.duration("silence"), section.text("source"))
    section.close()
    return review
