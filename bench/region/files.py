"""The region as files: one NDJSON file a type, what is referred to before what refers to it.

`python -m bench.region.files --resources 1000000 DIR`
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from bench.region.directory import Line, directory_lines, structures
from bench.region.records import SIZES_REPEAT, record_lines

RESOURCES_PER_PATIENT = 100
"""On average, exactly so over each hundred of patients."""


def patients_for(resources: int) -> int:
    """How many patients have so many resources together; whole hundreds of them."""
    return max(1, round(resources / (RESOURCES_PER_PATIENT * SIZES_REPEAT))) * SIZES_REPEAT


def region_lines(seed: int, patients: int) -> Iterator[Line]:
    """The directory, then record after record; nothing refers forwards, and nothing is held."""
    found = structures(patients)
    yield from directory_lines(seed, found)
    for number in range(patients):
        yield from record_lines(seed, number, found)


def write_region(folder: Path, seed: int, patients: int) -> dict[str, int]:
    """Writes `folder/{type}.ndjson`; returns how many resources each holds, in the order to load them."""
    folder.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    with ExitStack() as opened:
        files: dict[str, IO[str]] = {}
        for resource_type, text in region_lines(seed, patients):
            if resource_type not in files:
                path = folder / f"{resource_type}.ndjson"
                files[resource_type] = opened.enter_context(path.open("w", encoding="utf-8", buffering=1 << 20))
            files[resource_type].write(text + "\n")
            counts[resource_type] += 1
    return dict(counts)


def main() -> int:
    """Writes the files and says how quickly."""
    parser = argparse.ArgumentParser(prog="python -m bench.region.files", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--resources", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = time.perf_counter()
    counts = write_region(options.folder, options.seed, patients_for(options.resources))
    seconds = time.perf_counter() - begun
    for resource_type, count in counts.items():
        print(f"{count:>10,} {resource_type}")
    total = sum(counts.values())
    print(f"{total:>10,} resources, {total / seconds:,.0f}/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
