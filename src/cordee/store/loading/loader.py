"""Documents stored in one tenant: the one way in for everything that comes in quantity."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode

from cordee.fhir.body import Incoming, accept, with_own_references_relative
from cordee.fhir.outcome import FhirError, Unavailable
from cordee.fhir.query import Search
from cordee.store.connection import Database
from cordee.store.loading.bulk_write import Placed, store_many
from cordee.store.loading.contents import Content, bundle_contents, elsewhere, peek
from cordee.store.loading.outcome import LoadEffect, Outcome, Refusal, placed
from cordee.store.loading.processes import DatabaseProcesses
from cordee.store.loading.requests import ParseCriteria, ParsePrecondition, carry_out_batch, carry_out_transaction
from cordee.store.repository import Repository

CHUNK_RESOURCES = 500
"""How many resources are written in one database transaction."""
CHUNK_BYTES = 4_000_000

_FEW_RESOURCES = 5_000
"""Stored sooner than processes are started."""

_RESOURCES_BETWEEN_PAUSES = 20
"""Checking is pure computation: what goes to and from PostgreSQL gets its turn in between."""


class Loader:
    """Stores documents in one tenant. Each method tells what it did; only `Unavailable` is raised.

    Given `processes`, it has resources stored by them once there are many; BrokenProcessPool is raised when one was
    killed.
    """

    def __init__(
        self,
        database: Database,
        tenant: int,
        preconditions: ParsePrecondition,
        parse_criteria: ParseCriteria,
        base_url: str | None = None,
        processes: DatabaseProcesses | None = None,
    ) -> None:
        """`base_url` is the FHIR base that the tenant is served under: addresses under it are relative ones."""
        self._database = database
        self._tenant = tenant
        self._repository = Repository(database, tenant)
        self._preconditions = preconditions
        self._parse_criteria = parse_criteria
        self._base_url = base_url
        self._processes = processes
        self._loaded = 0

    async def load_resources(self, contents: Sequence[Content]) -> Outcome:
        """What the function of that name does."""
        self._loaded += len(contents)
        if self._processes is None or self._loaded <= _FEW_RESOURCES:
            return await load_resources(self._database, self._tenant, contents, self._base_url)
        return await self._processes.call(load_resources, self._tenant, contents, self._base_url)

    async def load_bundle(self, text: bytes) -> AsyncIterator[Outcome]:
        """Carries out a transaction or a batch; stores the resources of any other Bundle under their own ids.

        A document is also stored whole, as a Bundle, byte for byte but for its id and meta: it is attested, and may be
        signed, as a whole (R4 documents.html#bundle). A document without id is stored once for each identifier.
        """
        text = self._own(text)
        match peek(text).bundle_type:
            case "transaction":
                outcome = await carry_out_transaction(
                    text, self._repository, self._preconditions, self._parse_criteria, self._base_url
                )
                yield outcome
                if outcome.refusals:
                    return
            case "batch":
                steps = carry_out_batch(
                    text,
                    self._repository,
                    self._preconditions,
                    self._parse_criteria,
                    self._store_in_chunks,
                    self._base_url,
                )
                async for outcome in steps:
                    yield outcome
            case bundle_type:
                if bundle_type == "document":
                    yield await self._store_document(text)
                try:
                    contents = bundle_contents(text)
                except FhirError as refusal:
                    yield Outcome.refused("Bundle", refusal)
                    return
                async for outcome in self._store_in_chunks(contents):
                    yield outcome
        yield Outcome(elsewhere=elsewhere(text, self._base_url))

    def _own(self, text: bytes) -> bytes:
        return _with_own_references(text, self._base_url)

    async def _store_in_chunks(self, contents: Sequence[Content]) -> AsyncIterator[Outcome]:
        start = 0
        while start < len(contents):
            end, size = start, 0
            while end < len(contents) and end - start < CHUNK_RESOURCES and size < CHUNK_BYTES:
                size += len(contents[end].text)
                end += 1
            yield await self.load_resources(contents[start:end])
            start = end

    async def _store_document(self, text: bytes) -> Outcome:
        try:
            incoming = accept(text, "Bundle")
            if incoming.id is not None:
                written = await self._repository.update("Bundle", incoming.id, incoming)
            else:
                written = await self._repository.create(incoming, self._same_identifier(incoming))
        except Unavailable:
            raise
        except FhirError as refusal:
            return Outcome.refused("Bundle", refusal)
        return Outcome(Counter({("Bundle", written.effect): 1}))

    def _same_identifier(self, document: Incoming) -> Search | None:
        """The condition that finds this document again, if it can be told from others."""
        identifier = document.resource.get("identifier")
        if identifier is None or "value" not in identifier:
            return None
        # R4 search.html#escaping
        parts = (re.sub(r"([\\,$|])", r"\\\1", str(identifier.get(name, ""))) for name in ("system", "value"))
        return self._parse_criteria("Bundle", urlencode({"identifier": "|".join(parts)}))


async def load_resources(
    database: Database, tenant: int, contents: Sequence[Content], base_url: str | None = None
) -> Outcome:
    """Stores resources in one database transaction, save those that are refused.

    Each under its content's id, whatever id the text has. A refusal's `position` is the index of its content.
    The caller keeps the whole to a reasonable size (`CHUNK_RESOURCES`, `CHUNK_BYTES`).
    """
    accepted: dict[int, Incoming] = {}
    refused: dict[int, tuple[str, FhirError]] = {}
    for index, content in enumerate(contents):
        if index % _RESOURCES_BETWEEN_PAUSES == _RESOURCES_BETWEEN_PAUSES - 1:
            await asyncio.sleep(0)
        try:
            accepted[index] = accept(_with_own_references(content.text, base_url))
        except FhirError as refusal:
            refused[index] = (peek(content.text).resource_type or "(unknown)", refusal)
    resources = [Placed(incoming, contents[index].id) for index, incoming in accepted.items()]
    results = await store_many(database, tenant, resources)
    effects: Counter[tuple[str, LoadEffect]] = Counter()
    for (index, incoming), result in zip(accepted.items(), results, strict=True):
        if isinstance(result, FhirError):
            refused[index] = (incoming.resource_type, result)
        else:
            effects[incoming.resource_type, result] += 1
    refusals = []
    for index in sorted(refused):
        resource_type, reason = refused[index]
        effects[resource_type, "refused"] += 1
        issues = tuple(placed(issue, contents[index].path) for issue in reason.issues)
        refusals.append(Refusal(resource_type, issues, index))
    return Outcome(effects, tuple(refusals))


def _with_own_references(text: bytes, base_url: str | None) -> bytes:
    return text if base_url is None else with_own_references_relative(text, base_url)
