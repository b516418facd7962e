"""Writes what follows from the code and from `profiles/`: `python -m tools.profiles`, or `--check` to fail when stale.

From the SearchParameters of `profiles/`, the table that the server compiles at start with the official ones; from the
operations that the API declares, the topics and the codes that the program writes, their OperationDefinitions, Basics,
CodeSystems and ValueSets.
"""

import argparse
import json
import sys
from pathlib import Path

from cordee.api.operations.description import operation_definition
from cordee.api.operations.table import OPERATIONS
from cordee.fhir.subscriptions.topic_definitions import topic_definition
from cordee.fhir.subscriptions.topics import TOPICS
from tools.code_systems import code_systems
from tools.definitions import DATA, Resource, lines_of_array, search_parameters
from tools.value_sets import value_sets

PROFILES = Path(__file__).parent.parent / "profiles"
TABLE = DATA / "project" / "search_parameters.json"


def generated() -> dict[Path, str]:
    """Each file that is generated, with its content; ValueError when a parameter has the name of an official one."""
    files = {TABLE: lines_of_array(_search_parameters())}
    topics = map(topic_definition, TOPICS.values())
    for resource in (*map(operation_definition, OPERATIONS), *topics, *code_systems(), *value_sets()):
        path = PROFILES / f"{resource['resourceType']}-{resource['id']}.json"
        files[path] = json.dumps(resource, indent=2, ensure_ascii=False) + "\n"
    return files


def _search_parameters() -> list[Resource]:
    own = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(PROFILES.glob("SearchParameter-*.json"))]
    official = json.loads((DATA / "search_parameters.json").read_bytes())
    structures = json.loads((DATA / "structures.json").read_bytes())
    taken = {(base, row["code"]) for row in official for base in row["base"]}
    clashes = [(base, d["code"]) for d in own for base in d["base"] if (base, d["code"]) in taken]
    if clashes:
        raise ValueError(f"R4 has search parameters of these names: {clashes}")
    concrete = [name for name, s in structures.items() if s["kind"] == "resource" and not s["abstract"]]
    return search_parameters(own, concrete)


def main(arguments: list[str] | None = None) -> int:
    """Writes the files, or compares them; the exit code is 1 when one is stale."""
    parser = argparse.ArgumentParser(prog="python -m tools.profiles", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    files = generated()
    obsolete = {*PROFILES.glob("OperationDefinition-*.json"), *PROFILES.glob("Basic-*.json")} - files.keys()
    if parser.parse_args(arguments).check:
        stale = [path.name for path, text in files.items() if not path.is_file() or path.read_text() != text]
        stale += [path.name for path in obsolete]
        if stale:
            print(f"stale: {', '.join(sorted(stale))}; run `make profiles` and commit.", file=sys.stderr)
        return 1 if stale else 0
    for path in obsolete:
        path.unlink()
    for path, text in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
