"""Convention files into `Convention`s, checked against their pathway; every problem told with its fix."""

from collections.abc import Mapping
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cordee.pathways.collective_reader import read_weight_band
from cordee.pathways.collective_terms import read_collective_terms
from cordee.pathways.convention import (
    HOME_TERRITORY,
    Beneficiary,
    Convention,
    Party,
    PayeeMode,
    Project,
    Residue,
    Signatory,
    StatedAmount,
    StatedSequence,
)
from cordee.pathways.convention_rules import check_convention
from cordee.pathways.fields import (
    read_act,
    read_code,
    read_early_exit,
    read_incomplete_use,
    read_label,
    read_required_acts,
    read_validity,
)
from cordee.pathways.model import EarlyExit, IncompleteUse, Pathway
from cordee.pathways.split_reader import read_identifier, read_limit, read_outside, read_step, read_table
from cordee.pathways.strict_yaml import Section, open_document

FORMAT = "cordee.convention/1"
WHOLE = 10_000
"""All of an amount, in basis points."""

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
        identifier=read_identifier(root),
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
        steps=tuple(read_step(s) for s in root.sections("split")),
        residue=root.choice("residue", RESIDUES),
        outside_split=tuple(read_outside(s) for s in root.sections("outside_split", required=False)),
        amounts=tuple(_stated_amount(s) for s in root.sections("amounts", required=False)),
        amo_share=root.basis_points("amo_share") if root.has("amo_share") else WHOLE,
        limits=tuple(read_limit(s) for s in root.sections("limits", required=False)),
        project=_project(root.optional_section("project")),
        weight_bands=tuple(read_weight_band(s) for s in root.sections("weight_bands", required=False)),
        collective=read_collective_terms(root.optional_section("collective")),
    )
    root.close()
    if not root.document.problems:
        check_convention(root, pathway, convention)
    root.document.finish()
    return convention


def _party(section: Section) -> Party:
    party = Party(read_identifier(section), section.text("name"))
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
    _one_policy(root, "incomplete_use", pathway, pathway.incomplete_use, stated)
    return pathway.incomplete_use or stated or "all_or_nothing"


def _early_exit(root: Section, pathway: Pathway) -> EarlyExit:
    stated = read_early_exit(root)
    _one_policy(root, "early_exit", pathway, pathway.early_exit, stated)
    return pathway.early_exit or stated or "not_due"


def _one_policy(root: Section, key: str, pathway: Pathway, published: str | None, stated: str | None) -> None:
    by_patient = pathway.payment_model == "per_patient"
    if by_patient and published is None and stated is None:
        root.refuse("", f"the key {key!r} is missing: the pathway leaves this policy to the convention")
    elif published is not None and stated is not None and published != stated:
        root.refuse(key, f"the pathway says {published!r}: remove this line")


def _signatory(section: Section) -> Signatory:
    signs_for = section.choice("signs_for", ("self", "employees")) if section.has("signs_for") else "self"
    signatory = Signatory(
        read_identifier(section), section.text("name"), section.day("signed_on"), signs_for == "employees"
    )
    section.close()
    return signatory


def _beneficiary(section: Section) -> Beneficiary:
    beneficiary = Beneficiary(
        code=read_code(section),
        party=Party(read_identifier(section), section.text("name")),
        organization=section.choice("kind", ("organization", "practitioner")) == "organization",
    )
    section.close()
    return beneficiary


def _sequence(section: Section) -> StatedSequence:
    required = read_required_acts(section)
    if required is None:
        section.refuse("", "the list 'required_acts' is missing: write [] if no act is required")
    sequence = StatedSequence(
        code=read_code(section),
        within=section.text("within"),
        label=read_label(section.section("label")),
        duration=section.duration("duration"),
        required_acts=required or (),
        amounts=read_table(section, "amounts", "cents") if section.has("amounts") else (),
    )
    section.close()
    return sequence


def _stated_amount(section: Section) -> StatedAmount:
    amount = StatedAmount(
        forfait=section.text("forfait"),
        profile=section.optional_text("profile"),
        sequence=section.optional_text("sequence"),
        act=section.optional_text("act"),
        cents=section.cents("amount"),
    )
    section.close()
    return amount


def _project(section: Section | None) -> Project | None:
    if section is None:
        return None
    project = Project(section.day("sent_on"), section.optional_day("opposed_on"))
    if project.opposed_on is not None and project.opposed_on < project.sent_on:
        section.refuse("opposed_on", f"the ARS can't oppose what was sent later, on {project.sent_on}: correct one")
    section.close()
    return project
