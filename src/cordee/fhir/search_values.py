"""The values that a resource gives to its search parameters: what an index holds (R4 search.html).

The routes of all the parameters of a resource type (`search_expressions`) are merged into one tree, so that
a resource is walked once, common beginnings included, and only where it has something.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

from cordee.fhir.definitions import SearchParameter, load_definitions
from cordee.fhir.outcome import InvalidResource, Issue
from cordee.fhir.search_conversions import Converter, converter
from cordee.fhir.search_expressions import (
    Accessor,
    Field,
    Nodes,
    Presence,
    Route,
    Step,
    accessor,
    component_routes,
    routes_accessor,
    routes_of,
    runner,
)
from cordee.fhir.search_parameters import SHIPPED, SearchParameters
from cordee.fhir.search_value_types import (
    CompositeValue,
    NumberRange,
    QuantityValue,
    ReferenceValue,
    SearchValue,
    StringValue,
    Token,
    TokenText,
    UriValue,
)
from cordee.fhir.temporal import DateRange

__all__ = [
    "CompositeValue",
    "DateRange",
    "NumberRange",
    "QuantityValue",
    "ReferenceValue",
    "SearchValue",
    "StringValue",
    "Token",
    "TokenText",
    "UriValue",
    "extract",
    "extract_parameter",
]

# The store answers the first two from its own columns; R4 does not say what sounds alike.
_LEFT_OUT = ("_id", "_lastUpdated", "phonetic")

_Found = dict[str, list[SearchValue]]


MOST_COMBINATIONS = 1000
"""What one element may give to one composite parameter: two concepts of thirty codings each are far below."""


def extract(
    resource: Mapping[str, Any], parameters: SearchParameters = SHIPPED, *, base_url: str | None = None
) -> Mapping[str, tuple[SearchValue, ...]]:
    """The values of every search parameter of `resource`, by code, save `_id` and `_lastUpdated`; each once.

    Only parameters with a value are there. `resource` is parsed JSON, structurally valid (`validation`),
    numbers being int, float or Decimal. An absolute reference under `base_url` (this server's FHIR base) is
    local. Raises KeyError when the resource has no type that R4 knows, and InvalidResource when it gives one
    composite parameter more values than can be indexed.
    """
    type_ = resource["resourceType"]
    return _plan(type_, parameters.added_to(type_), None, base_url).values(resource)


def extract_parameter(
    resource: Mapping[str, Any], code: str, parameters: SearchParameters = SHIPPED, *, base_url: str | None = None
) -> tuple[SearchValue, ...]:
    """As `extract`, for one parameter; empty when it has no value. Raises KeyError when it is unknown."""
    type_ = resource["resourceType"]
    return _plan(type_, parameters.added_to(type_), code, base_url).values(resource).get(code, ())


@dataclass(slots=True)
class _Branch:
    """A place in the tree: what is read there, for which parameters, and the steps that go on from it."""

    outputs: dict[Converter, list[str]] = field(default_factory=dict)
    children: dict[Step, "_Branch"] = field(default_factory=dict)

    def add(self, steps: tuple[Step, ...], convert: Converter, code: str) -> None:
        place = self
        for step in steps:
            place = place.children.setdefault(step, _Branch())
        codes = place.outputs.setdefault(convert, [])
        if code not in codes:
            codes.append(code)


@dataclass(frozen=True, slots=True)
class _Walk:
    """A branch made ready to run."""

    outputs: tuple[tuple[Converter, tuple[str, ...]], ...]
    children: tuple[tuple[Any, "_Walk"], ...]

    def run(self, nodes: Nodes, found: _Found) -> None:
        for convert, codes in self.outputs:
            values = convert(nodes)
            if values:
                for code in codes:
                    if code in found:
                        found[code] += values
                    else:
                        found[code] = values.copy()
        for step, child in self.children:
            reached = step(nodes)
            if reached:
                child.run(reached, found)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one component reads, from the element or from the resource."""

    read: Accessor
    converters: Mapping[str, Converter]
    from_resource: bool

    def values(self, resource: Mapping[str, Any], element: Mapping[str, Any]) -> list[SearchValue]:
        found: list[SearchValue] = []
        for type_, node in self.read(resource if self.from_resource else element):
            found += [value for value in self.converters[type_]([node]) if not isinstance(value, TokenText)]
        return found


@dataclass(frozen=True, slots=True)
class _Composites:
    """The composites read from one kind of element; parts that several of them share are read once."""

    elements: Accessor
    parts: tuple[_Part, ...]
    codes: tuple[tuple[str, tuple[int, ...]], ...]

    def run(self, resource: Mapping[str, Any], found: _Found) -> None:
        for _, element in self.elements(resource):
            values = [part.values(resource, element) for part in self.parts]
            for code, places in self.codes:
                if prod(len(values[place]) for place in places) > MOST_COMBINATIONS:
                    raise _too_many_combinations(resource, code)
                for combination in product(*(values[place] for place in places)):
                    found.setdefault(code, []).append(CompositeValue(combination))


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that is read from resources of one type."""

    by_property: Mapping[str, tuple[Any, _Walk]]
    others: tuple[tuple[Any, _Walk], ...]
    presences: tuple[tuple[str, Accessor], ...]
    composites: tuple[_Composites, ...]

    def values(self, resource: Mapping[str, Any]) -> dict[str, tuple[SearchValue, ...]]:
        found: _Found = {}
        nodes = [resource]
        for name in resource:
            if name in self.by_property:
                step, walk = self.by_property[name]
                walk.run(step(nodes), found)
        for step, walk in self.others:
            reached = step(nodes)
            if reached:
                walk.run(reached, found)
        for composites in self.composites:
            composites.run(resource, found)
        for code, read in self.presences:
            found[code] = [Token(None, "true" if read(resource)[0][1] else "false")]
        return {
            code: tuple(values) if len(values) == 1 else tuple(dict.fromkeys(values)) for code, values in found.items()
        }


def _too_many_combinations(resource: Mapping[str, Any], code: str) -> InvalidResource:
    sentence = (
        f"An element has more than {MOST_COMBINATIONS} combinations of values for the search parameter {code}: "
        "state fewer codings in it."
    )
    return InvalidResource(sentence, issues=[Issue("error", "too-costly", sentence, resource["resourceType"])])


@lru_cache(maxsize=4096)
def _plan(resource_type: str, added: tuple[SearchParameter, ...], only: str | None, base_url: str | None) -> _Plan:
    shipped = load_definitions().search_parameters[resource_type]
    parameters = {**{parameter.code: parameter for parameter in added}, **shipped}
    chosen = [parameters[only]] if only else [p for code, p in parameters.items() if code not in _LEFT_OUT]
    tree = _Branch()
    presences: list[tuple[str, Accessor]] = []
    composites: dict[Route, list[SearchParameter]] = {}
    for parameter in chosen:
        routes = routes_of(resource_type, parameter)
        if isinstance(routes, Presence):
            presences.append((parameter.code, accessor(resource_type, parameter)))
        elif parameter.type == "composite":
            for route in routes:
                composites.setdefault(route, []).append(parameter)
        else:
            for route in routes:
                convert = converter(parameter.type, route.type, route.value_set, base_url)
                if convert is not None:
                    tree.add(route.steps, convert, parameter.code)
    ready = _ready(tree)
    steps = list(zip(tree.children, ready.children, strict=True))
    return _Plan(
        {step.name: child for step, child in steps if isinstance(step, Field)},
        tuple(child for step, child in steps if not isinstance(step, Field)),
        tuple(presences),
        tuple(_composites(route, group, parameters, base_url) for route, group in composites.items()),
    )


def _ready(branch: _Branch) -> _Walk:
    return _Walk(
        tuple((convert, tuple(codes)) for convert, codes in branch.outputs.items()),
        tuple((runner(step), _ready(child)) for step, child in branch.children.items()),
    )


def _composites(
    route: Route, group: Iterable[SearchParameter], known: Mapping[str, SearchParameter], base_url: str | None
) -> _Composites:
    places: dict[tuple[str, str], int] = {}
    parts: list[_Part] = []
    codes = []
    for parameter in group:
        combined = []
        for component in parameter.components:
            type_ = known[component.parameter].type
            key = (type_, component.expression)
            if key not in places:
                places[key] = len(parts)
                parts.append(_part(route, type_, component.expression, base_url))
            combined.append(places[key])
        codes.append((parameter.code, tuple(combined)))
    return _Composites(routes_accessor((route,)), tuple(parts), tuple(codes))


def _part(element: Route, parameter_type: str, expression: str, base_url: str | None) -> _Part:
    read, converters = [], {}
    for route in component_routes(element, expression):
        convert = converter(parameter_type, route.type, route.value_set, base_url)
        if convert is not None:
            read.append(route)
            converters[route.type] = convert
    return _Part(routes_accessor(tuple(read)), converters, any(route.from_resource for route in read))
