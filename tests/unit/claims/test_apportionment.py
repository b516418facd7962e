import pytest

from cordee.claims.apportionment import apportion


def test_cents_left_over_go_to_the_largest_remainders() -> None:
    assert apportion(10, {"a": 26, "b": 35, "c": 39}) == {"a": 3, "b": 3, "c": 4}


def test_equal_remainders_are_settled_by_the_smallest_key() -> None:
    assert apportion(10_000, {"c": 1, "b": 1, "a": 1}) == {"a": 3_334, "b": 3_333, "c": 3_333}


def test_a_zero_weight_gets_nothing() -> None:
    assert apportion(100, {"a": 0, "b": 3}) == {"a": 0, "b": 100}


@pytest.mark.parametrize(("total", "weights"), [(1, {}), (1, {"a": 0}), (-1, {"a": 1}), (1, {"a": 2, "b": -1})])
def test_what_can_not_be_divided_is_refused(total: int, weights: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="can't divide"):
        apportion(total, weights)
