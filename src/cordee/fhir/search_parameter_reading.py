"""A SearchParameter resource (R4 searchparameter.html) read as what searches and the index understand.

What it says must be possible here: an expression that the compiler knows (`search_expressions`), leading to values that
the parameter's type can be read from.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cordee.fhir.definitions import Component, SearchParameter, load_definitions
from cordee.fhir.outcome import InvalidResource, Issue
from cordee.fhir.search_conversions import converter
from cordee.fhir.search_expressions import ExpressionError, Field, Presence, Route, component_routes, routes_of
from cordee.fhir.words import WORD_PARAMETERS

TYPES: Final = ("number", "date", "string", "token", "reference", "composite", "quantity", "uri")
_ABSTRACT: Final = ("Resource", "DomainResource")
_OF_THE_SERVER: Final = (("id",), ("meta", "versionId"), ("meta", "lastUpdated"))
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_\-]{0,63}")


def is_active(resource: Mapping[str, Any]) -> bool:
    """Whether a resource is a SearchParameter that is to be searched by."""
    return resource.get("resourceType") == "SearchParameter" and resource.get("status") == "active"


def read_search_parameter(
    resource: Mapping[str, Any], others: Mapping[str, Mapping[str, SearchParameter]]
) -> SearchParameter:
    """The parameter that an active SearchParameter (structurally valid) defines.

    One of `_text` or `_content` has the words of its types searched; it needs no expression, as R4's own has none.
    `others` are the parameters that there are already, by type and code: the components of a composite are looked up
    among them. Raises `InvalidResource` with every reason for which it can't be searched by.
    """
    issues: list[Issue] = []
    code, type_, base = resource["code"], resource["type"], tuple(dict.fromkeys(resource["base"]))
    if code in WORD_PARAMETERS and type_ == "string":
        return SearchParameter(code, base, type_, None, (), (), resource["url"])
    if _CODE.fullmatch(code) is None:
        issues.append(_issue("code", "expected a letter, then letters, digits, - or _ (63 at most)"))
    if type_ not in TYPES:
        issues.append(_issue("type", f"{type_!r} is not served; {', '.join(TYPES)} are"))
    targets = tuple(resource.get("target", ()))
    if not resource.get("expression"):
        issues.append(_issue("expression", "it is needed: a parameter is searched by what its expression leads to"))
    if issues:
        raise _refusal(issues)
    components = () if type_ != "composite" else _components(resource, base, others)
    parameter = SearchParameter(
        code, base, type_, resource["expression"], _without_any(targets), components, resource["url"]
    )
    for name in base:
        issues += _faults(parameter, name, others)
    if issues:
        raise _refusal(list(dict.fromkeys(issues)))
    return parameter


def types_of(parameter: SearchParameter) -> tuple[str, ...]:
    """The concrete resource types that a parameter is of, sorted; `Resource` stands for all."""
    definitions = load_definitions()
    if "Resource" in parameter.base:
        return definitions.resource_types
    types = {name for name in parameter.base if name not in _ABSTRACT}
    if "DomainResource" in parameter.base:
        types |= {name for name in definitions.resource_types if definitions.structures[name].base == "DomainResource"}
    return tuple(sorted(types))


def is_same(one: SearchParameter, other: SearchParameter) -> bool:
    """Whether two parameters find the same: the same values, read the same way."""
    return (one.code, one.type, _plain(one)) == (other.code, other.type, _plain(other))


def _plain(parameter: SearchParameter) -> str:
    """The expression, without its spaces and without the branches of other resource types."""
    branches = "".join((parameter.expression or "").split()).split("|")
    names = {*parameter.base, *_ABSTRACT}
    own = [branch for branch in branches if branch.lstrip("(").partition(".")[0] in names]
    return "|".join(own or branches)


def _components(
    resource: Mapping[str, Any], base: Sequence[str], others: Mapping[str, Mapping[str, SearchParameter]]
) -> tuple[Component, ...]:
    found: list[Component] = []
    issues: list[Issue] = []
    given = resource.get("component", ())
    if len(given) < 2:
        issues.append(_issue("component", "a composite has two components or more"))
    for i, component in enumerate(given):
        url = component["definition"].partition("|")[0]
        codes = {
            parameter.code
            for name in base
            for parameter in others.get(name, {}).values()
            if parameter.url == url and parameter.type != "composite"
        }
        if len(codes) == 1:
            found.append(Component(codes.pop(), component["expression"]))
        else:
            problem = f"{url} is not a search parameter of {' or '.join(base)}"
            issues.append(_issue(f"component[{i}].definition", problem))
    if issues:
        raise _refusal(issues)
    return tuple(found)


def _faults(
    parameter: SearchParameter, resource_type: str, others: Mapping[str, Mapping[str, SearchParameter]]
) -> Iterator[Issue]:
    try:
        routes = routes_of(resource_type, parameter)
    except ExpressionError as error:
        yield _issue(
            "expression",
            f"this part of FHIRPath is not served in search parameters: {error}; paths, |, as, ofType(), where() with "
            "an equality, extension() and resolve() is are",
        )
        return
    if isinstance(routes, Presence):
        if parameter.type != "token":
            yield _issue("type", "an expression that is true or false makes a token")
        return
    if any(_names(route) in _OF_THE_SERVER for route in routes):
        yield _issue(
            "expression", "the server gives id, meta.versionId and meta.lastUpdated: _id and _lastUpdated are for that"
        )
    elif not routes:
        yield _issue("expression", f"it leads to nothing in {resource_type}")
    elif parameter.type == "composite":
        for i, component in enumerate(parameter.components):
            yield from _component_faults(routes, others[resource_type][component.parameter], component.expression, i)
        kinds = [others[resource_type][component.parameter].type for component in parameter.components]
        ranged = [kind for kind in kinds if kind not in ("token", "reference", "uri")]
        if len(ranged) > 1 and set(ranged) != {"number"}:
            yield _issue(
                "component", f"{' and '.join(ranged)} can't be combined: one of them at most, or numbers alone"
            )
    elif not _is_read(routes, parameter.type):
        found = ", ".join(sorted({route.type for route in routes}))
        yield _issue("type", f"a {parameter.type} can't be read from what the expression leads to: {found}")


def _component_faults(
    routes: Sequence[Route], parameter: SearchParameter, expression: str, number: int
) -> Iterator[Issue]:
    path = f"component[{number}].expression"
    try:
        reached = [end for route in routes for end in component_routes(route, expression)]
    except ExpressionError as error:
        yield _issue(path, f"this part of FHIRPath is not served in search parameters: {error}")
        return
    if not _is_read(reached, parameter.type):
        yield _issue(path, f"it leads to nothing that a {parameter.type} can be read from")


def _names(route: Route) -> tuple[str, ...]:
    return tuple(step.name for step in route.steps if isinstance(step, Field))


def _is_read(routes: Sequence[Route], parameter_type: str) -> bool:
    return any(converter(parameter_type, route.type, route.value_set) is not None for route in routes)


def _without_any(targets: tuple[str, ...]) -> tuple[str, ...]:
    return () if set(targets) & set(_ABSTRACT) else targets


def _issue(path: str, problem: str) -> Issue:
    return Issue("error", "not-supported", f"SearchParameter.{path}: {problem}.", f"SearchParameter.{path}")


def _refusal(issues: Sequence[Issue]) -> InvalidResource:
    return InvalidResource(issues[0].diagnostics, issues=issues)
