import pytest
from bench.figures import figures, percentile


@pytest.mark.parametrize(
    ("share", "expected"), [(0.01, 1), (0.07, 7), (0.5, 50), (0.501, 51), (0.99, 99), (0.991, 100), (1, 100)]
)
def test_a_percentile_is_the_nearest_rank(share: float, expected: int) -> None:
    assert percentile(range(1, 101), share) == expected


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 0.01) == percentile([7.0], 0.99) == 7.0


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


@pytest.mark.parametrize("share", [0, -0.1, 50])
def test_a_percentile_is_asked_as_a_share(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        percentile([1.0], share)


def test_figures_are_per_second_and_in_milliseconds() -> None:
    found = figures([0.004, 0.001, 0.002, 0.003], 2.0, errors=1, resources=400)
    assert (found.requests, found.errors) == (4, 1)
    assert found.requests_per_second == 2.0
    assert found.resources_per_second == 200.0
    assert (found.p50_ms, found.p99_ms, found.max_ms) == (2.0, 4.0, 4.0)


def test_a_run_of_errors_only_has_no_times() -> None:
    found = figures([], 1.0, errors=3, resources=0)
    assert found.requests_per_second == 0
    assert (found.p50_ms, found.p99_ms, found.resources_per_second) == (None, None, None)
