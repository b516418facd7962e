"""CSV as French spreadsheets open and save it: UTF-8 with a byte order mark, `;`, decimal comma, CRLF."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from cordee.pathways.money import euros

DELIMITER = ";"
BYTE_ORDER_MARK = "\ufeff"

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | int | date | None
"""A text, a count, a day, or nothing; an amount is an `Amount`."""


class Amount(int):
    """Cents, written as euros with two decimals and a comma."""


def french_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The file. A text that a spreadsheet would take for a formula has an apostrophe before it."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=DELIMITER, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_shown(cell) for cell in row] for row in rows)
    return (BYTE_ORDER_MARK + written.getvalue()).encode()


def _shown(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Amount():
            return f"{euros(cell):.2f}".replace(".", ",")
        case date():
            return cell.isoformat()
        case int():
            return str(cell)
    return f"'{cell}" if _is_guarded(cell) else cell


def unguarded(text: str) -> str:
    """A text as it was before `french_csv` put an apostrophe before it."""
    return text[1:] if text.startswith("'") and _is_guarded(text) else text


def _is_guarded(text: str) -> bool:
    return text.lstrip("'").startswith(_STARTS_A_FORMULA)
