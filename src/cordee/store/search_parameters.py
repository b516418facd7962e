"""The search parameters that a tenant adds by storing SearchParameters (`search_parameter_writes`).

What a tenant has is told by its *edition*, a number drawn anew at every change of them, so that one whose transaction
was undone is never met again. A process keeps what it has read under its edition, and a write names the edition it was
indexed by: the statement writes nothing when that is no longer the tenant's (`write.apply`). So no write misses a
parameter that was there before it, whichever process makes it; what was written before is gone through in the
background (`search_parameter_indexing`). Why so: docs/decisions/0012-own-search-parameters.md.
"""

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import orjson

from cordee.fhir.definitions import Component, SearchParameter, load_definitions
from cordee.fhir.search_parameter_reading import types_of
from cordee.fhir.search_parameters import SHIPPED, SearchParameters
from cordee.fhir.words import WORD_PARAMETERS
from cordee.store.connection import Connection
from cordee.store.index_values import form_hash
from cordee.store.locks import lock_until_commit

State = Literal["indexing", "ready", "dropped"]
"""`indexing`: some of what was stored before may not be found by it. `dropped`: its values are still to be removed."""

MOST_KEPT: Final = 1_000
"""Tenants whose parameters a process remembers."""

_EDITION = "SELECT search_edition FROM tenant WHERE tenant = $1"
_NEW_EDITION = "UPDATE tenant SET search_edition = $2 WHERE tenant = $1"
_ADDED = "SELECT id, definition, state, types FROM search_parameter WHERE tenant = $1 ORDER BY id"


@dataclass(frozen=True, slots=True)
class Edition:
    """What a tenant has, and the number by which it is known."""

    number: int
    parameters: SearchParameters


@dataclass(frozen=True, slots=True)
class Added:
    """A parameter that a tenant added by the SearchParameter `id`; `types` are those that may hold values of it."""

    id: str
    parameter: SearchParameter
    state: State
    types: tuple[str, ...]


_kept: OrderedDict[int, Edition] = OrderedDict()


def kept_parameters(tenant: int) -> SearchParameters | None:
    """What this process last knew the tenant to have; None where it was never asked."""
    kept = _kept.get(tenant)
    return None if kept is None else kept.parameters


async def edition_of(connection: Connection, tenant: int) -> Edition:
    """What the tenant has, as this process knows it."""
    kept = _kept.get(tenant)
    return await present_edition(connection, tenant) if kept is None else kept


async def present_edition(connection: Connection, tenant: int) -> Edition:
    """What the tenant has now."""
    number: int = await connection.fetchval(_EDITION, tenant) or 0
    kept = _kept.get(tenant)
    if kept is None or kept.number != number:
        # Read after the number: what came meanwhile has another one, and is read again.
        kept = Edition(number, searchable(await added_parameters(connection, tenant)) if number else SHIPPED)
        _kept[tenant] = kept
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return kept


async def added_parameters(connection: Connection, tenant: int) -> list[Added]:
    """What the tenant added, by id, what it dropped included."""
    return [added_of(*row) for row in await connection.fetch(_ADDED, tenant)]


def added_of(id_: str, definition: str, state: State, types: Sequence[str]) -> Added:
    """From a row of `search_parameter`."""
    given = orjson.loads(definition)
    parameter = SearchParameter(
        given["code"],
        tuple(given["base"]),
        given["type"],
        given["expression"],
        tuple(given["targets"]),
        tuple(Component(one["parameter"], one["expression"]) for one in given["components"]),
        given["url"],
    )
    return Added(id_, parameter, state, tuple(types))


def searchable(added: Iterable[Added]) -> SearchParameters:
    """The parameters that resources are indexed by; those that are not ready are not searched by yet."""
    shipped = load_definitions().search_parameters
    by_type: dict[str, dict[str, SearchParameter]] = {}
    unready: set[tuple[str, str]] = set()
    keeps_words = False
    for one in added:
        keeps_words = keeps_words or one.parameter.code in WORD_PARAMETERS
        if one.state == "dropped":
            continue
        common = [name for name in ("Resource", "DomainResource") if name in one.parameter.base]
        for name in (*types_of(one.parameter), *common):
            if one.parameter.code in shipped[name] and one.parameter.code not in WORD_PARAMETERS:
                continue
            by_type.setdefault(name, {})[one.parameter.code] = one.parameter
            if one.state != "ready":
                unready.add((name, one.parameter.code))
    return SearchParameters(by_type, frozenset(unready), keeps_words)


async def lock(connection: Connection, tenant: int) -> None:
    """Until the transaction ends, nobody else changes the parameters that the tenant added."""
    await lock_until_commit(connection, [form_hash(repr(("search parameters", tenant)))])


async def renew(connection: Connection, tenant: int) -> None:
    """Gives the tenant another edition: every process reads its parameters anew."""
    await connection.execute(_NEW_EDITION, tenant, secrets.randbits(62))
