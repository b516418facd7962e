"""What judging one resource costs: `python -m bench.validation`, one process, no database.

Processor time, structure included, the best of several runs; the French guides are read where CORDEE_CORPUS says.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from cordee.fhir.profiles.validation import ProfileValidator

ROOT = Path(__file__).parent.parent
OWN = "https://cordee.example/fhir/StructureDefinition/"
RUNS, TIMES = 9, 100
EXAMPLES = {
    "fhir/fr-core-2.2.0/examples/Patient-FRCorePatientExample.json": (),
    "Claim-forfait.json": (f"{OWN}claim-forfait",),
    "CarePlan-parcours.json": (f"{OWN}care-plan-parcours",),
    "Encounter-session.json": (f"{OWN}encounter-session",),
}


def main() -> None:
    """Prints a line for each example: bytes without white space, milliseconds."""
    corpus = Path(os.environ.get("CORDEE_CORPUS", ROOT / "../shared/corpus"))
    validator = ProfileValidator(_definitions(corpus))
    for name, profiles in EXAMPLES.items():
        file = (corpus if "/" in name else ROOT / "docs" / "examples") / name
        if not file.is_file():
            print(f"{file} is not here")
            continue
        resource = orjson.loads(file.read_bytes())
        seconds = min(_seconds(validator, resource, profiles) for _ in range(RUNS))
        print(f"{file.stem:30} {len(orjson.dumps(resource)):7} B {1000 * seconds:8.3f} ms")


def _definitions(corpus: Path) -> Iterator[dict[str, Any]]:
    for file in (*(ROOT / "profiles").glob("*.json"), *sorted((corpus / "fhir").glob("*/definitions/*.json"))):
        yield orjson.loads(file.read_bytes())


def _seconds(validator: ProfileValidator, resource: dict[str, Any], profiles: tuple[str, ...]) -> float:
    begun = time.process_time()
    for _ in range(TIMES):
        validator.validate(resource, profiles)
    return (time.process_time() - begun) / TIMES


if __name__ == "__main__":
    main()
