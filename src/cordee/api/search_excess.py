"""Searches that ask for too much at once."""

from cordee.fhir.outcome import InvalidSearch, Issue
from cordee.fhir.query import Criterion, Search
from cordee.fhir.query_refusals import MOST_CRITERIA, MOST_VALUES
from cordee.fhir.query_values import CompositeSearch, DateSearch, NumberSearch, QuantitySearch, StringSearch, WordSearch

MOST_COMPUTED_VALUES = 200
"""Of the values that each cost the database a comparison of their own."""

_COMPUTED = (StringSearch, WordSearch, DateSearch, NumberSearch, QuantitySearch, CompositeSearch)


def refuse_excess(wanted: Search) -> None:
    """Raises `InvalidSearch` for a query whose mere planning would keep the database busy for minutes."""
    sentence = None
    if len(wanted.criteria) > MOST_CRITERIA:
        sentence = f"{len(wanted.criteria)} criteria in one search; at most {MOST_CRITERIA} are taken."
    for criterion in wanted.criteria:
        values = _values(criterion)
        most = MOST_COMPUTED_VALUES if any(isinstance(value, _COMPUTED) for value in values) else MOST_VALUES
        if len(values) > most:
            sentence = f"{criterion.code}: {len(values)} values; at most {most} are taken, ask in several searches."
    if sentence is not None:
        raise InvalidSearch(sentence, issues=[Issue("error", "too-costly", sentence)])


def _values(criterion: Criterion) -> list[object]:
    if criterion.reverse is not None:
        return _values(criterion.reverse.criterion)
    if criterion.combination is not None:
        return [value for one in criterion.combination.criteria for value in _values(one)]
    if criterion.chain is None:
        return list(criterion.values)
    return [value for chained in criterion.chain.links for value in _values(chained.criterion)]
