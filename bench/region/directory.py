"""The region's structures, their professionals and their caisse; nobody is real."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.bundle import LOCAL_SYSTEM, draw_for

PATIENTS_PER_STRUCTURE = 400
PROFESSIONS = (
    ("10", "Médecin"),
    ("60", "Infirmier"),
    ("95", "Diététicien"),
    ("93", "Psychologue"),
    ("70", "Masseur-kinésithérapeute"),
    ("94", "Ergothérapeute"),
    ("80", "Pédicure-podologue"),
    ("91", "Orthophoniste"),
)
CAISSE = "caisse-fictive"
_TRE_G15 = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"

Line = tuple[str, str]
"""A resource's type and its JSON on one line."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A coordinating structure by its number: the ids of its Organization and of its PractitionerRoles."""

    id: str
    roles: tuple[str, ...]


def structures(patients: int) -> tuple[Structure, ...]:
    """Those that follow so many patients, three at least."""
    count = max(3, -(-patients // PATIENTS_PER_STRUCTURE))
    return tuple(_structure(number) for number in range(count))


def directory_lines(seed: int, found: tuple[Structure, ...]) -> Iterator[Line]:
    """The caisse, the structures, and the professionals of each with their roles."""
    yield (
        "Organization",
        f'{{"resourceType":"Organization","id":"{CAISSE}","active":true,"name":"Caisse fictive du banc d\'essai"}}',
    )
    for number, structure in enumerate(found):
        draw = draw_for(seed, f"structure {number}")
        yield (
            "Organization",
            f'{{"resourceType":"Organization","id":"{structure.id}",'
            f'"identifier":[{{"system":"{LOCAL_SYSTEM}","value":"STR-{number:06d}"}}],"active":true,'
            f'"name":"Structure fictive {number:06d}",'
            f'"address":[{{"line":["{draw.randrange(1, 90)} rue de la Fiction"],"country":"FRA"}}]}}',
        )
        for role, (code, profession) in zip(structure.roles, PROFESSIONS, strict=True):
            yield (
                "Practitioner",
                f'{{"resourceType":"Practitioner","id":"{role}",'
                f'"identifier":[{{"system":"{LOCAL_SYSTEM}","value":"PRO-{role}"}}],"active":true,'
                f'"name":[{{"family":"PROFESSIONNEL-{role.upper()}","given":["{profession}"]}}]}}',
            )
            yield (
                "PractitionerRole",
                f'{{"resourceType":"PractitionerRole","id":"{role}","active":true,'
                f'"practitioner":{{"reference":"Practitioner/{role}"}},'
                f'"organization":{{"reference":"Organization/{structure.id}"}},'
                f'"code":[{{"coding":[{{"system":"{_TRE_G15}","code":"{code}","display":"{profession}"}}]}}]}}',
            )


def _structure(number: int) -> Structure:
    return Structure(f"s{number:06d}", tuple(f"s{number:06d}-{rank}" for rank in range(len(PROFESSIONS))))
