"""FHIRPath that a client wrote ends, whatever it asks for."""

from typing import Any

import pytest

from cordee.fhir.fhirpath import STEPS_AT_FIRST, OutOfBounds, Steps, compiled, counting

PATIENT: dict[str, Any] = {"resourceType": "Patient", "name": [{"given": ["a"] * 300}]}


def evaluated(expression: str, value: Any = PATIENT) -> list[Any]:
    with counting(Steps()):
        return list(compiled(expression)(value, {"resource": value}))


@pytest.mark.parametrize(
    "expression",
    [
        "(1 | 2).repeat($this + 1)",
        "name.given.all(%resource.name.given.all(%resource.name.given.all(%resource.name.given.all(true))))",
        "name.given.select(%resource.descendants()).select(%resource.descendants()).count()",
    ],
)
def test_an_evaluation_without_end_in_sight_is_given_up(expression: str) -> None:
    with pytest.raises(OutOfBounds):
        evaluated(expression)


def test_a_regular_expression_that_looks_around_is_not_evaluated() -> None:
    with pytest.raises(OutOfBounds, match="RE2"):
        evaluated("'a'.matches('(?=a)a')")


def test_a_regular_expression_takes_time_proportional_to_the_text() -> None:
    assert evaluated(f"'{'a' * 5000}!'.matches('^(a+)+$')") == [False]
    assert evaluated(f"'{'a' * 5000}'.matches('^(a+)+$')") == [True]


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("'a\nb'.matches('a.b')", [True]),
        ("'abc'.matches('b')", [True]),
        ("{}.matches('b')", []),
        ("'12/2020'.replaceMatches('(\\\\d+)/(\\\\d+)', '$2-$1')", ["2020-12"]),
        ("name.given.count()", [300]),
        ("descendants().count() > 300", [True]),
    ],
)
def test_what_ends_is_evaluated_as_ever(expression: str, result: list[Any]) -> None:
    assert evaluated(expression) == result


def test_what_one_evaluation_leaves_is_for_the_next() -> None:
    steps = Steps()
    with counting(steps):
        for _ in range(10):
            assert compiled("name.given.exists()")(PATIENT, {}) == [True]
    assert steps.left > STEPS_AT_FIRST
