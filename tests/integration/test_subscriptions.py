"""Subscriptions on a real PostgreSQL, with a real receiver: each event is delivered, at least once, in order."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.receivers import PATIENCE_SECONDS, Received, Receiver, eventually, receiving
from tests.subscriptions import encounter, incoming, observation, subscription, topic_subscription

from cordee.fhir.bundle import parse_bundle
from cordee.fhir.subscriptions.notifications import Event
from cordee.settings import Settings
from cordee.store.changes import ANY
from cordee.store.connection import Database
from cordee.store.loading.bulk_write import Placed, store_many
from cordee.store.repository import Repository
from cordee.store.subscriptions.refusals import UnservedSubscription
from cordee.store.tenants import create_tenant
from cordee.store.unit_of_work import Put
from cordee.subscriptions.asking import events_bundle, request_again
from cordee.subscriptions.contents import contents
from cordee.subscriptions.service import deliver

Delivering = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture(scope="module")
async def own_database(own_dsn: str) -> AsyncIterator[Database]:
    opened = Database(own_dsn, connections=10)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def repository(own_database: Database) -> Repository:
    """A tenant that no other test sees."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    await create_tenant(own_database, name)
    return Repository(own_database, await own_database.tenant(name))


@pytest.fixture
def delivering(own_database: Database) -> Delivering:
    """Delivers while the block lasts, with settings of its own; connections to the receiver are allowed."""

    @asynccontextmanager
    async def run(**settings: Any) -> AsyncIterator[None]:
        chosen: dict[str, Any] = {
            "subscription_endpoints": ["127.0.0.1"],
            "subscription_first_retry_seconds": 0.01,
            "subscription_longest_retry_seconds": 0.05,
        }
        stop = asyncio.Event()
        task = asyncio.create_task(deliver(Settings(**(chosen | settings)), own_database, stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, PATIENCE_SECONDS)

    return run


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def put(repository: Repository, resource: dict[str, Any]) -> None:
    await repository.update(resource["resourceType"], resource["id"], incoming(resource))


async def stored(repository: Repository, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await repository.read("Subscription", id_)).body)
    return found


async def subscribe(repository: Repository, resource: dict[str, Any], status: str = "active") -> dict[str, Any]:
    """Writes a Subscription and gives it once it has the status."""
    await put(repository, resource)

    async def is_so() -> dict[str, Any] | None:
        found = await stored(repository, resource["id"])
        return found if found["status"] == status else None

    found: dict[str, Any] = await eventually(is_so)
    return found


def values(received: list[Received]) -> list[int]:
    return [request.resource["valueInteger"] for request in received]


