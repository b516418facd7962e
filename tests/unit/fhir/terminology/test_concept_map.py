"""What a ConceptMap says of a code that it does not list, and of what its translations mean backwards."""

from typing import Any

import pytest

from cordee.fhir.terminology.concept_map import Coded, Match, OtherMap, translations


def concept_map(**group: Any) -> dict[str, Any]:
    element = [{"code": "a", "target": [{"code": "x", "equivalence": "subsumes"}]}]
    return {"group": [{"source": "urn:s", "target": "urn:t", "element": element} | group]}


@pytest.mark.parametrize(
    ("unmapped", "answer"),
    [
        (None, []),
        ({"mode": "provided"}, [Match("equal", Coded("urn:t", "b"))]),
        ({"mode": "fixed", "code": "z"}, [Match("wider", Coded("urn:t", "z"))]),
        ({"mode": "other-map", "url": "urn:m"}, [OtherMap("urn:m")]),
    ],
)
def test_a_code_that_is_not_listed(unmapped: dict[str, str] | None, answer: list[Match | OtherMap]) -> None:
    resource = concept_map(**({"unmapped": unmapped} if unmapped else {}))
    assert list(translations(resource, Coded("urn:s", "b"))) == answer
    assert list(translations(resource, Coded("urn:other", "b"))) == []


def test_backwards_the_wider_is_the_narrower() -> None:
    resource = concept_map()
    assert list(translations(resource, Coded("urn:s", "a"))) == [Match("subsumes", Coded("urn:t", "x"))]
    back = list(translations(resource, Coded("urn:t", "x"), reverse=True))
    assert back == [Match("specializes", Coded("urn:s", "a"))]
    assert list(translations(resource, Coded("urn:t", "x"), reverse=True, target_system="urn:u")) == []
