"""Figures of one measured run, from the time each request took."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """What one workload gave with one number of clients. Times are in milliseconds."""

    requests: int
    errors: int
    seconds: float
    requests_per_second: float
    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    resources_per_second: float | None


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of sorted values; `share` is in (0, 1].

    It is always one of the values measured. Raises ValueError when there are none.
    """
    if not ordered:
        raise ValueError("there are no values to take a percentile of")
    if not 0 < share <= 1:
        raise ValueError(f"a percentile is asked as a share in (0, 1], not {share}")
    # The share is rounded so that 0.07 of 100 is the seventh value and not the eighth.
    return ordered[math.ceil(round(share * len(ordered), 9)) - 1]


def figures(latencies: Sequence[float], seconds: float, *, errors: int, resources: int) -> Figures:
    """Figures of the requests that got the answer expected.

    `latencies` are theirs, in seconds; `seconds` is the time from the first request to the last answer;
    `resources` is the number of resources stored by bundles, 0 when the workload has none.
    """
    ordered = sorted(latencies)
    return Figures(
        requests=len(ordered),
        errors=errors,
        seconds=seconds,
        requests_per_second=len(ordered) / seconds,
        p50_ms=1000 * percentile(ordered, 0.50) if ordered else None,
        p99_ms=1000 * percentile(ordered, 0.99) if ordered else None,
        max_ms=1000 * ordered[-1] if ordered else None,
        resources_per_second=resources / seconds if resources else None,
    )
