import pytest

from cordee.api.addresses import INTERACTIONS, locate
from cordee.api.dispatch import _JOBS, _READS, _WRITES
from cordee.api.operations.table import OPERATIONS, OPERATIONS_BY_SHAPE
from cordee.fhir.outcome import FhirError, NotFound, UnknownResourceType


@pytest.mark.parametrize(
    ("path", "method", "interaction"),
    [
        ("", "POST", "bundle"),
        ("", "GET", "search-system"),
        ("_search", "POST", "posted-search-system"),
        ("Patient/1/Encounter", "GET", "search-compartment"),
        ("Patient/1/*", "GET", "search-compartment"),
        ("Patient/1/Encounter", "POST", None),
        ("metadata", "HEAD", "capabilities"),
        ("_history", "GET", "history-system"),
        ("_job/a", "GET", "job"),
        ("_job/a", "DELETE", "job-cancel"),
        ("_job/a/b.ndjson", "GET", "job-file"),
        ("Patient", "GET", "search"),
        ("Patient", "DELETE", "conditional-delete"),
        ("Patient/_search", "POST", "posted-search"),
        ("Patient/_search", "GET", None),
        ("Patient/_history", "GET", "history-type"),
        ("Patient/a.b-1", "PUT", "update"),
        ("Patient/a", "PATCH", "patch"),
        ("Patient/a/_history/3", "GET", "vread"),
        ("Patient/a/_history/3", "DELETE", None),
        ("$bill", "POST", "$bill"),
        ("$bill", "GET", None),
        ("CarePlan/a/$settle", "GET", "$settle"),
        ("CarePlan/a/$settle", "HEAD", "$settle"),
        ("CarePlan/a/$settle", "POST", "$settle"),
        ("CarePlan/a/$settle", "PUT", None),
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
        ("$nothing", NotFound),
        ("Patient/1/_search", NotFound),
        ("Patient/a_b/Encounter", FhirError),
        ("Patient/1/Poem", NotFound),
        ("metadata/x", NotFound),
        ("$validate", NotFound),
        ("Patiente/$validate", UnknownResourceType),
        ("Patient/a_b/$validate", NotFound),
        ("Organization/1/$everything", NotFound),
        ("CarePlan/$settle", NotFound),
        ("Patient/1/$settle", NotFound),
        ("CarePlan/a_b/$settle", NotFound),
        ("CarePlan/a/b/$settle", NotFound),
        ("CarePlan/a/$settle/x", NotFound),
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
    assert named == {*_READS, *_WRITES, *_JOBS, "bundle", *(operation.name for operation in OPERATIONS)}


def test_an_operation_asked_for_elsewhere_is_told_where_it_is() -> None:
    with pytest.raises(NotFound, match=r"CarePlan/\{id\}/\$settle"):
        locate(["CarePlan", "$settle"])


def test_an_operation_is_a_get_where_it_can_be_carried_out_without_a_change() -> None:
    for shape, operation in OPERATIONS_BY_SHAPE.items():
        if "GET" in operation.methods_at(shape):
            assert operation.read is not None


def test_an_operation_on_a_resource_that_no_address_names_is_posted() -> None:
    assert tuple(INTERACTIONS["{type}/$validate"]) == ("POST",)
    assert tuple(INTERACTIONS["{type}/{id}/$validate"]) == ("GET", "POST")
