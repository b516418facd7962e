"""The topics that may be subscribed to: what happens to a resource, and what it may be narrowed by.

R4 has no SubscriptionTopic. A topic is named by its canonical address; the CapabilityStatement lists them, and
`profiles/` describes each as a Basic with the cross-version extensions of the R5 resource (see `topic_definitions`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cordee.fhir.project import BASE

Interaction = Literal["create", "update", "delete"]

_WRITTEN: tuple[Interaction, ...] = ("create", "update")
_ANY: tuple[Interaction, ...] = ("create", "update", "delete")


@dataclass(frozen=True, slots=True)
class Trigger:
    """A change that is an event: of `resource_type`, by one of `interactions`.

    `previous` and `current` are criteria (`status=finished`) that the version before and the new one must meet; empty
    ones ask for nothing. A creation has no version before: it meets `previous`.
    """

    resource_type: str
    interactions: tuple[Interaction, ...]
    previous: str = ""
    current: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """`id` ends its canonical address; `filters` are the search parameters that a subscription may narrow it by."""

    id: str
    title: str
    description: str
    triggers: tuple[Trigger, ...]
    filters: tuple[str, ...]

    @property
    def canonical(self) -> str:
        """The address that names it, in `Subscription.criteria`."""
        return f"{BASE}/SubscriptionTopic/{self.id}"

    @property
    def resource_type(self) -> str:
        """The type of what its events are about; all its triggers share it."""
        return self.triggers[0].resource_type


_TOPICS = (
    Topic(
        "claim-state",
        "A Claim enters a state",
        "A Claim is stored as draft, ready or submitted, and was not in that state before.",
        tuple(
            Trigger("Claim", _WRITTEN, f"state:not={state}", f"state={state}")
            for state in ("draft", "ready", "submitted")
        ),
        (
            "patient",
            "care-plan",
            "care-team",
            "provider",
            "insurer",
            "identifier",
            "pathway",
            "state",
            "kind",
            "period",
        ),
    ),
    Topic(
        "claim-answered",
        "The caisse answered a Claim",
        "A ClaimResponse is stored: an acknowledgement, an adjudication, a payment or a rejection.",
        (Trigger("ClaimResponse", ("create",)),),
        ("patient", "request", "insurer", "outcome", "identifier"),
    ),
    Topic(
        "payment-recorded",
        "A payment notice is recorded",
        "A PaymentReconciliation is stored.",
        (Trigger("PaymentReconciliation", ("create",)),),
        ("claim", "payee", "payment-issuer", "identifier"),
    ),
    Topic(
        "session-finished",
        "A session is finished",
        "An Encounter becomes finished, or is stored finished.",
        (Trigger("Encounter", _WRITTEN, "status:not=finished", "status=finished"),),
        ("patient", "subject", "practitioner", "participant", "service-provider", "care-plan", "type", "class", "date"),
    ),
    Topic(
        "care-plan-changed",
        "A care plan is changed",
        "A CarePlan is stored, changed or deleted.",
        (Trigger("CarePlan", _ANY),),
        ("patient", "subject", "care-team", "status", "category", "instantiates-canonical", "identifier"),
    ),
    Topic(
        "care-circle-changed",
        "A care circle is changed",
        "A CareTeam is stored, changed or deleted.",
        (Trigger("CareTeam", _ANY),),
        ("patient", "subject", "participant", "status", "category", "identifier"),
    ),
    Topic(
        "task-changed",
        "A task is changed",
        "A Task is stored, changed or deleted: what waits for somebody.",
        (Trigger("Task", _ANY),),
        ("patient", "subject", "owner", "requester", "status", "code", "focus"),
    ),
)

TOPICS: Mapping[str, Topic] = MappingProxyType({topic.canonical: topic for topic in _TOPICS})
"""By canonical address."""
