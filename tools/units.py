"""Writes `src/cordee/fhir/data/ucum/units.json` from the table that UCUM publishes.

    python -m tools.units            # writes the table
    python -m tools.units --check    # fails if the committed table is not what UCUM's gives

That table, ucum-essence.xml, travels inside of the package ucumvert, of which nothing else is used here. One unit a
line.
"""

import argparse
import sys
from collections.abc import Iterator
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from lxml import etree

from cordee.fhir.units import Atom, Unit, UnitTable, UnknownUnit

TARGET = Path(__file__).parent.parent / "src" / "cordee" / "fhir" / "data" / "ucum" / "units.json"
_NS = "{http://unitsofmeasure.org/ucum-essence}"
_OFFSETS = {
    "Cel": (Fraction(1), Fraction("273.15")),
    "degF": (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
    "degRe": (Fraction(5, 4), Fraction("273.15")),
}
"""The special units that are a scale and an offset of the kelvin (UCUM, table 3): all others are not converted."""


def essence() -> Path:
    """Where UCUM's table is; the package itself, which takes long, is not imported."""
    found = find_spec("ucumvert")
    if found is None or found.origin is None:
        raise FileNotFoundError("ucumvert is not installed: make install")
    return Path(found.origin).parent / "vendor" / "ucum-essence.xml"


def table(path: Path) -> UnitTable:
    """What the file says, each unit in base units."""
    root = etree.parse(path).getroot()
    prefixes = {p.get("Code"): Fraction(p.find(f"{_NS}value").get("value")) for p in root.iter(f"{_NS}prefix")}
    atoms = {
        base.get("Code"): Atom(Unit(Fraction(1), ((base.get("Code"), 1),)), metric=True)
        for base in root.iter(f"{_NS}base-unit")
    }
    known = UnitTable(prefixes, atoms)
    waiting = list(root.iter(f"{_NS}unit"))
    while waiting:
        left = []
        for unit in waiting:
            try:
                atoms[unit.get("Code")] = _atom(unit, known)
            except UnknownUnit:
                left.append(unit)
        if len(left) == len(waiting):
            raise ValueError(f"never defined: {[unit.get('Code') for unit in left]}")
        waiting = left
    return known


def _atom(unit: Any, known: UnitTable) -> Atom:
    code, metric = unit.get("Code"), unit.get("isMetric") == "yes"
    value = unit.find(f"{_NS}value")
    function = value.find(f"{_NS}function")
    if function is not None and function.get("name") in _OFFSETS:
        factor, offset = _OFFSETS[function.get("name")]
        return Atom(Unit(factor, (("K", 1),), offset), metric, special=True)
    if function is not None or unit.get("isArbitrary") == "yes":
        return Atom(Unit(Fraction(1), ((code, 1),)), metric)
    defining = known.read(value.get("Unit"))
    return Atom(Unit(Fraction(value.get("value")) * defining.factor, defining.dimension), metric)


def rows(found: UnitTable) -> Iterator[str]:
    """The lines of the file."""
    yield '{"prefixes":{'
    yield _members({name: str(value) for name, value in found.prefixes.items()})
    yield '},"atoms":{'
    yield _members({name: _row(atom) for name, atom in found.atoms.items()})
    yield "}}"


def _members(items: dict[str, Any]) -> str:
    return ",\n".join(f"{orjson.dumps(name).decode()}:{orjson.dumps(value).decode()}" for name, value in items.items())


def _row(atom: Atom) -> dict[str, Any]:
    row: dict[str, Any] = {"factor": str(atom.unit.factor), "dimension": dict(atom.unit.dimension)}
    row["metric"] = atom.metric
    if atom.special:
        row |= {"offset": str(atom.unit.offset), "special": True}
    return row


def main() -> None:
    """Writes the table, or checks that it is fresh."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--check", action="store_true", help="write nothing; fail if the table would change")
    text = "\n".join(rows(table(essence()))) + "\n"
    if not options.parse_args().check:
        TARGET.write_text(text)
    elif not TARGET.is_file() or TARGET.read_text() != text:
        sys.exit(f"{TARGET.name} is not what UCUM's table gives: run make definitions")


if __name__ == "__main__":
    main()
