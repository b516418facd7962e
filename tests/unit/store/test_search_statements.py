"""One statement serves every search of a shape."""

from cordee.fhir.query import parse_search
from cordee.store import search_statements as statements
from cordee.store.search_shape import rows
from cordee.store.search_statements import PageShape


def shape_and_arguments(query, tenant=1):
    pairs = [tuple(pair.split("=", 1)) for pair in query.split("&")]
    return rows(tenant, "Encounter", parse_search("Encounter", pairs).criteria)


def test_searches_for_other_values_have_the_same_statement_and_other_arguments():
    one, first = shape_and_arguments("patient=Patient/1&date=ge2024-03&status:not=finished&patient.family=mar")
    other, second = shape_and_arguments("patient=Patient/2&date=ge2025-04&status:not=planned&patient.family=dup", 2)
    assert statements.page(one, PageShape()) is statements.page(other, PageShape())
    assert first != second


def test_searches_of_another_form_have_a_statement_of_their_own():
    plain, _ = shape_and_arguments("date=2024")
    for query in ("date=ge2024", "date=2024,2025", "date=2024&date=2025", "status=finished", "length=2024"):
        assert shape_and_arguments(query)[0] != plain


def test_every_argument_of_a_statement_is_given():
    shape, arguments = shape_and_arguments("patient=1&date=ge2024&length=5||min&patient.family:contains=artin&_id=a")
    statement = statements.total(shape)
    sql, *given = statement.call([1, *arguments])
    assert sql.count("$") >= len(given) == len(set(statement.places))
    assert max(statement.places) <= len(arguments)


def test_two_bounds_of_a_value_that_is_single_are_looked_for_together():
    together, _ = shape_and_arguments("date=ge2024&date=lt2025")
    apart, _ = shape_and_arguments("location-period=ge2024&location-period=lt2025")
    assert len(together.conditions) == 1
    assert len(apart.conditions) == 2
