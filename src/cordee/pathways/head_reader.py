"""What a pathway file says of itself: its sources, what they leave unsaid, facts, and the names it uses."""

import re
from typing import get_args

from cordee.pathways.fields import read_code, read_label, read_system
from cordee.pathways.model import Fact, Label, Nature, Profession, Profile, Source
from cordee.pathways.strict_yaml import Section

_ADDRESS = re.compile(r"https?://[^/\s]+\S*")
NATURES: tuple[Nature, ...] = get_args(Nature)


def read_source(section: Section) -> Source:
    """A text that facts come from, with its address and the day it was published."""
    source = Source(
        code=read_code(section),
        title=section.text("title"),
        address=section.optional_text("address"),
        nature=section.choice("nature", NATURES),
        published_on=section.optional_day("published_on"),
        read_on=section.optional_day("read_on"),
    )
    if source.address and _ADDRESS.fullmatch(source.address) is None:
        section.refuse("address", f"{source.address!r} is not a web address: write it whole, with https://")
    section.close()
    return source


def read_fact(section: Section) -> Fact:
    """A published statement, in both languages."""
    fact = Fact(Label(section.text("fr"), section.text("en")), section.text("source"))
    section.close()
    return fact


def read_profile(section: Section) -> Profile:
    """A patient profile."""
    profile = Profile(read_code(section), read_label(section.section("label")))
    section.close()
    return profile


def read_profession(section: Section) -> Profession:
    """A profession, by its code in a national nomenclature."""
    profession = Profession(
        name=read_code(section, "name"),
        system=read_system(section),
        code=section.text("code"),
        label=read_label(section.section("label")),
    )
    section.close()
    return profession
