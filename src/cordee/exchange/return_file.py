"""The neutral return file: what a caisse answers to a bordereau, read strictly, in CSV or JSON (docs/exchange.md)."""

import codecs
from importlib.resources import files

from cordee.claims.returns import ReturnLine
from cordee.exchange.return_csv import read_return_csv
from cordee.exchange.return_json import read_return_json
from cordee.exchange.return_problems import Problem, ReturnFileError

_OTHER_ENCODINGS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE_AS = "dans le tableur, enregistrer sous « CSV UTF-8 »"


def return_schema() -> bytes:
    """The JSON Schema of a return file in JSON."""
    return files(__package__).joinpath("return.schema.json").read_bytes()


def read_returns(data: bytes) -> tuple[ReturnLine, ...]:
    """The lines of a return file; what it is, is found from its content.

    Raises ReturnFileError with every problem, each with its line and column: a file is read whole or not at all.
    """
    text = _text(data)
    return read_return_json(text) if text.lstrip().startswith(("{", "[")) else read_return_csv(text)


def _text(data: bytes) -> str:
    if data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        raise ReturnFileError([Problem(f"c'est un classeur, non un fichier CSV ou JSON ; {_SAVE_AS}")])
    if data.startswith(_OTHER_ENCODINGS):
        raise ReturnFileError([Problem(f"le fichier n'est pas en UTF-8 mais en UTF-16 ou UTF-32 ; {_SAVE_AS}")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        said = f"un octet n'est pas de l'UTF-8 (fichier en Windows-1252 ?) ; {_SAVE_AS}"
        raise ReturnFileError([Problem(said, line)]) from None
    if "\0" in text:
        raise ReturnFileError(
            [Problem("le fichier a des octets nuls : ce n'est pas un texte", text[: text.index("\0")].count("\n") + 1)]
        )
    return text
