"""The codes that `:in`, `:not-in`, `:above` and `:below` of a search stand for (R4 search.html#token)."""

from dataclasses import replace

import orjson

from cordee.fhir.outcome import FhirError, InvalidSearch, Issue
from cordee.fhir.query_tree import Chain, Criterion, Link, Search
from cordee.fhir.query_values import TokenSearch, UriSearch, Value
from cordee.store.reader import Reader
from cordee.terminology.expanding import expansion_of_given
from cordee.terminology.membership import Pairs, codes_above, codes_below, codes_in
from cordee.terminology.sources import Sources

_PLAIN = {"in": None, "not-in": "not", "above": None, "below": None}


async def with_codes(reader: Reader, search: Search) -> Search:
    """`search` with plain codes where it asks for value sets and for what is above or below a code.

    Raises `InvalidSearch` for a value set or a code system that isn't known here, or can't be used.
    """
    criteria = tuple([await _replaced(reader, criterion) for criterion in search.criteria])
    return search if criteria == search.criteria else replace(search, criteria=criteria)


async def _replaced(reader: Reader, criterion: Criterion) -> Criterion:
    if criterion.chain is not None:
        links = tuple(
            [Link(link.resource_type, await _replaced(reader, link.criterion)) for link in criterion.chain.links]
        )
        return replace(criterion, chain=Chain(links, criterion.chain.named))
    if criterion.reverse is not None:
        end = await _replaced(reader, criterion.reverse.criterion)
        return replace(criterion, reverse=replace(criterion.reverse, criterion=end))
    if criterion.combination is not None:
        criteria = tuple([await _replaced(reader, one) for one in criterion.combination.criteria])
        return replace(criterion, combination=replace(criterion.combination, criteria=criteria))
    if criterion.modifier not in _PLAIN or not _is_of_tokens(criterion):
        return criterion
    try:
        pairs = [pair for value in criterion.values for pair in sorted(await _codes(reader, criterion.modifier, value))]
    except FhirError as refusal:
        sentence = f"{criterion.code}:{criterion.modifier}: {refusal}"
        raise InvalidSearch(sentence, issues=[Issue("error", refusal.code, sentence)]) from None
    tokens = tuple(TokenSearch(system, code, any_system=False) for system, code in dict.fromkeys(pairs))
    return replace(criterion, modifier=_PLAIN[criterion.modifier], values=tokens)


def _is_of_tokens(criterion: Criterion) -> bool:
    return criterion.modifier in ("in", "not-in") or isinstance(criterion.values[0], TokenSearch)


async def _codes(reader: Reader, modifier: str, value: Value) -> Pairs:
    match value:
        case TokenSearch(system=str() as system, code=str() as code):
            return await (codes_above if modifier == "above" else codes_below)(reader, system, code)
        case UriSearch(uri) if uri.startswith("ValueSet/"):
            stored = await reader.read("ValueSet", uri.partition("/")[2])
            expansion = await expansion_of_given(reader, orjson.loads(stored.body), Sources(reader))
            return frozenset((member.system, member.code) for member in expansion.members.values())
        case UriSearch(uri):
            return await codes_in(reader, uri)
    raise TypeError(type(value).__name__)
