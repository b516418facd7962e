"""A return file in CSV, as a caisse writes it or a spreadsheet saves it."""

from collections.abc import Sequence

from cordee.claims.returns import ReturnLine
from cordee.exchange.csv_table import read_table
from cordee.exchange.file_problems import Problem
from cordee.exchange.french_csv import Amount, Cell, french_csv
from cordee.exchange.return_fields import ALWAYS, FIELDS, INSURERS, KINDS, FieldName
from cordee.exchange.return_lines import WrittenLine, fields_of, return_lines

_COLUMNS = tuple(field.column for field in FIELDS)
_REQUIRED = frozenset(field.column for field in FIELDS if field.name in ALWAYS)
_FIELD_OF = {field.column: field.name for field in FIELDS}
_NAMES: dict[FieldName, str] = {field.name: f"colonne {field.column}" for field in FIELDS}


def read_return_csv(text: str) -> tuple[ReturnLine, ...]:
    """The lines; `number` is the line of the file. Raises FileProblems with every problem."""
    faults: list[Problem] = []
    rows = read_table(text, _COLUMNS, _REQUIRED, faults)
    written = [WrittenLine(number, {_FIELD_OF[name]: cell for name, cell in cells.items()}) for number, cells in rows]
    return return_lines(written, _NAMES, faults)


def write_return_csv(lines: Sequence[ReturnLine]) -> bytes:
    """The file that `read_return_csv` reads back as the same lines."""
    return french_csv(_COLUMNS, [_cells(line) for line in lines])


def _cells(line: ReturnLine) -> list[Cell]:
    values = fields_of(line)
    values["kind"] = KINDS[line.kind]
    if line.insurer is not None:
        values["insurer"] = INSURERS[line.insurer]
    if line.cents is not None:
        values |= {"amount": Amount(line.cents), "currency": "EUR"}
    return [values.get(field.name) for field in FIELDS]