async def test_every_version_is_delivered_once_and_in_the_order_it_was_written(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        await subscribe(repository, subscription("s", f"{receiver.url}/hook", payload="application/fhir+json"))
        for number in range(60):
            await put(repository, observation(f"o{number % 3}", number))
        received = await receiver.count(60)
    assert values(received) == list(range(60))
    assert {(r.method, r.path) for r in received} == {("PUT", f"/hook/Observation/o{n}") for n in range(3)}
    assert [r.resource["meta"]["versionId"] for r in received[::3]] == [str(n) for n in range(1, 21)]


async def test_without_payload_an_empty_post_says_that_there_is_something(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        asked = subscription("s", f"{receiver.url}/hook?key=1", channel={"header": ["Authorization: Bearer abc"]})
        await subscribe(repository, asked)
        await put(repository, observation("o", 1))
        (request,) = await receiver.count(1)
    assert (request.method, request.path, request.body) == ("POST", "/hook?key=1", b"")
    assert request.headers["Authorization"] == "Bearer abc"


async def test_xml_is_sent_where_it_is_asked_for(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+xml"))
        await put(repository, observation("o", 1))
        (request,) = await receiver.count(1)
    assert request.headers["Content-Type"] == "application/fhir+xml"
    assert b'<valueInteger value="1"/>' in request.body


async def test_a_resource_that_leaves_the_criteria_or_is_deleted_is_not_told_of(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+json"))
        await put(repository, observation("o", 1))
        await put(repository, observation("o", 2, status="cancelled"))
        await put(repository, observation("o", 3))
        await repository.delete("Observation", "o")
        await put(repository, observation("p", 4))
        received = await receiver.until(lambda all_: bool(all_) and all_[-1].path == "/Observation/p")
    assert values(received) == [1, 3, 4]


async def test_each_version_is_judged_by_what_it_said_not_by_what_stands_later(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+json"))
        entries = [
            Placed(incoming(observation("o", number, status=status)), "o")
            for number, status in enumerate(("final", "cancelled", "final", "cancelled"))
        ]
        await store_many(repository._database, repository.tenant, entries)
        assert values(await receiver.count(2)) == [0, 2]


async def test_criteria_that_look_at_other_resources_are_judged_by_the_store(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        criteria = "Observation?subject:Patient.family=martin&status=final"
        await subscribe(repository, subscription("s", receiver.url, criteria, payload="application/fhir+json"))
        for family in ("Martin", "Durand"):
            await put(repository, {"resourceType": "Patient", "id": family, "name": [{"family": family}]})
            subject = {"reference": f"Patient/{family}"}
            await put(repository, observation(f"of-{family}", 1, subject=subject))
        await put(repository, observation("last", 2, subject={"reference": "Patient/Martin"}))
        received = await receiver.count(2)
    assert [r.path for r in received] == ["/Observation/of-Martin", "/Observation/last"]


async def test_what_a_transaction_a_load_and_a_service_write_is_told_of(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    def entry(id_: str, value: int) -> dict[str, Any]:
        return {"resource": observation(id_, value), "request": {"method": "PUT", "url": f"Observation/{id_}"}}

    async with delivering():
        await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+json"))
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry(f"t{n}", n) for n in range(5)]}
        parsed = parse_bundle(json.dumps(bundle).encode(), base_url="http://h/fhir", most_entries=10)
        await repository.transaction(parsed.entries, lambda _entry: ANY, lambda _type, _criteria: pytest.fail("none"))
        loaded = [Placed(incoming(observation(f"l{n}", 10 + n)), f"l{n}") for n in range(5)]
        await store_many(repository._database, repository.tenant, loaded)
        async with repository.unit() as unit:
            await unit.put_many([Put(f"u{n}", incoming(observation(f"u{n}", 20 + n))) for n in range(5)])
        received = await receiver.count(15)
    assert sorted(values(received)) == [*range(5), *range(10, 15), *range(20, 25)]


async def test_a_failed_delivery_is_tried_again_before_anything_after_it_is_sent(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    refused = iter([503, 500, 200, 429])
    receiver.answer = lambda _request: next(refused, 200)
    async with delivering():
        await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+json"))
        for number in range(3):
            await put(repository, observation(f"o{number}", number))
        assert values(await receiver.count(6)) == [0, 0, 0, 1, 1, 2]


async def test_a_subscription_stops_in_error_at_an_event_that_can_not_be_delivered_and_goes_on_with_it(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    receiver.answer = lambda _request: 500
    async with delivering(subscription_attempts=3):
        await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+json"))
        for number in range(3):
            await put(repository, observation(f"o{number}", number))

        async def letters() -> Any:
            return await repository.subscriptions.dead_letters()

        (letter,) = await eventually(letters)
        assert (letter.subscription, letter.number, letter.id) == ("s", 1, "o0")
        stopped = await stored(repository, "s")
        assert (stopped["status"], stopped["error"]) == ("error", "The receiver answered 500.")
        assert values(receiver.received) == [0, 0, 0]
        await put(repository, observation("o3", 3))  # still recorded
        receiver.answer = lambda _request: 200
        await request_again(repository, "s")
        assert values(await receiver.count(7)) == [0, 0, 0, 0, 1, 2, 3]
    assert await repository.subscriptions.dead_letters() == []
    again = await stored(repository, "s")
    assert again["status"] == "active"
    assert "error" not in again


async def test_a_discarded_event_is_passed_over_and_still_told_when_asked_for(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    receiver.answer = lambda request: 500 if request.path.endswith("o0") else 200
    async with delivering(subscription_attempts=1):
        await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+json"))
        await put(repository, observation("o0", 0))
        await put(repository, observation("o1", 1))
        await eventually(repository.subscriptions.dead_letters)
        assert await repository.subscriptions.discard("s", 1) == 1
        assert await repository.subscriptions.discard("s", 1) == 0
        await request_again(repository, "s")
        assert values(await receiver.count(2)) == [0, 1]
        bundle = json.loads(await events_bundle(repository, "s", "http://h/fhir", 1, None, "id-only"))
    assert len([p for p in bundle["entry"][0]["resource"]["parameter"] if p["name"] == "notification-event"]) == 2


async def test_events_recorded_while_deliveries_fail_are_numbered_on(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    receiver.answer = lambda _request: 500
    async with delivering(subscription_attempts=100, subscription_longest_retry_seconds=0.01):
        await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+json"))
        for number in range(40):
            await put(repository, observation(f"o{number}", number))
        receiver.answer = lambda _request: 200
        received = await receiver.until(lambda all_: values(all_)[-1:] == [39])
    assert list(dict.fromkeys(values(received))) == list(range(40))


async def test_a_receiver_that_is_gone_is_not_tried_again(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    receiver.answer = lambda _request: 410
    async with delivering():
        await subscribe(repository, subscription("s", receiver.url))
        await put(repository, observation("o", 0))
        await eventually(repository.subscriptions.dead_letters)
    assert len(receiver.received) == 1


async def test_a_slow_receiver_delays_neither_another_subscription_nor_a_write(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with receiving() as slow, delivering():
        slow.let_go.clear()
        await subscribe(repository, subscription("slow", slow.url, payload="application/fhir+json"))
        await subscribe(repository, subscription("quick", receiver.url, payload="application/fhir+json"))
        for number in range(20):
            await put(repository, observation(f"o{number}", number))
        assert values(await receiver.count(20)) == list(range(20))
        assert len(slow.received) == 1  # all was written and told elsewhere before it answered
        slow.let_go.set()
        assert values(await slow.count(20)) == list(range(20))


async def test_a_receiver_that_takes_longer_than_its_subscription_says_has_failed(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    receiver.let_go.clear()
    async with delivering(subscription_attempts=1, subscription_timeout_seconds=0.2):
        await subscribe(repository, subscription("s", receiver.url))
        await put(repository, observation("o", 0))
        await eventually(repository.subscriptions.dead_letters)
    assert (await stored(repository, "s"))["error"] == "The receiver did not answer within 0.2 s."


async def test_redirects_are_not_followed(repository: Repository, receiver: Receiver, delivering: Delivering) -> None:
    receiver.answer = lambda _request: 307
    async with delivering(subscription_attempts=1):
        await subscribe(repository, subscription("s", receiver.url))
        await put(repository, observation("o", 0))
        await eventually(repository.subscriptions.dead_letters)
    assert [r.path for r in receiver.received] == ["/"]
    assert (await stored(repository, "s"))["error"] == "The receiver answered 307: redirects are not followed."


async def test_a_private_address_is_refused_unless_the_settings_name_it(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering(subscription_endpoints=[]):
        refused = await subscribe(repository, subscription("s", receiver.url), "error")
    assert "127.0.0.1 is no public host" in refused["error"]
    async with delivering(subscription_endpoints=["*.example.org", "localhost:1"]):
        refused = await subscribe(repository, subscription("t", receiver.url), "error")
    assert "not among the hosts" in refused["error"]
    assert receiver.received == []


async def test_what_was_not_delivered_when_delivery_ends_is_delivered_when_it_begins_again(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+json"))
    for number in range(5):
        await put(repository, observation(f"o{number}", number))
    receiver.answer = lambda _request: 500
    async with delivering():
        await receiver.count(2)
    receiver.answer = lambda _request: 200
    async with delivering():
        received = await receiver.until(lambda all_: values(all_)[-1:] == [4])
    assert list(dict.fromkeys(values(received))) == [0, 1, 2, 3, 4]
    assert values(received) == sorted(values(received))


async def test_of_two_processes_one_delivers_and_the_other_takes_over(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        async with delivering():
            await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+json"))
            await put(repository, observation("o0", 0))
            await receiver.count(1)
        await put(repository, observation("o1", 1))
        received = await receiver.until(lambda all_: values(all_)[-1:] == [1])
    assert list(dict.fromkeys(values(received))) == [0, 1]  # who took over may send the first again


async def test_of_transactions_that_commit_in_another_order_than_they_wrote_none_is_skipped(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+json"))
        async with repository.unit() as first:
            await first.put("Observation", "o0", incoming(observation("o0", 0)))
            async with repository.unit() as second:
                await second.put("Observation", "o1", incoming(observation("o1", 1)))
            assert values(await receiver.count(1)) == [1]
        assert values(await receiver.count(2)) == [1, 0]


async def test_a_subscription_becomes_active_only_when_no_write_can_go_unnoticed(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        async with repository.unit() as before:
            await before.put("Observation", "o0", incoming(observation("o0", 0)))
            await put(repository, subscription("s", receiver.url, payload="application/fhir+json"))

            async def taken_up() -> Any:
                return await repository.subscriptions.standings(["s"])

            await eventually(taken_up)
            # Another, of another type, is not held up for good: what goes on for both is the writer under way.
            assert (await stored(repository, "s"))["status"] == "requested"
            await before.put("Observation", "o1", incoming(observation("o1", 1)))
        assert (await receiver.count(1))[0].resource["id"] == "o1"
        await subscribe(repository, subscription("s", receiver.url, payload="application/fhir+json"))


async def test_tenants_are_not_told_of_each_others_changes(
    repository: Repository, own_database: Database, receiver: Receiver, delivering: Delivering
) -> None:
    await create_tenant(own_database, name := f"o-{uuid.uuid4().hex[:12]}")
    other = Repository(own_database, await own_database.tenant(name))
    async with delivering():
        await subscribe(repository, subscription("s", f"{receiver.url}/a", payload="application/fhir+json"))
        await subscribe(other, subscription("s", f"{receiver.url}/b", payload="application/fhir+json"))
        await put(other, observation("o", 2))
        await put(repository, observation("o", 1))
        received = await receiver.count(2)
    assert {(r.path, r.resource["valueInteger"]) for r in received} == {
        ("/a/Observation/o", 1),
        ("/b/Observation/o", 2),
    }


async def test_a_tenant_without_subscriptions_leaves_nothing_to_dispatch(repository: Repository) -> None:
    await put(repository, observation("o", 1))
    async with repository._database.rows() as connection:
        sql = "SELECT count(*) FROM change_event WHERE tenant = $1"
        assert await connection.fetchval(sql, repository.tenant) == 0


@pytest.mark.parametrize("ending", ["off", "deletion", "end"])
async def test_nothing_is_sent_after_the_end_of_a_subscription(
    repository: Repository, receiver: Receiver, delivering: Delivering, ending: str
) -> None:
    async with delivering():
        asked = subscription("s", f"{receiver.url}/ended", payload="application/fhir+json")
        await subscribe(repository, asked)
        await subscribe(repository, subscription("other", receiver.url, payload="application/fhir+json"))
        match ending:
            case "off":
                await put(repository, asked | {"status": "off"})
            case "deletion":
                await repository.delete("Subscription", "s")
            case "end":
                past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat(timespec="seconds")
                await subscribe(repository, asked | {"end": past}, "off")
        await put(repository, observation("o", 1))
        received = await receiver.count(1)
        await put(repository, observation("o", 2))
        received = await receiver.count(2)
    assert [r.path for r in received] == ["/Observation/o"] * 2


async def test_a_subscription_that_is_edited_sends_to_where_it_now_says(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        await subscribe(repository, subscription("s", f"{receiver.url}/a", payload="application/fhir+json"))
        await put(repository, observation("o", 1))
        await receiver.count(1)
        edited = subscription("s", f"{receiver.url}/b", "Observation?status=cancelled", payload="application/fhir+json")
        await subscribe(repository, edited)
        await put(repository, observation("o", 2))
        await put(repository, observation("o", 3, status="cancelled"))
        received = await receiver.count(2)
    assert [r.path for r in received] == ["/a/Observation/o", "/b/Observation/o"]


async def test_a_topic_is_told_of_with_a_handshake_then_its_events_only(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering(base_url="https://fhir.example.org"):
        await subscribe(repository, topic_subscription("s", receiver.url, "session-finished"))
        (handshake,) = await receiver.count(1)
        assert (handshake.said["type"], handshake.said["status"]) == ("handshake", "requested")
        for status in ("planned", "in-progress", "finished"):
            await put(repository, encounter("e", status))
        await put(repository, encounter("e", "finished", length={"value": 3, "unit": "h"}))
        await put(repository, encounter("f", "finished"))
        received = await receiver.count(3)
    assert [r.method for r in received] == ["POST"] * 3
    assert [r.numbers for r in received[1:]] == [[1], [2]]
    assert [r.said["events-since-subscription-start"] for r in received[1:]] == ["1", "2"]
    first, second = (r.resource["entry"][1] for r in received[1:])
    assert first["resource"]["meta"]["versionId"] == "3"
    assert first["request"] == {"method": "PUT", "url": "Encounter/e"}
    assert second["response"]["status"] == "200"
    assert second["fullUrl"].endswith("/fhir/Encounter/f")


@pytest.mark.parametrize(
    ("content", "tells_id", "tells_all"),
    [
        ("empty", False, False),
        ("id-only", True, False),
        ("full-resource", True, True),
    ],
)
async def test_no_more_is_told_than_the_content_asked_for(
    repository: Repository, receiver: Receiver, delivering: Delivering, content: str, tells_id: bool, tells_all: bool
) -> None:
    async with delivering():
        await subscribe(repository, topic_subscription("s", receiver.url, "care-plan-changed", content))
        plan = {
            "resourceType": "CarePlan",
            "id": "plan-1",
            "status": "active",
            "intent": "plan",
            "title": "secret",
            "subject": {"reference": "Patient/1"},
        }
        await put(repository, plan)
        request = (await receiver.count(2))[1]
    assert ("CarePlan/plan-1" in request.body.decode(), "secret" in request.body.decode()) == (tells_id, tells_all)
    assert request.numbers == [1]


async def test_a_deletion_is_an_event_of_a_topic_that_says_so(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        asked = topic_subscription("s", receiver.url, "task-changed", filters=("Task?status=requested",))
        await subscribe(repository, asked)
        for id_, status in (("a", "requested"), ("b", "completed")):
            await put(repository, {"resourceType": "Task", "id": id_, "status": status, "intent": "order"})
            await repository.delete("Task", id_)
        await put(repository, {"resourceType": "Task", "id": "c", "status": "requested", "intent": "order"})
        received = await receiver.count(4)
    entries = [r.resource["entry"][1] for r in received[1:]]
    assert [entry["request"] for entry in entries] == [
        {"method": "PUT", "url": "Task/a"},
        {"method": "DELETE", "url": "Task/a"},
        {"method": "PUT", "url": "Task/c"},
    ]
    assert "resource" not in entries[1]


async def test_events_that_wait_go_together_up_to_the_number_asked_for(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        await subscribe(repository, topic_subscription("s", receiver.url, "session-finished", "id-only", max_count=4))
        await receiver.count(1)
        receiver.let_go.clear()
        for number in range(10):
            await put(repository, encounter(f"e{number}", "finished"))

        async def recorded() -> bool:
            return (await repository.subscriptions.standings(["s"]))[0].events == 10

        await eventually(recorded)
        receiver.let_go.set()
        received = await receiver.until(lambda all_: all_[-1].numbers[-1:] == [10])
    numbers = [r.numbers for r in received[1:]]
    assert [n for some in numbers for n in some] == list(range(1, 11))
    assert max(map(len, numbers)) == 4


async def test_resources_that_are_too_much_for_one_notification_come_in_the_next(repository: Repository) -> None:
    for number in range(20):
        await put(repository, observation(f"o{number}", number))
    body = len((await repository.read("Observation", "o0")).body)
    events = [Event(n + 1, "Observation", f"o{n}", 1, datetime.now(UTC)) for n in range(20)]
    told = await contents(repository, events, "full-resource", most_bytes=body * 12 + 20)
    assert [event.number for event, _ in told] == list(range(1, 13))
    assert [event.number for event, _ in await contents(repository, events, "full-resource", most_bytes=1)] == [1]
    assert len(await contents(repository, events, "id-only", most_bytes=1)) == 20


async def test_a_handshake_that_is_refused_leaves_the_subscription_in_error(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    receiver.answer = lambda _request: 403
    async with delivering():
        refused = await subscribe(repository, topic_subscription("s", receiver.url, "session-finished"), "error")
    assert refused["error"] == "The receiver answered 403."


async def test_heartbeats_are_sent_while_nothing_happens(
    repository: Repository, receiver: Receiver, delivering: Delivering
) -> None:
    async with delivering():
        asked = topic_subscription("s", receiver.url, "session-finished", heartbeat_period=1)
        await subscribe(repository, asked)
        received = await receiver.count(3)
    assert [r.said["type"] for r in received] == ["handshake", "heartbeat", "heartbeat"]
    assert received[1].numbers == []


async def test_secrets_of_a_subscription_are_in_no_log_and_no_error(
    repository: Repository, receiver: Receiver, delivering: Delivering, capfd: pytest.CaptureFixture[str]
) -> None:
    receiver.answer = lambda _request: 500
    async with delivering(subscription_attempts=2):
        asked = subscription(
            "s",
            f"{receiver.url}/secret-path",
            payload="application/fhir+json",
            channel={"header": ["Authorization: Bearer secret-token"]},
        )
        await subscribe(repository, asked)
        await put(repository, observation("secret-id", 4711))
        await eventually(repository.subscriptions.dead_letters)
    printed = "".join(capfd.readouterr())
    assert "notification not delivered" in printed
    assert not any(word in printed for word in ("secret", "4711"))
    assert "secret" not in (await stored(repository, "s"))["error"]


async def test_a_subscription_that_can_not_be_served_is_refused_by_every_door(repository: Repository) -> None:
    wrong = incoming(subscription("s", "ftp://example.org"))
    with pytest.raises(UnservedSubscription, match="http or https"):
        await repository.update("Subscription", "s", wrong)
    with pytest.raises(UnservedSubscription, match="http or https"):
        async with repository.unit() as unit:
            await unit.put("Subscription", "s", wrong)
    (result,) = await store_many(repository._database, repository.tenant, [Placed(wrong, "s")])
    assert isinstance(result, UnservedSubscription)
