"""A CSV received, as its maker writes it or a spreadsheet saves it, read by the names of its columns."""

import csv
import difflib
import io
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence

from cordee.exchange.file_problems import FileProblems, Problem
from cordee.exchange.french_csv import unguarded

_DELIMITERS = (";", "\t", ",")
_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2009"), " ")

Row = tuple[int, Mapping[str, str]]
"""The line of the file a row begins on, and its cells that are not empty by column."""


def trimmed(text: str) -> str:
    """Without the spaces around it, the no-break ones of spreadsheets too."""
    return text.translate(_SPACES).strip()


def read_table(text: str, columns: Sequence[str], required: Collection[str], faults: list[Problem]) -> list[Row]:
    """The rows, without the empty ones. `columns` are those that may be there, in any order, case, with or without
    accents; `required` those that must. What is wrong with a row is added to `faults`, which the caller raises.

    The separator is `;`, a tabulation or `,`: the one of the headings. Excel's own first line (`sep=;`) counts for
    nothing. Raises FileProblems when the rows can't be told: no headings, or a required one is lacking.
    """
    rows = _rows(text, faults)
    headings = next(rows, None)
    if headings is None:
        raise FileProblems([*faults, Problem("le fichier est vide ; il commence par une ligne de titres")])
    found = _columns(*headings, columns, required, faults)
    return [(number, _cells(number, found, cells, faults)) for number, cells in rows]


def _rows(text: str, faults: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    first, _, rest = text.partition("\n")
    skipped = first.strip().casefold() in {f"sep={delimiter}" for delimiter in _DELIMITERS}
    headings = rest.partition("\n")[0] if skipped else first
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=headings.count), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = [unguarded(trimmed(cell)) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as fault:
            faults.append(Problem(f"guillemets ou séparateurs mal placés ({fault}) ; le reste n'est pas lu", number))
            return
        if any(cells) and not (skipped and number == 1):
            yield number, cells


def _columns(
    number: int, headings: Sequence[str], columns: Sequence[str], required: Collection[str], faults: list[Problem]
) -> list[str | None]:
    found: list[str | None] = []
    for heading in headings:
        plain = _plain(heading)
        if heading and plain not in columns:
            near = difflib.get_close_matches(plain, columns, n=1)
            advice = f"est-ce « {near[0]} » ?" if near else f"les colonnes sont {', '.join(columns)}"
            faults.append(Problem(f"colonne inconnue « {heading} » ; {advice}", number))
        elif plain in found:
            faults.append(Problem(f"la colonne « {heading} » y est deux fois", number))
        found.append(plain if plain in columns else None)
    lacking = [column for column in columns if column in required and column not in found]
    if lacking:
        raise FileProblems([*faults, Problem(f"colonnes absentes : {', '.join(lacking)}", number)])
    return found


def _cells(
    number: int, columns: Sequence[str | None], cells: Sequence[str], faults: list[Problem]
) -> Mapping[str, str]:
    if any(cells[len(columns) :]):
        said = (
            f"{len(cells)} cellules pour {len(columns)} colonnes ; un texte qui contient le séparateur a des guillemets"
        )
        faults.append(Problem(said, number))
    return {column: cell for column, cell in zip(columns, cells, strict=False) if column is not None and cell}


def _plain(heading: str) -> str:
    """A heading without case, accents, or spaces for underscores."""
    parts = unicodedata.normalize("NFKD", heading.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).replace(" ", "_")
