"""What one payee gets, and which insurance pays it: the parts that several operations answer."""

from collections.abc import Iterator

from cordee.api.operations import answers
from cordee.api.operations.answers import Part
from cordee.api.operations.definition import Output


def insurer_outputs(*, always: bool = True) -> tuple[Output, ...]:
    """Of `insurer_parts`."""
    return (
        Output("amo", "Money", "What the compulsory insurance pays of it.", min=int(always)),
        Output("amc", "Money", "What the complementary insurance pays of it.", min=int(always)),
    )


def insurer_parts(amo: int, amc: int) -> Iterator[Part]:
    """What each insurance pays, in cents."""
    yield answers.money("amo", amo)
    yield answers.money("amc", amc)


def share_outputs(amount: str) -> tuple[Output, ...]:
    """Of `share_parts`; `amount` says what the amount is."""
    return (
        Output("kind", "code", "member, structure, organization, practitioner or reserve.", min=1),
        Output("amount", "Money", amount, min=1),
        *insurer_outputs(),
    )


def share_parts(kind: str, cents: int, amo: int, amc: int) -> Iterator[Part]:
    """The kind of payee, the amount, and what each insurance pays of it, in cents."""
    yield answers.code("kind", kind)
    yield answers.money("amount", cents)
    yield from insurer_parts(amo, amc)
