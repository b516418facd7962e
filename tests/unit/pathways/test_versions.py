import pytest

from cordee.pathways.versions import version_order


@pytest.mark.parametrize(
    ("older", "newer"),
    [("", "1"), ("2", "10"), ("2026-03-04", "2026-11-01"), ("2026-03-04", "2026-03-04-structure.1"), ("1.9", "1.10")],
)
def test_versions_are_compared_as_people_read_them(older: str, newer: str) -> None:
    assert version_order(older) < version_order(newer)
