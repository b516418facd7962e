"""Bodies made before measuring: one template is one resource with a place for a serial number."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.bundle import Resource, encode
from bench.care import Subject, new_claim, new_encounter, new_patient
from bench.directory import Structure
from bench.population import StoredPatient

WRITTEN_TYPES = ("Patient", "Encounter", "Claim")

_SERIAL = "%SERIAL%"


@dataclass(frozen=True, slots=True)
class Template:
    """A resource whose identifier is new in each body, so that no two bodies are the same."""

    resource_type: str
    before: bytes
    after: bytes

    @staticmethod
    def of(resource: Resource) -> "Template":
        """The template of a resource that has the serial's mark once."""
        before, after = encode(resource).split(_SERIAL.encode())
        return Template(str(resource["resourceType"]), before, after)

    def body(self, serial: int) -> bytes:
        """A body to create."""
        return b"%b%010d%b" % (self.before, serial, self.after)

    def body_of(self, identifier: str, serial: int) -> bytes:
        """A body to update the resource of that id."""
        opening = b'{"resourceType":"%b"' % self.resource_type.encode()
        rest = self.before[len(opening) :]
        return b'%b,"id":"%b"%b%010d%b' % (opening, identifier.encode(), rest, serial, self.after)


def templates(
    seed: int, patients: Sequence[StoredPatient], structures: Sequence[Structure], count: int
) -> dict[str, tuple[Template, ...]]:
    """`count` templates of each written type; sessions and forfaits are those of the patients given."""
    made: dict[str, list[Template]] = {name: [] for name in WRITTEN_TYPES}
    for rank in range(count):
        stored = patients[rank % len(patients)]
        structure = structures[stored.number % len(structures)]
        circle = structure.professionals[:5]
        subject = Subject(stored.patient, stored.coverage, stored.condition, structure, circle)
        made["Patient"].append(Template.of(new_patient(seed, rank, _SERIAL)))
        made["Encounter"].append(Template.of(new_encounter(seed, rank, _SERIAL, subject)))
        made["Claim"].append(Template.of(new_claim(seed, rank, _SERIAL, subject, stored.encounters[:3])))
    return {name: tuple(listed) for name, listed in made.items()}
