"""The least that makes a pathway, for laws about what one adds to it."""

from datetime import date
from typing import Any

from cordee.pathways.model import Act, Label, Pathway, Profession, Profile, Validity

ALWAYS = Validity(date(2026, 1, 1), None)


def label(text: str) -> Label:
    return Label(text, text)


def bare_pathway(acts: tuple[str, ...], professions: tuple[str, ...], **rules: Any) -> Pathway:
    """A pathway of these acts and professions; `rules` are the fields that say what is due."""
    return Pathway(
        code="p",
        version="1",
        label=label("p"),
        validity=ALWAYS,
        validity_source="s",
        sources=(),
        not_public=(),
        facts=(),
        profiles=(Profile("any", label("any")),),
        professions=tuple(Profession(name, "professions", name, label(name)) for name in professions),
        acts=tuple(Act(code, "acts", label(code)) for code in acts),
        total_duration=None,
        uplifts=(),
        incomplete_use=None,
        early_exit=None,
        **rules,
    )
