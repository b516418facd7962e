"""The nodes of a YAML text as values, in the one form accepted; anything else is a ValueError with the fix."""

import re
from datetime import date

import yaml

NULL = "tag:yaml.org,2002:null"
LIST = "tag:yaml.org,2002:seq"
MAPPING = "tag:yaml.org,2002:map"

_STRING = "tag:yaml.org,2002:str"
_FLOAT = "tag:yaml.org,2002:float"
_INTEGER = "tag:yaml.org,2002:int"
_BOOLEAN = "tag:yaml.org,2002:bool"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHOLE_NUMBER = re.compile(r"0|[1-9]\d*", re.ASCII)
_FRACTION = re.compile(r"(\d{1,6})/(\d{1,6})", re.ASCII)
_MOST_DIGITS = 9


def text_of(node: yaml.Node) -> str:
    """A text, its blanks made single. Raises ValueError with the fix when it is none, or empty."""
    if isinstance(node, yaml.ScalarNode) and node.tag == _FLOAT:
        raise ValueError(
            f"{node.value} is read as a binary float: an amount is written {node.value} EUR, "
            f'a share {node.value} %, a code in quotes "{node.value}"'
        )
    if not isinstance(node, yaml.ScalarNode) or node.tag != _STRING:
        raise ValueError(f"{_shown(node)} is not a text: write it in quotes")
    value = node.value
    if not isinstance(value, str) or not value.strip():
        raise ValueError("this text is empty")
    return " ".join(value.split())


def whole_number_of(node: yaml.Node, minimum: int) -> int:
    """A whole number written without quotes, at least `minimum`. Raises ValueError with the fix."""
    value = node.value if isinstance(node, yaml.ScalarNode) and node.tag == _INTEGER else ""
    if _WHOLE_NUMBER.fullmatch(value) is None:
        raise ValueError(f"{_shown(node)} is not a whole number: write digits, without quotes")
    if len(value) > _MOST_DIGITS:
        raise ValueError(f"{_shown(node)} is too large a number")
    if int(value) < minimum:
        raise ValueError(f"{value} is less than {minimum}")
    return int(value)


def flag_of(node: yaml.Node) -> bool:
    """`true` or `false`, and no other word for them. Raises ValueError with the fix."""
    if not isinstance(node, yaml.ScalarNode) or node.tag != _BOOLEAN or node.value not in {"true", "false"}:
        raise ValueError(f"{_shown(node)} is not true or false: write one of the two, without quotes")
    return bool(node.value == "true")


def fraction_of(node: yaml.Node) -> tuple[int, int]:
    """A fraction of one such as `2/3`. Raises ValueError with the fix."""
    text = text_of(node)
    found = _FRACTION.fullmatch(text)
    numerator, denominator = (int(found[1]), int(found[2])) if found else (1, 0)
    if denominator == 0 or numerator > denominator:
        raise ValueError(f"{text!r} is not a fraction of one: write numerator and denominator, as in 2/3")
    return numerator, denominator


def day_of(node: yaml.Node) -> date:
    """A date, `2026-03-04`. Raises ValueError with the fix."""
    refusal = f"{_shown(node)} is not a date: write year, month and day, as in 2026-03-04"
    if not isinstance(node, yaml.ScalarNode) or _DAY.fullmatch(node.value) is None:
        raise ValueError(refusal)
    try:
        return date.fromisoformat(node.value)
    except ValueError as error:
        raise ValueError(refusal) from error


def child_of(node: yaml.Node, step: str | int) -> yaml.Node | None:
    """What a key of a mapping or an index of a list leads to; None when nothing is there."""
    if isinstance(step, int):
        items = node.value if isinstance(node, yaml.SequenceNode) else ()
        return items[step] if step < len(items) else None
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in pairs if key.value == step), None)


def line_of_node(node: yaml.Node) -> int:
    """The line a node begins on, from 1."""
    return int(node.start_mark.line) + 1


def _shown(node: yaml.Node) -> str:
    return repr(node.value) if isinstance(node, yaml.ScalarNode) else "this list or mapping"
