"""What is sealed stays as it is: through every door of the store, and in the database itself."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from cordee.api.request import decode_form, parse_precondition
from cordee.fhir.body import Incoming, accept
from cordee.fhir.bundle import BundleEntry, parse_bundle
from cordee.fhir.outcome import FhirError, Sealed
from cordee.fhir.query import Search, parse_search
from cordee.store.changes import ANY, Precondition, Written
from cordee.store.connection import Database
from cordee.store.loading import Content, Loader
from cordee.store.repository import Repository
from cordee.store.unit_of_work import Put

IDENTIFIER = {"system": "urn:oid:1.2.250.1.999.1", "value": "1"}
CONDITION = parse_search("Basic", [("identifier", "urn:oid:1.2.250.1.999.1|1")])


def text(said: str) -> bytes:
    return json.dumps({"resourceType": "Basic", "id": "a", "identifier": [IDENTIFIER], "code": {"text": said}}).encode()


def basic(said: str = "first") -> Incoming:
    return accept(text(said))


@pytest.fixture
async def sealed(repository: Repository) -> Repository:
    """Basic/a is at version 2, which is sealed; version 1 said «draft»."""
    await repository.update("Basic", "a", basic("draft"))
    async with repository.unit() as unit:
        await unit.put("Basic", "a", basic(), sealed=True)
    return repository


def unconditional(entry: BundleEntry) -> Precondition:
    return parse_precondition(entry.if_match, entry.if_none_match)


def criteria(resource_type: str, query: str) -> Search:
    return parse_search(resource_type, decode_form(query.encode()))


def bundle(type_: str, method: str, url: str, body: bytes | None) -> bytes:
    entry: dict[str, Any] = {"request": {"method": method, "url": url}}
    if body is not None:
        entry["resource"] = json.loads(body)
    return json.dumps({"resourceType": "Bundle", "type": type_, "entry": [entry]}).encode()


async def test_what_is_sealed_says_so(sealed: Repository) -> None:
    found = [
        await sealed.read("Basic", "a"),
        (await sealed.search(CONDITION, count=1)).matches[0],
        (await sealed.read_many([("Basic", "a")]))["Basic", "a"],
        await sealed.vread("Basic", "a", 2),
        (await sealed.history(count=1)).versions[0],
    ]
    assert all(version.sealed for version in found)
    assert not (await sealed.vread("Basic", "a", 1)).sealed


@pytest.mark.parametrize("door", ["update", "conditional update", "delete", "conditional delete", "unit", "unit, many"])
async def test_every_way_to_change_it_is_refused_and_says_what_to_do(sealed: Repository, door: str) -> None:
    with pytest.raises(Sealed, match="Basic/a is final") as refused:
        match door:
            case "update":
                await sealed.update("Basic", "a", basic("other"))
            case "conditional update":
                await sealed.conditional_update(CONDITION, basic("other"))
            case "delete":
                await sealed.delete("Basic", "a")
            case "conditional delete":
                await sealed.conditional_delete(CONDITION)
            case "unit":
                async with sealed.unit() as unit:
                    await unit.put("Basic", "a", basic("other"))
            case "unit, many":
                async with sealed.unit() as unit:
                    await unit.put_many([Put("a", basic("other"), expected=2)])
    assert (refused.value.status, refused.value.issues[0].code) == (409, "business-rule")
    assert (await sealed.read("Basic", "a")).version == 2


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("url", ["Basic/a", "Basic?identifier=urn:oid:1.2.250.1.999.1|1"])
async def test_a_transaction_that_changes_it_is_refused_whole_and_names_the_entry(
    sealed: Repository, method: str, url: str
) -> None:
    body = text("other") if method == "PUT" else None
    entries = parse_bundle(bundle("transaction", method, url, body)).entries
    with pytest.raises(Sealed) as refused:
        await sealed.transaction(entries, unconditional, criteria)
    assert str(refused.value.issues[0].path).startswith("Bundle.entry[0]")
    assert (await sealed.read("Basic", "a")).version == 2


@pytest.mark.parametrize("type_", ["batch", "transaction", "collection"])
async def test_loading_refuses_it_alone_and_says_why(sealed: Repository, database: Database, type_: str) -> None:
    loader = Loader(database, sealed.tenant, unconditional, criteria)
    outcomes = [outcome async for outcome in loader.load_bundle(bundle(type_, "PUT", "Basic/a", text("other")))]
    (refusal,) = [refusal for outcome in outcomes for refusal in outcome.refusals]
    assert "Basic/a is final" in refusal.issues[0].diagnostics


async def test_loading_stores_what_comes_with_it(sealed: Repository, database: Database) -> None:
    loader = Loader(database, sealed.tenant, unconditional, criteria)
    others = [
        Content(json.dumps({"resourceType": "Basic", "code": {"text": f"{n}"}}).encode(), f"{n}") for n in range(9)
    ]
    outcome = await loader.load_resources([*others[:4], Content(text("other"), "a"), *others[4:]])
    assert outcome.effects == {("Basic", "created"): 9, ("Basic", "refused"): 1}
    assert outcome.refusals[0].position == 4


async def test_the_same_content_again_is_no_change(sealed: Repository) -> None:
    assert (await sealed.update("Basic", "a", basic())).effect == "unchanged"
    async with sealed.unit() as unit:
        assert (await unit.put("Basic", "a", basic(), sealed=True)).effect == "unchanged"


async def test_to_seal_what_is_stored_already_is_a_version(repository: Repository) -> None:
    await repository.update("Basic", "a", basic())
    async with repository.unit() as unit:
        written = await unit.put("Basic", "a", basic(), expected=1, sealed=True)
    assert written.effect == "updated"
    assert written.version == await repository.read("Basic", "a")


async def test_a_submitted_claim_says_how_it_is_corrected(repository: Repository) -> None:
    claim = {
        "resourceType": "Claim",
        "id": "c",
        "status": "active",
        "type": {"text": "forfait"},
        "use": "claim",
        "patient": {"reference": "Patient/1"},
        "created": "2026-07-01",
        "provider": {"reference": "Organization/1"},
        "priority": {"text": "normal"},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "AMO"}}],
    }
    async with repository.unit() as unit:
        await unit.put("Claim", "c", accept(json.dumps(claim).encode()), sealed=True)
    with pytest.raises(Sealed, match=r"Claim/c was submitted: .* a new Claim \(Claim/c/\$correct\), never edited"):
        await repository.delete("Claim", "c")


async def test_of_one_who_seals_and_many_who_edit_nobody_edits_after_the_seal(repository: Repository) -> None:
    await repository.update("Basic", "a", basic("0"))

    async def seal() -> Written:
        async with repository.unit() as unit:
            return await unit.put("Basic", "a", basic("sealed"), sealed=True)

    edits = [repository.update("Basic", "a", basic(f"{n}")) for n in range(1, 20)]
    results = await asyncio.gather(*edits[:10], seal(), *edits[10:], return_exceptions=True)
    assert all(isinstance(result, Written | Sealed) for result in results)
    last = await repository.read("Basic", "a")
    assert last.sealed
    assert json.loads(last.body)["code"]["text"] == "sealed"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE resource SET body = '{}' WHERE tenant = $1",
        "UPDATE resource SET sealed = false WHERE tenant = $1",
        "DELETE FROM resource WHERE tenant = $1",
        "UPDATE resource_history SET body = '{}' WHERE tenant = $1",
        "DELETE FROM resource_history WHERE tenant = $1",
    ],
)
async def test_the_database_itself_refuses(sealed: Repository, dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        with pytest.raises(asyncpg.PostgresError, match="Basic/a is sealed") as refused:
            await connection.execute(statement, sealed.tenant)
    finally:
        await connection.close()
    assert refused.value.sqlstate == "CO001"
    assert "first" not in str(refused.value)
    assert (await sealed.vread("Basic", "a", 1)).body


@pytest.mark.parametrize("table", ["resource", "resource_history"])
async def test_the_tables_cannot_be_emptied(sealed: Repository, dsn: str, table: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        with pytest.raises(asyncpg.PostgresError, match="never emptied"):
            await connection.execute(f"TRUNCATE {table}")
    finally:
        await connection.close()
    assert (await sealed.read("Basic", "a")).sealed


async def test_the_refusal_of_the_database_reaches_doors_as_a_refusal(sealed: Repository, database: Database) -> None:
    with pytest.raises(FhirError) as refused:
        async with database.rows() as connection:
            await connection.execute("DELETE FROM resource WHERE tenant = $1", sealed.tenant)
    assert isinstance(refused.value, Sealed)
    assert "Basic/a is sealed" in str(refused.value)


async def test_what_is_not_sealed_keeps_being_edited(repository: Repository) -> None:
    for said in ("1", "2"):
        assert (await repository.update("Basic", "a", basic(said), ANY)).version
    assert (await repository.delete("Basic", "a")).effect == "deleted"
