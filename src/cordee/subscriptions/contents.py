"""Events with the resources that they are about, as much as may be held in memory and sent at once."""

from collections.abc import Sequence

from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subscriptions.notifications import Event
from cordee.fhir.subscriptions.subscription import Content
from cordee.store.reader import Reader

MOST_BYTES = 16_000_000
"""Of the resources of one notification, unless one alone is larger."""

_READ_AT_ONCE = 8

Told = Sequence[tuple[Event, StoredVersion | None]]
"""Events in order, with the version stored where it is to be told whole."""


async def contents(reader: Reader, events: Sequence[Event], content: Content, most_bytes: int = MOST_BYTES) -> Told:
    """The first of the events, in order, with what is told of each; all, unless their resources are too much."""
    if content != "full-resource":
        return [(event, None) for event in events]
    told: list[tuple[Event, StoredVersion | None]] = []
    total = 0
    for begin in range(0, len(events), _READ_AT_ONCE):
        some = events[begin : begin + _READ_AT_ONCE]
        versions = await reader.read_versions((event.resource_type, event.id, event.version) for event in some)
        for event in some:
            version = versions.get((event.resource_type, event.id, event.version))
            total += 0 if version is None else len(version.body)
            if told and total > most_bytes:
                return told
            told.append((event, version))
    return told
