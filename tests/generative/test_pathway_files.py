"""A pathway file changed at random is read, or refused with its places; what is read is valid for editors too."""

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.pathways.test_schema import loaded, problems

from cordee.pathways.fhir_definitions import definitions
from cordee.pathways.fhir_plan_definition import pathway_of
from cordee.pathways.reader import read_pathway
from cordee.pathways.shipped import shipped_texts
from cordee.pathways.strict_yaml import FileRefusedError

VALUES = [
    "1",
    "0",
    "-1",
    "1.5",
    "99999999999999999999",
    "true",
    "yes",
    "[]",
    "[1, 2]",
    "{}",
    "{fr: a, en: b}",
    "x",
    "é",
    '"10"',
    "2026-01-01",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "P1M",
    "P99Y999M",
    "1.00 EUR",
    "100 %",
    "1/1",
    "per_act",
    "&a [*a]",
    "!!python/name:os.system",
    "https://x.example",
]
KEY_AND_VALUE = re.compile(r"^([ -]*[a-z_]+:)( .+)?$")


@st.composite
def changed_files(draw: st.DrawFn) -> str:
    lines = draw(st.sampled_from(sorted(shipped_texts().values()))).splitlines()
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["delete", "double", "value", "indent"])):
            case "delete":
                del lines[index]
            case "double":
                lines.insert(index, lines[index])
            case "value":
                lines[index] = KEY_AND_VALUE.sub(rf"\1 {draw(st.sampled_from(VALUES))}", lines[index])
            case _:
                lines[index] = "  " + lines[index]
    return "\n".join(lines) + "\n"


def has_null(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(has_null(one) for one in inner)


@settings(max_examples=300, deadline=None)
@given(changed_files())
def test_a_changed_file_is_read_whole_or_refused_with_every_place(text: str) -> None:
    try:
        pathway = read_pathway("file", text)
    except FileRefusedError as refused:
        assert refused.problems
        assert all(problem.message and problem.path for problem in refused.problems)
        return
    if not has_null(loaded(text)):  # a key left without value is absent to the reader, and wrong to the schema
        assert problems(text) == []
    assert pathway_of(definitions(pathway, text)[-1].resource) == pathway
