"""The arguments of `PatientList` and `PatientConnection` as a FHIR search (R4 graphql.html#searching)."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from cordee.fhir.graphql.refusals import Place, refused, refused_as
from cordee.fhir.outcome import FhirError
from cordee.fhir.query import Search, parse_search
from cordee.fhir.search_parameters import SHIPPED, SearchParameters

Pairs = tuple[tuple[str, str], ...]

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_RESULTS = ("_count", "_sort")
_NOT_SERVED = ("_include", "_revinclude", "_contained", "_containedType", "_summary", "_elements", "_total", "fhirpath")
_CURSORS = ("cursor", "_cursor")


@dataclass(frozen=True, slots=True)
class AskedSearch:
    """The search, its query, the reference parameter that must name what it is asked of, and where it goes on."""

    search: Search
    query: Pairs
    reference: str | None = None
    position: str | None = None


def is_id(text: str) -> bool:
    """Whether a text can be an id."""
    return _ID.fullmatch(text) is not None


def read_search(
    resource_type: str,
    given: Mapping[str, list[str]],
    *,
    of: str | None,
    paged: bool,
    base_url: str,
    place: Place,
    known: SearchParameters = SHIPPED,
) -> AskedSearch:
    """The search asked for with arguments, each a list of texts of which any may match.

    `of` is the type of the resource that it is asked of, None at the root; `known` the tenant's
    search parameters. Raises `GraphqlRefusal`.
    """
    cursors = [name for name in _CURSORS if given.get(name)]
    if cursors:
        if not paged or of is not None:
            raise refused("A cursor is for a Connection at the root of a query.", "invalid", place)
        if len(given) > 1:
            raise refused("With a cursor no other argument is given: it holds the search.", "invalid", place)
        return _at(resource_type, given[cursors[0]][0], base_url, place, known)
    reference = _reference(resource_type, given.get("_reference", []), of, place, known)
    pairs: list[tuple[str, str]] = []
    for name, values in given.items():
        if name == "_reference" or not values:
            continue
        if name in _NOT_SERVED:
            raise refused(f"{resource_type}: the argument {name} is not served in GraphQL.", "not-supported", place)
        plain = name in _RESULTS or name == "_filter"
        text = ",".join(values if plain else [value.replace(",", "\\,") for value in values])
        pairs.append((_parameter(resource_type, name, known), text))
    search = _parsed(resource_type, tuple(pairs), base_url, place, known)
    return AskedSearch(search, tuple(pairs), reference)


def cursor_text(resource_type: str, query: Pairs, position: str | None) -> str:
    """What a client gives back to go on with a search, or to begin it again."""
    return base64.urlsafe_b64encode(orjson.dumps([resource_type, query, position])).decode().rstrip("=")


def _at(resource_type: str, cursor: str, base_url: str, place: Place, known: SearchParameters) -> AskedSearch:
    try:
        type_, pairs, position = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        query = tuple((str(name), str(text)) for name, text in pairs)
        sound = type_ == resource_type and (position is None or isinstance(position, str))
    except (ValueError, TypeError):
        sound = False
    if not sound:
        raise refused("The cursor is not one that this server wrote for this type.", "value", place)
    return AskedSearch(_parsed(resource_type, query, base_url, place, known), query, position=position)


def _reference(
    resource_type: str, given: list[str], of: str | None, place: Place, known: SearchParameters
) -> str | None:
    if of is None:
        if given:
            raise refused("_reference is for a list asked of a resource, not at the root.", "not-supported", place)
        return None
    if len(given) != 1:
        sentence = (
            f"{resource_type}s of a {of} need _reference: the parameter that names it, as in _reference: patient."
        )
        raise refused(sentence, "required", place)
    code = _parameter(resource_type, given[0], known)
    parameter = known.of(resource_type).get(code)
    if parameter is None or parameter.type != "reference":
        raise refused(f"{resource_type} has no reference parameter {given[0]}.", "not-found", place)
    if parameter.targets and of not in parameter.targets:
        raise refused(f"{resource_type}.{code} never names a {of}.", "invalid", place)
    return code


def _parameter(resource_type: str, name: str, known: SearchParameters) -> str:
    """The search parameter that an argument names, `-` being written `_` in GraphQL; itself when there is none."""
    codes = known.of(resource_type)
    return next((code for code in codes if code == name or code.replace("-", "_") == name), name)


def _parsed(resource_type: str, query: Pairs, base_url: str, place: Place, known: SearchParameters) -> Search:
    try:
        return parse_search(resource_type, query, base_url=base_url, known=known)
    except FhirError as error:
        raise refused_as(error, place) from None
