"""What a Subscription asks for (R4 subscription.html, hl7.fhir.uv.subscriptions-backport 1.1)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cordee.fhir.query_tree import Search
from cordee.fhir.subscriptions.topics import Topic

GUIDE = "http://hl7.org/fhir/uv/subscriptions-backport"

Content = Literal["empty", "id-only", "full-resource"]
Attachment = Literal["application/fhir+json", "application/fhir+xml"]


@dataclass(frozen=True, slots=True)
class RestHook:
    """`endpoint` is an http or https address; `headers` may hold secrets, so they never show."""

    endpoint: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class WebSocket:
    """The client opens the connection, and binds to the subscription."""


@dataclass(frozen=True, slots=True)
class Email:
    """`address` is that of one mailbox."""

    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is subscribed to, how it is told, and how much of it.

    Of a `topic`, the events narrowed by every one of `searches`; without one, every version stored that `searches`, of
    which there is one, finds. `format` is that of the resource or Bundle sent, None when none is.
    """

    topic: Topic | None
    searches: tuple[Search, ...]
    channel: RestHook | WebSocket | Email
    format: Attachment | None
    content: Content
    end: datetime | None = None
    timeout_seconds: int | None = None
    heartbeat_seconds: int | None = None
    most_events: int = 1
    """In one notification of a topic."""

    @property
    def resource_type(self) -> str:
        """The type of the resources it is about."""
        return self.searches[0].resource_type if self.topic is None else self.topic.resource_type
