"""Subscriptions read and refused, topics set off, notifications written."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from tests.subscriptions import TOPIC, incoming, subscription, topic_subscription

from cordee.fhir.body import accept
from cordee.fhir.outcome import InvalidResource
from cordee.fhir.query import parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subscriptions.events import Change, beyond, by_itself, occurs
from cordee.fhir.subscriptions.notifications import Event, Standing, notification
from cordee.fhir.subscriptions.reading import check_subscription, read_subscription
from cordee.fhir.subscriptions.subscription import Email, RestHook, WebSocket
from cordee.fhir.subscriptions.topic_definitions import topic_definition
from cordee.fhir.subscriptions.topics import TOPICS, Topic

HOOK = "https://receiver.example/hook"
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


def refusals(resource: dict[str, Any]) -> list[tuple[str, str | None]]:
    with pytest.raises(InvalidResource) as refused:
        read_subscription(incoming(resource).resource)
    assert refused.value.status == 422
    return [(issue.code, issue.path) for issue in refused.value.issues]


def test_criteria_and_a_hook_are_read() -> None:
    asked = subscription(
        "s",
        HOOK,
        "Observation?code=http://loinc.org|8480-6",
        payload="application/fhir+json",
        channel={"header": ["X-Key: a:b", "Authorization:Bearer t"]},
        end="2027-01-01T00:00:00+01:00",
    )
    read = read_subscription(incoming(asked).resource)
    assert read.searches == (parse_search("Observation", [("code", "http://loinc.org|8480-6")]),)
    assert read.channel == RestHook(HOOK, (("X-Key", "a:b"), ("Authorization", "Bearer t")))
    assert (read.format, read.content, read.topic) == ("application/fhir+json", "full-resource", None)
    assert read.end == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert "Bearer" not in repr(read)
    assert HOOK not in repr(read)


def test_a_topic_with_all_its_extensions_is_read() -> None:
    asked = topic_subscription(
        "s",
        HOOK,
        "session-finished",
        "id-only",
        filters=("Encounter?patient=Patient/1", "type=a"),
        heartbeat_period=60,
        timeout=5,
        max_count=500,
    )
    read = read_subscription(incoming(asked).resource)
    assert read.topic is TOPICS[f"{TOPIC}/session-finished"]
    assert [search.criteria[0].code for search in read.searches] == ["patient", "type"]
    assert (read.heartbeat_seconds, read.timeout_seconds, read.most_events) == (60, 5, 100)
    assert read.resource_type == "Encounter"


def test_a_mailbox_and_a_websocket_are_read() -> None:
    mail = subscription("s", "mailto:a.b@example.org", channel={"type": "email"})
    assert read_subscription(incoming(mail).resource).channel == Email("a.b@example.org")
    attached = topic_subscription("s", "mailto:a@example.org", "task-changed", "id-only")
    attached["channel"] |= {"type": "email", "payload": "text/plain;attach=application/fhir+xml"}
    assert read_subscription(incoming(attached).resource).format == "application/fhir+xml"
    socket = subscription("s", "", channel={"type": "websocket"})
    del socket["channel"]["endpoint"]
    assert read_subscription(incoming(socket).resource).channel == WebSocket()


@pytest.mark.parametrize(
    ("criteria", "code"),
    [
        ("Observations?code=1", "value"),
        ("Observation?cod=1", "not-supported"),
        ("Observation?date=x", "value"),
        ("Observation?code=1&_sort=date", "not-supported"),
        ("Subscription?status=active", "not-supported"),
        ("https://cordee.example/fhir/SubscriptionTopic/unknown", "not-supported"),
        ("urn:uuid:b9e7a3ab-2a4e-4d25-8c75-8bdfbd9f4a66", "not-supported"),
        ("Observation?code=%ff", "value"),
    ],
)
def test_criteria_that_can_not_be_served_are_refused(criteria: str, code: str) -> None:
    assert (code, "Subscription.criteria") in refusals(subscription("s", HOOK, criteria))


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://receiver.example",
        "receiver.example",
        "https://",
        "https://user:pw@receiver.example/",
        "https://h/#x",
        "https://h:99999/",
        "https://h/a b",
        "http://[::1",
    ],
)
def test_only_http_endpoints_without_user_and_fragment_are_taken(endpoint: str) -> None:
    assert ("value", "Subscription.channel.endpoint") in refusals(subscription("s", endpoint))


@pytest.mark.parametrize(
    "endpoint", ["a@example.org", "mailto:a@example.org,b@example.org", "mailto:", "mailto:a@b?cc=c@d"]
)
def test_an_email_goes_to_one_mailbox(endpoint: str) -> None:
    refused = refusals(subscription("s", endpoint, channel={"type": "email"}))
    assert refused == [("value", "Subscription.channel.endpoint")]


@pytest.mark.parametrize("line", ["no colon", "Host: elsewhere", "Content-Length: 0", "a b: c", "X: é"])
def test_headers_that_break_the_request_are_refused_without_being_repeated(line: str) -> None:
    asked = subscription("s", HOOK, channel={"header": ["X-Good: 1", line]})
    with pytest.raises(InvalidResource) as refused:
        read_subscription(incoming(asked).resource)
    assert [issue.path for issue in refused.value.issues] == ["Subscription.channel.header[1]"]
    assert line not in str(refused.value)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    asked = topic_subscription("s", "ftp://h", "session-finished", "most", filters=("Patient?name=x", "colour=red"))
    asked["channel"]["payload"] = "text/html"
    asked["channel"]["extension"] = [
        {
            "url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-timeout",
            "valueString": "9",
        }
    ]
    assert [path for _, path in refusals(asked)] == [
        "Subscription.criteria.extension[0]",
        "Subscription.criteria.extension[1]",
        "Subscription.channel.endpoint",
        "Subscription.channel.payload.extension",
        "Subscription.channel.payload",
        "Subscription.channel.extension[0]",
    ]


def test_a_payload_that_a_channel_can_not_carry_is_refused() -> None:
    topic = topic_subscription("s", HOOK, "session-finished")
    del topic["channel"]["_payload"]
    assert refusals(topic) == [("required", "Subscription.channel.payload")]
    socket = subscription("s", HOOK, payload="application/fhir+json", channel={"type": "websocket"})
    assert refusals(socket) == [("not-supported", "Subscription.channel.payload")]
    assert refusals(subscription("s", HOOK, payload="text/plain")) == [
        ("not-supported", "Subscription.channel.payload")
    ]


@pytest.mark.parametrize("kind", ["sms", "message"])
def test_channels_that_are_not_served_are_refused(kind: str) -> None:
    assert refusals(subscription("s", HOOK, channel={"type": kind})) == [("not-supported", "Subscription.channel.type")]


def test_a_client_requests_and_only_the_server_activates() -> None:
    active = incoming(subscription("s", HOOK, status="active")).resource
    with pytest.raises(InvalidResource, match="requested"):
        check_subscription(active, is_new=True)
    check_subscription(active, is_new=False)
    check_subscription(incoming(subscription("s", "ftp://h", status="off")).resource, is_new=True)


def version(resource_type: str, **members: Any) -> dict[str, Any]:
    return {"resourceType": resource_type, "id": "x", **members}


def topic(id_: str) -> Topic:
    return TOPICS[f"{TOPIC}/{id_}"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, "finished", True),
        (None, "planned", False),
        ("planned", "finished", True),
        ("finished", "finished", False),
        ("finished", "cancelled", False),
        ("finished", None, False),
    ],
)
def test_a_session_is_finished_when_it_was_not_before(before: str | None, after: str | None, told: bool) -> None:
    change = Change(*(None if s is None else version("Encounter", status=s) for s in (before, after)))
    assert occurs(topic("session-finished"), change) is told


def claim(state: str) -> dict[str, Any]:
    tag = {"system": "https://cordee.example/fhir/CodeSystem/claim-state", "code": state}
    return version("Claim", meta={"tag": [tag]})


def test_a_claim_enters_a_state_once() -> None:
    assert occurs(topic("claim-state"), Change(None, claim("draft")))
    assert not occurs(topic("claim-state"), Change(claim("draft"), claim("draft")))
    assert occurs(topic("claim-state"), Change(claim("draft"), claim("ready")))
    assert not occurs(topic("claim-state"), Change(None, version("Claim")))


@pytest.mark.parametrize("canonical", TOPICS)
def test_what_a_topic_names_can_be_searched(canonical: str) -> None:
    found = TOPICS[canonical]
    for trigger in found.triggers:
        assert trigger.resource_type == found.resource_type
        for criteria in (trigger.previous, trigger.current):
            parse_search(trigger.resource_type, parse_qsl(criteria))
    for code in found.filters:
        parse_search(found.resource_type, [(f"{code}:missing", "false")])
    accept(json.dumps(topic_definition(found)).encode())


def test_criteria_are_parted_by_what_they_look_at() -> None:
    asked = parse_search(
        "Observation", [("status", "final"), ("subject:Patient.family", "a"), ("_has:Provenance:target:_id", "1")]
    )
    assert [c.code for c in by_itself(asked).criteria] == ["status"]
    assert len(beyond(asked)) == 2


def test_a_notification_is_a_history_bundle_that_breaks_no_rule_of_r4() -> None:
    body = (
        '{"resourceType":"Observation","id":"o","meta":{"versionId":"1"},"status":"final","code":{"text":"x"},'
        '"valueQuantity":{"value":72.50}}'
    )
    stored = StoredVersion("Observation", "o", 1, NOW, False, "POST", body, 1)
    gone = StoredVersion("Observation", "p", 2, NOW, True, "DELETE", "", 2)
    events = [Event(7, "Observation", "o", 1, NOW), Event(8, "Observation", "p", 2, NOW)]
    standing = Standing("s", "active", f"{TOPIC}/x", "full-resource", 9, "The receiver answered 500.")
    text = notification(
        standing, "event-notification", "http://h/fhir", NOW, list(zip(events, [stored, gone], strict=True))
    )
    assert b'"value":72.50' in text
    bundle = accept(text, "Bundle").resource
    status, first, second = bundle["entry"]
    assert bundle["type"] == "history"
    assert status["request"]["url"] == "http://h/fhir/Subscription/s/$status"
    assert first["request"] == {"method": "POST", "url": "Observation"}
    assert second["response"] == {"status": "204"}
    said = {p["name"]: p for p in status["resource"]["parameter"]}
    assert said["events-since-subscription-start"]["valueString"] == "8"
    assert said["error"]["valueCodeableConcept"]["text"] == "The receiver answered 500."
