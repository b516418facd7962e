"""A topic as a Basic resource with the cross-version extensions of the R5 SubscriptionTopic.

The form is that of the guide's own example for R4 (hl7.fhir.uv.subscriptions-backport, Basic-r4-encounter-complete).
"""

from typing import Any

from cordee.fhir.subscriptions.topics import Topic, Trigger

_R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
_R4B = "http://hl7.org/fhir/4.3/StructureDefinition/extension-SubscriptionTopic."
_PUBLISHED = "2026-11-25"


def topic_definition(topic: Topic) -> dict[str, Any]:
    """The resource that describes a topic, as it is published in `profiles/`."""
    described: list[dict[str, Any]] = [
        {"url": f"{_R5}url", "valueUri": topic.canonical},
        {"url": f"{_R5}title", "valueString": topic.title},
        {"url": f"{_R5}date", "valueDateTime": _PUBLISHED},
        {"url": f"{_R5}description", "valueMarkdown": topic.description},
        *(_trigger(trigger) for trigger in topic.triggers),
        *(_filter(topic.resource_type, code) for code in topic.filters),
    ]
    return {
        "resourceType": "Basic",
        "id": f"topic-{topic.id}",
        "extension": described,
        "modifierExtension": [{"url": f"{_R5}status", "valueCode": "active"}],
        "code": {"coding": [{"system": "http://hl7.org/fhir/fhir-types", "code": "SubscriptionTopic"}]},
    }


def _trigger(trigger: Trigger) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"url": "resource", "valueUri": f"http://hl7.org/fhir/StructureDefinition/{trigger.resource_type}"},
        *({"url": "supportedInteraction", "valueCode": code} for code in trigger.interactions),
    ]
    if trigger.previous or trigger.current:
        criteria = [
            {"url": "previous", "valueString": trigger.previous},
            {"url": "resultForCreate", "valueCode": "test-passes"},
            {"url": "current", "valueString": trigger.current},
            {"url": "requireBoth", "valueBoolean": True},
        ]
        parts.append({"url": "queryCriteria", "extension": criteria})
    return {"url": f"{_R4B}resourceTrigger", "extension": parts}


def _filter(resource_type: str, code: str) -> dict[str, Any]:
    parts = [{"url": "resource", "valueUri": resource_type}, {"url": "filterParameter", "valueString": code}]
    return {"url": f"{_R4B}canFilterBy", "extension": parts}
