"""Where the texts stand that a token, reference or URI parameter sorts by: SQL/JSON paths into the stored body.

The index holds such values as hashes, which have no order of use to anybody; so they are read from the bodies of what
was found.
"""

from functools import lru_cache

import orjson

from cordee.fhir.definitions import SearchParameter
from cordee.fhir.search_expressions import (
    ExtensionsNamed,
    Field,
    Item,
    Presence,
    Route,
    Step,
    WhereEquals,
    WhereExtended,
    WhereRefersTo,
    routes_of,
)

_LEAVES = {
    "Coding": ".code",
    "CodeableConcept": ".coding.code",
    "Identifier": ".value",
    "ContactPoint": ".value",
    "Reference": ".reference",
    "Resource": ".id",
}
_EXTENSION_LEAVES = {
    "token": (".valueCoding.code", ".valueCodeableConcept.coding.code", ".valueIdentifier.value", ".valueCode",
              ".valueBoolean"),
    "reference": (".valueReference.reference",),
    "uri": (".valueUri", ".valueUrl", ".valueCanonical"),
}  # fmt: skip


@lru_cache(maxsize=1024)
def sort_paths(resource_type: str, parameter: SearchParameter) -> tuple[str, ...]:
    """The paths (in lax mode, which opens arrays) to a parameter's codes, values, references or URIs.

    Of a parameter that says whether something is there (`deceased`): to what says so.
    """
    routes = routes_of(resource_type, parameter)
    if isinstance(routes, Presence):
        return tuple(_path(route) + " ? (@ == true)" * (route.type == "boolean") for route in routes.routes)
    return tuple(dict.fromkeys(path for route in routes for path in _leaves(parameter.type, route)))


def says_presence(resource_type: str, parameter: SearchParameter) -> bool:
    """Whether a parameter is true where one of its paths leads to something, and false elsewhere."""
    return isinstance(routes_of(resource_type, parameter), Presence)


def _leaves(parameter_type: str, route: Route) -> list[str]:
    if route.type == "Extension":
        return [_path(route) + leaf for leaf in _EXTENSION_LEAVES[parameter_type]]
    return [_path(route) + _LEAVES.get(route.type, "")]


def _path(route: Route) -> str:
    return "$" + "".join(map(_step, route.steps))


def _step(step: Step) -> str:
    match step:
        case Field(name):
            return f".{name}"
        case Item(index):
            return f"[{index}]"
        case WhereEquals(name, value):
            return f" ? (@.{name} == {_quoted(value)})"
        case WhereRefersTo(type_):
            return f' ? (@.reference starts with "{type_}/" || @.type == "{type_}")'
        case WhereExtended(url):
            return f" ? (@.extension.url == {_quoted(url)})"
        case ExtensionsNamed(url):
            return f".extension ? (@.url == {_quoted(url)})"


def _quoted(text: str) -> str:
    """A tenant writes expressions of its own: nothing in a text of theirs may end it."""
    return orjson.dumps(text).decode()
