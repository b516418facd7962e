"""Where a FHIRPath leads inside a resource: places that can be written to, not only their values.

The paths of patches are simple ones (R4 fhirpatch.html): names, indexes, `where`, `first`, `last`, `extension`,
`ofType`. Criteria inside `where` may be any FHIRPath.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cordee.fhir.definitions import Element, load_definitions
from cordee.fhir.fhirpath import compiled
from cordee.fhir.patch.refusals import InvalidPatch

_NAME = re.compile(r"`(?P<quoted>[A-Za-z_]\w*)`|(?P<plain>[A-Za-z_]\w*)", re.ASCII)
_INDEX = re.compile(r"\[\s*(\d{1,9})\s*\]", re.ASCII)
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")
LONGEST_PATH = 2_000


@dataclass(frozen=True, slots=True)
class Location:
    """A value, and where it stands: `holder[key]`. `definition` is the path of its element in the definitions.

    `companions` are the ids and extensions of the primitives in the same list, by the same index.
    """

    holder: Any
    key: str | int | None
    value: Any
    definition: str
    companions: list[Any] | None = None

    @property
    def name(self) -> str:
        """The member's name, also of an entry of a list."""
        return self.definition.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: a member's name, or a function with what stands in its brackets."""

    name: str
    argument: str | None = None
    index: int | None = None


def locate(resource: dict[str, Any], path: str) -> list[Location]:
    """The places `path` leads to, in order; none where it leads nowhere. Raises `InvalidPatch` for what isn't read."""
    steps = steps_of(path)
    kind = str(resource.get("resourceType"))
    found = [Location(None, None, resource, kind)]
    if steps and steps[0] == Step(kind):
        steps = steps[1:]
    for step in steps:
        found = _taken(found, step, path)
    return found


@lru_cache(maxsize=512)
def steps_of(path: str) -> tuple[Step, ...]:
    """The steps of a path. Raises `InvalidPatch`."""
    if not path.strip() or len(path) > LONGEST_PATH:
        raise InvalidPatch(f"A path of 1 to {LONGEST_PATH} characters is expected, as in Patient.name[0].given.")
    return tuple(_steps(path.strip()))


def element_at(definition: str, name: str) -> tuple[Element, str] | None:
    """The element called `name` in what stands at `definition`, and its path; a choice under its JSON name too."""
    path = f"{definition}.{name}"
    element = load_definitions().element(path)
    return None if element is None else (element, path)


def _steps(path: str) -> Iterator[Step]:
    at = 0
    while at < len(path):
        if at and path[at] == ".":
            at += 1
        elif at and path[at] == "[":
            index = _INDEX.match(path, at)
            if index is None:
                raise _unread(path, at)
            yield Step("[]", index=int(index[1]))
            at = index.end()
            continue
        elif at:
            raise _unread(path, at)
        name = _NAME.match(path, at)
        if name is None:
            raise _unread(path, at)
        at = name.end()
        text = name["quoted"] or name["plain"]
        if at < len(path) and path[at] == "(":
            end = _closing(path, at)
            yield Step(text, argument=path[at + 1 : end].strip())
            at = end + 1
        else:
            yield Step(text)


def _closing(path: str, opening: int) -> int:
    depth, at = 0, opening
    while at < len(path):
        text = _TEXT.match(path, at)
        if text is not None:
            at = text.end()
            continue
        depth += {"(": 1, ")": -1}.get(path[at], 0)
        if depth == 0:
            return at
        at += 1
    raise InvalidPatch(f"{path!r}: a bracket is not closed.")


def _unread(path: str, at: int) -> InvalidPatch:
    return InvalidPatch(f"{path!r} can't be read from character {at + 1} on: {path[at : at + 20]!r}.")


def _taken(found: list[Location], step: Step, path: str) -> list[Location]:
    if step.index is not None:
        return found[step.index : step.index + 1]
    if step.argument is None:
        return [child for location in found for child in _children(location, step.name)]
    function = _FUNCTIONS.get(step.name)
    if function is None:
        known = ", ".join(sorted(_FUNCTIONS))
        raise InvalidPatch(f"{path!r}: {step.name}() can't stand in the path of a patch; {known} can.")
    return function(found, step.argument)


def _children(location: Location, name: str) -> Iterator[Location]:
    value = location.value
    if not isinstance(value, dict):
        return
    written = name if name in value else _choice(location, name)
    if written is None:
        return
    definition = f"{location.definition}.{written}"
    inside = value[written]
    if isinstance(inside, list):
        for number, one in enumerate(inside):
            yield Location(inside, number, one, _definition_of(definition, one), value.get(f"_{written}"))
    else:
        yield Location(value, written, inside, _definition_of(definition, inside))


def _choice(location: Location, name: str) -> str | None:
    element = element_at(location.definition, name)
    if element is None or not element[0].path.endswith("[x]"):
        return None
    return next(
        (
            written
            for written in location.value
            if written.startswith(name) and written[len(name) : len(name) + 1].isupper()
        ),
        None,
    )


def _definition_of(definition: str, value: Any) -> str:
    """A resource inside another goes on by its own type."""
    if isinstance(value, dict) and isinstance(value.get("resourceType"), str):
        return str(value["resourceType"])
    return definition


def _where(found: list[Location], argument: str) -> list[Location]:
    criteria = _compiled(argument)
    return [location for location in found if criteria(location.value) == [True]]


def _first(found: list[Location], argument: str) -> list[Location]:
    _refuse_argument("first", argument)
    return found[:1]


def _last(found: list[Location], argument: str) -> list[Location]:
    _refuse_argument("last", argument)
    return found[-1:]


def _single(found: list[Location], argument: str) -> list[Location]:
    _refuse_argument("single", argument)
    if len(found) > 1:
        raise InvalidPatch(f"single(): {len(found)} elements stand there.")
    return found


def _extension(found: list[Location], argument: str) -> list[Location]:
    text = _TEXT.fullmatch(argument)
    if text is None:
        raise InvalidPatch(f"extension({argument}): the address of the extension is expected, in quotes.")
    extensions = [child for location in found for child in _children(location, "extension")]
    return [one for one in extensions if one.value.get("url") == text[1]]


def _of_type(found: list[Location], argument: str) -> list[Location]:
    wanted = argument.rpartition(".")[2].strip("`")
    suffix = wanted[:1].upper() + wanted[1:]
    return [
        one
        for one in found
        if one.definition == wanted or (one.name.endswith(suffix) and one.name[: -len(suffix)].isidentifier())
    ]


def _refuse_argument(name: str, argument: str) -> None:
    if argument:
        raise InvalidPatch(f"{name}({argument}): nothing stands in its brackets.")


@lru_cache(maxsize=256)
def _compiled(expression: str) -> Callable[[Any], Any]:
    try:
        evaluate = compiled(f"({expression})")
    except Exception as error:  # the library raises Exception itself
        raise InvalidPatch(f"where({expression}) is no FHIRPath: {error}") from None

    def judge(value: Any) -> Any:
        try:
            return evaluate(value, {})
        except Exception as error:  # the library raises Exception itself
            raise InvalidPatch(f"where({expression}) can't be evaluated: {error}") from None

    return judge


_FUNCTIONS: dict[str, Callable[[list[Location], str], list[Location]]] = {
    "where": _where,
    "first": _first,
    "last": _last,
    "single": _single,
    "extension": _extension,
    "ofType": _of_type,
}
