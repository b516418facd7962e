"""What the matches of a page refer to and what refers to them (R4 search.html#include)."""

from collections.abc import Iterable, Sequence

import orjson

from cordee.fhir.query import Include, Search
from cordee.fhir.query_includes import reference_parameters, referring_parameters
from cordee.fhir.query_refusals import too_costly
from cordee.fhir.search_parameters import SearchParameters
from cordee.fhir.search_values import ReferenceValue, extract_parameter
from cordee.fhir.stored_version import StoredVersion
from cordee.store.connection import Connection
from cordee.store.index_values import parameter_key, reference_hash
from cordee.store.read import find_several
from cordee.store.referring import find_referring_by

MOST_INCLUDED = 10_000
"""A page may not bring more than this along."""
MOST_LOOK_UPS = 20_000
"""Of one _revinclude, in one round: a reference parameter and a resource it may name."""

Key = tuple[str, str]


async def find_included(
    connection: Connection, tenant: int, wanted: Search, matches: Sequence[StoredVersion]
) -> tuple[StoredVersion, ...]:
    """What is brought along, each once, and not again what is a match. Raises `InvalidSearch` when it is too much."""
    matched = {(match.resource_type, match.id) for match in matches}
    included: dict[Key, StoredVersion] = {}
    includes, revincludes = wanted.includes, wanted.revincludes
    round_ = list(matches)
    while round_ and (includes or revincludes):
        found = await _referred_to(connection, tenant, wanted.parameters, includes, round_, matched | included.keys())
        for revinclude in revincludes:
            found += await _referring(connection, tenant, wanted.parameters, revinclude, round_)
        fresh = {(v.resource_type, v.id): v for v in found if not v.deleted}
        round_ = [v for key, v in fresh.items() if key not in matched and key not in included]
        included |= {(v.resource_type, v.id): v for v in round_}
        if len(included) > MOST_INCLUDED:
            raise too_costly(
                f"_include and _revinclude bring more than {MOST_INCLUDED} resources to one page; ask for smaller "
                "pages with _count."
            )
        includes = tuple(include for include in includes if include.iterate)
        revincludes = tuple(include for include in revincludes if include.iterate)
    return tuple(included.values())


async def _referred_to(
    connection: Connection,
    tenant: int,
    parameters: SearchParameters,
    includes: Sequence[Include],
    round_: Iterable[StoredVersion],
    known: set[Key],
) -> list[StoredVersion]:
    if not includes:
        return []
    keys = {key for version in round_ for key in _references(parameters, includes, version)}
    return list((await find_several(connection, tenant, keys - known)).values())


def _references(parameters: SearchParameters, includes: Sequence[Include], version: StoredVersion) -> list[Key]:
    wanted = [include for include in includes if include.resource_type in (version.resource_type, "*")]
    body = orjson.loads(version.body) if wanted else {}
    return [
        (value.type, value.id)
        for include in wanted
        for code in _codes(parameters, include, version.resource_type)
        for value in extract_parameter(body, code, parameters)
        if isinstance(value, ReferenceValue) and value.type and value.id and include.target in (None, value.type)
    ]


def _codes(parameters: SearchParameters, include: Include, resource_type: str) -> tuple[str, ...]:
    return reference_parameters(resource_type, parameters) if include.code == "*" else (include.code,)


async def _referring(
    connection: Connection,
    tenant: int,
    parameters: SearchParameters,
    include: Include,
    round_: Iterable[StoredVersion],
) -> list[StoredVersion]:
    by_type: dict[str, list[str]] = {}
    for version in round_:
        by_type.setdefault(version.resource_type, []).append(version.id)
    wanted = [
        (type_, parameter_key(tenant, type_, code) ^ reference_hash(target, id_))
        for target, ids in by_type.items()
        for type_, code in referring_parameters(include, target, parameters)
        for id_ in ids
    ]
    if len(wanted) > MOST_LOOK_UPS:
        raise too_costly(
            f"_revinclude={include.resource_type}: too many parameters may refer to the resources of a page; name the "
            "parameters, or ask for smaller pages with _count."
        )
    return await find_referring_by(connection, tenant, wanted, limit=MOST_INCLUDED + 1)
