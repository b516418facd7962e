"""Subscriptions for tests, and resources that set them off."""

import json
from typing import Any

from cordee.fhir.body import Incoming, accept

GUIDE = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
TOPIC = "https://cordee.example/fhir/SubscriptionTopic"


def incoming(resource: dict[str, Any]) -> Incoming:
    return accept(json.dumps(resource).encode())


def subscription(
    id_: str, endpoint: str, criteria: str = "Observation?status=final", *, payload: str | None = None, **others: Any
) -> dict[str, Any]:
    """To criteria, by rest-hook; `others` are elements of the Subscription."""
    channel: dict[str, Any] = {"type": "rest-hook", "endpoint": endpoint}
    if payload is not None:
        channel["payload"] = payload
    return {
        "resourceType": "Subscription",
        "id": id_,
        "status": "requested",
        "reason": "test",
        "criteria": criteria,
        "channel": channel | others.pop("channel", {}),
        **others,
    }


def topic_subscription(
    id_: str,
    endpoint: str,
    topic: str,
    content: str = "full-resource",
    *,
    filters: tuple[str, ...] = (),
    channel: dict[str, Any] | None = None,
    **extensions: int,
) -> dict[str, Any]:
    """To a topic of the project, by rest-hook unless `channel` says otherwise; `extensions` as max_count=3."""
    made = subscription(id_, endpoint, f"{TOPIC}/{topic}", payload="application/fhir+json")
    made["channel"]["_payload"] = {"extension": [{"url": f"{GUIDE}/backport-payload-content", "valueCode": content}]}
    if filters:
        made["_criteria"] = {
            "extension": [{"url": f"{GUIDE}/backport-filter-criteria", "valueString": text} for text in filters]
        }
    made["channel"]["extension"] = [
        {
            "url": f"{GUIDE}/backport-{name.replace('_', '-')}",
            "valuePositiveInt" if name == "max_count" else "valueUnsignedInt": value,
        }
        for name, value in extensions.items()
    ]
    if not extensions:
        del made["channel"]["extension"]
    made["channel"] |= channel or {}
    return made


def observation(id_: str, value: int, **others: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "valueInteger": value,
        **others,
    }


def encounter(id_: str, status: str, **others: Any) -> dict[str, Any]:
    return {"resourceType": "Encounter", "id": id_, "status": status, "class": {"code": "AMB"}, **others}
