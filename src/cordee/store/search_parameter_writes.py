"""What a write of SearchParameters does to the search parameters of a tenant, in the same transaction."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

import orjson

from cordee.fhir.definitions import SearchParameter, load_definitions
from cordee.fhir.outcome import InvalidResource, Issue
from cordee.fhir.search_parameter_reading import is_active, is_same, read_search_parameter, types_of
from cordee.fhir.search_parameters import SearchParameters
from cordee.fhir.words import WORD_PARAMETERS
from cordee.store.changes import RefusedChange
from cordee.store.connection import Connection
from cordee.store.search_parameters import Added, added_parameters, lock, renew, searchable
from cordee.store.write import Change

_PUT = """
INSERT INTO search_parameter (tenant, id, definition, state, types) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, id) DO UPDATE
SET definition = excluded.definition, state = excluded.state, types = excluded.types"""


class Unsearchable(RefusedChange):
    """An active SearchParameter can't be searched by; tells every reason."""


@asynccontextmanager
async def held(connection: Connection, tenant: int, changes: Sequence[Change]) -> AsyncIterator[None]:
    """Where SearchParameters are among the changes: a transaction in which nobody else changes the tenant's."""
    if not any(change.resource_type == "SearchParameter" for change in changes):
        yield
        return
    async with connection.transaction():
        await lock(connection, tenant)
        yield


async def judge_parameters(
    connection: Connection, tenant: int, changes: Sequence[Change]
) -> dict[tuple[str, str], Unsearchable]:
    """The refusals of active SearchParameters that can't be searched by, or clash with another; under `held`."""
    written = [change for change in changes if change.resource_type == "SearchParameter"]
    if not any(change.incoming is not None and is_active(change.incoming.resource) for change in written):
        return {}
    ids = {change.id for change in written}
    standing = [one for one in await added_parameters(connection, tenant) if one.id not in ids]
    refused: dict[tuple[str, str], Unsearchable] = {}
    for change in written:
        if change.incoming is None or not is_active(change.incoming.resource):
            continue
        known = searchable(standing)
        try:
            parameter = _read(change.incoming.resource, known)
            _refuse_clash(parameter, known)
        except InvalidResource as refusal:
            refused[change.key] = Unsearchable(str(refusal), issues=refusal.issues)
            refused[change.key].key = change.key
        else:
            standing.append(Added(change.id, parameter, "indexing", types_of(parameter)))
    return refused


def _read(resource: Mapping[str, Any], known: SearchParameters) -> SearchParameter:
    others = {name: known.of(name) for name in load_definitions().search_parameters}
    return read_search_parameter(resource, others)


def _refuse_clash(parameter: SearchParameter, known: SearchParameters) -> None:
    """Raises `InvalidResource` for one whose code another has already."""
    if parameter.code in WORD_PARAMETERS:
        return
    for name in types_of(parameter):
        other = known.of(name).get(parameter.code)
        if other is not None and not is_same(parameter, other):
            sentence = (
                f"SearchParameter.code: {name} has a search parameter {parameter.code} already, {other.url}, and it is "
                "not this one; take another code."
            )
            raise InvalidResource(sentence, issues=[Issue("error", "duplicate", sentence, "SearchParameter.code")])


async def follow(connection: Connection, tenant: int, changes: Iterable[Change]) -> bool:
    """Takes note of SearchParameters that were written, in their transaction, under `held`.

    Whether something is to be indexed, or removed from the index, in the background.
    """
    written = [change for change in changes if change.resource_type == "SearchParameter"]
    if not written:
        return False
    standing = {one.id: one for one in await added_parameters(connection, tenant)}
    moved = False
    for change in written:
        before = standing.get(change.id)
        after = _after(change, before, searchable(standing.values()))
        if after is None or after == before:
            continue
        standing[change.id] = after
        definition = orjson.dumps(asdict(after.parameter)).decode()
        await connection.execute(_PUT, tenant, after.id, definition, after.state, after.types)
        moved = True
    if moved:
        await renew(connection, tenant)
    return moved


def _after(change: Change, before: Added | None, known: SearchParameters) -> Added | None:
    """What stands for a SearchParameter once it is written; None where nothing is to stand."""
    parameter = None
    if change.incoming is not None and is_active(change.incoming.resource):
        parameter = _read(change.incoming.resource, known)
        shipped = load_definitions().search_parameters
        is_shipped = all(parameter.code in shipped[name] for name in types_of(parameter))
        if is_shipped and parameter.code not in WORD_PARAMETERS:
            parameter = None  # it is served already
    if parameter is None:
        return None if before is None else Added(before.id, before.parameter, "dropped", before.types)
    if before is not None and before.parameter == parameter and before.state != "dropped":
        return before
    types = {*types_of(parameter), *(() if before is None else before.types)}
    return Added(change.id, parameter, "indexing", tuple(sorted(types)))
