"""YAML read strictly: every key expected, every value of its type, every problem with its place and fix.

A section reads its keys one by one (`text`, `cents`, `day`…). A value that can't be read is recorded as a
problem and replaced by a harmless stand-in, so that the rest of the file is checked too;
`Document.finish` then raises, and nothing built from a stand-in is ever returned.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import TypeVar

import yaml

from cordee.pathways.durations import NO_TIME, Duration, duration_of
from cordee.pathways.money import basis_points_of, cents_of
from cordee.pathways.yaml_nodes import (
    LIST,
    MAPPING,
    NULL,
    child_of,
    day_of,
    flag_of,
    fraction_of,
    line_of_node,
    text_of,
    whole_number_of,
)

T = TypeVar("T")
Choice = TypeVar("Choice", bound=str)

_STEP = re.compile(r"([^.\[]+)|\[(\d+)\]")
_DEEPEST = 50
# libyaml is ten times faster, and not in every build of PyYAML.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: `path` such as `sequences[1].amounts.OC`, `line` from 1 or None."""

    file: str
    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}"


class FileRefusedError(ValueError):
    """A pathway or convention file with problems; `problems` has all of them, the message one a line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(slots=True)
class Document:
    """A file being read, and the problems met so far."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, path: str, message: str, line: int | None = None) -> None:
        """Records a problem."""
        self.problems.append(Problem(self.file, line, path or "(file)", message))

    def finish(self) -> None:
        """Raises FileRefusedError if any problem was recorded."""
        if self.problems:
            raise FileRefusedError(tuple(sorted(self.problems, key=lambda problem: problem.line or 0)))


