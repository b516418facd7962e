"""Every real resource says the same after a way through XML, digit by digit."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from cordee.fhir.body import accept
from cordee.fhir.outcome import FhirError
from cordee.fhir.xml import json_from_xml, xml_from_json


def resources(corpus: Path) -> Iterator[tuple[Path, bytes]]:
    for folder in ("fhir", "fhir-r4"):
        for path in sorted((corpus / folder).rglob("*.json")):
            raw = path.read_bytes()
            try:
                accept(raw)
            except FhirError:
                continue
            yield path, raw


def content(raw: bytes) -> Any:
    """The JSON with numbers as written, narratives in canonical form, and no array that has only nulls."""
    return without_formatting(json.loads(raw, parse_float=lambda text: ("number", text), parse_int=str))


def without_formatting(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: etree.tostring(etree.fromstring(inside), method="c14n")
            if name == "div"
            else without_formatting(inside)
            for name, inside in value.items()
            if not (isinstance(inside, list) and all(one is None for one in inside))
        }
    return [without_formatting(one) for one in value] if isinstance(value, list) else value


def test_every_resource_of_the_corpus_is_equal_after_xml(corpus: Path) -> None:
    seen = 0
    for path, raw in resources(corpus):
        back = json_from_xml(xml_from_json(raw))
        accept(back)
        assert content(back) == content(raw), path.name
        seen += 1
    assert seen > 500
