"""SQL that reads rows in the order (type, row) as far as their bodies fit, and tells when their care was given."""

from collections.abc import Sequence
from typing import Any

from cordee.fhir.care_records import care_date_parameters, parameters_about_patients
from cordee.fhir.temporal import DateRange
from cordee.store.index_values import long_key, microseconds, parameter_key

_BOUNDED = """
SELECT q.resource_type, q.id, q.version, q.last_updated, q.deleted, q.method,
       CASE WHEN n = 1 OR length <= {bytes} THEN q.body END AS body, q.rid, q.sealed
FROM (SELECT p.*, sum(octet_length(p.body)) OVER w AS length, row_number() OVER w AS n
      FROM ({rows}) AS p WINDOW w AS (ORDER BY {p_order})) AS q
ORDER BY {q_order}"""
# As EXISTS, PostgreSQL would read the dates of everybody's care into memory first.
_CARED = """({keys}::bigint[] IS NULL OR (
    SELECT bool_or(d.high > ({times}::bigint[])[1] AND d.low < ({times}::bigint[])[2]) FROM date_value d
    WHERE d.tenant = $1 AND d.rid = r.rid AND d.key = ANY({keys})) IS NOT FALSE)"""


def bounded(rows: str, *, most_bytes: str, order: Sequence[str] = ("resource_type", "rid")) -> str:
    """The columns of `StoredVersion` of `rows`, a query of `resource`; past some bytes the body is null.

    That of the first row never is. What a body holds is known without reading it, so those left out are never in
    memory. `most_bytes` is the place of its argument; `order` columns of `rows`.
    """
    p_order, q_order = (", ".join(f"{alias}.{column}" for column in order) for alias in "pq")
    return _BOUNDED.format(rows=rows, bytes=most_bytes, p_order=p_order, q_order=q_order)


def whole(records: Sequence[Any]) -> Sequence[Any]:
    """The records before the first whose body was left out."""
    return records[: next((place for place, record in enumerate(records) if record["body"] is None), len(records))]


def cared(keys: str, times: str) -> str:
    """The condition that `r` has a date of care between two times, or none: the places of its arguments.

    `$1` is the tenant. Without keys it holds.
    """
    return _CARED.format(keys=keys, times=times)


def care_arguments(tenant: int, care: DateRange | None) -> tuple[list[int] | None, list[int] | None]:
    """The keys of the dates of care, and the times between which one of them must be; for `cared`."""
    if care is None:
        return None, None
    keys = [
        parameter_key(tenant, type_, code)
        for type_ in parameters_about_patients()
        for code in care_date_parameters(type_)
    ]
    return keys + [long_key(key) for key in keys], [microseconds(care.low), microseconds(care.high)]
