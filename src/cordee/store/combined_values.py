"""The values of a sort key among the rows of one code, which a composite parameter has in one place of the index.

In the order of values alone, those of one code may be few among many: the heaviest weights come after all distances
walked.
"""

from collections.abc import Iterable
from functools import cache

from cordee.fhir.definitions import load_definitions
from cordee.fhir.query import Criterion
from cordee.fhir.query_values import TokenSearch
from cordee.fhir.search_conversions import converter
from cordee.fhir.search_expressions import Presence, Step, component_routes, search_routes
from cordee.store.index_values import composite_key, long_key, parameter_key, place_key
from cordee.store.search_shape import token_forms_searched


def combined_keys(tenant: int, resource_type: str, criteria: Iterable[Criterion], sort_code: str) -> list[int] | None:
    """The keys of the values of `sort_code` beside the code that is asked for; None where no composite has them."""
    for criterion in criteria:
        plain = criterion.modifier is None and criterion.chain is None and len(criterion.values) == 1
        if not plain or not isinstance(token := criterion.values[0], TokenSearch) or token.code is None:
            continue
        found = _composite(resource_type, criterion.code, sort_code)
        forms = token_forms_searched(resource_type, criterion.code, token)
        if found is not None and len(forms) == 1:
            code, place, is_date = found
            key = place_key(composite_key(parameter_key(tenant, resource_type, code), forms), place)
            return [key, long_key(key)] if is_date else [key]
    return None


@cache
def _composite(resource_type: str, token_code: str, sort_code: str) -> tuple[str, int, bool] | None:
    """The composite of a token and a sort key of the whole resource, the place of the second, whether it is a date."""
    parameters = load_definitions().search_parameters[resource_type]
    if token_code not in parameters or sort_code not in parameters:
        return None
    type_ = parameters[sort_code].type
    wanted = {
        token_code: _steps(resource_type, token_code, "token"),
        sort_code: _steps(resource_type, sort_code, type_),
    }
    for code, composite in parameters.items():
        if composite.type != "composite" or {one.parameter for one in composite.components} != set(wanted):
            continue
        routes = search_routes(resource_type, code)
        if isinstance(routes, Presence) or len(routes) != 1 or routes[0].steps:
            continue
        read = {one.parameter: {r.steps for r in component_routes(routes[0], one.expression)}
                for one in composite.components}  # fmt: skip
        if read == wanted:
            place = next(n for n, one in enumerate(composite.components) if one.parameter == sort_code)
            return code, place, type_ == "date"
    return None


def _steps(resource_type: str, code: str, type_: str) -> set[tuple[Step, ...]]:
    routes = search_routes(resource_type, code)
    if isinstance(routes, Presence):
        return set()
    return {route.steps for route in routes if converter(type_, route.type, route.value_set) is not None}
