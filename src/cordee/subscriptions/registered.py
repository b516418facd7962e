"""The subscriptions of all tenants as the delivering process holds them, found by what they are about."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from cordee.fhir.subscriptions.notifications import Standing
from cordee.fhir.subscriptions.subscription import Subscription
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.subscriptions.standing import SubscriptionStanding

Key = tuple[int, str]
"""A tenant, and the id of a Subscription there."""


def fhir_base(own_url: str, tenant_name: str) -> str:
    """The FHIR base of a tenant of the server at `own_url`."""
    return f"{own_url}/fhir" if tenant_name == DEFAULT_TENANT else f"{own_url}/t/{tenant_name}/fhir"


@dataclass(slots=True)
class Registered:
    """A subscription that was taken up; None where what it asks for can't be served.

    `noticed` is set once every write of its type is noticed for it, `news` when an event was recorded.
    """

    base_url: str
    standing: SubscriptionStanding
    subscription: Subscription | None
    events: int = 0
    """The number of the last one recorded."""
    noticed: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    writers_before: frozenset[str] | None = None
    """The transactions that may write without its being noticed; None until they are known."""

    @property
    def key(self) -> Key:
        """What names it here."""
        return self.standing.tenant, self.standing.id

    def told(self) -> Standing:
        """Where it stands, as notifications tell it."""
        subscription, standing = self.subscription, self.standing
        topic = None if subscription is None or subscription.topic is None else subscription.topic.canonical
        content = "empty" if subscription is None else subscription.content
        return Standing(standing.id, standing.status, topic, content, self.events, standing.error)


class Registry:
    """All of them."""

    def __init__(self) -> None:
        self._all: dict[Key, Registered] = {}
        self._by_type: defaultdict[tuple[int, str], dict[Key, Registered]] = defaultdict(dict)

    def __iter__(self) -> Iterator[Registered]:
        return iter(list(self._all.values()))

    def get(self, key: Key) -> Registered | None:
        """The subscription of that name, if it was taken up."""
        return self._all.get(key)

    def put(self, registered: Registered) -> None:
        """Holds one, in place of what had its name."""
        self.remove(registered.key)
        self._all[registered.key] = registered
        if registered.subscription is not None and registered.standing.resource_type is not None:
            about = (registered.standing.tenant, registered.standing.resource_type)
            self._by_type[about][registered.key] = registered

    def remove(self, key: Key) -> None:
        """Lets go of one."""
        gone = self._all.pop(key, None)
        if gone is not None and gone.standing.resource_type is not None:
            self._by_type[gone.standing.tenant, gone.standing.resource_type].pop(key, None)

    def about(self, tenant: int, resource_type: str) -> list[Registered]:
        """Those that are told of changes of a type, whatever their state: what is not delivered now is kept."""
        return list(self._by_type.get((tenant, resource_type), {}).values())
