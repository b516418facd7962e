"""The concepts of a CodeSystem put into the table, each with all that it is under."""

from collections.abc import Sequence

from cordee.fhir.terminology.concepts import Concept, Placed, decode_exact, encode_exact, linked, read_concepts
from cordee.store.connection import Connection
from cordee.store.index_values import form_hash
from cordee.store.locks import lock_until_commit
from cordee.store.terminology.canonicals import Known

_MANY = 10_000
"""Concepts after which PostgreSQL counts the table anew: else it would walk a whole system rather than the index."""

_COLUMNS = (
    "tenant", "rid", "generation", "concept", "code", "folded", "display", "searched", "inactive", "abstract",
    "parents", "ancestors", "properties", "detail",
)  # fmt: skip
_POINT = """
INSERT INTO indexed_code_system AS i (tenant, rid, version, generation) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, rid) DO UPDATE SET version = excluded.version, generation = excluded.generation
"""
_FORGET = "DELETE FROM code_system_concept WHERE tenant = $1 AND rid = $2 AND generation < $3"
# The index keeps new entries aside, and every look-up reads all that are: none are left there.
_SETTLE = "SELECT gin_clean_pending_list('code_system_concept_by_ancestor')"
_CURRENT = "SELECT version, generation FROM indexed_code_system WHERE tenant = $1 AND rid = $2"


async def index_concepts(
    connection: Connection, tenant: int, rid: int, version: int, concepts: Sequence[Concept], *, case_sensitive: bool
) -> int:
    """Puts the concepts of a version of a CodeSystem into the table, in place of those of its last; their generation.

    Inside a transaction, at whose end another may do the same. Raises `UnusableTerminology`, as `linked` does.
    """
    placed = linked(concepts, case_sensitive=case_sensitive)
    await _lock(connection, tenant, rid)
    replaced = await connection.fetchrow(_CURRENT, tenant, rid)
    generation = int(await connection.fetchval("SELECT nextval('concept_generation')"))
    rows = (_row(tenant, rid, generation, position, one) for position, one in enumerate(placed))
    await connection.copy_records_to_table("code_system_concept", records=rows, columns=_COLUMNS)
    await connection.execute(_SETTLE)
    await connection.execute(_POINT, tenant, rid, version, generation)
    if replaced is not None:
        await connection.execute(_FORGET, tenant, rid, replaced["generation"])
    if len(placed) >= _MANY:
        await connection.execute("ANALYZE code_system_concept")
    return generation


async def ensure_indexed(connection: Connection, tenant: int, known: Known) -> int | None:
    """The generation of a CodeSystem's concepts, put into the table if this version's are not there yet.

    One that says it has its concepts elsewhere (`not-present`) keeps those that were imported; None when none were.
    """
    if known.indexed_version == known.version:
        return known.generation
    async with connection.transaction():
        await _lock(connection, tenant, known.rid)
        current = await connection.fetchrow(_CURRENT, tenant, known.rid)
        if current is not None and current["version"] >= known.version:
            return int(current["generation"])
        if known.resource.get("content") == "not-present":
            if current is None:
                return None
            await connection.execute(_POINT, tenant, known.rid, known.version, current["generation"])
            return int(current["generation"])
        body = await connection.fetchval(
            "SELECT body FROM resource WHERE tenant = $1 AND rid = $2 AND resource_type = 'CodeSystem'",
            tenant,
            known.rid,
        )
        if not body:  # deleted since it was found
            return None
        concepts = list(read_concepts(decode_exact(body).get("concept", ())))
        return await index_concepts(
            connection,
            tenant,
            known.rid,
            known.version,
            concepts,
            case_sensitive=known.resource.get("caseSensitive", True),
        )


async def _lock(connection: Connection, tenant: int, rid: int) -> None:
    """Waits for whoever puts the concepts of the same CodeSystem into the table."""
    await lock_until_commit(connection, [form_hash(f"concepts of {tenant} {rid}")])


def _row(tenant: int, rid: int, generation: int, position: int, placed: Placed) -> tuple[object, ...]:
    concept = placed.concept
    plain = "property" not in concept.detail
    return (
        tenant,
        rid,
        generation,
        _identity(generation, position),
        concept.code,
        placed.folded,
        concept.display,
        concept.searched,
        not plain and concept.inactive,
        not plain and concept.abstract,
        [_identity(generation, parent) for parent in placed.parents],
        [_identity(generation, ancestor) for ancestor in placed.ancestors],
        "{}" if plain else encode_exact(concept.properties),
        encode_exact(concept.detail) if concept.detail else "{}",
    )


def _identity(generation: int, position: int) -> int:
    return generation << 32 | position
