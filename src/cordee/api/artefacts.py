"""The project's own FHIR artefacts, put where they are read and searched like any resource: in each tenant's store."""

from functools import cache
from pathlib import Path

from cordee.fhir.body import Incoming, accept
from cordee.store.repository import Repository


def artefact_directory() -> Path:
    """Where the shipped artefacts are: in the installed wheel, or the checkout's `profiles/`.

    Raises FileNotFoundError when neither is there, which means a broken installation.
    """
    packaged = Path(__file__).parents[1] / "profiles"
    checkout = Path(__file__).parents[3] / "profiles"
    for directory in (packaged, checkout):
        if directory.is_dir():
            return directory
    raise FileNotFoundError(f"no FHIR artefacts in {packaged} nor {checkout}: install cordee again")


@cache
def shipped_artefacts() -> tuple[Incoming, ...]:
    """All of them but the examples, by name of file."""
    return tuple(accept(path.read_bytes()) for path in sorted(artefact_directory().glob("*.json")))


async def publish_artefacts(repository: Repository) -> None:
    """Puts them into a tenant; what is there already as shipped is left as it is."""
    for artefact in shipped_artefacts():
        if artefact.id is None:
            raise ValueError(f"a shipped {artefact.resource_type} has no id")
        await repository.update(artefact.resource_type, artefact.id, artefact)
