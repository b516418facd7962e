"""Loading: any Bundle, many resources at once, each refusal on its own."""

import asyncio
import base64
from collections import Counter
from typing import Any

import orjson
import pytest

from cordee.api.request import decode_form, parse_precondition
from cordee.fhir.body import accept
from cordee.fhir.bundle import BundleEntry
from cordee.fhir.outcome import Gone, NotFound
from cordee.fhir.query import Search, parse_search
from cordee.store.changes import Precondition
from cordee.store.connection import Database
from cordee.store.loading import Content, Loader, Outcome, Placed, peek, store_many
from cordee.store.repository import Repository

UUID = "5a4b1d90-6e0b-4d9a-8f2c-3d1c7a9e0b11"


def precondition(entry: BundleEntry) -> Precondition:
    return parse_precondition(entry.if_match, entry.if_none_match)


def parse(resource_type: str, criteria: str) -> Search:
    return parse_search(resource_type, decode_form(criteria.encode()))


@pytest.fixture
def loader(database: Database, repository: Repository) -> Loader:
    return Loader(database, repository.tenant, precondition, parse)


def patient(id_: str | None = None, **members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient"} | ({} if id_ is None else {"id": id_}) | members


def observation(id_: str, subject: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"text": "weight"},
        "subject": {"reference": subject},
    }


def bundle(type_: str, *entries: dict[str, Any], **members: Any) -> bytes:
    return orjson.dumps({"resourceType": "Bundle", "type": type_, **members, "entry": list(entries)})


def entry(resource: dict[str, Any], method: str | None = None, url: str = "", **members: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"resource": resource}
    if method is not None:
        made["request"] = {"method": method, "url": url} | members.pop("request", {})
    return made | members


async def load(loader: Loader, text: bytes) -> Outcome:
    """Everything that loading a Bundle did."""
    effects: Counter[Any] = Counter()
    refusals: list[Any] = []
    async for outcome in loader.load_bundle(text):
        effects.update(outcome.effects)
        refusals.extend(outcome.refusals)
    return Outcome(effects, tuple(refusals))


async def load_all(loader: Loader, *resources: dict[str, Any]) -> Outcome:
    texts = [orjson.dumps(resource) for resource in resources]
    return await loader.load_resources([Content(text, peek(text).id) for text in texts])


async def stored(repository: Repository, resource_type: str, id_: str) -> dict[str, Any]:
    return orjson.loads((await repository.read(resource_type, id_)).body)


async def count(repository: Repository, resource_type: str) -> int:
    return len((await repository.search(parse(resource_type, ""), count=1000)).matches)


async def test_resources_are_stored_under_their_own_ids(loader: Loader, repository: Repository) -> None:
    outcome = await load_all(loader, patient("a", active=True), patient("b"), patient())
    assert outcome.effects == {("Patient", "created"): 3}
    assert (await stored(repository, "Patient", "a"))["active"] is True
    assert await count(repository, "Patient") == 3


async def test_a_second_load_writes_nothing(loader: Loader, repository: Repository) -> None:
    await load_all(loader, patient("a"), patient("b"))
    outcome = await load_all(loader, patient("a"), patient("b", active=False))
    assert outcome.effects == {("Patient", "unchanged"): 1, ("Patient", "updated"): 1}
    assert (await repository.read("Patient", "a")).version == 1
    assert (await repository.read("Patient", "b")).version == 2


async def test_a_resource_given_twice_at_once_ends_as_it_was_given_last(loader: Loader, repository: Repository) -> None:
    outcome = await load_all(loader, patient("a", active=True), patient("b"), patient("a", active=False))
    assert outcome.effects == {("Patient", "created"): 2, ("Patient", "updated"): 1}
    assert (await stored(repository, "Patient", "a"))["active"] is False
    assert orjson.loads((await repository.vread("Patient", "a", 1)).body)["active"] is True


async def test_a_bad_resource_refuses_itself_only(loader: Loader, repository: Repository) -> None:
    outcome = await load_all(loader, patient("a"), patient("b", birthDate="99", foo=1), patient("c"))
    assert outcome.effects == {("Patient", "created"): 2, ("Patient", "refused"): 1}
    (refusal,) = outcome.refusals
    assert refusal.position == 1
    assert {issue.path for issue in refusal.issues} == {"Patient.birthDate", "Patient.foo"}
    assert await count(repository, "Patient") == 2


