"""The pauses between two attempts to deliver."""

from datetime import timedelta

import pytest

from cordee.settings import Settings
from cordee.subscriptions.courier import pause_after

SETTINGS = Settings(subscription_first_retry_seconds=1, subscription_longest_retry_seconds=100)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (7, 64), (8, 100), (1_000_000, 100)])
def test_a_pause_doubles_up_to_the_longest(attempts: int, seconds: float) -> None:
    assert pause_after(attempts, SETTINGS, 0) == timedelta(seconds=seconds)


def test_a_pause_is_up_to_a_tenth_shorter_so_that_retries_spread() -> None:
    assert pause_after(3, SETTINGS, 1) == timedelta(seconds=3.6)
