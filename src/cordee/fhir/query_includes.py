"""`_include` and `_revinclude`, with `:iterate`, `*` and a target type (R4 search.html#include)."""

from cordee.fhir.definitions import load_definitions
from cordee.fhir.query_parameters import search_parameter
from cordee.fhir.query_refusals import malformed, too_costly, unsupported
from cordee.fhir.query_tree import Include
from cordee.fhir.search_expressions import reference_targets
from cordee.fhir.search_parameters import SHIPPED, SearchParameters

MOST_INCLUDES = 20
"""Of `_include`; as many again of `_revinclude`."""


def parse_include(resource_type: str, name: str, text: str, parameters: SearchParameters = SHIPPED) -> Include:
    """What an `_include` of a search of `resource_type` brings along; raises InvalidSearch."""
    include = _include(name, text, parameters)
    if include.resource_type not in (resource_type, "*") and not include.iterate:
        raise malformed(
            f"{name}={text}: starts with {resource_type}, the type searched; for example "
            f"_include={resource_type}:{include.code}. What the included resources refer to is brought along by "
            f"_include:iterate."
        )
    return include


def parse_revinclude(resource_type: str, name: str, text: str, parameters: SearchParameters = SHIPPED) -> Include:
    """What a `_revinclude` of a search of `resource_type` brings along; raises InvalidSearch."""
    include = _include(name, text, parameters)
    if include.iterate or "*" in (include.resource_type, include.code):
        return include
    targets = reference_targets(include.resource_type, include.code, parameters)
    if resource_type != (include.target or resource_type) or (targets and resource_type not in targets):
        raise malformed(f"{name}={text}: must refer to {resource_type}, the type searched.")
    return include


def add_include(includes: list[Include], name: str, include: Include) -> None:
    """Adds `include` unless it is there; raises InvalidSearch for too many."""
    if include in includes:
        return
    if len(includes) == MOST_INCLUDES:
        raise too_costly(f"{name}: at most {MOST_INCLUDES} are taken in one search.")
    includes.append(include)


def _include(name: str, text: str, parameters: SearchParameters) -> Include:
    definitions = load_definitions()
    parameter_name, colon, modifier = name.partition(":")
    if colon and modifier != "iterate":
        raise unsupported(f"{name}: the modifier :{modifier} is not supported; {parameter_name} takes :iterate.")
    iterate = bool(modifier)
    if text == "*":
        return Include("*", "*", None, iterate)
    source, _, rest = text.partition(":")
    code, _, target = rest.partition(":")
    if source not in definitions.resource_types or not code:
        raise malformed(f"{name}={text}: expected type:parameter, type:* or *; for example {name}=Encounter:patient.")
    if code == "*":
        if target and target not in definitions.resource_types:
            raise malformed(f"{name}={text}: R4 has no resource type {target!r}.")
        return Include(source, code, target or None, iterate)
    parameter = search_parameter(source, code, parameters, named_in=f"{name}={text}")
    if parameter.type != "reference":
        raise malformed(f"{name}={text}: {code} is a {parameter.type}, not a reference.")
    if target and target not in (reference_targets(source, code, parameters) or definitions.resource_types):
        raise malformed(f"{name}={text}: {code} does not refer to {target!r}.")
    return Include(source, code, target or None, iterate)


def reference_parameters(resource_type: str, parameters: SearchParameters = SHIPPED) -> tuple[str, ...]:
    """The codes of the parameters of a type by which it refers to others; those that are not ready are left out."""
    known = parameters.of(resource_type).values()
    return tuple(
        p.code
        for p in known
        if p.type == "reference" and p.expression is not None and (resource_type, p.code) not in parameters.unready
    )


def referring_parameters(
    include: Include, target: str, parameters: SearchParameters = SHIPPED
) -> list[tuple[str, str]]:
    """The (type, code) by which resources that `include` names, reversed, can refer to a `target`."""
    if include.target not in (None, target):
        return []
    types = load_definitions().resource_types if include.resource_type == "*" else (include.resource_type,)
    return [
        (type_, code)
        for type_ in types
        for code in (reference_parameters(type_, parameters) if include.code == "*" else (include.code,))
        if not (targets := reference_targets(type_, code, parameters)) or target in targets
    ]
