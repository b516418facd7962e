"""Websockets under a FHIR base, on which subscribers are told of events (R4 subscription.html, backport channels.html).

A client binds to a subscription to criteria with `bind ID`, is answered `bound ID`, then told `ping ID` for each event;
to subscriptions to topics with `bind-with-token TOKEN`, is answered a handshake for each, then sent Bundles.
"""

import asyncio
import re
from contextlib import suppress
from datetime import UTC, datetime

import orjson
import structlog
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket as Socket
from starlette.websockets import WebSocketDisconnect

from cordee.api.operations.subscription_queries import WEBSOCKET_PATH
from cordee.api.websocket_news import SocketNews
from cordee.fhir.outcome import FhirError, InvalidResource
from cordee.fhir.subscriptions.notifications import Event, Kind, Standing
from cordee.fhir.subscriptions.reading import read_subscription
from cordee.fhir.subscriptions.subscription import Subscription, WebSocket
from cordee.settings import Settings
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.failures import raised_at
from cordee.store.reader import Reader
from cordee.store.subscriptions import queue, tokens
from cordee.subscriptions.contents import Told, contents
from cordee.subscriptions.failures import DeliveryFailed
from cordee.subscriptions.sending import notification_text

_log = structlog.get_logger("cordee.subscriptions")

_ADDRESS = re.compile(r"(?:/t/([A-Za-z0-9._\-]{1,64}))?/fhir" + WEBSOCKET_PATH)

_MOST_BOUND = 100
"""Subscriptions on one connection."""
_MOST_CHARACTERS = 1_000
"""Of what a client sends."""
_SECONDS_BETWEEN_LOOKS = 5.0
_REFUSED = 1008
"""The code of the connection's end when its client breaks the rules (RFC 6455 7.4.1)."""


class SubscriptionSockets:
    """The ASGI application of the websockets of all tenants. `database` is set once it is open."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._news: SocketNews | None = None
        self._database: Database | None = None

    def serve_from(self, database: Database) -> None:
        """Gives it the database; it is open until the application ends."""
        self._database, self._news = database, SocketNews(database)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection, or refuses it where there is no such address or tenant."""
        socket = Socket(scope, receive, send)
        found = _ADDRESS.fullmatch(scope["path"])
        if found is None or self._database is None or self._news is None:
            await socket.close(_REFUSED)
            return
        try:
            tenant = await self._database.tenant(found[1] or DEFAULT_TENANT)
        except FhirError:
            await socket.close(_REFUSED)
            return
        base_url = self._own_url(socket) + scope["path"].removesuffix(WEBSOCKET_PATH)
        await SubscriptionSocket(socket, self._database, tenant, base_url, self._news).run()

    def _own_url(self, socket: Socket) -> str:
        if self._settings.base_url is not None:
            return self._settings.own_url
        scheme = "https" if socket.scope.get("scheme") == "wss" else "http"
        return f"{scheme}://{socket.headers.get('host', 'localhost')}"


