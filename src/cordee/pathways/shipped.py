"""The pathway files that travel with the program."""

from functools import cache
from pathlib import Path

from cordee.pathways.model import Pathway
from cordee.pathways.reader import read_pathway


def pathway_directory() -> Path:
    """Where the shipped pathway files are: in the installed wheel, or the checkout's `pathways/`.

    Raises FileNotFoundError when neither is there, which means a broken installation.
    """
    packaged = Path(__file__).parent / "files"
    checkout = Path(__file__).parents[3] / "pathways"
    for directory in (packaged, checkout):
        if directory.is_dir():
            return directory
    raise FileNotFoundError(f"no pathway files in {packaged} nor {checkout}: install cordee again")


@cache
def shipped_texts() -> dict[str, str]:
    """The text of every shipped file, by file name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(pathway_directory().glob("*.yaml"))}


@cache
def shipped_pathways() -> dict[str, Pathway]:
    """Every shipped pathway by its code. Raises FileRefusedError on the first file with problems."""
    read = (read_pathway(name, text) for name, text in shipped_texts().items())
    return {pathway.code: pathway for pathway in read}
