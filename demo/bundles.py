"""The demo's resources as transaction Bundles: what a logiciel métier would send."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from demo.patients import Resource, patients, record_of
from demo.team import team_resources


def write_bundles(folder: Path) -> list[Path]:
    """Writes one Bundle for the structure and one a patient into `folder`; returns their paths, in loading order."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, resources in bundles():
        path = folder / f"{name}.json"
        path.write_bytes(orjson.dumps(_transaction(resources), option=orjson.OPT_INDENT_2))
        written.append(path)
    return written


def bundles() -> Iterator[tuple[str, list[Resource]]]:
    """The name and the resources of each Bundle."""
    yield "00-structure", list(team_resources())
    for patient in patients():
        yield patient.id, list(record_of(patient))


def _transaction(resources: Iterable[Resource]) -> Resource:
    entries = []
    for resource in resources:
        address = f"{resource['resourceType']}/{resource['id']}"
        entries.append({"resource": resource, "request": {"method": "PUT", "url": address}})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
