"""Subscriptions that can't be served are refused when they are written, whichever door they come by."""

from collections.abc import Mapping, Sequence

from cordee.fhir.outcome import InvalidResource
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subscriptions.reading import check_subscription
from cordee.store.changes import RefusedChange
from cordee.store.connection import Connection
from cordee.store.search_parameters import edition_of
from cordee.store.write import Change

Key = tuple[str, str]


class UnservedSubscription(RefusedChange):
    """A Subscription asks for what is not served, or is written as only the server may; tells every reason."""


async def judge_subscriptions(
    connection: Connection, tenant: int, changes: Sequence[Change], current: Mapping[Key, StoredVersion]
) -> dict[Key, UnservedSubscription]:
    """The refusals of Subscriptions among changes; `current` is what stood there."""
    refused: dict[Key, UnservedSubscription] = {}
    for change in changes:
        if change.resource_type != "Subscription" or change.incoming is None:
            continue
        before = current.get(change.key)
        known = (await edition_of(connection, tenant)).parameters
        try:
            check_subscription(change.incoming.resource, known, is_new=before is None or before.deleted)
        except InvalidResource as refusal:
            refused[change.key] = UnservedSubscription(str(refusal), issues=refusal.issues)
            refused[change.key].key = change.key
    return refused
