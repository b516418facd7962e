"""What is wrong in a file received: all of it, each with its place and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` is the line of the file, or the number of the entry in JSON; None speaks of the whole file."""

    what: str
    line: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        if self.line is None:
            return self.what
        place = f"ligne {self.line}" + (f", {self.column}" if self.column is not None else "")
        return f"{place} : {self.what}"


class FileProblems(ValueError):
    """A file that can't be used: nothing of it was. `problems` is never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
