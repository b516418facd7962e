"""The fictitious structure, its eight professionals of five professions, and its convention, as FHIR resources."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cordee.claims.canonical import CPAM_NUMBER, STRUCTURE_CATEGORY
from cordee.claims.fhir_contract import contract_from_convention
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.shipped import shipped_pathways

Resource = dict[str, Any]

STRUCTURE = "msp-demo"
PATHWAY = shipped_pathways()["pcr-obesite-complexe-adulte"]
_RPPS = "https://rpps.esante.gouv.fr"
_IDENTIFIER_TYPES = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"


@dataclass(frozen=True, slots=True)
class Professional:
    """One member of the team; `rpps` None for the one who has only the CPAM's number."""

    id: str
    family: str
    given: str
    profession: str
    rpps: str | None

    @property
    def role(self) -> str:
        """The reference by which care circles and sessions name them."""
        return f"PractitionerRole/{self.id}"


TEAM = (
    Professional("medecin-1", "UN", "Médecin", "medecin", "99900000001"),
    Professional("medecin-2", "DEUX", "Médecin", "medecin", "99900000002"),
    Professional("infirmiere-3", "TROIS", "Infirmière", "infirmier", "99900000003"),
    Professional("dieteticienne-4", "QUATRE", "Diététicienne", "dieteticien", "99900000004"),
    Professional("dieteticien-5", "CINQ", "Diététicien", "dieteticien", "99900000005"),
    Professional("psychologue-6", "SIX", "Psychologue", "psychologue", "99900000006"),
    Professional("enseignante-7", "SEPT", "Enseignante APA", "enseignant-apa", "99900000007"),
    Professional("enseignant-8", "HUIT", "Enseignant APA", "enseignant-apa", None),
)
BY_ID = {professional.id: professional for professional in TEAM}


def team_resources() -> Iterator[Resource]:
    """The structure, its professionals and the signed convention, in an order in which nothing refers forwards."""
    yield _organization()
    for professional in TEAM:
        yield _practitioner(professional)
        yield _practitioner_role(professional)
    yield _contract()


def _organization() -> Resource:
    return {
        "resourceType": "Organization",
        "id": STRUCTURE,
        "meta": {"profile": ["https://interop.esante.gouv.fr/ig/fhir/cds/StructureDefinition/cds-organization"]},
        "identifier": [
            {
                "type": {"coding": [{"system": _IDENTIFIER_TYPES, "code": "FINEG"}]},
                "system": "https://finess.esante.gouv.fr",
                "value": "990000001",
            }
        ],
        "active": True,
        "type": [{"coding": [{"system": STRUCTURE_CATEGORY, "code": code}]} for code in ("msp", "sisa")],
        "name": "Maison de santé de démonstration (SISA fictive)",
        "address": [{"line": ["1 rue de l'Exemple"], "city": "VILLE-FICTIVE", "postalCode": "99999"}],
    }


def _practitioner(professional: Professional) -> Resource:
    return {
        "resourceType": "Practitioner",
        "id": professional.id,
        "identifier": [_identifier(professional)],
        "active": True,
        "name": [{"use": "official", "family": professional.family, "given": [professional.given]}],
    }


def _identifier(professional: Professional) -> Resource:
    if professional.rpps is None:
        return {"system": CPAM_NUMBER, "value": "A8"}
    return {
        "type": {"coding": [{"system": _IDENTIFIER_TYPES, "code": "RPPS"}]},
        "system": _RPPS,
        "value": professional.rpps,
    }


def _practitioner_role(professional: Professional) -> Resource:
    profession = next(known for known in PATHWAY.professions if known.name == professional.profession)
    coding = {"system": profession.system, "code": profession.code, "display": profession.label.fr}
    return {
        "resourceType": "PractitionerRole",
        "id": professional.id,
        "active": True,
        "practitioner": {
            "reference": f"Practitioner/{professional.id}",
            "display": f"{professional.given} {professional.family}",
        },
        "organization": {"reference": f"Organization/{STRUCTURE}"},
        "code": [{"coding": [coding]}],
    }


def _contract() -> Resource:
    text = Path(__file__).with_name("convention.yaml").read_text(encoding="utf-8")
    convention = read_convention("demo/convention.yaml", text, {PATHWAY.code: PATHWAY})
    return {**contract_from_convention(convention, text), "id": "convention-demo"}
