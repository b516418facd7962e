"""Where the texts stand that a token, reference or URI parameter sorts by: SQL/JSON paths into the stored body.

The index holds such values as hashes, which have no order of use to anybody; so they are read from the bodies of what
was found.
"""

from functools import cache

from cordee.fhir.definitions import load_definitions
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
    search_routes,
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


@cache
def sort_paths(resource_type: str, code: str) -> tuple[str, ...]:
    """The paths (in lax mode, which opens arrays) to a parameter's codes, values, references or URIs.

    Of a parameter that says whether something is there (`deceased`): to what says so.
    """
    parameter = load_definitions().search_parameters[resource_type][code]
    routes = search_routes(resource_type, code)
    if isinstance(routes, Presence):
        return tuple(_path(route) + " ? (@ == true)" * (route.type == "boolean") for route in routes.routes)
    return tuple(dict.fromkeys(path for route in routes for path in _leaves(parameter.type, route)))


@cache
def says_presence(resource_type: str, code: str) -> bool:
    """Whether a parameter is true where one of its paths leads to something, and false elsewhere."""
    return isinstance(search_routes(resource_type, code), Presence)


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
            return f' ? (@.{name} == "{value}")'
        case WhereRefersTo(type_):
            return f' ? (@.reference starts with "{type_}/" || @.type == "{type_}")'
        case WhereExtended(url):
            return f' ? (@.extension.url == "{url}")'
        case ExtensionsNamed(url):
            return f'.extension ? (@.url == "{url}")'
