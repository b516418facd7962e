"""Search parameters' FHIRPath expressions compiled to plain Python accessors.

The expressions of R4 use a small part of FHIRPath: paths, unions, `as`, `as()`, `ofType()`, `where()` with
an equality, with `resolve() is Type` or with `hasExtension()`, `extension()`, an index, and once `exists()`,
`and` and `!=`. Each is compiled, for one resource type, to *routes*: straight sequences of steps through the
JSON that end on values of one FHIR type. A choice element (`value[x]`) gives one route for each of its
types. Routes are data, so that `search_values` can merge those of a whole resource type and walk common
beginnings once.

The compiler knows the structure from the definitions; `resolve() is Type` looks at the reference's own text.

Source: R4 fhirpath.html, search.html#table, and the expressions of the package hl7.fhir.r4.core.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from cordee.fhir.definitions import Element, SearchParameter, load_definitions
from cordee.fhir.literal_references import reference_type
from cordee.fhir.search_parameters import SHIPPED, SearchParameters

Nodes = list[Any]
Accessor = Callable[[Mapping[str, Any]], list[tuple[str, Any]]]
"""From a resource (or, for a component, an element) to pairs of FHIR type name and JSON value."""


@dataclass(frozen=True, slots=True)
class Field:
    """The values of a JSON property; `many` when it is an array."""

    name: str
    many: bool


@dataclass(frozen=True, slots=True)
class Item:
    """The value at a place in the collection."""

    index: int


@dataclass(frozen=True, slots=True)
class WhereEquals:
    """The nodes that have a text as a value of a property; `name` may lead further down (`category.coding.code`)."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class WhereRefersTo:
    """The references to a resource type."""

    type: str


@dataclass(frozen=True, slots=True)
class WhereExtended:
    """The nodes that carry an extension."""

    url: str


@dataclass(frozen=True, slots=True)
class ExtensionsNamed:
    """The extensions of the nodes under a URL."""

    url: str


Step = Field | Item | WhereEquals | WhereRefersTo | WhereExtended | ExtensionsNamed


@dataclass(frozen=True, slots=True)
class Route:
    """A way from a resource to values of the FHIR type `type`.

    `path` is the definition path reached, `targets` the resource types its references may point at (empty:
    any), `value_set` its required value set. `from_resource` marks a component's route that starts again at
    the resource (`%resource`) instead of the composite's element.
    """

    steps: tuple[Step, ...]
    path: str
    type: str
    targets: tuple[str, ...] = ()
    value_set: str | None = None
    from_resource: bool = False


@dataclass(frozen=True, slots=True)
class Presence:
    """True when one of `routes` gives a value other than false, else false (`exists() and … != false`)."""

    routes: tuple[Route, ...]


class ExpressionError(Exception):
    """An expression goes beyond the part of FHIRPath compiled here; the message says where."""


LONGEST_EXPRESSION: Final = 10_000
"""Characters; the longest of R4 has 4,000."""
MOST_PARENTHESES: Final = 100
_KEPT: Final = 8192
"""Compiled expressions: three times what is shipped."""


def search_routes(
    resource_type: str, code: str, parameters: SearchParameters = SHIPPED
) -> tuple[Route, ...] | Presence:
    """The routes of a search parameter in a resource type; raises KeyError for an unknown type or code."""
    return routes_of(resource_type, parameters.of(resource_type)[code])


@lru_cache(maxsize=_KEPT)
def routes_of(resource_type: str, parameter: SearchParameter) -> tuple[Route, ...] | Presence:
    """The routes of a search parameter in a resource type, in the order of the expression.

    For a composite, those to the elements that its components are read from. Raises ExpressionError for an expression
    that can't be compiled.
    """
    if parameter.expression is None:
        return ()
    root = Route((), resource_type, resource_type)
    compiled = _Compiler(
        parameter.expression, {resource_type: root, "Resource": root, "DomainResource": root}, root
    ).compile()
    if isinstance(compiled, Presence):
        return compiled
    return tuple(dict.fromkeys(_of_target(parameter, route) for route in compiled))


@lru_cache(maxsize=_KEPT)
def component_routes(element: Route, expression: str) -> tuple[Route, ...]:
    """The routes of a composite's component, from an element that `search_routes` leads to."""
    resource_type = element.path.partition(".")[0]
    start = Route((), element.path, element.type)
    root = Route((), resource_type, resource_type, from_resource=True)
    compiled = _Compiler(expression, {"%resource": root}, start).compile()
    return () if isinstance(compiled, Presence) else compiled


@lru_cache(maxsize=_KEPT)
def accessor(resource_type: str, parameter: SearchParameter) -> Accessor:
    """A function from a resource to the (FHIR type, JSON value) pairs of a search parameter.

    Raises as `routes_of` does, at this call and never at those of the accessor.
    """
    compiled = routes_of(resource_type, parameter)
    if isinstance(compiled, Presence):
        inner = routes_accessor(compiled.routes)
        return lambda resource: [("boolean", any(value is not False for _, value in inner(resource)))]
    return routes_accessor(compiled)


