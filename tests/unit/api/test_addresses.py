import pytest

from cordee.api.addresses import INTERACTIONS, locate
from cordee.api.dispatch import _READS, _WRITES
from cordee.fhir.outcome import FhirError, NotFound, UnknownResourceType


@pytest.mark.parametrize(
    ("path", "method", "interaction"),
    [
        ("", "POST", "bundle"),
        ("", "GET", None),
        ("metadata", "HEAD", "capabilities"),
        ("_history", "GET", "history-system"),
        ("Patient", "GET", "search"),
        ("Patient", "DELETE", "conditional-delete"),
        ("Patient/_search", "POST", "posted-search"),
        ("Patient/_search", "GET", None),
        ("Patient/_history", "GET", "history-type"),
        ("Patient/a.b-1", "PUT", "update"),
        ("Patient/a", "PATCH", None),
        ("Patient/a/_history/3", "GET", "vread"),
        ("Patient/a/_history/3", "DELETE", None),
    ],
)
def test_shape_and_method_make_the_interaction(path: str, method: str, interaction: str | None) -> None:
    assert locate([part for part in path.split("/") if part]).interaction(method) == interaction


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("Poem", UnknownResourceType),
        ("patient", UnknownResourceType),
        ("Resource/1", UnknownResourceType),
        ("$export", NotFound),
        ("_search", NotFound),
        ("metadata/x", NotFound),
        ("Patient/$validate", NotFound),
        ("Patient/1/$everything", NotFound),
        ("Patient/1/_history/0", NotFound),
        ("Patient/1/_history/1.0", NotFound),
        ("Patient/1/_history/1/x", NotFound),
        ("Patient/1/name", NotFound),
        ("Patient/a_b", FhirError),
        ("Patient/" + "a" * 65, FhirError),
    ],
)
def test_what_names_nothing_is_refused(path: str, refusal: type[FhirError]) -> None:
    with pytest.raises(FhirError) as caught:
        locate(path.split("/"))
    assert type(caught.value) is refusal


def test_every_interaction_of_the_table_is_carried_out_by_something() -> None:
    named = {name for methods in INTERACTIONS.values() for name in methods.values()}
    assert named == {*_READS, *_WRITES, "bundle"}
