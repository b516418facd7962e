"""Searches of several types at once, and inside of a compartment (R4 http.html#vsearch, compartmentdefinition.html)."""

from collections.abc import Sequence
from dataclasses import replace

from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import Search, parse_search
from cordee.fhir.query_includes import parse_include, parse_revinclude
from cordee.fhir.query_refusals import malformed, unsupported
from cordee.fhir.query_tree import Combination, Criterion
from cordee.fhir.query_values import IdSearch, ReferenceSearch
from cordee.fhir.search_parameters import SHIPPED, SearchParameters

COMPARTMENT = "_compartment"
"""The code of the criterion that a search inside of a compartment has besides those of its query."""

_INCLUDES = ("_include", "_revinclude")


def parse_searches(
    parameters: Sequence[tuple[str, str]],
    *,
    compartment: tuple[str, str] | None = None,
    lenient: bool = False,
    base_url: str | None = None,
    known: SearchParameters = SHIPPED,
) -> tuple[Search, ...]:
    """One search for each type of `_type`; without it, of every type, or of every type of the compartment (type, id).

    Each parameter but the includes must be one of every type. `known` is as in `parse_search`. Raises InvalidSearch.
    """
    named = [text for name, text in parameters if name == "_type"]
    rest = [(name, text) for name, text in parameters if name != "_type"]
    searchable = compartment_types(compartment[0]) if compartment else load_definitions().resource_types
    types = _types(named, searchable) if named else searchable
    shared = [pair for pair in rest if pair[0].partition(":")[0] not in _INCLUDES]
    if not named:
        # Refused once, by what is common to all, and not by the first type of the alphabet.
        parse_search("Resource", shared, lenient=lenient, base_url=base_url, known=known)
    includes = [pair for pair in rest if pair[0].partition(":")[0] in _INCLUDES]
    for name, text in includes:
        _refuse_useless(types, name, text, known)
    searches = []
    for type_ in types:
        own = [pair for pair in includes if _concerns(type_, *pair, known)]
        search = parse_search(type_, [*shared, *own], lenient=lenient, base_url=base_url, known=known)
        searches.append(inside(search, compartment) if compartment else search)
    return tuple(searches)


def compartment_types(compartment: str) -> tuple[str, ...]:
    """The types that may be in a compartment (`Patient`, `Encounter`…), sorted; raises InvalidSearch for another."""
    members = load_definitions().compartments.get(compartment)
    if members is None:
        kinds = ", ".join(sorted(load_definitions().compartments))
        raise unsupported(f"{compartment} has no compartment; those of R4 are {kinds}.")
    return tuple(sorted(type_ for type_, parameters in members.items() if parameters))


def inside(search: Search, compartment: tuple[str, str]) -> Search:
    """`search`, of what is in a compartment (type, id) only; raises InvalidSearch for a type that never is."""
    owner, id_ = compartment
    compartment_types(owner)
    parameters = load_definitions().compartments[owner].get(search.resource_type, ())
    if not parameters:
        raise unsupported(f"{search.resource_type} is never in the compartment of a {owner}; search it as a type.")
    referring = [Criterion(code, None, (ReferenceSearch((owner,), id=id_),)) for code in parameters if code != "{def}"]
    # Its owner is in it, whether the table says so (as for an Encounter) or not (as for a Patient).
    itself = [Criterion("_id", None, (IdSearch(id_),))] if search.resource_type == owner else []
    whole = Criterion(COMPARTMENT, None, (), combination=Combination((*itself, *referring)))
    return replace(search, criteria=(*search.criteria, whole))


def _types(named: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    if len(named) > 1:
        raise malformed("_type is given twice; give it once, with a comma between types.")
    types = tuple(dict.fromkeys(named[0].split(",")))
    for type_ in types:
        if type_ not in known:
            raise malformed(f"_type={named[0]}: {type_!r} is not a resource type that can be searched here.")
    return types


def _concerns(type_: str, name: str, text: str, known: SearchParameters) -> bool:
    parse = parse_include if name.startswith("_include") else parse_revinclude
    try:
        parse(type_, name, text, known)
    except InvalidSearch:
        return False
    return True


def _refuse_useless(types: Sequence[str], name: str, text: str, known: SearchParameters) -> None:
    if not any(_concerns(type_, name, text, known) for type_ in types):
        parse = parse_include if name.startswith("_include") else parse_revinclude
        parse(types[0], name, text, known)
