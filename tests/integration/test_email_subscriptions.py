"""Subscriptions by e-mail, through a real mail server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import orjson
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.subscriptions import incoming, subscription, topic_subscription

from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subscriptions.notifications import Event
from cordee.fhir.subscriptions.reading import read_subscription
from cordee.settings import Settings
from cordee.store.subscriptions.standing import SubscriptionStanding
from cordee.subscriptions.email import Mails
from cordee.subscriptions.failures import DeliveryFailed
from cordee.subscriptions.registered import Registered
from cordee.subscriptions.rest_hook import RestHooks
from cordee.subscriptions.sending import Channels

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
BODY = '{"resourceType":"CarePlan","id":"plan-1","status":"active","intent":"plan","subject":{"display":"Secret"}}'
EVENT = Event(3, "CarePlan", "plan-1", 1, NOW)
STORED = StoredVersion("CarePlan", "plan-1", 1, NOW, False, "PUT", BODY, 1)


@dataclass
class Mailbox:
    """The mails that came; `answer` refuses when it is no 250."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return self.answer


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    made = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(made, hostname="localhost"), "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def channels(mailbox: Mailbox | None, **settings: Any) -> AsyncIterator[Channels]:
    if mailbox is not None:
        settings |= {"smtp_host": "127.0.0.1", "smtp_port": mailbox.port, "smtp_security": "none"}
    chosen = Settings(smtp_sender="cordee@msp.example", **settings)
    async with RestHooks([]) as hooks:
        yield Channels(chosen, hooks, Mails(chosen))


def registered(resource: dict[str, Any]) -> Registered:
    read = read_subscription(incoming(resource).resource)
    return Registered(
        "https://msp.example/fhir", SubscriptionStanding(1, "s", 1, "active", read.resource_type, 3), read
    )


def mailed(criteria: str = "CarePlan?status=active", **others: Any) -> dict[str, Any]:
    return subscription("s", "mailto:coordination@example.org", criteria, channel={"type": "email"}, **others)


def mailed_topic(content: str, payload: str) -> dict[str, Any]:
    channel = {"type": "email", "payload": payload}
    return topic_subscription("s", "mailto:a@example.org", "care-plan-changed", content, channel=channel)


async def test_a_mail_without_payload_says_that_there_is_news_and_nothing_of_what(mailbox: Mailbox) -> None:
    async with channels(mailbox) as sending:
        await sending.begin(registered(mailed()))
        await sending.send(registered(mailed()), "event-notification", [(EVENT, STORED)])
    (mail,) = mailbox.mails
    assert (mail["To"], mail["From"]) == ("coordination@example.org", "cordee@msp.example")
    assert mail["Message-ID"] == "<s.1.3@msp.example>"
    assert "https://msp.example/fhir/Subscription/s/$events" in mail.get_content()
    assert not any(word in mail.as_string() for word in ("Secret", "plan-1", "CarePlan"))


@pytest.mark.parametrize(("content", "tells_id"), [("empty", False), ("id-only", True)])
async def test_a_topic_shakes_hands_then_attaches_its_bundle(mailbox: Mailbox, content: str, tells_id: bool) -> None:
    async with channels(mailbox) as sending:
        asked = registered(mailed_topic(content, "text/plain;attach=application/fhir+json"))
        await sending.begin(asked)
        await sending.send(asked, "event-notification", [(EVENT, None)])
    handshake, mail = mailbox.mails
    assert "handshake" in handshake["Subject"]
    (attached,) = mail.iter_attachments()
    assert attached.get_content_type() == "application/fhir+json"
    bundle = orjson.loads(attached.get_content())
    assert (bundle["type"], "CarePlan/plan-1" in str(bundle)) == ("history", tells_id)


async def test_whole_resources_are_mailed_only_where_the_settings_allow_it(mailbox: Mailbox) -> None:
    asked = registered(mailed(payload="application/fhir+json"))
    async with channels(mailbox) as sending:
        with pytest.raises(DeliveryFailed, match="sends no resources by e-mail"):
            await sending.begin(asked)
    async with channels(mailbox, smtp_resources=True) as sending:
        await sending.begin(asked)
        await sending.send(asked, "event-notification", [(EVENT, STORED)])
    (attached,) = mailbox.mails[0].iter_attachments()
    assert attached.get_content() == BODY.encode()


async def test_without_a_mail_server_a_subscription_is_refused_for_good() -> None:
    async with channels(None) as sending:
        with pytest.raises(DeliveryFailed, match="no mail server") as failed:
            await sending.begin(registered(mailed()))
    assert failed.value.is_final


async def test_a_mail_server_that_refuses_or_is_not_there_is_tried_again(mailbox: Mailbox) -> None:
    mailbox.answer = "451 coordination@example.org is busy"
    async with channels(mailbox) as sending:
        with pytest.raises(DeliveryFailed, match=r"^The mail server answered 451\.$") as failed:
            await sending.send(registered(mailed()), "event-notification", [(EVENT, None)])
        assert not failed.value.is_final
    async with channels(Mailbox(port=1)) as sending:
        with pytest.raises(DeliveryFailed, match="could not be used"):
            await sending.send(registered(mailed()), "event-notification", [(EVENT, None)])


async def test_a_mail_is_not_sent_in_the_clear_unless_the_settings_say_so(mailbox: Mailbox) -> None:
    async with channels(mailbox, smtp_user="u") as sending:
        encrypting = Settings(smtp_host="127.0.0.1", smtp_port=mailbox.port)
        encrypted = Channels(encrypting, sending.hooks, Mails(encrypting))
        with pytest.raises(DeliveryFailed):
            await encrypted.send(registered(mailed()), "event-notification", [(EVENT, None)])
    assert mailbox.mails == []
