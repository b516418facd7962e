"""The text of a file received: UTF-8, with or without a byte order mark; anything else is told apart and refused."""

import codecs

from cordee.exchange.file_problems import FileProblems, Problem

_OTHER_ENCODINGS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_WORKBOOKS = (b"PK", b"\xd0\xcf\x11\xe0")
_SAVE_AS = "dans le tableur, enregistrer sous « CSV UTF-8 »"


def text_of(data: bytes) -> str:
    """The text. Raises FileProblems: a workbook, another encoding, or a NUL."""
    if data.startswith(_WORKBOOKS):
        raise FileProblems([Problem(f"c'est un classeur, non un fichier de texte ; {_SAVE_AS}")])
    if data.startswith(_OTHER_ENCODINGS):
        raise FileProblems([Problem(f"le fichier n'est pas en UTF-8 mais en UTF-16 ou UTF-32 ; {_SAVE_AS}")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        said = f"un octet n'est pas de l'UTF-8 (fichier en Windows-1252 ?) ; {_SAVE_AS}"
        raise FileProblems([Problem(said, data.count(b"\n", 0, fault.start) + 1)]) from None
    if "\0" in text:
        raise FileProblems([Problem("octet nul : ce n'est pas un texte", text.count("\n", 0, text.index("\0")) + 1)])
    return text
