"""Pathway files (`pathways/*.yaml`) into `Pathway`s; what is doubtful is refused with line, path and fix."""

import re
from typing import get_args

from cordee.pathways.collective_reader import read_capitation, read_shared_savings
from cordee.pathways.cross_checks import check_pathway
from cordee.pathways.entry_reader import read_eligibility, read_review, read_structure, read_team_role
from cordee.pathways.fields import (
    read_act,
    read_code,
    read_early_exit,
    read_incomplete_use,
    read_label,
    read_validity,
)
from cordee.pathways.forfait_reader import read_cap, read_forfait, read_uplift
from cordee.pathways.head_reader import read_fact, read_profession, read_profile, read_source
from cordee.pathways.model import Pathway, PaymentModel
from cordee.pathways.protocol_reader import read_incompatible_acts, read_sequence, read_total_duration
from cordee.pathways.strict_yaml import Section, open_document

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}", re.ASCII)
FORMAT = "cordee.pathway/1"
PAYMENT_MODELS: tuple[PaymentModel, ...] = get_args(PaymentModel)


def read_pathway(file: str, text: str) -> Pathway:
    """The pathway a YAML text describes; raises FileRefusedError with every problem, naming `file`."""
    root = open_document(file, text)
    root.choice("format", (FORMAT,))
    pathway = Pathway(
        code=read_code(root),
        version=_version(root),
        label=read_label(root.section("label")),
        validity=read_validity(root),
        validity_source=root.text("source"),
        sources=tuple(read_source(s) for s in root.sections("sources")),
        not_public=tuple(read_label(s) for s in root.sections("not_public", required=False)),
        facts=tuple(read_fact(s) for s in root.sections("facts", required=False)),
        profiles=tuple(read_profile(s) for s in root.sections("profiles", required=False)),
        professions=tuple(read_profession(s) for s in root.sections("professions", required=False)),
        acts=tuple(read_act(s) for s in root.sections("acts", required=False)),
        total_duration=read_total_duration(root.optional_section("total_duration")),
        sequences=tuple(read_sequence(s) for s in root.sections("sequences", required=False)),
        forfaits=tuple(read_forfait(s) for s in root.sections("forfaits", required=False)),
        uplifts=tuple(read_uplift(s) for s in root.sections("territory_uplifts", required=False)),
        incomplete_use=read_incomplete_use(root),
        early_exit=read_early_exit(root),
        payment_model=_payment_model(root),
        eligibility=read_eligibility(root.optional_section("eligibility")),
        structures=tuple(read_structure(s) for s in root.sections("structures", required=False)),
        team=tuple(read_team_role(s) for s in root.sections("team", required=False)),
        caps=tuple(read_cap(s) for s in root.sections("caps", required=False)),
        incompatible_acts=tuple(read_incompatible_acts(s) for s in root.sections("incompatible_acts", required=False)),
        review=read_review(root.optional_section("review")),
        consent_required=root.flag("consent_required", default=False),
        identification_required=root.flag("identification_required", default=False),
        renewable=root.flag("renewable", default=True),
        capitation=read_capitation(root.optional_section("capitation")),
        shared_savings=tuple(read_shared_savings(s) for s in root.sections("shared_savings", required=False)),
    )
    root.close()
    check_pathway(root, pathway)
    root.document.finish()
    return pathway


def _version(root: Section) -> str:
    version = root.text("version")
    if version and _VERSION.fullmatch(version) is None:
        root.refuse("version", f"{version!r} is not a version: letters, digits, dots and hyphens, as in 2026-03-04")
    return version


def _payment_model(root: Section) -> PaymentModel:
    return root.choice("payment_model", PAYMENT_MODELS) if root.has("payment_model") else "per_patient"