async def test_a_text_that_is_not_json_refuses_itself_only(loader: Loader) -> None:
    outcome = await loader.load_resources([Content(b"{oops", None), Content(orjson.dumps(patient("a")), "a")])
    assert outcome.effects == {("(unknown)", "refused"): 1, ("Patient", "created"): 1}


async def test_a_resource_deleted_before_is_brought_back(loader: Loader, repository: Repository) -> None:
    await load_all(loader, patient("a"))
    await repository.delete("Patient", "a")
    assert (await load_all(loader, patient("a"))).effects == {("Patient", "created"): 1}
    assert (await repository.read("Patient", "a")).version == 3


async def test_parallel_loads_of_the_same_resources_in_any_order_lose_nothing(
    database: Database, repository: Repository
) -> None:
    ids = [f"p{number}" for number in range(60)]

    def resources(active: bool, order: int) -> list[Placed]:
        return [
            Placed(accept(orjson.dumps(patient(id_, active=active))), id_)
            for id_ in ids[order:] + ids[:order][:: -1 if active else 1]
        ]

    loads = [store_many(database, repository.tenant, resources(n % 2 == 0, n * 7)) for n in range(6)]
    effects = Counter(effect for results in await asyncio.gather(*loads) for effect in results)
    assert effects["created"] == len(ids)
    assert sum(effects.values()) == 6 * len(ids)
    versions = [(await repository.read("Patient", id_)).version for id_ in ids]
    assert sum(versions) == effects["created"] + effects["updated"]


async def test_more_than_a_chunk_is_stored(loader: Loader, repository: Repository) -> None:
    outcome = await load(loader, bundle("collection", *(entry(patient(f"p{n}")) for n in range(1_201))))
    assert outcome.effects == {("Patient", "created"): 1_201}


@pytest.mark.parametrize("type_", ["collection", "searchset", "message", "history", "document", "batch-response"])
async def test_the_resources_of_a_bundle_that_asks_for_nothing_are_stored_one_by_one(
    loader: Loader, repository: Repository, type_: str
) -> None:
    text = bundle(
        type_, entry(patient("a")), entry(patient("bad", birthDate="x")), entry(observation("o", "Patient/a"))
    )
    outcome = await load(loader, text)
    assert (await stored(repository, "Observation", "o"))["subject"] == {"reference": "Patient/a"}
    assert (await repository.read("Patient", "a")).version == 1
    assert "Bundle.entry[1].resource.birthDate" in {i.path for refusal in outcome.refusals for i in refusal.issues}


async def test_references_to_a_full_url_become_references_to_what_is_stored(
    loader: Loader, repository: Repository
) -> None:
    text = bundle(
        "collection",
        entry(patient("a"), fullUrl="https://elsewhere.example/fhir/Patient/a"),
        entry(patient(), fullUrl=f"urn:uuid:{UUID}"),
        entry(observation("o1", "https://elsewhere.example/fhir/Patient/a")),
        entry(observation("o2", f"urn:uuid:{UUID}")),
        entry(observation("o3", "https://elsewhere.example/fhir/Patient/other")),
    )
    assert (await load(loader, text)).effects[("Patient", "created")] == 2
    references = [(await stored(repository, "Observation", f"o{n}"))["subject"]["reference"] for n in (1, 2, 3)]
    assert references == ["Patient/a", f"Patient/{UUID}", "https://elsewhere.example/fhir/Patient/other"]
    assert (await load(loader, text)).effects == {("Patient", "unchanged"): 2, ("Observation", "unchanged"): 3}


async def test_the_messages_of_a_searchset_are_not_stored(loader: Loader) -> None:
    issue = {"severity": "warning", "code": "informational"}
    outcome = {"resourceType": "OperationOutcome", "id": "w", "issue": [issue]}
    text = bundle("searchset", entry(patient("a")), entry(outcome, search={"mode": "outcome"}))
    assert (await load(loader, text)).effects == {("Patient", "created"): 1}


