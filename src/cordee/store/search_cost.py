"""What a search would cost, before it is shaped: some short queries stand for a great many terms."""

from collections.abc import Iterable
from math import prod

from cordee.fhir.definitions import load_definitions
from cordee.fhir.query import Criterion
from cordee.fhir.query_refusals import MOST_LINKS, too_costly
from cordee.fhir.query_values import CompositeSearch, ReferenceSearch, TokenSearch, Value

MOST_TERMS = 4_000
"""A bare id of a reference to any type stands for as many terms as there are types."""


def refuse_costly(criteria: Iterable[Criterion]) -> None:
    """Raises `InvalidSearch` (`too-costly`) for more terms, or more types to be reached by chains, than one may ask."""
    links = terms = 0
    for criterion in criteria:
        links += _links(criterion)
        terms += _terms(criterion)
        if links > MOST_LINKS:
            raise too_costly(
                f"{criterion.code}: the chains of this search may lead to more than {MOST_LINKS} types in all; "
                "name the type, as in subject:Patient.name."
            )
        if terms > MOST_TERMS:
            raise too_costly(
                f"{criterion.code}: this search stands for more than {MOST_TERMS} values in all (a reference without "
                "its type counts for every type); name the types, or ask in several searches."
            )


def _links(criterion: Criterion) -> int:
    if criterion.reverse is not None:
        return 1 + _links(criterion.reverse.criterion)
    if criterion.combination is not None:
        return sum(map(_links, criterion.combination.criteria))
    chained = criterion.chain.links if criterion.chain is not None else ()
    return len(chained) + sum(_links(link.criterion) for link in chained)


def _terms(criterion: Criterion) -> int:
    if criterion.reverse is not None:
        return _terms(criterion.reverse.criterion)
    if criterion.combination is not None:
        return sum(map(_terms, criterion.combination.criteria))
    if criterion.chain is not None:
        return sum(_terms(link.criterion) for link in criterion.chain.links)
    return sum(map(_forms, criterion.values))


def _forms(value: Value) -> int:
    match value:
        case ReferenceSearch(types=types, id=str()):
            return len(types) or len(load_definitions().resource_types)
        case TokenSearch(code=str()) | ReferenceSearch(identifier=TokenSearch(code=str())):
            return 2
        case CompositeSearch(components):
            return prod(map(_forms, components))
    return 1