def routes_accessor(routes: tuple[Route, ...]) -> Accessor:
    """A function that follows `routes` from the node it is given."""
    if len(routes) == 1 and len(routes[0].steps) == 1:
        (only,) = routes[0].steps
        step, type_ = runner(only), routes[0].type
        return lambda node: [(type_, value) for value in step([node])]
    compiled = [(route.type, [runner(step) for step in route.steps]) for route in routes]

    def follow(node: Mapping[str, Any]) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        for type_, steps in compiled:
            nodes: Nodes = [node]
            for step in steps:
                nodes = step(nodes)
                if not nodes:
                    break
            else:
                found += [(type_, value) for value in nodes]
        return found

    return follow


def reference_targets(resource_type: str, code: str, parameters: SearchParameters = SHIPPED) -> tuple[str, ...]:
    """The resource types that a reference parameter can lead to in this type, sorted; empty for any.

    Narrower than the parameter's own list, which covers all the types that share it.
    """
    return _targets(resource_type, parameters.of(resource_type)[code])


@lru_cache(maxsize=_KEPT)
def _targets(resource_type: str, parameter: SearchParameter) -> tuple[str, ...]:
    allowed = parameter.targets
    routes = routes_of(resource_type, parameter)
    if isinstance(routes, Presence) or not all(route.targets for route in routes):
        return tuple(sorted(allowed))
    reached = {target for route in routes for target in route.targets}
    return tuple(sorted(reached & set(allowed) if allowed else reached))


@lru_cache(maxsize=_KEPT)
def runner(step: Step) -> Callable[[Nodes], Nodes]:
    """The function of one step, from nodes to nodes."""
    match step:
        case Field(name, many=True):
            # Arrays of primitives hold null where an entry has extensions only.
            return lambda nodes: [v for n in nodes for v in n.get(name, ()) if v is not None]
        case Field(name):
            return lambda nodes: [v for n in nodes if (v := n.get(name)) is not None]
        case Item(index):
            return lambda nodes: nodes[index : index + 1]
        case WhereEquals(name, value) if "." in name:
            names = name.split(".")
            return lambda nodes: [n for n in nodes if value in _values_under(n, names)]
        case WhereEquals(name, value):
            return lambda nodes: [n for n in nodes if n.get(name) == value]
        case WhereRefersTo(type_):
            return lambda nodes: [n for n in nodes if reference_type(n) == type_]
        case WhereExtended(url):
            return lambda nodes: [n for n in nodes if any(e.get("url") == url for e in n.get("extension", ()))]
        case ExtensionsNamed(url):
            return lambda nodes: [e for n in nodes for e in n.get("extension", ()) if e.get("url") == url]


def _values_under(node: Any, names: list[str]) -> Nodes:
    """What a path of properties leads to, arrays opened on the way."""
    nodes = [node]
    for name in names:
        found = [value for n in nodes if isinstance(n, dict) and (value := n.get(name)) is not None]
        nodes = [v for value in found for v in (value if isinstance(value, list) else [value])]
    return nodes


_TOKEN = re.compile(r"\s*(?:(?P<text>'[^']*')|(?P<word>%?[A-Za-z][A-Za-z0-9]*|[0-9]+)|(?P<sign>!=|[|().=\[\]]))")


