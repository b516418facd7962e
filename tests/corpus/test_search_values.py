import bz2
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.queries_from_values import queries_from

from cordee.fhir.matching import matches
from cordee.fhir.query import parse_search, search_parameters_as_query
from cordee.fhir.search_values import extract


def examples(corpus: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every FHIR resource of the official and French examples, and those inside their bundles."""
    for path in sorted([*corpus.glob("fhir-r4/examples/*.json"), *corpus.glob("fhir/*/examples/*.json")]):
        resource = json.loads(path.read_bytes())
        if "resourceType" in resource:
            yield path.name, resource
            for entry in resource.get("entry", ()):
                if "resource" in entry:
                    yield path.name, entry["resource"]


def test_every_example_gives_search_values(corpus):
    found = [(name, extract(resource)) for name, resource in examples(corpus)]
    assert len(found) > 200
    assert [name for name, values in found if not all(values.values())] == []


def test_every_example_is_found_by_each_of_its_own_values(corpus):
    missed, asked = [], 0
    for name, resource in examples(corpus):
        type_ = resource["resourceType"]
        for code, values in extract(resource).items():
            for value in values:
                for query in queries_from(code, value):
                    asked += 1
                    search = parse_search(type_, [query])
                    if not matches(search, resource, lambda *_: None):
                        missed.append((name, query))
                    if parse_search(type_, search_parameters_as_query(search)) != search:
                        missed.append((name, query, "round trip"))
    assert asked > 5000
    assert missed == []


@pytest.mark.parametrize("pattern", ["*hospital*", "*practitioner*", "[5-8e]*"])
def test_every_synthea_resource_gives_search_values(corpus, pattern):
    paths = sorted((corpus / "fhir-r4" / "synthea").glob(f"{pattern}.bz2"))
    resources = [
        entry["resource"] for path in paths for entry in json.loads(bz2.decompress(path.read_bytes()))["entry"]
    ]
    assert resources
    without_identity = [resource["resourceType"] for resource in resources if not set(extract(resource)) - {"deceased"}]
    assert without_identity == []