class SubscriptionSocket:
    """One connection, of one tenant, with the subscriptions that are bound to it."""

    def __init__(self, socket: Socket, database: Database, tenant: int, base_url: str, news: SocketNews) -> None:
        self._socket = socket
        self._database = database
        self._reader = Reader(database, tenant)
        self._base_url = base_url
        self._news = news
        self._bound: dict[str, asyncio.Task[None]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Serves the connection until either side ends it."""
        await self._socket.accept()
        try:
            while True:
                await self._obey(await self._socket.receive_text())
        except WebSocketDisconnect:
            pass
        except FhirError as refusal:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(_REFUSED, str(refusal)[:100])
        finally:
            for task in self._bound.values():
                task.cancel()
            await asyncio.gather(*self._bound.values(), return_exceptions=True)

    async def _obey(self, text: str) -> None:
        command, _, named = text.strip().partition(" ")
        if text.lstrip().startswith("{"):
            command, named = _written_as_json(text)
        if len(text) <= _MOST_CHARACTERS and named:
            match command:
                case "bind":
                    await self._bind(named, is_of_topic=False)
                    return
                case "bind-with-token":
                    async with self._database.rows() as connection:
                        ids = await tokens.subscriptions_of_token(connection, self._reader.tenant, named)
                    if ids is None:
                        raise FhirError("The token is unknown, or has expired; ask for another.")
                    for id_ in ids:
                        await self._bind(id_, is_of_topic=True)
                    return
        raise FhirError("Send «bind ID», or «bind-with-token TOKEN».")

    async def _bind(self, id_: str, *, is_of_topic: bool) -> None:
        subscription, standing = await self._found(id_)
        if subscription is None or standing is None or (not is_of_topic and subscription.topic is not None):
            raise FhirError(f"There is no subscription {id_[:64]} to bind to in this way.")
        if len(self._bound) >= _MOST_BOUND:
            raise FhirError(f"At most {_MOST_BOUND} subscriptions can be bound to one connection.")
        before = self._bound.pop(id_, None)
        if before is not None:
            before.cancel()
            await asyncio.gather(before, return_exceptions=True)
        if subscription.topic is None:
            await self._send(f"bound {id_}")
        else:
            await self._send(self._bundle(subscription, standing, "handshake"))
        self._bound[id_] = asyncio.create_task(self._tell(id_))

    async def _tell(self, id_: str) -> None:
        news = self._news.join()
        try:
            await self._tell_until_over(id_, news)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the connection ended: what is not noted as delivered is told to the next one
        except (FhirError, OSError, DeliveryFailed) as problem:
            _log.warning("websocket not served", subscription=id_, error=type(problem).__name__, at=raised_at(problem))
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(1011)
        finally:
            self._news.leave(news)

    async def _tell_until_over(self, id_: str, news: asyncio.Event) -> None:
        told, spoken = 0, datetime.now(UTC)
        while True:
            news.clear()
            subscription, standing = await self._found(id_)
            if subscription is None or standing is None or standing.status in ("off", "error"):
                return
            events: list[Event] = []
            if standing.status == "active":
                async with self._database.rows() as connection:
                    events = await queue.waiting_events(
                        connection, self._reader.tenant, id_, count=subscription.most_events, after=told
                    )
            if events:
                some = await contents(self._reader, events, subscription.content)
                await self._send(self._message(subscription, standing, some))
                told, spoken = some[-1][0].number, datetime.now(UTC)
                await asyncio.shield(self._note_delivered(id_, told))  # it was sent, though the connection may end now
                continue
            heartbeat = subscription.heartbeat_seconds if subscription.topic is not None else None
            silent = (datetime.now(UTC) - spoken).total_seconds()
            if heartbeat is not None and silent >= heartbeat:
                await self._send(self._bundle(subscription, standing, "heartbeat"))
                spoken = datetime.now(UTC)
                continue
            patience = _SECONDS_BETWEEN_LOOKS if heartbeat is None else min(heartbeat - silent, _SECONDS_BETWEEN_LOOKS)
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), patience)

    async def _note_delivered(self, id_: str, number: int) -> None:
        async with self._database.rows() as connection:
            await queue.note_delivered(connection, self._reader.tenant, id_, number)

    async def _found(self, id_: str) -> tuple[Subscription | None, Standing | None]:
        """The subscription as it now stands, if its channel is a websocket and it was taken up."""
        stored = (await self._reader.read_many([("Subscription", id_)])).get(("Subscription", id_))
        standings = await self._reader.subscriptions.standings([id_])
        if stored is None or stored.deleted or not standings:
            return None, None
        try:
            subscription = read_subscription(
                orjson.loads(stored.body), await self._reader.search_parameters(), base_url=self._base_url
            )
        except InvalidResource:
            return None, None
        if not isinstance(subscription.channel, WebSocket):
            return None, None
        topic = None if subscription.topic is None else subscription.topic.canonical
        standing = standings[0]
        return subscription, Standing(
            id_, standing.status, topic, subscription.content, standing.events, standing.error
        )

    def _message(self, subscription: Subscription, standing: Standing, told: Told) -> str:
        if subscription.topic is None:
            return f"ping {standing.id}"
        return self._bundle(subscription, standing, "event-notification", told)

    def _bundle(self, subscription: Subscription, standing: Standing, kind: Kind, told: Told = ()) -> str:
        return notification_text(subscription, standing, kind, self._base_url, told).decode()

    async def _send(self, text: str) -> None:
        async with self._one_at_a_time:
            await self._socket.send_text(text)


def _written_as_json(text: str) -> tuple[str, str]:
    """The command as some clients write it: {"type": "bind-with-token", "payload": {"token": …}}."""
    try:
        said = orjson.loads(text)
        return str(said["type"]), str(said["payload"]["token"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "", ""