class Section:
    """A YAML mapping whose keys are read by name; `close` refuses the keys nobody read."""

    def __init__(self, document: Document, path: str, line: int, entries: dict[str, yaml.Node]) -> None:
        self.document = document
        self.path = path
        self.line = line
        self._entries = entries
        self._known: set[str] = set()

    def at(self, key: str) -> str:
        """The path of a key of this section."""
        return f"{self.path}.{key}" if self.path else key

    def line_of(self, key: str) -> int:
        """The line of what a path such as `split[3].share` leads to, or of the last step of it that is there."""
        (name, _), *steps = _STEP.findall(key) or [("", "")]
        node, line = self._entries.get(name), self.line
        while node is not None:
            line = line_of_node(node)
            name, index = steps.pop(0) if steps else ("", "")
            node = child_of(node, int(index) if index else name)
        return line

    def refuse(self, key: str, message: str) -> None:
        """Records a problem at a key of this section, or at the section itself for an empty key."""
        self.document.refuse(self.at(key) if key else self.path, message, self.line_of(key))

    def has(self, key: str) -> bool:
        """Whether the key is there with a value other than null."""
        self._known.add(key)
        node = self._entries.get(key)
        return node is not None and node.tag != NULL

    def codes(self) -> tuple[str, ...]:
        """Every key, in the order written; for sections whose keys are data, such as amounts by profile."""
        return tuple(self._entries)

    def text(self, key: str) -> str:
        """A required text, not empty."""
        return self._read(key, "a text", text_of, "")

    def optional_text(self, key: str) -> str | None:
        """A text, or None when the key is absent or null."""
        return self.text(key) if self.has(key) else None

    def choice(self, key: str, choices: tuple[Choice, ...]) -> Choice:
        """A required text among `choices`, which may be the values of a Literal."""

        def read(node: yaml.Node) -> Choice:
            value = text_of(node)
            for choice in choices:
                if choice == value:
                    return choice
            raise ValueError(f"{value!r} is not known here: use one of {', '.join(choices)}")

        return self._read(key, f"one of {', '.join(choices)}", read, choices[0])

    def cents(self, key: str) -> int:
        """A required amount, in cents."""
        return self._read(key, "an amount such as 1126.00 EUR", lambda node: cents_of(text_of(node)), 0)

    def basis_points(self, key: str) -> int:
        """A required percentage, in basis points."""
        return self._read(key, "a percentage such as 15 %", lambda node: basis_points_of(text_of(node)), 0)

    def duration(self, key: str) -> Duration:
        """A required ISO 8601 duration."""
        return self._read(key, "a duration such as P1M", lambda node: duration_of(text_of(node)), NO_TIME)

    def day(self, key: str) -> date:
        """A required date, `2026-03-04`."""
        return self._read(key, "a date such as 2026-03-04", day_of, date.min)

    def optional_day(self, key: str) -> date | None:
        """A date, or None when the key is absent or null."""
        return self.day(key) if self.has(key) else None

    def flag(self, key: str, default: bool) -> bool:
        """`true` or `false`; `default` when the key is absent or null."""
        return self._read(key, "true or false", flag_of, default) if self.has(key) else default

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of texts, none of them twice; empty when the key is absent and not required."""
        found: list[str] = []
        for path, node in self._items(key, required):
            try:
                text = text_of(node)
            except ValueError as error:
                self.document.refuse(path, str(error), line_of_node(node))
                continue
            if text in found:
                self.document.refuse(path, f"{text!r} is written twice: keep one", line_of_node(node))
            found.append(text)
        return tuple(found)

    def fraction(self, key: str) -> tuple[int, int]:
        """A required fraction such as `2/3`, at most one."""
        return self._read(key, "a fraction such as 2/3", fraction_of, (1, 1))

    def integer(self, key: str, minimum: int = 0) -> int:
        """A required whole number, at least `minimum`."""
        return self._read(key, "a whole number", lambda node: whole_number_of(node, minimum), minimum)

    def section(self, key: str) -> "Section":
        """A required mapping."""
        node = self._entries.get(key)
        self._known.add(key)
        if node is None:
            self.refuse("", f"the key {key!r} is missing: it is required")
            return Section(self.document, self.at(key), self.line, {})
        return _section(self.document, self.at(key), node)

    def optional_section(self, key: str) -> "Section | None":
        """A mapping, or None when the key is absent or null."""
        return self.section(key) if self.has(key) else None

    def sections(self, key: str, *, required: bool = True) -> Iterator["Section"]:
        """The mappings of a list, each to be closed by its reader."""
        for path, node in self._items(key, required):
            yield _section(self.document, path, node)

    def close(self) -> None:
        """Refuses every key that was not read, with the nearest known one."""
        for key, node in self._entries.items():
            if key not in self._known:
                near = get_close_matches(key, self._known, 1)
                fix = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(self._known))}"
                self.document.refuse(self.at(key), f"unknown key: {fix}", line_of_node(node))

    def _items(self, key: str, required: bool) -> Iterator[tuple[str, yaml.Node]]:
        if not self.has(key):
            if required:
                self.refuse("", f"the list {key!r} is missing: it is required")
            return
        node = self._entries[key]
        if not isinstance(node, yaml.SequenceNode) or node.tag != LIST:
            self.refuse(key, "a list is expected here: start each entry with a dash")
            return
        for index, item in enumerate(node.value):
            yield f"{self.at(key)}[{index}]", item

    def _read(self, key: str, expected: str, read: Callable[[yaml.Node], T], stand_in: T) -> T:
        if not self.has(key):
            self.refuse("", f"the key {key!r} is missing: {expected} is required")
            return stand_in
        try:
            return read(self._entries[key])
        except ValueError as error:
            self.refuse(key, str(error))
            return stand_in


def open_document(file: str, text: str) -> Section:
    """The root section of a YAML text; raises FileRefusedError when it is not YAML, or not a mapping."""
    document = Document(file)
    try:
        _refuse_deep_nesting(file, text)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        reason = error.problem if isinstance(error, yaml.MarkedYAMLError) and error.problem else str(error)
        line = mark.line + 1 if mark else None
        raise FileRefusedError((Problem(file, line, "(file)", f"this is not YAML: {reason}"),)) from error
    if root is None:
        raise FileRefusedError((Problem(file, None, "(file)", "the file is empty"),))
    section = _section(document, "", root)
    document.finish()
    return section


def _refuse_deep_nesting(file: str, text: str) -> None:
    """libyaml composes by recursion in C: a text nested without end would end the whole process."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise FileRefusedError((Problem(file, None, "(file)", f"nested more than {_DEEPEST} levels deep"),))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _section(document: Document, path: str, node: yaml.Node) -> Section:
    entries: dict[str, yaml.Node] = {}
    if not isinstance(node, yaml.MappingNode) or node.tag != MAPPING:
        document.refuse(path, "keys and values are expected here, as in `code: value`", line_of_node(node))
        return Section(document, path, line_of_node(node), {})
    for key_node, value in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            document.refuse(path, "a key must be a text", line_of_node(key_node))
        elif key in entries:
            document.refuse(
                f"{path}.{key}" if path else key, "this key is written twice: keep one", line_of_node(key_node)
            )
        else:
            entries[key] = value
    return Section(document, path, line_of_node(node), entries)
