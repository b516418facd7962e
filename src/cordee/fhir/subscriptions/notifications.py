"""The Bundle that tells a subscriber of events, in the R4 form of subscriptions-backport 1.1 (notifications.html).

Its first entry is the SubscriptionStatus, a Parameters; resources stand in it as they are stored, to the character.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

import orjson

from cordee.fhir.body import instant
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subscriptions.subscription import GUIDE, Content

Kind = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]

_ANSWERS = {"POST": ("POST", "201"), "PUT": ("PUT", "200"), "PATCH": ("PUT", "200"), "DELETE": ("DELETE", "204")}


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a subscription: its number there, from 1; the version it is about, and the instant of that (UTC)."""

    number: int
    resource_type: str
    id: str
    version: int
    moment: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscription as the status tells it: `events` is how many there were since it began."""

    id: str
    status: str
    topic: str | None
    content: Content
    events: int
    error: str | None = None


def status_resource(standing: Standing, kind: Kind, base_url: str, events: Sequence[Event] = ()) -> dict[str, Any]:
    """The SubscriptionStatus as a Parameters resource; what it tells of the events is bounded by the content."""
    parameters: list[dict[str, Any]] = [
        {"name": "subscription", "valueReference": {"reference": f"{base_url}/Subscription/{standing.id}"}},
    ]
    if standing.topic is not None and standing.content != "empty":
        parameters.append({"name": "topic", "valueCanonical": standing.topic})
    parameters += [
        {"name": "status", "valueCode": standing.status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(standing.events)},
        *(_notified(event, standing.content, base_url) for event in events),
    ]
    if standing.error is not None:
        parameters.append({"name": "error", "valueCodeableConcept": {"text": standing.error}})
    return {
        "resourceType": "Parameters",
        "id": str(uuid4()),
        "meta": {"profile": [f"{GUIDE}/StructureDefinition/backport-subscription-status-r4"]},
        "parameter": parameters,
    }


def notification(
    standing: Standing,
    kind: Kind,
    base_url: str,
    moment: datetime,
    events: Sequence[tuple[Event, StoredVersion | None]] = (),
) -> bytes:
    """The Bundle of a notification; `events` have the version stored where it is to be told whole."""
    if kind == "event-notification" and events:
        # Up to and with this notification: a receiver sees by it whether one is missing.
        standing = replace(standing, events=events[-1][0].number)
    status = status_resource(standing, kind, base_url, [event for event, _ in events])
    first = {
        "fullUrl": f"urn:uuid:{status['id']}",
        "resource": status,
        "request": {"method": "GET", "url": f"{base_url}/Subscription/{standing.id}/$status"},
        "response": {"status": "200"},
    }
    entries = [orjson.dumps(first)]
    if standing.content == "full-resource":
        entries += [_entry(event, version, base_url) for event, version in events]
    profile = f"{GUIDE}/StructureDefinition/backport-subscription-notification-r4"
    head = {"resourceType": "Bundle", "id": str(uuid4()), "meta": {"profile": [profile]}, "type": "history"}
    head["timestamp"] = instant(moment)
    return b'%b,"entry":[%b]}' % (orjson.dumps(head)[:-1], b",".join(entries))


def _notified(event: Event, content: Content, base_url: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"name": "event-number", "valueString": str(event.number)},
        {"name": "timestamp", "valueInstant": instant(event.moment)},
    ]
    if content != "empty":
        focus = f"{base_url}/{event.resource_type}/{event.id}"
        parts.append({"name": "focus", "valueReference": {"reference": focus}})
    return {"name": "notification-event", "part": parts}


def _entry(event: Event, version: StoredVersion | None, base_url: str) -> bytes:
    name = f"{event.resource_type}/{event.id}"
    method, status = _ANSWERS["PUT" if version is None else version.method]
    if version is not None and version.version > 1 and method == "POST":
        method, status = "PUT", "200"
    full_url = orjson.dumps(f"{base_url}/{name}")
    url = event.resource_type if method == "POST" else name
    told = b""
    if version is not None and not version.deleted:
        told = b'"resource":%b,' % version.body.encode()
    rest = orjson.dumps({"request": {"method": method, "url": url}, "response": {"status": status}})
    return b'{"fullUrl":%b,%b%b' % (full_url, told, rest[1:])
