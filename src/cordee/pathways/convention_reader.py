"""Convention files into `Convention`s, checked against their pathway; every problem told with its fix."""

from collections.abc import Mapping
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cordee.pathways.convention import (
    HOME_TERRITORY,
    Beneficiary,
    ByProfession,
    Convention,
    FixedAmount,
    OutsideSplit,
    Party,
    PayeeMode,
    Percentage,
    PricePerAct,
    Remainder,
    Residue,
    Signatory,
    StatedSequence,
    Step,
)
from cordee.pathways.convention_rules import check_convention
from cordee.pathways.fields import (
    read_act,
    read_early_exit,
    read_incomplete_use,
    read_label,
    read_required_acts,
    read_validity,
)
from cordee.pathways.model import EarlyExit, IncompleteUse, Pathway
from cordee.pathways.strict_yaml import Section, open_document

FORMAT = "cordee.convention/1"

PAYEE_MODES: tuple[PayeeMode, ...] = get_args(PayeeMode)
RESIDUES: tuple[Residue, ...] = get_args(Residue)


def read_convention(file: str, text: str, pathways: Mapping[str, Pathway]) -> Convention:
    """The convention a YAML text describes, checked against its pathway among `pathways` (by code).

    Raises FileRefusedError with every problem: what can't be read, shares over 100 %, an amount outside the
    published range, an act, profession or profile the pathway doesn't have.
    """
    root = open_document(file, text)
    root.choice("format", (FORMAT,))
    code = root.choice("pathway", tuple(pathways))
    pathway = pathways[code]
    convention = Convention(
        identifier=_identifier(root),
        version=root.text("version"),
        pathway=code,
        validity=read_validity(root),
        structure=_party(root.section("structure")),
        insurer=_party(insurer) if (insurer := root.optional_section("insurer")) else None,
        territory=root.choice("territory", (HOME_TERRITORY, *dict.fromkeys(u.territory for u in pathway.uplifts))),
        time_zone=_time_zone(root),
        payee_mode=root.choice("payee_mode", PAYEE_MODES),
        incomplete_use=_incomplete_use(root, pathway),
        early_exit=_early_exit(root, pathway),
        signatories=tuple(_signatory(s) for s in root.sections("signatories")),
        acts=tuple(read_act(s) for s in root.sections("acts", required=False)),
        beneficiaries=tuple(_beneficiary(s) for s in root.sections("beneficiaries", required=False)),
        sequences=tuple(_sequence(s) for s in root.sections("sequences", required=False)),
        steps=tuple(_step(s) for s in root.sections("split")),
        residue=root.choice("residue", RESIDUES),
        outside_split=tuple(_outside(s) for s in root.sections("outside_split", required=False)),
    )
    root.close()
    if not root.document.problems:
        check_convention(root, pathway, convention)
    root.document.finish()
    return convention


def _identifier(section: Section) -> str:
    text = section.text("identifier")
    system, bar, value = text.partition("|")
    if text and not (system and bar and value):
        section.refuse("identifier", f"{text!r} is not system|value, as in https://rpps.esante.gouv.fr|10000000001")
    return text


def _party(section: Section) -> Party:
    party = Party(_identifier(section), section.text("name"))
    section.close()
    return party


def _time_zone(root: Section) -> str:
    name = root.optional_text("time_zone") or "Europe/Paris"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        root.refuse("time_zone", f"{name!r} is not a time zone: write Europe/Paris or Indian/Reunion, for instance")
    return name


def _incomplete_use(root: Section, pathway: Pathway) -> IncompleteUse:
    stated = read_incomplete_use(root)
    _one_policy(root, "incomplete_use", pathway.incomplete_use, stated)
    return pathway.incomplete_use or stated or "all_or_nothing"


def _early_exit(root: Section, pathway: Pathway) -> EarlyExit:
    stated = read_early_exit(root)
    _one_policy(root, "early_exit", pathway.early_exit, stated)
    return pathway.early_exit or stated or "not_due"


def _one_policy(root: Section, key: str, published: str | None, stated: str | None) -> None:
    if published is None and stated is None:
        root.refuse("", f"the key {key!r} is missing: the pathway leaves this policy to the convention")
    elif published is not None and stated is not None and published != stated:
        root.refuse(key, f"the pathway says {published!r}: remove this line")


def _signatory(section: Section) -> Signatory:
    signs_for = section.choice("signs_for", ("self", "employees")) if section.has("signs_for") else "self"
    signatory = Signatory(
        _identifier(section), section.text("name"), section.day("signed_on"), signs_for == "employees"
    )
    section.close()
    return signatory


def _beneficiary(section: Section) -> Beneficiary:
    beneficiary = Beneficiary(
        code=section.text("code"),
        party=Party(_identifier(section), section.text("name")),
        organization=section.choice("kind", ("organization", "practitioner")) == "organization",
    )
    section.close()
    return beneficiary


def _sequence(section: Section) -> StatedSequence:
    required = read_required_acts(section)
    if required is None:
        section.refuse("", "the list 'required_acts' is missing: write [] if no act is required")
    sequence = StatedSequence(
        code=section.text("code"),
        within=section.text("within"),
        label=read_label(section.section("label")),
        duration=section.duration("duration"),
        required_acts=required or (),
        amounts=_table(section, "amounts", "cents") if section.has("amounts") else (),
    )
    section.close()
    return sequence


def _table(section: Section, key: str, kind: str) -> tuple[tuple[str, int], ...]:
    """A mapping from codes to amounts, percentages or points, as pairs sorted by code."""
    table = section.section(key)
    read = {"cents": table.cents, "basis_points": table.basis_points, "points": table.integer}[kind]
    return tuple(sorted((code, read(code)) for code in table.codes()))


def _step(section: Section) -> Step:
    step: Step
    match section.choice("step", ("fixed_amount", "percentage", "price_per_act", "by_profession", "remainder")):
        case "fixed_amount":
            step = FixedAmount(section.text("beneficiary"), section.cents("amount"))
        case "percentage":
            step = Percentage(section.text("beneficiary"), section.basis_points("share"))
        case "price_per_act":
            step = PricePerAct(_table(section, "prices", "cents"))
        case "by_profession":
            points = _table(section, "points", "points") if section.has("points") else None
            step = ByProfession(_table(section, "shares", "basis_points"), points)
        case _:
            step = _remainder(section)
    section.close()
    return step


def _remainder(section: Section) -> Remainder:
    match section.choice("by", ("points", "time", "heads")):
        case "points":
            return Remainder("points", _table(section, "points", "points"))
        case "time":
            return Remainder("time", ())
        case _:
            return Remainder("heads", ())


def _outside(section: Section) -> OutsideSplit:
    profession = section.optional_text("profession")
    identifier = _identifier(section) if section.has("identifier") else None
    if (profession is None) == (identifier is None):
        section.refuse("", "name either a profession or an identifier, and only one of them")
    outside = OutsideSplit(profession, identifier, read_label(section.section("reason")))
    section.close()
    return outside
