"""Dividing an amount in whole cents so that the parts add up to it: the method of the largest remainder."""

from collections.abc import Mapping, Sequence


def apportion(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """`total` cents divided in proportion to `weights`; the parts add up to `total` exactly.

    Each part is first rounded down; the cents left go one by one to the largest remainders, and among
    equal remainders to the smallest key in code-point order, so that the result depends on nothing but
    its arguments' values. Raises ValueError for a negative total or weight, or when no weight is
    positive.
    """
    keys = sorted(weights)
    return dict(zip(keys, apportion_in_order(total, [weights[key] for key in keys]), strict=True))


def apportion_in_order(total: int, weights: Sequence[int]) -> list[int]:
    """As `apportion`, for weights whose order is itself stable: among equal remainders the earliest is served."""
    whole = sum(weights)
    if total < 0 or whole <= 0 or min(weights) < 0:
        raise ValueError(f"can't divide {total} cents by weights {list(weights)}: positive ones are needed")
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    if left:
        by_remainder = sorted(range(len(weights)), key=lambda index: -(total * weights[index] % whole))
        for index in by_remainder[:left]:
            parts[index] += 1
    return parts
