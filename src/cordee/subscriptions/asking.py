"""What a client may ask of subscriptions: where they stand, what happened, a token for a websocket."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from cordee.fhir.outcome import InvalidResource, NotFound
from cordee.fhir.patch import accept_patched
from cordee.fhir.patch.resource_text import resource_from_text, text_of
from cordee.fhir.search_parameters import SearchParameters
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subscriptions.notifications import Standing, notification
from cordee.fhir.subscriptions.reading import read_subscription
from cordee.fhir.subscriptions.subscription import Content, Subscription, WebSocket
from cordee.store.reader import Reader
from cordee.store.repository import Repository
from cordee.subscriptions.contents import contents

_READ_AT_ONCE = 500
_MOST_EVENTS = {"empty": 1_000, "id-only": 1_000, "full-resource": 100}
"""In one answer; the next are asked for by their numbers."""


async def standings(reader: Reader, ids: Sequence[str] | None) -> list[Standing]:
    """Where subscriptions stand, those of the ids given or, for None, all of them; deleted ones are left out."""
    if ids is None:
        found = await _all(reader)
    else:
        stored = await reader.read_many(("Subscription", id_) for id_ in ids)
        found = [version for version in stored.values() if not version.deleted]
    known = {standing.id: standing for standing in await reader.subscriptions.standings([v.id for v in found])}
    parameters = await reader.search_parameters()
    told = []
    for version in found:
        resource = orjson.loads(version.body)
        subscription, standing = _subscription(resource, parameters), known.get(version.id)
        topic = None if subscription is None or subscription.topic is None else subscription.topic.canonical
        content: Content = "empty" if subscription is None else subscription.content
        events = 0 if standing is None else standing.events
        error = resource.get("error") or (None if standing is None else standing.error)
        told.append(Standing(version.id, resource["status"], topic, content, events, error))
    return told


async def _all(reader: Reader) -> list[StoredVersion]:
    found: list[StoredVersion] = []
    while page := await reader.all_of_type("Subscription", count=_READ_AT_ONCE, after=found[-1].rid if found else 0):
        found += page
    return found


async def events_bundle(
    reader: Reader, subscription_id: str, base_url: str, first: int, last: int | None, content: Content | None
) -> bytes:
    """The notification Bundle of past events, from number `first` to `last`; raises `NotFound` or `Gone`."""
    await reader.read("Subscription", subscription_id)
    (standing,) = await standings(reader, [subscription_id])
    told = (
        standing
        if content is None
        else Standing(standing.id, standing.status, standing.topic, content, standing.events, standing.error)
    )
    upper = standing.events if last is None else last
    count = _MOST_EVENTS[told.content]
    events = await reader.subscriptions.events(subscription_id, first, upper, count=count)
    found = await contents(reader, events, told.content)
    return notification(told, "query-event", base_url, datetime.now(UTC), found)


async def of_websockets(reader: Reader, ids: Sequence[str] | None) -> list[str]:
    """The ids, of those given or of all, whose channel is a websocket; raises `NotFound` for others that are given."""
    chosen = ids
    if chosen is None:
        chosen = [version.id for version in await _all(reader)]
    stored = await reader.read_many(("Subscription", id_) for id_ in chosen)
    parameters = await reader.search_parameters()
    found = []
    for id_ in dict.fromkeys(chosen):
        version = stored.get(("Subscription", id_))
        subscription = (
            None if version is None or version.deleted else _subscription(orjson.loads(version.body), parameters)
        )
        if subscription is not None and isinstance(subscription.channel, WebSocket):
            found.append(id_)
        elif ids is not None:
            raise NotFound(f"There is no Subscription/{id_} whose channel is a websocket.")
    return found


async def request_again(repository: Repository, subscription_id: str) -> None:
    """Asks for a subscription that stopped: it is checked anew, and goes on with the event it stopped at.

    Raises `NotFound`, `Gone`, or `InvalidResource` for one that can't be served.
    """

    def requested(body: str) -> bytes:
        resource = resource_from_text(body)
        resource["status"] = "requested"
        resource.pop("error", None)
        resource.pop("_error", None)
        return text_of(resource)

    await repository.patch("Subscription", subscription_id, lambda body: accept_patched(requested(body), body))


def _subscription(resource: dict[str, Any], known: SearchParameters) -> Subscription | None:
    try:
        return read_subscription(resource, known)
    except InvalidResource:
        return None
