"""One database transaction in a service's hands: what it reads and writes is committed together, or not at all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from cordee.fhir.body import Incoming
from cordee.fhir.outcome import Conflict, FhirError, PreconditionFailed
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.terminology.concepts import Concept
from cordee.ledger.model import LedgerEntry
from cordee.store.carrying_out import carry_out
from cordee.store.changes import ANY, Intent, Precondition, Written
from cordee.store.connection import Connection, Database, Held
from cordee.store.index_values import form_hash
from cordee.store.ledger import append
from cordee.store.locks import lock_until_commit
from cordee.store.reader import Reader
from cordee.store.terminology.indexing import index_concepts

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Put:
    """A resource to stand under `id`.

    `expected` is the version it replaces: 0 for none (never stored, or deleted), None for whichever there is.
    """

    id: str
    incoming: Incoming
    expected: int | None = None
    sealed: bool = False
    """Whether no later version may ever follow."""

    @property
    def _precondition(self) -> Precondition:
        if self.expected is None:
            return ANY
        return Precondition(absent=True) if self.expected == 0 else Precondition(frozenset({self.expected}))

    @property
    def intent(self) -> Intent:
        """What the store is asked."""
        return Intent(
            self.incoming.resource_type, self.id, "PUT", self.incoming, self._precondition, sealed=self.sealed
        )


@dataclass(frozen=True, slots=True)
class Met:
    """Something else than the version expected stands there, and nothing was written.

    `version` is what does; None where a version was expected and nothing was ever stored.
    """

    version: StoredVersion | None


class UnitOfWork(Reader):
    """Reads and writes of one tenant inside one transaction. Reads see the unit's own writes.

    Several `put_many` of one unit can meet those of another the other way round: one of the two is then told
    `Conflict`. Units that may concern the same things take `lock` first.
    """

    def __init__(self, database: Database, connection: Connection, tenant: int) -> None:
        super().__init__(Held(connection), tenant)
        self._database = database
        self._connection = connection

    async def lock(self, keys: Iterable[str]) -> None:
        """Waits until no other unit of this tenant holds one of `keys`, and holds them until this unit ends.

        All at once, in one order: two units that each call this once can't wait for each other.
        """
        await lock_until_commit(self._connection, {form_hash(repr(("unit", self.tenant, key))) for key in keys})

    async def create(self, incoming: Incoming, *, sealed: bool = False) -> Written:
        """Stores under an id of ours."""
        intent = Intent(incoming.resource_type, str(uuid4()), "POST", incoming, sealed=sealed)
        return _or_raise((await self._carry_out([intent]))[0])

    async def put(
        self,
        resource_type: str,
        resource_id: str,
        incoming: Incoming,
        *,
        expected: int | None = None,
        sealed: bool = False,
    ) -> Written:
        """Stores the next version under an id; content equal to what is stored writes nothing.

        `expected` as in `Put`. Raises `PreconditionFailed` when another version stands there, `Sealed`, or `ValueError`
        for a body of another type.
        """
        if incoming.resource_type != resource_type:
            raise ValueError(f"a {incoming.resource_type} can't be stored as {resource_type}/{resource_id}")
        intent = Put(resource_id, incoming, expected, sealed).intent
        return _or_raise((await self._carry_out([intent]))[0])

    async def put_many(self, puts: Sequence[Put]) -> list[Written | Met]:
        """Stores them in one statement, each where what it expects stands there; what came of each, in order.

        Raises `Sealed`, or `InvalidResource` for one that can't be indexed: then none of them is stored. Raises
        `ValueError` when two are about the same resource.
        """
        intents = [put.intent for put in puts]
        if len({intent.key for intent in intents}) < len(intents):
            raise ValueError("put_many was given a resource twice")
        async with self._connection.transaction():  # undone alone by what is raised here
            results = await self._carry_out(intents)
            met = [i.key for i, result in zip(intents, results, strict=True) if isinstance(result, PreconditionFailed)]
            standing = await self.read_many(met)
            return [
                Met(standing.get(intent.key)) if isinstance(result, PreconditionFailed) else _or_raise(result)
                for intent, result in zip(intents, results, strict=True)
            ]

    async def index_concepts(
        self, code_system: StoredVersion, concepts: Sequence[Concept], *, case_sensitive: bool
    ) -> None:
        """Puts the concepts of a CodeSystem's current version in place of those that it had.

        Raises `UnusableTerminology` when they contradict each other.
        """
        await index_concepts(
            self._connection, self.tenant, code_system.rid, code_system.version, concepts, case_sensitive=case_sensitive
        )

    async def append(self, entries: Sequence[LedgerEntry]) -> list[int]:
        """Books entries at the end of their structures' ledgers, in order; the number of each there.

        One whose key is booked already with the same content is not booked again: its number is answered. With other
        content raises `EntryExists`, and none of them is booked. Until this unit ends, others wait who append to the
        same structures' ledgers: call it once a unit, last.
        """
        return await append(self._connection, self.tenant, entries)

    async def _carry_out(self, intents: Sequence[Intent]) -> list[Written | FhirError]:
        """What came of each; those that meet a writer who creates the same are decided again, on what it stored."""
        done: dict[int, Written | FhirError] = {}
        missing = list(range(len(intents)))
        for _ in range(_ATTEMPTS):
            results = await carry_out(self._connection, self._database, self.tenant, [intents[i] for i in missing])
            done |= {i: result for i, result in zip(missing, results, strict=True) if result is not None}
            missing = [i for i in missing if i not in done]
            if not missing:
                return [done[i] for i in range(len(intents))]
        raise Conflict(f"Other writers kept changing {'/'.join(intents[missing[0]].key)}; try again.")


def _or_raise(result: Written | FhirError) -> Written:
    if isinstance(result, FhirError):
        raise result
    return result