async def test_of_a_history_the_newest_version_of_what_is_not_deleted_is_stored(
    loader: Loader, repository: Repository
) -> None:
    text = bundle(
        "history",
        {"fullUrl": "http://x/Patient/b", "request": {"method": "DELETE", "url": "Patient/b"}},
        entry(patient("a", active=True), "PUT", "Patient/a", fullUrl="http://x/Patient/a"),
        entry(patient("a", active=False), "POST", "Patient", fullUrl="http://x/Patient/a"),
        entry(patient("b"), "POST", "Patient", fullUrl="http://x/Patient/b"),
    )
    assert (await load(loader, text)).effects == {("Patient", "created"): 1}
    assert (await stored(repository, "Patient", "a"))["active"] is True
    with pytest.raises(NotFound):
        await repository.read("Patient", "b")


async def test_the_searchsets_inside_a_response_are_opened(loader: Loader) -> None:
    inner = orjson.loads(bundle("searchset", entry(patient("a")), entry(patient("b"))))
    outcome = await load(loader, bundle("batch-response", entry(inner, response={"status": "200 OK"})))
    assert outcome.effects == {("Patient", "created"): 2}


async def test_a_bundle_inside_a_collection_is_a_resource_of_its_own(loader: Loader) -> None:
    inner = orjson.loads(bundle("collection", entry(patient("a")), id="inner"))
    assert (await load(loader, bundle("collection", entry(inner)))).effects == {("Bundle", "created"): 1}


async def test_a_document_is_also_stored_whole_with_its_references_as_they_were(
    loader: Loader, repository: Repository
) -> None:
    text = bundle(
        "document",
        entry(patient("a"), fullUrl=f"urn:uuid:{UUID}"),
        entry(observation("o", f"urn:uuid:{UUID}")),
        id="report",
        timestamp="2026-03-01T10:00:00+01:00",
    )
    assert (await load(loader, text)).effects == {
        ("Bundle", "created"): 1,
        ("Patient", "created"): 1,
        ("Observation", "created"): 1,
    }
    whole = await stored(repository, "Bundle", "report")
    assert whole["entry"] == orjson.loads(text)["entry"]
    assert (await load(loader, text)).effects.keys() == {
        ("Bundle", "unchanged"),
        ("Patient", "unchanged"),
        ("Observation", "unchanged"),
    }


async def test_a_document_without_id_is_stored_once_for_its_identifier(loader: Loader, repository: Repository) -> None:
    def document(value: str) -> bytes:
        return bundle("document", entry(patient("a")), identifier={"system": "urn:ietf:rfc:3986", "value": value})

    for value in ("urn:uuid:1", "urn:uuid:1", "a,b|c$d\\e", "a,b|c$d\\e"):
        assert not (await load(loader, document(value))).refusals
    assert await count(repository, "Bundle") == 2


async def test_a_transaction_is_all_or_nothing_and_its_refusal_counts_all_of_it(
    loader: Loader, repository: Repository
) -> None:
    text = bundle(
        "transaction", entry(patient(), "POST", "Patient"), entry(patient("b", birthDate="x"), "PUT", "Patient/b")
    )
    outcome = await load(loader, text)
    assert outcome.effects == {("Patient", "refused"): 2}
    (refusal,) = outcome.refusals
    assert (refusal.resources, refusal.conditional) == (2, False)
    assert refusal.issues[0].path == "Bundle.entry[1].resource.birthDate"
    assert await count(repository, "Patient") == 0


async def test_what_a_transaction_creates_keeps_an_id_that_is_the_uuid_of_its_full_url(
    loader: Loader, repository: Repository
) -> None:
    text = bundle(
        "transaction",
        entry(patient(UUID), "POST", "Patient", fullUrl=f"urn:uuid:{UUID}"),
        entry(observation("o", f"urn:uuid:{UUID}"), "PUT", "Observation/o"),
    )
    assert (await load(loader, text)).effects == {("Patient", "created"): 1, ("Observation", "created"): 1}
    assert (await stored(repository, "Observation", "o"))["subject"]["reference"] == f"Patient/{UUID}"
    assert (await load(loader, text)).effects == {("Patient", "unchanged"): 1, ("Observation", "unchanged"): 1}