class _Compiler:
    """Recursive descent over one expression; each method returns the routes of what it has read.

    `roots` are the names that paths may start from; a union's branch that starts from another name belongs
    to another resource type and gives no route. `start` is where a path without a root begins.
    """

    def __init__(self, expression: str, roots: Mapping[str, Route], start: Route) -> None:
        self._expression = expression
        self._roots = roots
        self._start = start
        if len(expression) > LONGEST_EXPRESSION:
            raise ExpressionError(f"an expression of more than {LONGEST_EXPRESSION} characters")
        self._tokens = list(self._read())
        if self._tokens.count("(") > MOST_PARENTHESES:
            raise ExpressionError(f"more than {MOST_PARENTHESES} parentheses in one expression")
        self._next = 0

    def compile(self) -> tuple[Route, ...] | Presence:
        if "and" in self._tokens:
            return self._presence()
        routes = self._union()
        self._expect("")
        return routes

    def _read(self) -> Iterator[str]:
        text = self._expression.rstrip()
        position = 0
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise ExpressionError(f"{text[position:]!r} in {text!r}")
            position = found.end()
            yield found.group().strip()
        yield ""

    def _peek(self) -> str:
        return self._tokens[self._next]

    def _take(self) -> str:
        token = self._tokens[self._next]
        if self._next < len(self._tokens) - 1:
            self._next += 1
        return token

    def _expect(self, *tokens: str) -> None:
        for token in tokens:
            if (found := self._take()) != token:
                raise ExpressionError(f"{found!r} instead of {token!r} in {self._expression!r}")

    def _presence(self) -> Presence:
        exists = self._path()
        self._expect("exists", "(", ")", "and")
        other = self._path()
        self._expect("!=", "false", "")
        return Presence(tuple(dict.fromkeys(exists + other)))

    def _union(self) -> tuple[Route, ...]:
        routes = self._typed()
        while self._peek() == "|":
            self._take()
            routes += self._typed()
        return routes

    def _typed(self) -> tuple[Route, ...]:
        routes = self._path()
        if self._peek() == "as":
            self._take()
            routes = _of_type(routes, self._take())
        return routes

    def _path(self) -> tuple[Route, ...]:
        if self._peek() == "(":
            self._take()
            routes = self._union()
            self._expect(")")
        elif (root := self._roots.get(self._peek())) is not None:
            self._take()
            routes = (root,)
        elif self._peek()[:1].islower():
            routes = self._member((self._start,))
        else:
            # Another resource type's branch: read to its end, without a route.
            self._take()
            routes = ()
        while self._peek() in (".", "["):
            if self._take() == "[":
                if not (index := self._take()).isdecimal():
                    raise ExpressionError(f"{index!r} instead of a number in {self._expression!r}")
                routes = _extended(routes, Item(int(index)))
                self._expect("]")
            elif self._peek() == "exists":
                break
            else:
                routes = self._member(routes)
        return routes

    def _member(self, routes: tuple[Route, ...]) -> tuple[Route, ...]:
        name = self._take()
        if self._peek() != "(":
            return tuple(child for route in routes for child in _children(route, name))
        self._take()
        match name:
            case "as" | "ofType":
                routes = _of_type(routes, self._take())
            case "extension":
                step = ExtensionsNamed(self._text())
                routes = tuple(
                    Route((*r.steps, step), "Extension", "Extension", from_resource=r.from_resource) for r in routes
                )
            case "where":
                routes = self._where(routes)
            case _:
                raise ExpressionError(f"the function {name}() in {self._expression!r}")
        self._expect(")")
        return routes

    def _where(self, routes: tuple[Route, ...]) -> tuple[Route, ...]:
        name = self._take()
        if name == "resolve":
            self._expect("(", ")", "is")
            type_ = self._take()
            return tuple(replace(route, targets=(type_,)) for route in _extended(routes, WhereRefersTo(type_)))
        if name == "hasExtension":
            self._expect("(")
            step = WhereExtended(self._text())
            self._expect(")")
            return _extended(routes, step)
        while self._peek() == ".":
            self._take()
            name += "." + self._take()
        self._expect("=")
        return _extended(routes, WhereEquals(name, self._text()))

    def _text(self) -> str:
        token = self._take()
        if not token.startswith("'"):
            raise ExpressionError(f"{token!r} instead of a text in {self._expression!r}")
        return token[1:-1]


def _extended(routes: tuple[Route, ...], step: Step) -> tuple[Route, ...]:
    return tuple(replace(route, steps=(*route.steps, step)) for route in routes)


def _of_target(parameter: SearchParameter, route: Route) -> Route:
    # `Bundle.entry[0].resource` ends on resources themselves: those of the parameter's target are meant.
    if route.type != "Resource" or len(parameter.targets) != 1:
        return route
    (target,) = parameter.targets
    return replace(route, steps=(*route.steps, WhereEquals("resourceType", target)), targets=(target,))


def _of_type(routes: tuple[Route, ...], type_: str) -> tuple[Route, ...]:
    # R4 writes `as(DateTime)` once for dateTime.
    return tuple(route for route in routes if route.type.lower() == type_.lower())


def _children(route: Route, name: str) -> tuple[Route, ...]:
    element = _child(route, name)
    if element is None:
        return ()
    many = element.max != 1
    if element.path.endswith("[x]"):
        fields = [(Field(name + code[0].upper() + code[1:], many), code) for code in element.types]
    elif element.content_reference is not None:
        fields = [(Field(name, many), "BackboneElement")]
    else:
        fields = [(Field(name, many), element.types[0])]
    return tuple(
        Route(
            (*route.steps, field),
            element.content_reference or element.path,
            code,
            element.targets if code in ("Reference", "canonical") else (),
            element.required_value_set,
            route.from_resource,
        )
        for field, code in fields
    )


def _child(route: Route, name: str) -> Element | None:
    for parent in (route.path, route.type):
        structure = load_definitions().structures.get(parent.partition(".")[0])
        if structure is not None:
            for path in (f"{parent}.{name}", f"{parent}.{name}[x]"):
                if (element := structure.elements.get(path)) is not None:
                    return element
    return None
