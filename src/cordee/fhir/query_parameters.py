"""The search parameters that a resource type has, and those that are served."""

from cordee.fhir.definitions import SearchParameter
from cordee.fhir.query_refusals import not_ready, unknown_parameter, unsupported
from cordee.fhir.search_parameters import SHIPPED, SearchParameters
from cordee.fhir.words import WORD_PARAMETERS

COLUMN_PARAMETERS = ("_id", "_lastUpdated")
"""The parameters that every stored resource has by itself, whatever its type."""

_UNSUPPORTED = frozenset(
    {
        *("_contained", "_containedType", "_query", "_score"),
        *("_type", "near", "phonetic"),
    }
)


def search_parameter(
    resource_type: str, code: str, parameters: SearchParameters = SHIPPED, *, named_in: str = ""
) -> SearchParameter:
    """The parameter `code` of `resource_type`; raises InvalidSearch when unknown, not supported or not ready.

    `named_in` says where the code stands, when it is the value of another parameter (`_sort=nickname`).
    """
    where = f"{named_in}: " if named_in else ""
    known = parameters.of(resource_type)
    parameter = known.get(code)
    if code in WORD_PARAMETERS and parameter is not None:
        parameter = parameters.added.get(resource_type, {}).get(code)
        if parameter is None:
            raise unsupported(
                f"{where}{code} is not supported until the words of {resource_type} are kept: store a SearchParameter "
                "of that code (docs/search.md)."
            )
        return _ready(resource_type, parameter, parameters, where)
    if code in _UNSUPPORTED or (
        parameter is not None and (parameter.expression is None or parameter.type == "special")
    ):
        raise unsupported(f"{where}the search parameter {code} is not supported.")
    if parameter is None:
        raise unknown_parameter(where + resource_type, code, served_codes(resource_type, parameters))
    return _ready(resource_type, parameter, parameters, where)


def _ready(resource_type: str, parameter: SearchParameter, parameters: SearchParameters, where: str) -> SearchParameter:
    if (resource_type, parameter.code) in parameters.unready:
        raise not_ready(f"{where}{parameter.code}")
    return parameter


def served_codes(resource_type: str, parameters: SearchParameters = SHIPPED) -> list[str]:
    """The codes of the parameters of `resource_type` that can be searched, `_id` and `_lastUpdated` among them."""
    known = parameters.of(resource_type).values()
    return [p.code for p in known if p.expression is not None and p.type != "special" and p.code not in _UNSUPPORTED]
