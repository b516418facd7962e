"""Many validated resources written in one database transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import asyncpg

from cordee.fhir.body import Incoming
from cordee.fhir.outcome import Conflict, FhirError, InvalidResource, Sealed
from cordee.store.carrying_out import carry_out
from cordee.store.changes import Effect, Intent, Written
from cordee.store.connection import Database

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Placed:
    """A resource and the id to store it under; None is an id of ours (a creation)."""

    incoming: Incoming
    id: str | None

    @property
    def key(self) -> tuple[str, str | None]:
        """(type, id)"""
        return self.incoming.resource_type, self.id

    def intent(self) -> Intent:
        """What the store is asked; a creation gets its id now."""
        kind, id_ = self.key
        return Intent(kind, id_ or str(uuid4()), "POST" if id_ is None else "PUT", self.incoming)


class RefusedByDatabase(FhirError):
    """PostgreSQL can't hold this resource (422)."""

    status = 422
    code = "processing"


async def store_many(database: Database, tenant: int, resources: Sequence[Placed]) -> list[Effect | FhirError]:
    """Stores each resource as an update of its id, or a creation; what each did, in the order given.

    One database transaction for all of them. Content equal to what is stored writes nothing. A resource that is
    there twice is written twice, in order. A resource that is sealed, or that PostgreSQL can't hold, refuses itself
    only. Raises `Unavailable`; then nothing of the present transaction is stored.
    """
    results: dict[int, Effect | FhirError] = {}
    for wave in _waves(resources):
        await _store_wave(database, tenant, resources, wave, results)
    return [results[index] for index in range(len(resources))]


def _waves(resources: Sequence[Placed]) -> list[list[int]]:
    """Indexes in groups, none of which holds a resource twice; repetitions come in later groups, in order."""
    waves: list[list[int]] = []
    times: dict[tuple[str, str | None], int] = {}
    for index, resource in enumerate(resources):
        wave = 0
        if resource.id is not None:
            wave = times.get(resource.key, 0)
            times[resource.key] = wave + 1
        if wave == len(waves):
            waves.append([])
        waves[wave].append(index)
    return waves


async def _store_wave(
    database: Database,
    tenant: int,
    resources: Sequence[Placed],
    wave: list[int],
    results: dict[int, Effect | FhirError],
) -> None:
    missing = wave
    for _ in range(_ATTEMPTS):
        try:
            written = await _store_once(database, tenant, resources, missing)
        except Conflict:  # a deadlock with another writer: PostgreSQL chose this side to begin again
            continue
        except (asyncpg.PostgresError, InvalidResource, Sealed) as error:
            await _store_halves(database, tenant, resources, missing, results, error)
            return
        results.update(written)
        missing = [index for index in missing if index not in written]
        if not missing:
            return
    for index in missing:
        name = "/".join(str(part) for part in resources[index].key)
        results[index] = Conflict(f"Other writers kept changing {name}; load it again.")


async def _store_halves(
    database: Database,
    tenant: int,
    resources: Sequence[Placed],
    wave: list[int],
    results: dict[int, Effect | FhirError],
    error: asyncpg.PostgresError | FhirError,
) -> None:
    """One of the resources can't be stored or indexed, and it was not said which."""
    if len(wave) == 1 and isinstance(error, FhirError):
        results[wave[0]] = error
        return
    if len(wave) == 1:
        # The error's own text can hold data of the row.
        results[wave[0]] = RefusedByDatabase(f"PostgreSQL can't hold this resource ({type(error).__name__}).")
        return
    middle = len(wave) // 2
    for half in (wave[:middle], wave[middle:]):
        await _store_wave(database, tenant, resources, half, results)


async def _store_once(
    database: Database, tenant: int, resources: Sequence[Placed], wave: list[int]
) -> dict[int, Effect | FhirError]:
    """What came of each; one that is missing met another writer."""
    async with database.transaction() as connection:
        results = await carry_out(connection, database, tenant, [resources[index].intent() for index in wave])
    return {
        index: result.effect if isinstance(result, Written) else result
        for index, result in zip(wave, results, strict=True)
        if result is not None
    }
