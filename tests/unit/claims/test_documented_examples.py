"""The examples of docs/examples are what the profiles say, and what the program reads and writes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cordee.claims import canonical as claims
from cordee.claims.fhir_claim import claim_resource
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.fhir.body import accept
from cordee.fhir.definitions import load_definitions
from cordee.pathways import canonical as pathways

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.json"))
PROFILES = {path.stem: json.loads(path.read_text()) for path in (ROOT / "profiles").glob("*.json")}
STRUCTURES = [name for name in PROFILES if name.startswith("StructureDefinition-")]
OWN = "https://cordee.example/fhir/CodeSystem/"


def codings(node: Any) -> Iterator[tuple[str, str]]:
    """The codings of the project's systems anywhere in a resource."""
    if isinstance(node, dict):
        if str(node.get("system", "")).startswith(OWN):
            yield node["system"], node["code"]
        for value in node.values():
            yield from codings(value)
    if isinstance(node, list):
        for value in node:
            yield from codings(value)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_valid_and_its_codes_are_of_the_code_systems(path: Path) -> None:
    example = accept(path.read_bytes()).resource
    for system, code in codings(example):
        definition = PROFILES["CodeSystem-" + system.removeprefix(OWN)]
        if definition["content"] == "complete":
            assert code in {concept["code"] for concept in definition["concept"]}, (system, code)


def test_the_example_of_a_claim_is_read_as_one() -> None:
    record = claim_record_from_claim(claim_resource((ROOT / "docs/examples/Claim-forfait.json").read_bytes()))
    assert record.kind == "forfait"
    assert sum(item.cents for item in record.items) == record.total


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_element_that_a_profile_constrains_exists_in_r4(name: str) -> None:
    for element in PROFILES[name]["differential"]["element"]:
        assert load_definitions().element(element["path"]) is not None, element["path"]
        assert element["path"] == ".".join(part.partition(":")[0] for part in element["id"].split("."))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_what_its_profile_requires(path: Path) -> None:
    example = json.loads(path.read_text())
    (profile,) = [p for name, p in PROFILES.items() if name in STRUCTURES and p["type"] == example["resourceType"]]
    for element in profile["differential"]["element"]:
        names = element["path"].split(".")[1:]
        if len(names) == 1 and ":" not in element["id"] and element.get("min", 0) > 0:
            assert names[0] in example, element["path"]


def test_every_canonical_that_the_program_writes_is_published() -> None:
    named = {
        value
        for module in (claims, pathways)
        for value in vars(module).values()
        if isinstance(value, str)
        and re.fullmatch(rf"{pathways.BASE}/(CodeSystem|StructureDefinition|NamingSystem)/.+", value)
    }
    addresses = {value.removeprefix(f"{pathways.BASE}/").replace("/", "-", 1) for value in named}
    assert addresses <= PROFILES.keys(), sorted(addresses - PROFILES.keys())
