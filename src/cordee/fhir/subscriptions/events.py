"""Whether a change is an event: of a topic, and of the criteria that a subscription has."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from cordee.fhir.matching import matches
from cordee.fhir.query import Search, parse_search
from cordee.fhir.query_tree import Criterion
from cordee.fhir.subscriptions.topics import Topic, Trigger


@dataclass(frozen=True, slots=True)
class Change:
    """A version that was stored: the resource before and after; None where there was none, or it was deleted."""

    previous: Mapping[str, Any] | None
    current: Mapping[str, Any] | None

    @property
    def interaction(self) -> str:
        """create, update or delete."""
        if self.current is None:
            return "delete"
        return "create" if self.previous is None else "update"

    @property
    def resource(self) -> Mapping[str, Any] | None:
        """What the criteria look at: what now stands, or what was deleted."""
        return self.current if self.current is not None else self.previous


def occurs(topic: Topic, change: Change) -> bool:
    """Whether a change of a resource of the topic's type is an event of it."""
    return any(_sets_off(trigger, change) for trigger in topic.triggers)


def _sets_off(trigger: Trigger, change: Change) -> bool:
    if change.interaction not in trigger.interactions:
        return False
    before = change.previous is None or _meets(trigger.resource_type, trigger.previous, change.previous)
    return before and (change.current is None or _meets(trigger.resource_type, trigger.current, change.current))


def _meets(resource_type: str, criteria: str, resource: Mapping[str, Any]) -> bool:
    return not criteria or holds_by_itself(_parsed(resource_type, criteria), resource)


@lru_cache(maxsize=64)
def _parsed(resource_type: str, criteria: str) -> Search:
    return parse_search(resource_type, parse_qsl(criteria))


def holds_by_itself(search: Search, resource: Mapping[str, Any]) -> bool:
    """Whether a resource meets criteria that look at nothing else (see `by_itself`)."""
    return matches(search, resource, lambda _type, _id: None)


def by_itself(search: Search) -> Search:
    """The criteria of a search that are judged on a version alone."""
    return replace(search, criteria=tuple(c for c in search.criteria if not _looks_beyond(c)))


def beyond(search: Search) -> tuple[Criterion, ...]:
    """Those that look at other resources (chains, `_has`, `_list`), for which the store must be asked."""
    return tuple(criterion for criterion in search.criteria if _looks_beyond(criterion))


def _looks_beyond(criterion: Criterion) -> bool:
    if criterion.combination is not None:
        return any(map(_looks_beyond, criterion.combination.criteria))
    return criterion.chain is not None or criterion.reverse is not None
