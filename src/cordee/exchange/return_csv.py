"""A return file in CSV, as a caisse writes it or a spreadsheet saves it."""

import csv
import difflib
import io
import unicodedata
from collections.abc import Iterator, Sequence

from cordee.claims.returns import ReturnLine
from cordee.exchange.french_csv import Amount, Cell, french_csv, unguarded
from cordee.exchange.return_fields import ALWAYS, FIELDS, INSURERS, KINDS, Field, FieldName
from cordee.exchange.return_lines import WrittenLine, fields_of, return_lines
from cordee.exchange.return_problems import Problem, ReturnFileError
from cordee.exchange.return_values import trimmed

_DELIMITERS = (";", "\t", ",")
_BY_COLUMN = {field.column: field for field in FIELDS}
_NAMES: dict[FieldName, str] = {field.name: f"colonne {field.column}" for field in FIELDS}


def read_return_csv(text: str) -> tuple[ReturnLine, ...]:
    """The lines; `number` is the line of the file. Raises ReturnFileError with every problem.

    The separator is `;`, a tabulation or `,`: the one of the headings. Empty lines, and Excel's own first line
    (`sep=;`), count for nothing.
    """
    faults: list[Problem] = []
    rows = _rows(text, faults)
    headings = next(rows, None)
    if headings is None:
        raise ReturnFileError([*faults, Problem("le fichier est vide ; il commence par une ligne de titres")])
    columns = _columns(*headings, faults)
    written = [_written(number, columns, cells, faults) for number, cells in rows]
    return return_lines(written, _NAMES, faults)


def write_return_csv(lines: Sequence[ReturnLine]) -> bytes:
    """The file that `read_return_csv` reads back as the same lines."""
    return french_csv([field.column for field in FIELDS], [_cells(line) for line in lines])


def _rows(text: str, faults: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the line it begins on."""
    first, _, _ = text.partition("\n")
    skipped = first.strip().casefold() in {f"sep={delimiter}" for delimiter in _DELIMITERS}
    headings = text.split("\n", 2)[1] if skipped and "\n" in text else first
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


def _columns(number: int, headings: Sequence[str], faults: list[Problem]) -> list[Field | None]:
    found: list[Field | None] = []
    for heading in headings:
        field = _BY_COLUMN.get(_plain(heading))
        if field is None and heading:
            near = difflib.get_close_matches(_plain(heading), _BY_COLUMN, n=1)
            advice = f"est-ce « {near[0]} » ?" if near else f"les colonnes sont {', '.join(_BY_COLUMN)}"
            faults.append(Problem(f"colonne inconnue « {heading} » ; {advice}", number))
        elif field is not None and field in found:
            faults.append(Problem(f"la colonne « {heading} » y est deux fois", number))
        found.append(field)
    lacking = [field.column for field in FIELDS if field.name in ALWAYS and field not in found]
    if lacking:
        faults.append(Problem(f"colonnes absentes : {', '.join(lacking)}", number))
        raise ReturnFileError(faults)
    return found


def _written(number: int, columns: Sequence[Field | None], cells: Sequence[str], faults: list[Problem]) -> WrittenLine:
    if any(cells[len(columns) :]):
        said = (
            f"{len(cells)} cellules pour {len(columns)} colonnes ; un texte qui contient le séparateur a des guillemets"
        )
        faults.append(Problem(said, number))
    named = zip(columns, cells, strict=False)
    return WrittenLine(number, {field.name: cell for field, cell in named if field is not None and cell})


def _plain(heading: str) -> str:
    """A heading without case, accents, or spaces for underscores."""
    parts = unicodedata.normalize("NFKD", heading.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).replace(" ", "_")


def _cells(line: ReturnLine) -> list[Cell]:
    values = fields_of(line)
    values["kind"] = KINDS[line.kind]
    if line.insurer is not None:
        values["insurer"] = INSURERS[line.insurer]
    if line.cents is not None:
        values |= {"amount": Amount(line.cents), "currency": "EUR"}
    return [values.get(field.name) for field in FIELDS]
