"""What a stored text refers to, told from the text alone."""

import json

import pytest

from cordee.fhir.written_references import references_written

HERE = "http://here.example/fhir"


def written(resource: dict[str, object], base: str = HERE) -> set[tuple[str, str]]:
    return references_written(json.dumps(resource, separators=(",", ":")), base)


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("Patient/1", {("Patient", "1")}),
        ("Patient/1/_history/3", {("Patient", "1")}),
        (f"{HERE}/Patient/1", {("Patient", "1")}),
        ("http://else.example/fhir/Patient/1", set()),
        ("urn:uuid:7f2c0e1e-0000-4000-8000-000000000000", set()),
        ("#contained", set()),
        ("Unknown/1", set()),
        ("Patient/1?x", set()),
    ],
)
def test_only_references_to_resources_of_this_server_count(reference: str, found: set[tuple[str, str]]) -> None:
    assert written({"subject": {"reference": reference}}) == found


def test_references_count_wherever_they_stand() -> None:
    resource = {
        "extension": [{"url": "Binary/not", "valueReference": {"reference": "Contract/c"}}],
        "contained": [{"participant": [{"reference": "Practitioner/d"}]}],
    }
    assert written(resource) - {("Binary", "not")} == {("Contract", "c"), ("Practitioner", "d")}


def test_a_text_that_quotes_a_reference_is_none() -> None:
    assert written({"div": '"reference":"Patient/1"', "name": '\\"reference":"Patient/2"'}) == set()


def test_slashes_may_be_escaped() -> None:
    assert references_written(r'{"subject":{"reference":"Patient\/1"}}') == {("Patient", "1")}


def test_an_attachment_is_the_binary_at_its_address() -> None:
    assert written({"attachment": {"url": "Binary/b"}}) == {("Binary", "b")}
    assert written({"attachment": {"url": f"{HERE}/Binary/b/_history/2"}}) == {("Binary", "b")}
    assert written({"attachment": {"url": "https://else.example/Binary/b"}}) == set()
