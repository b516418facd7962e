"""What an operation is given, from a query and from Parameters: the same values, the same refusals."""

from datetime import date
from typing import Any

import orjson
import pytest

from cordee.api.operations.arguments import Arguments, Input, from_parameters, from_query
from cordee.api.operations.definition import Operation
from cordee.api.operations.table import OPERATIONS
from cordee.fhir.body import accept
from cordee.fhir.outcome import FhirError

BASE = "http://localhost/fhir"
INPUTS = (
    Input("act", "code", "The act.", min=1),
    Input("date", "date", "The day."),
    Input("performer", "reference", "Who.", targets=("Practitioner", "PractitionerRole")),
    Input("dry-run", "boolean", "Whether nothing is written."),
    Input("count", "integer", "How many."),
    Input("note", "string", "Words.", max=None),
)


def of_query(*pairs: tuple[str, str], lenient: bool = False) -> Arguments:
    return from_query(INPUTS, pairs, lenient=lenient, base_url=BASE)


def of_parameters(*parameters: dict[str, Any], lenient: bool = False) -> Arguments:
    return from_parameters(INPUTS, {"parameter": list(parameters)}, lenient=lenient, base_url=BASE)


def issues_of(call: Any, *given: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(FhirError) as caught:
        call(*given)
    assert caught.value.status == 400
    return [(issue.code, issue.path) for issue in caught.value.issues]


def test_a_query_and_a_body_give_the_same_values() -> None:
    asked = of_query(
        ("act", "bilan"),
        ("date", "2026-02-28"),
        ("performer", "PractitionerRole/a"),
        ("dry-run", "true"),
        ("count", "3"),
        ("note", "a"),
        ("note", "b"),
    )
    posted = of_parameters(
        {"name": "act", "valueCode": "bilan"},
        {"name": "date", "valueDate": "2026-02-28"},
        {"name": "performer", "valueReference": {"reference": "PractitionerRole/a"}},
        {"name": "dry-run", "valueBoolean": True},
        {"name": "count", "valueInteger": 3},
        {"name": "note", "valueString": "a"},
        {"name": "note", "valueString": "b"},
    )
    for arguments in (asked, posted):
        assert arguments.required_text("act") == "bilan"
        assert arguments.day("date") == date(2026, 2, 28)
        assert arguments.text("performer") == "PractitionerRole/a"
        assert arguments.flag("dry-run") is True
        assert arguments.number("count") == 3
        assert arguments.texts("note") == ("a", "b")


def test_what_is_not_given_is_none_false_or_empty() -> None:
    arguments = of_query(("act", "bilan"))
    assert arguments.day("date") is None
    assert arguments.text("performer") is None
    assert arguments.flag("dry-run") is False
    assert arguments.number("count") is None
    assert arguments.texts("note") == ()


def test_a_reference_may_be_written_in_full_or_as_a_text() -> None:
    assert of_query(("act", "a"), ("performer", f"{BASE}/Practitioner/1")).text("performer") == "Practitioner/1"
    written = {"name": "performer", "valueString": "Practitioner/1"}
    assert of_parameters({"name": "act", "valueString": "a"}, written).text("performer") == "Practitioner/1"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("date", "2026-02-30", "there is no day 2026-02-30"),
        ("date", "28/02/2026", "2026-07-31"),
        ("date", "2026-02-28T10:00:00Z", "2026-07-31"),
        ("performer", "Patient/1", "not a Practitioner or PractitionerRole"),
        ("performer", "1", "Practitioner/1"),
        ("performer", "https://elsewhere.example/fhir/Practitioner/1", "not a resource of this server"),
        ("dry-run", "yes", "neither true nor false"),
        ("dry-run", "", "neither true nor false"),
        ("count", "1.5", "whole number"),
        ("note", " ", "empty"),
    ],
)
def test_a_value_that_can_not_be_read_is_refused_at_its_place(name: str, value: str, said: str) -> None:
    with pytest.raises(FhirError, match=said) as caught:
        of_query(("act", "a"), (name, value))
    assert [issue.path for issue in caught.value.issues] == [f"http.{name}"]


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": "date", "valueString": "2026-02-28"},
        {"name": "date", "valueDate": "2026-02"},
        {"name": "dry-run", "valueString": "true"},
        {"name": "performer", "valueReference": {"display": "Somebody"}},
        {"name": "performer", "valueReference": {"reference": "Patient/1"}},
        {"name": "count", "part": [{"name": "x", "valueInteger": 1}]},
        {"name": "note", "resource": {"resourceType": "Patient"}},
    ],
)
def test_a_parameter_of_another_type_is_refused_at_its_place(parameter: dict[str, Any]) -> None:
    found = issues_of(of_parameters, {"name": "act", "valueCode": "a"}, parameter)
    assert found == [("value", "Parameters.parameter[1]")]


def test_what_is_missing_unknown_or_repeated_is_told_at_once() -> None:
    assert issues_of(of_query, ("dat", "2026-01-01"), ("count", "1"), ("count", "2")) == [
        ("not-supported", "http.dat"),
        ("structure", "http.count"),
        ("required", "http.act"),
    ]
    assert issues_of(of_parameters, {"name": "dat", "valueDate": "2026-01-01"}) == [
        ("not-supported", "Parameters.parameter[0]"),
        ("required", "Parameters.parameter"),
    ]


def test_a_needed_parameter_that_can_not_be_read_is_told_once() -> None:
    assert issues_of(of_query, ("act", "")) == [("value", "http.act")]


def test_what_is_unknown_is_left_out_when_lenient_and_only_then() -> None:
    assert of_query(("act", "a"), ("dat", "x"), lenient=True).text("act") == "a"
    assert issues_of(of_query, ("act", "a"), ("dat", "x")) == [("not-supported", "http.dat")]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_the_example_of_each_operation_is_one_that_it_takes(operation: Operation) -> None:
    example = accept(orjson.dumps(operation.example), "Parameters").resource
    from_parameters(operation.inputs, example, lenient=bool(operation.searches), base_url=BASE)


def test_operations_have_ids_of_their_own() -> None:
    assert len({operation.id for operation in OPERATIONS}) == len(OPERATIONS)
