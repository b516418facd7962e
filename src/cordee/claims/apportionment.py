"""Dividing an amount in whole cents so that the parts add up to it: the method of the largest remainder."""

from collections.abc import Mapping


def apportion(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """`total` cents divided in proportion to `weights`; the parts add up to `total` exactly.

    Each part is first rounded down; the cents left go one by one to the largest remainders, and among
    equal remainders to the smallest key in code-point order, so that the result depends on nothing but
    its arguments' values. Raises ValueError for a negative total or weight, or when no weight is
    positive.
    """
    whole = sum(weights.values())
    if total < 0 or whole <= 0 or min(weights.values()) < 0:
        raise ValueError(f"can't divide {total} cents by weights {dict(weights)}: positive ones are needed")
    parts = {key: total * weight // whole for key, weight in weights.items()}
    left = total - sum(parts.values())
    by_remainder = sorted(weights, key=lambda key: (-(total * weights[key] % whole), key))
    for key in by_remainder[:left]:
        parts[key] += 1
    return parts
