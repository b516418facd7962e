"""Many validated resources written in one database transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import asyncpg

from cordee.fhir.body import Incoming
from cordee.fhir.outcome import Conflict, FhirError, InvalidResource, Sealed, Unavailable
from cordee.store.carrying_out import carry_out
from cordee.store.changes import Effect, Intent, Written
from cordee.store.connection import Connection, Database, refusal_of

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
    """What `write_many` does, in a database transaction of its own, begun again when it meets another writer.

    Raises `Unavailable`; then nothing is stored.
    """
    for _ in range(_ATTEMPTS):
        try:
            async with database.transaction() as connection:
                return await write_many(connection, database, tenant, resources)
        except Conflict:  # a deadlock with another writer: PostgreSQL chose this side to begin again
            continue
    return [Conflict("Other writers kept changing the same resources; load it again.") for _ in resources]


async def write_many(
    connection: Connection, database: Database, tenant: int, resources: Sequence[Placed]
) -> list[Effect | FhirError]:
    """Stores each resource as an update of its id, or a creation; what each did, in the order given.

    Inside the caller's transaction. Content equal to what is stored writes nothing. A resource that is there twice is
    written twice, in order. A resource that is sealed, or that PostgreSQL can't hold, refuses itself only. Raises
    `Conflict` or `Unavailable`: the transaction is then to be rolled back.
    """
    writing = _Writing(connection, database, tenant, resources)
    for wave in _waves(resources):
        await writing.write(wave)
    return [writing.results[index] for index in range(len(resources))]


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


class _Writing:
    """Resources being written on one connection; `results` by their index."""

    def __init__(self, connection: Connection, database: Database, tenant: int, resources: Sequence[Placed]) -> None:
        self._connection = connection
        self._database = database
        self._tenant = tenant
        self._resources = resources
        self.results: dict[int, Effect | FhirError] = {}

    async def write(self, wave: list[int]) -> None:
        """Writes the resources of these indexes, no two of them the same."""
        missing = wave
        for _ in range(_ATTEMPTS):
            try:
                async with self._connection.transaction():
                    written = await self._write_once(missing)
            except (asyncpg.PostgresError, InvalidResource, Sealed) as error:
                refusal = refusal_of(error) or error
                if isinstance(refusal, Conflict | Unavailable):
                    raise
                await self._write_halves(missing, refusal)
                return
            self.results.update(written)
            missing = [index for index in missing if index not in written]
            if not missing:
                return
        for index in missing:
            name = "/".join(str(part) for part in self._resources[index].key)
            self.results[index] = Conflict(f"Other writers kept changing {name}; load it again.")

    async def _write_halves(self, wave: list[int], error: BaseException) -> None:
        """One of the resources can't be stored or indexed, and it was not said which."""
        if len(wave) > 1:
            middle = len(wave) // 2
            await self.write(wave[:middle])
            await self.write(wave[middle:])
        elif isinstance(error, FhirError):
            self.results[wave[0]] = error
        else:
            # The error's own text can hold data of the row.
            self.results[wave[0]] = RefusedByDatabase(f"PostgreSQL can't hold this resource ({type(error).__name__}).")

    async def _write_once(self, wave: list[int]) -> dict[int, Effect | FhirError]:
        """What came of each; one that is missing met another writer."""
        intents = [self._resources[index].intent() for index in wave]
        results = await carry_out(self._connection, self._database, self._tenant, intents)
        return {
            index: result.effect if isinstance(result, Written) else result
            for index, result in zip(wave, results, strict=True)
            if result is not None
        }
