"""The fields that pathway and convention files share: labels, dates of effect, codes, policies; and checks of codes."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import get_args

from cordee.pathways.model import Act, EarlyExit, IncompleteUse, Label, RequiredAct, Validity
from cordee.pathways.strict_yaml import Section

INCOMPLETE_USES: tuple[IncompleteUse, ...] = get_args(IncompleteUse)
EARLY_EXITS: tuple[EarlyExit, ...] = get_args(EarlyExit)

_SYSTEM = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}", re.ASCII)


def read_code(section: Section, key: str = "code") -> str:
    """A code of the file's own: part of FHIR ids and of a forfait's identifier, so without their separators."""
    code = section.text(key)
    if code and _CODE.fullmatch(code) is None:
        section.refuse(key, f"{code!r} is not a code: letters without accent, digits and hyphens, at most 63")
    return code


def read_system(section: Section) -> str:
    """The address of a code system, as FHIR's `system` wants it."""
    system = section.text("system")
    if system and _SYSTEM.fullmatch(system) is None:
        section.refuse("system", f"{system!r} is not the address of a code system: write it whole, with its https://")
    return system


def read_label(section: Section) -> Label:
    """A mapping with `fr` and `en`."""
    label = Label(section.text("fr"), section.text("en"))
    section.close()
    return label


def read_validity(section: Section) -> Validity:
    """`valid_from` and the optional `valid_to` of a section."""
    validity = Validity(section.day("valid_from"), section.optional_day("valid_to"))
    if validity.last is not None and validity.last < validity.first:
        section.refuse("valid_to", "this date is before valid_from: exchange them or correct one")
    return validity


def in_force_together(one: Validity, other: Validity) -> bool:
    """Whether two have a day in common; not when a first day could not be read, which is told already."""
    return date.min not in {one.first, other.first} and one.overlaps(other)


def read_act(section: Section) -> Act:
    """An act: `code`, `system`, `label`."""
    act = Act(read_code(section), read_system(section), read_label(section.section("label")))
    section.close()
    return act


def read_required_acts(section: Section) -> tuple[RequiredAct, ...] | None:
    """The optional list `required_acts`; None when it is not written, empty when nothing is required."""
    if not section.has("required_acts"):
        return None
    return tuple(_required_act(item) for item in section.sections("required_acts"))


def _required_act(section: Section) -> RequiredAct:
    required = RequiredAct(
        act=section.text("act"),
        count=section.integer("count", minimum=1),
        profession=section.optional_text("profession"),
        within=section.duration("within") if section.has("within") else None,
        minimum=section.integer("minimum") if section.has("minimum") else None,
    )
    if required.minimum is not None and required.minimum > required.count:
        section.refuse("minimum", f"{required.minimum} is more than the {required.count} required: lower it")
    section.close()
    return required


def read_incomplete_use(section: Section) -> IncompleteUse | None:
    """The policy `incomplete_use`, None when it is not written."""
    return section.choice("incomplete_use", INCOMPLETE_USES) if section.has("incomplete_use") else None


def read_early_exit(section: Section) -> EarlyExit | None:
    """The policy `early_exit`, None when it is not written."""
    return section.choice("early_exit", EARLY_EXITS) if section.has("early_exit") else None


def refuse_duplicates(section: Section, key: str, codes: Iterable[str]) -> None:
    """Refuses a code written twice in a list."""
    seen: set[str] = set()
    for index, code in enumerate(codes):
        if code and code in seen:
            section.refuse(f"{key}[{index}]", f"entry {index} repeats the code {code!r}: codes are unique")
        seen.add(code)


def refuse_unknown(section: Section, key: str, used: Iterable[str | None], known: Sequence[str], what: str) -> None:
    """Refuses a code that is used at `key` but defined nowhere."""
    for code in used:
        if code and code not in known:
            section.refuse(key, f"unknown {what} {code!r}: define it, or use one of {', '.join(known)}")
