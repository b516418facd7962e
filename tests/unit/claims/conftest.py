"""Dossiers and sessions built from short descriptions, so that a test shows only what its rule is about."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from cordee.claims.canonical import CPAM_NUMBER
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import CareCircle, Code, ConsentGiven, Decision, Inclusion, Member, Session, Structure
from cordee.pathways.convention import Convention
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.model import Pathway, Validity
from cordee.pathways.reader import read_pathway
from cordee.pathways.shipped import shipped_pathways

HERE = Path(__file__).parent
FINESS = "https://finess.esante.gouv.fr|990000001"

TRIAL_CONVENTION: dict[str, Any] = {
    "format": "cordee.convention/1",
    "identifier": "https://cordee.example/convention|essai",
    "version": "1",
    "pathway": "essai",
    "valid_from": date(2026, 1, 1),
    "structure": {"identifier": FINESS, "name": "Structure d'essai"},
    "territory": "metropole",
    "payee_mode": "via_structure",
    "signatories": [],
    "split": [{"step": "remainder", "by": "heads"}],
    "residue": "structure",
}


@pytest.fixture(scope="session")
def pathways() -> Mapping[str, Pathway]:
    trials = [read_pathway(path.name, path.read_text()) for path in sorted((HERE / "pathways").glob("*.yaml"))]
    return {pathway.code: pathway for pathway in trials} | shipped_pathways()


@pytest.fixture(scope="session")
def convention_text() -> str:
    return (HERE / "convention.yaml").read_text()


@pytest.fixture(scope="session")
def convention(convention_text: str, pathways: Mapping[str, Pathway]) -> Convention:
    return read_convention("convention.yaml", convention_text, pathways)


@pytest.fixture
def member(pathways: Mapping[str, Pathway]) -> Callable[..., Member]:
    def build(
        name: str,
        profession: str,
        pathway: str = "essai",
        periods: Iterable[tuple[date, date | None]] = ((date(2026, 1, 1), None),),
    ) -> Member:
        known = next(p for p in pathways[pathway].professions if p.name == profession)
        identifier = f"https://cordee.example/members|{name}"
        return Member(
            identifier=identifier,
            name=name,
            profession=Code(known.system, known.code, known.label.fr),
            reference=f"PractitionerRole/{name}",
            references=(f"Practitioner/{name}", f"PractitionerRole/{name}"),
            identifiers=(identifier, f"{CPAM_NUMBER}|{name}"),
            employers=(),
            intervals=tuple(Validity(first, last) for first, last in periods),
        )

    return build


@pytest.fixture
def session(pathways: Mapping[str, Pathway]) -> Callable[..., Session]:
    numbers = iter(range(1, 1_000))

    def build(act: str, on: date, by: Iterable[str], pathway: str = "essai", **changed: Any) -> Session:
        known = next(a for a in pathways[pathway].acts if a.code == act)
        built = Session(
            reference=f"Encounter/{next(numbers):03}",
            status="finished",
            patient="Patient/p",
            care_plan=None,
            day=on,
            minutes=None,
            codes=(Code(known.system, known.code, ""),),
            performers=tuple(f"PractitionerRole/{name}" for name in by),
        )
        return replace(built, **changed)

    return build


@pytest.fixture
def dossier(pathways: Mapping[str, Pathway], member: Callable[..., Member]) -> Callable[..., Dossier]:
    """A dossier of July 2026: keywords replace entries of the trial convention, signed by all members."""

    def build(profile: str = "cent", members: Iterable[Member] = (), pathway: str = "essai", **stated: Any) -> Dossier:
        present = tuple(members) or (member("A", "generaliste"), member("B", "psychologue"))
        stated = {"pathway": pathway, "valid_from": pathways[pathway].validity.first, **stated}
        if pathways[pathway].review is not None:
            stated.setdefault("project", {"sent_on": date(2026, 4, 1)})
        signed = [{"identifier": m.identifier, "name": m.name, "signed_on": date(2026, 1, 1)} for m in present]
        text = yaml.safe_dump({**TRIAL_CONVENTION, "signatories": signed, **stated}, allow_unicode=True)
        inclusion = Inclusion(
            care_plan="CarePlan/c",
            patient="Patient/p",
            pathway=pathway,
            profile=profile,
            structure="Organization/s",
            start=date(2026, 7, 1),
            active=True,
            decision=Decision(date(2026, 6, 20), "PractitionerRole/A", prescriber="PractitionerRole/A"),
            exit=None,
            care_teams=("CareTeam/t",),
            birth_date=date(1980, 1, 1),
            consent=ConsentGiven(date(2026, 6, 20), "Consent/c"),
        )
        return Dossier(
            pathways[pathway],
            read_convention("essai", text, pathways),
            Structure("Organization/s", "Structure d'essai", (FINESS,), ("msp", "sisa")),
            inclusion,
            CareCircle("Patient/p", present),
        )

    return build
