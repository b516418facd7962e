"""FHIRPath that clients write (invariants of stored profiles, the `where()` of patches), evaluated within bounds.

The library has none: nested iterations of a few items, a `repeat()` that makes new values, or a regular expression of
ten characters can keep it busy for ever. So each step counts, and regular expressions are matched by an engine that
takes time proportional to the text.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2
from fhirpathpy.engine import do_eval
from fhirpathpy.engine.invocations import invocation_registry
from fhirpathpy.engine.invocations.constants import constants
from fhirpathpy.engine.util import arraify, get_data, process_user_invocation_table
from fhirpathpy.parser import parse

from cordee.fhir.fhirpath_tree import lightened

_do_eval: Callable[..., Any] = do_eval
_arraify: Callable[..., list[Any]] = arraify
_get_data: Callable[[Any], Any] = get_data
_reset_constants: Callable[[], None] = constants.reset
_parse: Callable[[str], Any] = parse
_functions: Callable[[Mapping[str, Any]], dict[str, Any]] = process_user_invocation_table
_registry: Mapping[str, Any] = invocation_registry

Evaluate = Callable[[Any, Mapping[str, Any]], Sequence[Any]]

STEPS_AT_FIRST = 200_000
STEPS_OF_AN_EVALUATION = 2_000
"""More than any rule of the standard takes; what one leaves over is for the next."""


class OutOfBounds(Exception):
    """The evaluation was given up; its text says why, as a part of a sentence."""


@dataclass(slots=True)
class Steps:
    """The steps that all evaluations of one body may take together: about a second, and more for each evaluation."""

    left: int = STEPS_AT_FIRST

    def take(self, how_many: int = 1) -> None:
        """Counts them; raises `OutOfBounds`."""
        self.left -= how_many
        if self.left < 0:
            raise OutOfBounds("it takes too many steps")


_steps: ContextVar[Steps] = ContextVar("steps")


@contextmanager
def counting(steps: Steps) -> Iterator[None]:
    """Evaluations in the block take from `steps`."""
    token = _steps.set(steps)
    try:
        yield
    finally:
        _steps.reset(token)


def compiled(
    expression: str,
    model: Any = None,
    functions: Mapping[str, Any] | None = None,
    trace: Callable[..., None] | None = None,
) -> Evaluate:
    """The expression as a function of a value and of variables, to be called inside of `counting`.

    It raises `Exception`, as the library does, for what has no sense; `OutOfBounds` among it.
    """
    tree = _counted(lightened(_parse(expression)))["children"][0]
    own = _functions({**_REGULAR_EXPRESSIONS, **(functions or {})})
    table = {**own, **_CHARGED}

    def evaluate(value: Any, variables: Mapping[str, Any]) -> Sequence[Any]:
        steps = _steps.get()
        steps.left += STEPS_OF_AN_EVALUATION
        _reset_constants()  # what now() is
        root = _arraify(value)
        known = {"context": value, "ucum": "http://unitsofmeasure.org", **variables}
        around = {"dataRoot": root, "vars": known, "model": model, "userInvocationTable": table}
        if trace is not None:
            around["traceFn"] = trace
        return [_get_data(one) for one in _arraify(_do_eval(around, root, tree))]

    return evaluate


def _charged(name: str) -> Mapping[str, Any]:
    """A function of the library that gives many at one step."""
    declared = _registry[name]

    def charged(around: Any, nodes: Any) -> Any:
        found = declared["fn"](around, nodes)
        _steps.get().take(len(found))
        return found

    return {**declared, "fn": charged}


_CHARGED = {name: _charged(name) for name in ("children", "descendants")}


class _Node(dict[str, Any]):
    """A node of the expression's tree: the library asks for its type once each time it evaluates it."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        if name == "type":
            _steps.get().take()
        return super().__getitem__(name)


def _counted(node: Any) -> Any:
    if isinstance(node, list):
        return [_counted(one) for one in node]
    return _Node({name: _counted(value) for name, value in node.items()}) if isinstance(node, dict) else node


@lru_cache(maxsize=512)
def _pattern(text: str, *, dot_is_any: bool) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = dot_is_any
    try:
        return re2.compile(text, options)
    except re2.error:
        raise OutOfBounds("its regular expression is not one of RE2") from None


def _matches(texts: Sequence[Any], pattern: Any) -> list[bool]:
    if not texts or pattern == []:  # an empty collection
        return []
    return [_pattern(pattern, dot_is_any=True).search(_one(texts)) is not None]


def _replace_matches(texts: Sequence[Any], pattern: Any, replacement: Any) -> list[str]:
    if not texts or [] in (pattern, replacement):
        return []
    by = re.sub(r"\$(\d+)", r"\\\1", replacement)
    return [_pattern(pattern, dot_is_any=False).sub(by, _one(texts))]


def _one(texts: Sequence[Any]) -> str:
    (text,) = texts
    if not isinstance(text, str):
        raise TypeError("a text is needed")
    return text


_REGULAR_EXPRESSIONS: Mapping[str, Mapping[str, Any]] = {
    "matches": {"fn": _matches, "arity": {1: ["String"]}, "nullable_input": True},
    "replaceMatches": {"fn": _replace_matches, "arity": {2: ["String", "String"]}, "nullable_input": True},
}
"""In place of the library's own; what needs look-around or back references is `OutOfBounds`."""
