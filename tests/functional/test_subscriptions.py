"""Subscriptions end to end: `cordee serve` as it is run, a real receiver, websockets, the command line."""

import asyncio
import json
import os
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from demo.bundles import bundles
from fhirclient.models.subscription import Subscription as ClientSubscription
from tests.functional.conftest import CORDEE, Server, serving
from tests.functional.test_bill import request as billing
from tests.receivers import PATIENCE_SECONDS, Receiver, eventually, receiving
from tests.subscriptions import encounter, observation, subscription, topic_subscription
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from cordee.store.connection import Database
from cordee.store.tenants import create_tenant

SETTINGS = {
    "CORDEE_BACKGROUND": "true",
    "CORDEE_SUBSCRIPTION_ENDPOINTS": '["127.0.0.1"]',
    "CORDEE_SUBSCRIPTION_FIRST_RETRY_SECONDS": "0.05",
    "CORDEE_SUBSCRIPTION_LONGEST_RETRY_SECONDS": "0.2",
    "CORDEE_SUBSCRIPTION_ATTEMPTS": "3",
}


@pytest.fixture(scope="module")
def subscribing(own_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may send to this machine."""
    with serving(own_dsn, tmp_path_factory.mktemp("subscribing") / "log", **SETTINGS) as running:
        yield running


@pytest.fixture
async def tenant(own_dsn: str) -> str:
    name = f"t-{uuid.uuid4().hex[:12]}"
    database = Database(own_dsn, connections=1)
    await database.open()
    await create_tenant(database, name)
    await database.close()
    return name


@pytest.fixture
async def http(subscribing: Server, tenant: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(subscribing.url, tenant) as made:
        yield made


def client_of(url: str, tenant: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"{url}/t/{tenant}/fhir/", headers={"Content-Type": "application/fhir+json"}, timeout=30
    )


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def put(http: httpx.AsyncClient, resource: dict[str, Any]) -> None:
    (await http.put(f"{resource['resourceType']}/{resource['id']}", json=resource)).raise_for_status()


async def subscribe(http: httpx.AsyncClient, resource: dict[str, Any], status: str = "active") -> None:
    await put(http, resource)
    await eventually(lambda: has_status(http, resource["id"], status))


async def has_status(http: httpx.AsyncClient, id_: str, status: str) -> bool:
    return bool((await http.get(f"Subscription/{id_}")).json()["status"] == status)


def said(bundle: str | bytes) -> dict[str, Any]:
    parameters = json.loads(bundle)["entry"][0]["resource"]["parameter"]
    return {p["name"]: next(v for k, v in p.items() if k.startswith("value")) for p in parameters if "part" not in p}


async def heard(socket: ClientConnection) -> str:
    text = await asyncio.wait_for(socket.recv(), PATIENCE_SECONDS)
    assert isinstance(text, str)
    return text


@pytest.fixture
def opened(http: httpx.AsyncClient) -> Callable[[], Any]:
    """Opens a websocket at the address that /metadata tells."""

    @asynccontextmanager
    async def run() -> AsyncIterator[ClientConnection]:
        rest = (await http.get("metadata")).json()["rest"][0]
        (address,) = [e["valueUri"] for e in rest["extension"] if e["url"].endswith("capabilitystatement-websocket")]
        async with connect(address) as socket:
            yield socket

    return run


def on_socket(id_: str, topic: str | None = None, **extensions: int) -> dict[str, Any]:
    made = (
        subscription(id_, "", channel={"type": "websocket"})
        if topic is None
        else topic_subscription(id_, "", topic, "id-only", channel={"type": "websocket"}, **extensions)
    )
    del made["channel"]["endpoint"]
    return made


async def token_for(http: httpx.AsyncClient, id_: str) -> str:
    answer = (await http.get(f"Subscription/{id_}/$get-ws-binding-token")).json()
    return str(next(p["valueString"] for p in answer["parameter"] if p["name"] == "token"))


async def test_a_socket_bound_to_criteria_is_pinged_for_each_event(
    http: httpx.AsyncClient, opened: Callable[[], Any]
) -> None:
    await subscribe(http, on_socket("s"))
    async with opened() as socket:
        await socket.send("bind s")
        assert await heard(socket) == "bound s"
        await put(http, observation("o", 1))
        await put(http, observation("o", 2))
        assert [await heard(socket) for _ in range(2)] == ["ping s", "ping s"]


async def test_a_socket_bound_with_a_token_shakes_hands_and_is_told_in_order_of_what_it_missed_too(
    http: httpx.AsyncClient, opened: Callable[[], Any]
) -> None:
    await subscribe(http, on_socket("s", "session-finished"))
    async with opened() as socket:
        await socket.send(f"bind-with-token {await token_for(http, 's')}")
        assert said(await heard(socket))["type"] == "handshake"
        await put(http, encounter("e1", "finished"))
        assert said(await heard(socket))["events-since-subscription-start"] == "1"
    for number in (2, 3):
        await put(http, encounter(f"e{number}", "finished"))
    async with opened() as socket:
        command = {"type": "bind-with-token", "payload": {"token": await token_for(http, "s")}}
        await socket.send(json.dumps(command))
        assert said(await heard(socket))["type"] == "handshake"
        numbers: list[str] = []
        while numbers[-1:] != ["3"]:
            numbers.append(said(await heard(socket))["events-since-subscription-start"])
    # The first may come again: it is not known at once that it came.
    assert numbers in (["2", "3"], ["1", "2", "3"])


async def test_a_socket_that_hears_nothing_else_hears_heartbeats(
    http: httpx.AsyncClient, opened: Callable[[], Any]
) -> None:
    await subscribe(http, on_socket("s", "session-finished", heartbeat_period=1))
    async with opened() as socket:
        await socket.send(f"bind-with-token {await token_for(http, 's')}")
        assert [said(await heard(socket))["type"] for _ in range(2)] == ["handshake", "heartbeat"]


@pytest.mark.parametrize(
    "command", ["bind nothing", "bind s", "bind-with-token wrong", "hello", '{"type":1}', "x" * 5000]
)
async def test_a_socket_that_can_not_be_bound_is_closed_with_the_reason(
    http: httpx.AsyncClient, opened: Callable[[], Any], command: str
) -> None:
    await subscribe(http, on_socket("s", "session-finished"))
    async with opened() as socket:
        await socket.send(command)
        with pytest.raises(ConnectionClosed) as closed:
            await heard(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    assert closed.value.rcvd.reason


async def test_a_token_binds_in_its_own_tenant_only(
    subscribing: Server, own_dsn: str, http: httpx.AsyncClient, tenant: str
) -> None:
    database = Database(own_dsn, connections=1)
    await database.open()
    await create_tenant(database, other := f"o-{uuid.uuid4().hex[:8]}")
    await database.close()
    await subscribe(http, on_socket("s", "session-finished"))
    token = await token_for(http, "s")
    async with connect(f"{subscribing.url.replace('http', 'ws')}/t/{other}/fhir/websocket") as socket:
        await socket.send(f"bind-with-token {token}")
        with pytest.raises(ConnectionClosed):
            await heard(socket)


async def test_metadata_lists_the_topics_and_the_operations(http: httpx.AsyncClient) -> None:
    rest = (await http.get("metadata")).json()["rest"][0]
    (described,) = [one for one in rest["resource"] if one["type"] == "Subscription"]
    topics = [e["valueCanonical"] for e in described["extension"]]
    assert "https://cordee.example/fhir/SubscriptionTopic/session-finished" in topics
    assert {"status", "events", "get-ws-binding-token"} <= {one["name"] for one in described["operation"]}
    assert described["supportedProfile"][0].endswith("/backport-subscription")


async def test_status_and_events_are_told_as_the_guide_says(http: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribe(http, topic_subscription("s", receiver.url, "session-finished", "empty"))
    for number in range(1, 4):
        await put(http, encounter(f"e{number}", "finished"))
    await receiver.count(4)
    asked = (await http.get("Subscription/$status", params={"id": "s", "status": "active"})).json()
    assert (asked["type"], asked["total"]) == ("searchset", 1)
    assert said(json.dumps(asked)) | {"subscription": ""} == {
        "subscription": "",
        "status": "active",
        "type": "query-status",
        "events-since-subscription-start": "3",
    }
    assert (await http.get("Subscription/$status?status=off")).json()["total"] == 0
    events = (await http.get("Subscription/s/$events?eventsSinceNumber=2&content=full-resource")).json()
    assert [entry["resource"].get("id") for entry in events["entry"][1:]] == ["e2", "e3"]
    assert said(json.dumps(events))["type"] == "query-event"
    assert (await http.get("Subscription/s/$events?eventsSinceNumber=x")).status_code == 400
    assert (await http.get("Subscription/none/$status")).status_code == 404


async def test_a_client_library_subscribes(http: httpx.AsyncClient, receiver: Receiver) -> None:
    made = ClientSubscription(subscription("made-by-fhirclient", receiver.url, payload="application/fhir+json"))
    await subscribe(http, made.as_json())
    await put(http, observation("o", 1))
    ((request,), found) = await receiver.count(1), (await http.get("Subscription/made-by-fhirclient")).json()
    assert request.resource["valueInteger"] == 1
    assert ClientSubscription(found).status == "active"


async def test_what_can_not_be_served_is_refused_with_every_place(http: httpx.AsyncClient) -> None:
    wrong = subscription("s", "ftp://h", "Observation?colour=red", channel={"type": "rest-hook"})
    answer = await http.put("Subscription/s", json=wrong)
    assert answer.status_code == 422
    places = [issue["expression"][0] for issue in answer.json()["issue"]]
    assert places == ["Subscription.criteria", "Subscription.channel.endpoint"]
    assert (await http.put("Subscription/s", json=subscription("s", "http://h", status="active"))).status_code == 422


async def test_an_operator_sees_what_stopped_and_lets_it_go_on(
    subscribing: Server, http: httpx.AsyncClient, receiver: Receiver, own_dsn: str, tenant: str
) -> None:
    async def cordee(*arguments: str) -> str:
        command = [CORDEE, "subscription", *arguments, "--tenant", tenant]
        environment = os.environ | {"CORDEE_DATABASE_URL": own_dsn, "NO_COLOR": "1"}
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        return str(done.stdout)

    receiver.answer = lambda _request: 503
    await subscribe(http, subscription("s", f"{receiver.url}/secret", payload="application/fhir+json"))
    for number in range(3):
        await put(http, observation(f"o{number}", number))
    await eventually(lambda: has_status(http, "s", "error"))
    (letter,) = (await http.get("Subscription/$dead-letters")).json()["parameter"]
    assert {p["name"]: p.get("valueInteger") for p in letter["part"]} | {"recorded": None} == {
        "subscription": None,
        "event-number": 1,
        "focus": None,
        "recorded": None,
        "error": None,
        "waiting": 3,
    }
    assert (await cordee("dead-letters")).split("\t")[:3] == ["s", "1", "Observation/o0"]
    assert "The receiver answered 503." in await cordee("list")
    assert await cordee("discard", "s") == "1 discarded.\n"
    assert await cordee("discard", "s", "--until", "9") == "0 discarded.\n"
    receiver.answer = lambda _request: 200
    before = len(receiver.received)
    assert await cordee("retry", "s") == "Subscription/s is requested again.\n"
    received = await receiver.count(before + 2)
    assert [r.resource["valueInteger"] for r in received[before:]] == [1, 2]
    await eventually(lambda: has_status(http, "s", "active"))
    assert await cordee("dead-letters") == ""
    log = subscribing.log.read_text()
    assert "notification not delivered" in log
    assert "secret" not in log
    assert "Observation" not in log


async def test_what_is_loaded_and_what_is_billed_is_told(
    http: httpx.AsyncClient, receiver: Receiver, own_dsn: str, tenant: str, tmp_path: Path
) -> None:
    await subscribe(http, topic_subscription("s", receiver.url, "claim-state", "id-only", max_count=100))
    await subscribe(http, subscription("patients", f"{receiver.url}/p", "Patient", payload="application/fhir+json"))
    for number, (_, resources) in enumerate(islice(bundles(), 7)):
        entries = [
            {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in resources
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        (tmp_path / f"{number}.json").write_text(json.dumps(bundle))
    command = [CORDEE, "load", str(tmp_path), "--tenant", tenant]
    environment = os.environ | {"CORDEE_DATABASE_URL": own_dsn}
    await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, timeout=300, check=True)
    (await http.post("$bill", json=billing())).raise_for_status()
    stored = (await http.get("Claim?_summary=count")).json()["total"]
    patients = (await http.get("Patient?_summary=count")).json()["total"]
    assert stored > 0
    await receiver.until(
        lambda all_: (
            sum(len(r.numbers) for r in all_ if r.path == "/") == stored
            and sum(r.path.startswith("/p/Patient/") for r in all_) == patients
        )
    )
