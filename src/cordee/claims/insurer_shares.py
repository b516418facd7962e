"""The part of each payee between the compulsory (AMO) and the complementary insurance (AMC), rounded both ways."""

from collections.abc import Sequence
from dataclasses import dataclass

from cordee.claims.apportionment import apportion_in_order
from cordee.claims.explanation import Explanation, explain
from cordee.pathways.price import part


@dataclass(frozen=True, slots=True)
class InsurerShares:
    """The AMO's and AMC's cents, in total and for each part; `reasons` is empty when the AMO pays all by itself."""

    amo: int
    amc: int
    parts: tuple[tuple[int, int], ...]
    total_reason: Explanation | None
    reasons: tuple[Explanation, ...]


def insurer_shares(parts: Sequence[int], amo_share: int, *, exempt: bool) -> InsurerShares:
    """Shares `parts` (cents) between AMO and AMC; `amo_share` in basis points, all of it when `exempt`.

    Rows and columns add up: the AMO's total is `amo_share` of the whole to the nearest cent, divided among the
    parts by largest remainder, and the AMC's is what is left of each. No share is negative: the exact AMO share
    of a part is at most the part, a whole number, so that even rounded up it is at most the part, and only
    shares with a remainder are rounded up. Equal remainders: the earliest part.
    """
    total = sum(parts)
    taken = 10_000 if exempt else amo_share
    amo = part(total, taken)
    amounts = apportion_in_order(amo, parts) if total else [0] * len(parts)
    shares = tuple((given, cents - given) for cents, given in zip(parts, amounts, strict=True))
    if taken == 10_000:
        if not exempt or amo_share == 10_000:
            return InsurerShares(amo, 0, shares, None, ())
        return InsurerShares(amo, 0, shares, explain("insurers.exempt", all_cents=total), ())
    reason = explain("insurers.total", of_share=taken, all_cents=total, amo_cents=amo, amc_cents=total - amo)
    reasons = tuple(_reason(cents, given, amo, total) for cents, given in zip(parts, amounts, strict=True))
    return InsurerShares(amo, total - amo, shares, reason, reasons)


def _reason(cents: int, given: int, amo: int, total: int) -> Explanation:
    if not cents:
        return explain("insurers.nothing")
    rounded = (explain("rounding.cent", 1),) if given * total > amo * cents else ()
    return explain(
        "insurers.part",
        None,
        rounded,
        amo_cents=given,
        whole_amo_cents=amo,
        part_cents=cents,
        all_cents=total,
        amc_cents=cents - given,
    )
