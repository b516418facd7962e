"""A Subscription resource read; what can't be served is refused, all of it at once, with its path and what would do."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import FhirError, InvalidResource, Issue
from cordee.fhir.query import Search, parse_search
from cordee.fhir.search_parameters import SHIPPED, SearchParameters
from cordee.fhir.subscriptions.subscription import (
    GUIDE,
    Attachment,
    Content,
    Email,
    RestHook,
    Subscription,
    WebSocket,
)
from cordee.fhir.subscriptions.topics import TOPICS, Topic
from cordee.fhir.temporal import date_range

MOST_EVENTS = 100
"""In one notification, whatever `backport-max-count` says."""

_HEADER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}):[ \t]*([\x20-\x7e]{0,8000})")
_OURS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "te", "upgrade"})
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_FORMATS: Mapping[str, Attachment] = {
    "application/fhir+json": "application/fhir+json",
    "application/json": "application/fhir+json",
    "application/fhir+xml": "application/fhir+xml",
    "application/xml": "application/fhir+xml",
}

_CONTENTS: Mapping[str, Content] = {"empty": "empty", "id-only": "id-only", "full-resource": "full-resource"}

_Value = TypeVar("_Value")


def read_subscription(
    resource: Mapping[str, Any], known: SearchParameters = SHIPPED, *, base_url: str | None = None
) -> Subscription:
    """What a valid Subscription resource asks for; `known` and `base_url` are as in `parse_search`.

    Raises `InvalidResource` (422) with everything that can't be served.
    """
    reader = _Reader(resource, known, base_url)
    subscription = reader.subscription()
    if reader.issues or subscription is None:
        raise InvalidResource(reader.issues[0].diagnostics, issues=reader.issues)
    return subscription


def check_subscription(resource: Mapping[str, Any], known: SearchParameters = SHIPPED, *, is_new: bool) -> None:
    """Refuses (`InvalidResource`, 422) a Subscription that a client may not write, or that can't be served.

    One that is `off` or in `error` asks for nothing, so nothing is asked of it. A new one is `requested`: only the
    server makes it active (R4 subscription-definitions.html#Subscription.status).
    """
    if resource.get("status") not in ("requested", "active"):
        return
    if is_new and resource["status"] == "active":
        sentence = "A new Subscription is «requested» (or «off»): the server makes it active."
        raise InvalidResource(sentence, issues=[Issue("error", "business-rule", sentence, "Subscription.status")])
    read_subscription(resource, known)


class _Reader:
    """One reading, which gathers what is wrong."""

    def __init__(self, resource: Mapping[str, Any], known: SearchParameters, base_url: str | None) -> None:
        self.issues: list[Issue] = []
        self._resource = resource
        self._channel: Mapping[str, Any] = resource["channel"]
        self._known = known
        self._base_url = base_url

    def subscription(self) -> Subscription | None:
        """None when something is wrong."""
        criteria = str(self._resource["criteria"])
        topic = None
        if criteria.partition(":")[0] in ("http", "https", "urn"):
            topic = self._topic(criteria)
            searches = self._filters(topic)
        else:
            searches = tuple(self._criteria(criteria))
        channel = self._channel_asked()
        format_, content = self._payload(channel, is_of_topic=topic is not None)
        timeout = self._number("backport-timeout", "valueUnsignedInt", 1)
        heartbeat = self._number("backport-heartbeat-period", "valueUnsignedInt", 0)
        most = self._number("backport-max-count", "valuePositiveInt", 1)
        end = self._resource.get("end")
        if self.issues or channel is None:
            return None
        return Subscription(
            topic,
            searches,
            channel,
            format_,
            content,
            end=None if end is None else date_range(end).low,
            timeout_seconds=timeout,
            heartbeat_seconds=heartbeat or None,
            most_events=min(most or 1, MOST_EVENTS),
        )

    def _refuse(self, code: str, sentence: str, path: str) -> None:
        self.issues.append(Issue("error", code, sentence, f"Subscription.{path}"))

    def _topic(self, canonical: str) -> Topic | None:
        topic = TOPICS.get(canonical)
        if topic is None:
            known = ", ".join(TOPICS)
            self._refuse("not-supported", f"There is no topic {canonical} here. There are: {known}.", "criteria")
        return topic

    def _criteria(self, criteria: str) -> list[Search]:
        resource_type, _, query = criteria.lstrip("/").partition("?")
        if resource_type not in load_definitions().resource_types:
            sentence = (
                f"«{resource_type}» is no R4 resource type; criteria are a search such as "
                "Observation?code=http://loinc.org|8480-6, or the canonical address of a topic."
            )
            self._refuse("value", sentence, "criteria")
            return []
        if resource_type == "Subscription":
            self._refuse("not-supported", "Subscriptions can't be subscribed to: their own states would.", "criteria")
            return []
        return self._search(resource_type, query, "criteria")

    def _filters(self, topic: Topic | None) -> tuple[Search, ...]:
        found: list[Search] = []
        extensions = self._resource.get("_criteria", {}).get("extension", ())
        for place, extension in enumerate(extensions):
            if extension.get("url") != f"{GUIDE}/StructureDefinition/backport-filter-criteria":
                continue
            path = f"criteria.extension[{place}]"
            text = extension.get("valueString")
            if not isinstance(text, str):
                self._refuse("value", "A filter is a valueString, such as Encounter?patient=Patient/1.", path)
            elif topic is not None:
                found += self._filter(topic, text, path)
        return tuple(found)

    def _filter(self, topic: Topic, text: str, path: str) -> list[Search]:
        before, mark, query = text.rpartition("?")
        if mark and before != topic.resource_type:
            sentence = f"{topic.canonical} is about {topic.resource_type}: it can't be narrowed by {before}."
            self._refuse("not-supported", sentence, path)
            return []
        names = {re.split(r"[.:]", name)[0] for name, _ in parse_qsl(query, keep_blank_values=True)}
        if not names or not names <= set(topic.filters):
            said = ", ".join(sorted(names - set(topic.filters))) or "nothing"
            sentence = f"{topic.canonical} can't be narrowed by {said}; by {', '.join(topic.filters)}."
            self._refuse("not-supported", sentence, path)
            return []
        return self._search(topic.resource_type, query, path)

    def _search(self, resource_type: str, query: str, path: str) -> list[Search]:
        try:
            pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
            search = parse_search(resource_type, pairs, base_url=self._base_url, known=self._known)
        except FhirError as refusal:
            self.issues += [Issue("error", i.code, i.diagnostics, f"Subscription.{path}") for i in refusal.issues]
            return []
        except ValueError:
            self._refuse("value", "The criteria are not URL-encoded UTF-8, or too many.", path)
            return []
        if search != Search(resource_type, search.criteria):
            self._refuse("not-supported", "Criteria say what matches: they can't sort, count or include.", path)
        return [search]

    def _channel_asked(self) -> RestHook | WebSocket | Email | None:
        kind, endpoint = self._channel.get("type"), str(self._channel.get("endpoint", ""))
        others = self._channel.get("_type", {}).get("extension", ())
        if any(e.get("url") == f"{GUIDE}/StructureDefinition/backport-channel-type" for e in others):
            self._refuse("not-supported", "Only rest-hook, websocket and email channels are served.", "channel.type")
            return None
        if kind != "rest-hook" and self._channel.get("header"):
            self._refuse("not-supported", f"A {kind} channel sends no headers.", "channel.header")
        match kind:
            case "rest-hook":
                return self._checked(_is_hook, endpoint, lambda: RestHook(endpoint, self._headers()))
            case "email":
                address = endpoint.removeprefix("mailto:")
                return self._checked(_is_mailbox, endpoint, lambda: Email(address))
            case "websocket":
                return WebSocket()
        self._refuse("not-supported", f"{kind} is not served: rest-hook, websocket and email are.", "channel.type")
        return None

    def _checked(self, is_right: Callable[[str], bool], endpoint: str, made: Callable[[], _Value]) -> _Value | None:
        if is_right(endpoint):
            return made()
        expected = (
            "an http or https address, without user or fragment"
            if is_right is _is_hook
            else "mailto: and the address of one mailbox"
        )
        self._refuse("value", f"The endpoint must be {expected}.", "channel.endpoint")
        return None

    def _headers(self) -> tuple[tuple[str, str], ...]:
        found = []
        for place, line in enumerate(self._channel.get("header", ())):
            read = _HEADER.fullmatch(line)
            if read is None or read[1].lower() in _OURS:
                # What is written may be a secret: it is not repeated.
                sentence = f"A header is «Name: value», in ASCII, and none of {', '.join(sorted(_OURS))}."
                self._refuse("value", sentence, f"channel.header[{place}]")
            else:
                found.append((read[1], read[2].strip()))
        return tuple(found)

    def _payload(
        self, channel: RestHook | WebSocket | Email | None, *, is_of_topic: bool
    ) -> tuple[Attachment | None, Content]:
        written = self._channel.get("payload")
        content = self._content()
        if not is_of_topic:
            if content is not None:
                self._refuse(
                    "not-supported", "Only subscriptions to a topic say a content; drop it.", "channel.payload"
                )
            if written is not None and isinstance(channel, WebSocket):
                sentence = (
                    "A websocket says «ping» and no more to criteria; leave payload out, or subscribe to a topic."
                )
                self._refuse("not-supported", sentence, "channel.payload")
                return None, "empty"
            format_ = None if written is None else self._format(str(written), channel)
            return format_, "empty" if format_ is None else "full-resource"
        if written is None or content is None:
            sentence = (
                "A subscription to a topic says its payload, and in its extension backport-payload-content how much: "
                "empty, id-only or full-resource."
            )
            self._refuse("required", sentence, "channel.payload")
            return None, "empty"
        return self._format(str(written), channel), content

    def _content(self) -> Content | None:
        for extension in self._channel.get("_payload", {}).get("extension", ()):
            if extension.get("url") == f"{GUIDE}/StructureDefinition/backport-payload-content":
                content = _CONTENTS.get(str(extension.get("valueCode")))
                if content is not None:
                    return content
                self._refuse("value", "The content is empty, id-only or full-resource.", "channel.payload.extension")
        return None

    def _format(self, written: str, channel: RestHook | WebSocket | Email | None) -> Attachment | None:
        name, _, parameters = written.lower().replace(" ", "").partition(";")
        if isinstance(channel, Email) and name == "text/plain":
            attached = parameters.removeprefix("attach=")
            if not parameters:
                return None
            name = attached if attached != parameters else ""
        format_ = _FORMATS.get(name)
        if format_ is None:
            sentence = "The payload is application/fhir+json or application/fhir+xml"
            if isinstance(channel, Email):
                sentence += ", or text/plain, or text/plain;attach= and one of them"
            self._refuse("not-supported", f"{sentence}.", "channel.payload")
        return format_

    def _number(self, extension_name: str, member: str, least: int) -> int | None:
        for place, extension in enumerate(self._channel.get("extension", ())):
            if extension.get("url") != f"{GUIDE}/StructureDefinition/{extension_name}":
                continue
            value = extension.get(member)
            if isinstance(value, int) and not isinstance(value, bool) and value >= least:
                return value
            self._refuse("value", f"{extension_name} is a {member}, {least} or more.", f"channel.extension[{place}]")
        return None


def _is_hook(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return False
    plain = endpoint.isascii() and endpoint.isprintable() and " " not in endpoint
    return (
        plain
        and parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port != 0
        and "@" not in parts.netloc
        and not parts.fragment
    )


def _is_mailbox(endpoint: str) -> bool:
    return endpoint.startswith("mailto:") and _MAILBOX.fullmatch(endpoint.removeprefix("mailto:")) is not None
