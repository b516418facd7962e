"""The neutral return file: what a caisse answers to a bordereau, read strictly, in CSV or JSON (docs/exchange.md)."""

from importlib.resources import files

from cordee.claims.returns import ReturnLine
from cordee.exchange.file_text import text_of
from cordee.exchange.return_csv import read_return_csv
from cordee.exchange.return_json import read_return_json


def return_schema() -> bytes:
    """The JSON Schema of a return file in JSON."""
    return files(__package__).joinpath("return.schema.json").read_bytes()


def read_returns(data: bytes) -> tuple[ReturnLine, ...]:
    """The lines of a return file; what it is, is found from its content.

    Raises FileProblems with every problem, each with its line and column: a file is read whole or not at all.
    """
    text = text_of(data)
    return read_return_json(text) if text.lstrip().startswith(("{", "[")) else read_return_csv(text)
