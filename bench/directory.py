"""Fictitious coordinating structures, the professionals who work there, and their payer."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.bundle import Entry, Resource, draw_for, entry, local_identifier

_TRE_G15 = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
_STRUCTURES = 5
_PROFESSIONS = (
    ("10", "Médecin"),
    ("60", "Infirmier"),
    ("70", "Masseur-kinésithérapeute"),
    ("95", "Diététicien"),
    ("96", "Psychomotricien"),
    ("94", "Ergothérapeute"),
    ("80", "Pédicure-podologue"),
    ("91", "Orthophoniste"),
)


@dataclass(frozen=True, slots=True)
class Structure:
    """References to a coordinating structure, to the professionals who work there, and to its payer."""

    organization: str
    professionals: tuple[str, ...]
    payer: str


def professional_identifier(seed: int, structure: int, rank: int) -> str:
    """The identifier, under `LOCAL_SYSTEM`, of a professional's PractitionerRole."""
    return f"PRO-{seed:03d}-{structure:02d}-{rank:02d}"


def structure_identifier(seed: int, structure: int) -> str:
    """The identifier, under `LOCAL_SYSTEM`, of an Organization; the one before the first is the payer's."""
    return f"STR-{seed:03d}-{structure:02d}"


def directory_entries(seed: int) -> list[Entry]:
    """The payer, the structures, and for each a Practitioner and a PractitionerRole by profession."""
    draw = draw_for(seed, "directory")
    entries = [entry(draw, _organization(seed, -1, "CPAM-FICTIVE"))]
    for structure in range(_STRUCTURES):
        organization = entry(draw, _organization(seed, structure, f"STRUCTURE-{structure:02d}"))
        entries.append(organization)
        for rank, (code, profession) in enumerate(_PROFESSIONS):
            person = entry(draw, _practitioner(seed, structure, rank))
            role = {
                "resourceType": "PractitionerRole",
                "identifier": [local_identifier(professional_identifier(seed, structure, rank))],
                "active": True,
                "practitioner": {"reference": person[0]},
                "organization": {"reference": organization[0]},
                "code": [{"coding": [{"system": _TRE_G15, "code": code, "display": profession}]}],
            }
            entries += [person, entry(draw, role)]
    return entries


def directory_identifiers(seed: int) -> list[tuple[str, str]]:
    """Type and identifier, under `LOCAL_SYSTEM`, of what a server must hold to give back the directory."""
    found = [("Organization", structure_identifier(seed, -1))]
    for structure in range(_STRUCTURES):
        found.append(("Organization", structure_identifier(seed, structure)))
        found += [
            ("PractitionerRole", professional_identifier(seed, structure, rank)) for rank in range(len(_PROFESSIONS))
        ]
    return found


def directory(references: Sequence[str]) -> tuple[Structure, ...]:
    """The structures, from references to Organizations and PractitionerRoles in the order of the entries.

    References to Practitioners are left out: in France a professional acts in a situation of exercise.
    """
    wanted = [reference for reference in references if not reference.startswith("Practitioner/")]
    payer, rest = wanted[0], wanted[1:]
    size = 1 + len(_PROFESSIONS)
    if len(rest) != _STRUCTURES * size:
        raise ValueError(f"{len(wanted)} references cannot be the directory of {_STRUCTURES} structures")
    return tuple(Structure(rest[at], tuple(rest[at + 1 : at + size]), payer) for at in range(0, len(rest), size))


def _organization(seed: int, structure: int, name: str) -> Resource:
    identifier = local_identifier(structure_identifier(seed, structure))
    return {"resourceType": "Organization", "identifier": [identifier], "active": True, "name": name}


def _practitioner(seed: int, structure: int, rank: int) -> Resource:
    return {
        "resourceType": "Practitioner",
        "identifier": [local_identifier(f"PERSONNE-{seed:03d}-{structure:02d}-{rank:02d}")],
        "active": True,
        "name": [{"family": f"PROFESSIONNEL-{structure:02d}-{rank:02d}", "given": ["PRENOM"]}],
    }
