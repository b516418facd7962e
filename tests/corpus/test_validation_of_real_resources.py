"""Real resources are valid, but for a few that break the standard; each of those is named here with its reason."""

import bz2
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from cordee.fhir.validation import validate

OFFICIAL_EXAMPLES = 52
SYNTHEA_BUNDLES = 7

PUBLISHER_PARAMETERS = (
    "parameters of the publishing program stand as codes of guide-parameter-code, a value set that R4 requires and "
    "that has ten codes only"
)
INVALID = {
    "agendas-partages/definitions/ImplementationGuide-ans.fhir.fr.gap.json": PUBLISHER_PARAMETERS,
    "annuaire/definitions/ImplementationGuide-ans.fhir.fr.annuaire.json": PUBLISHER_PARAMETERS,
    "api-mss/definitions/ImplementationGuide-ans.fhir.fr.mss.json": PUBLISHER_PARAMETERS,
    "cahier-de-liaison/definitions/ImplementationGuide-ans.fhir.fr.cdl.json": PUBLISHER_PARAMETERS,
    "cercle-de-soins/definitions/ImplementationGuide-ans.fhir.fr.cds.json": PUBLISHER_PARAMETERS,
    "pdsm/definitions/ImplementationGuide-ans.fhir.fr.pdsm.json": PUBLISHER_PARAMETERS,
    "pdsm4dmp/definitions/ImplementationGuide-ans.fhir.fr.pdsm4dmp.json": PUBLISHER_PARAMETERS,
    "cercle-de-soins/definitions/StructureDefinition-cds-organization.json": (
        "an example of an element has both valueUri and valueString"
    ),
}


def resources(folder: Path, pattern: str) -> Iterator[tuple[str, Any]]:
    """Each file's path under `folder` and its content."""
    for file in sorted(folder.glob(pattern)):
        content = file.read_bytes()
        if file.suffix == ".bz2":
            content = bz2.decompress(content)
        yield file.relative_to(folder).as_posix(), orjson.loads(content)


def test_the_official_examples_are_valid(corpus):
    read = dict(resources(corpus / "fhir-r4" / "examples", "*.json"))
    assert len(read) == OFFICIAL_EXAMPLES
    assert {name: issues for name, resource in read.items() if (issues := validate(resource))} == {}


def test_the_synthea_bundles_are_valid(corpus):
    read = dict(resources(corpus / "fhir-r4" / "synthea", "*.bz2"))
    assert len(read) == SYNTHEA_BUNDLES
    assert {name: issues for name, resource in read.items() if (issues := validate(resource))} == {}


def test_the_french_guides_are_valid_but_for_the_files_listed(corpus):
    read = dict(resources(corpus / "fhir", "*/*/*.json"))
    assert len(read) > 500
    assert {name for name, resource in read.items() if validate(resource)} == set(INVALID)


@pytest.mark.parametrize("name", INVALID)
def test_the_reason_why_a_listed_file_is_invalid_is_what_is_found(corpus, name):
    issues = validate(orjson.loads((corpus / "fhir" / name).read_bytes()))
    if INVALID[name] is PUBLISHER_PARAMETERS:
        assert {i.code for i in issues} == {"code-invalid"}
        assert all((i.path or "").startswith("ImplementationGuide.definition.parameter[") for i in issues)
    else:
        assert [i.path for i in issues] == ["StructureDefinition.differential.element[2].example[0].value"]