@pytest.mark.parametrize("type_", ["transaction", "batch"])
async def test_any_other_creation_gets_a_new_id(loader: Loader, repository: Repository, type_: str) -> None:
    await load_all(loader, patient("1", active=True))
    text = bundle(type_, entry(patient("1", active=False), "POST", "Patient", fullUrl="http://x/Patient/1"))
    assert (await load(loader, text)).effects == {("Patient", "created"): 1}
    assert (await stored(repository, "Patient", "1"))["active"] is True


async def test_a_transaction_refused_for_a_missing_reference_says_that_it_may_be_tried_again(loader: Loader) -> None:
    text = bundle("transaction", entry(observation("o", "Patient?identifier=http://x|1"), "PUT", "Observation/o"))
    (refusal,) = (await load(loader, text)).refusals
    assert refusal.conditional
    await load_all(loader, patient("a", identifier=[{"system": "http://x", "value": "1"}]))
    assert (await load(loader, text)).effects == {("Observation", "created"): 1}


async def test_a_batch_carries_out_each_entry_on_its_own(loader: Loader, repository: Repository) -> None:
    await load_all(loader, patient("gone"), patient("changed", active=True))
    known = {"identifier": [{"system": "http://x", "value": "1"}]}
    patch = base64.b64encode(b'[{"op":"add","path":"/active","value":true}]').decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": patch}
    text = bundle(
        "batch",
        entry(patient("put"), "PUT", "Patient/put"),
        {"request": {"method": "DELETE", "url": "Patient/gone"}},
        entry(patient("bad", birthDate="x"), "PUT", "Patient/bad"),
        entry(patient("one"), "PUT", "Patient/other"),
        entry(patient(**known), "POST", "Patient", request={"ifNoneExist": "identifier=http://x|1"}),
        entry(patient(**known), "POST", "Patient", request={"ifNoneExist": "identifier=http://x|1"}),
        entry(patient("changed", active=False), "PUT", "Patient/changed", request={"ifMatch": 'W/"7"'}),
        {"request": {"method": "GET", "url": "Patient/put"}},
        entry(patient("nothing asked")),
        entry({"resourceType": "Practitioner", "id": "p"}, "POST", "Patient"),
        entry(binary, "PATCH", "Patient/put"),
        entry(binary, "PATCH", "Patient/none"),
    )
    outcome = await load(loader, text)
    assert outcome.effects == {
        ("Patient", "created"): 2,
        ("Patient", "deleted"): 1,
        ("Patient", "unchanged"): 1,
        ("Patient", "updated"): 1,
        ("Patient", "refused"): 6,
    }
    places = sorted(str(refusal.issues[0].path).split("]")[0] + "]" for refusal in outcome.refusals)
    assert places == [f"Bundle.entry[{number}]" for number in (11, 2, 3, 6, 8, 9)]
    with pytest.raises(Gone):
        await repository.read("Patient", "gone")


@pytest.mark.parametrize(
    "text",
    [
        b'{"resourceType":"Bundle"}',
        b'{"resourceType":"Bundle","type":"collection","entry":"x"}',
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"}}]}',
        b'{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"POST","url":"Nothing"}}]}',
    ],
)
async def test_a_bundle_that_makes_no_sense_is_refused_with_a_reason(loader: Loader, text: bytes) -> None:
    outcome = await load(loader, text)
    assert sum(outcome.effects.values()) == 1
    assert outcome.refusals[0].issues[0].diagnostics


async def test_an_entry_that_asks_for_what_can_not_be_stops_no_other_of_a_batch(loader: Loader) -> None:
    """As over HTTP; of a transaction it refuses the whole, and every fault is told at once."""
    entries = [
        entry(patient("a"), "PUT", "Patient/a"),
        entry(patient("b"), "PUT", "Nothing/b"),
        entry(patient("c"), "MERGE", "Patient/c"),
        entry(patient("d")),
    ]
    outcome = await load(loader, bundle("batch", *entries))
    assert outcome.effects == {("Patient", "created"): 1, ("Patient", "refused"): 3}
    assert sorted(str(refusal.issues[0].path)[:15] for refusal in outcome.refusals) == [
        f"Bundle.entry[{number}]" for number in (1, 2, 3)
    ]
    (whole,) = (await load(loader, bundle("transaction", *entries))).refusals
    assert [str(issue.path)[:15] for issue in whole.issues] == [f"Bundle.entry[{number}]" for number in (1, 2, 3)]
