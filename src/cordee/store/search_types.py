"""A page of several types: each type's own, put in one order."""

from collections.abc import Sequence
from typing import Any

from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import Search
from cordee.store.search_order import OrderShape, orders
from cordee.store.search_statements import VERSION_WIDTH


def one_order(tenant: int, searches: Sequence[Search]) -> tuple[OrderShape, ...]:
    """The order that all the types can be put in.

    Raises `InvalidSearch` where a parameter is of one kind in a type and of another kind in another.
    """
    found = [orders(tenant, search.resource_type, search.sort, search.parameters)[0] for search in searches]
    if len(found) > 1 and any(order.paths for by in found for order in by):
        raise InvalidSearch("_sort: several types can be sorted by _lastUpdated, _id, dates, numbers and texts.")
    if any(by != found[0] for by in found):
        raise InvalidSearch("_sort: the parameter is not of the same kind in all the types searched.")
    return found[0]


def merged(records: Sequence[Any], by: tuple[OrderShape, ...]) -> list[Any]:
    """The records of `search_statements.page` of several types, in the order of `search_order.ordered`."""
    found = sorted(records, key=lambda record: record["rid"], reverse=bool(by) and by[0].descending)
    for place, order in reversed(list(enumerate(by, VERSION_WIDTH + 1))):
        valued = [record for record in found if record[place] is not None]
        valued.sort(key=lambda record, at=place: _comparable(record[at]), reverse=order.descending)  # type: ignore[misc]
        found = valued + [record for record in found if record[place] is None]
    return found


def _comparable(value: Any) -> Any:
    # The database compares texts by their code points, as UTF-8 does.
    return value.encode() if isinstance(value, str) else value
