"""`Subscription/$status`, `$events` and `$get-ws-binding-token` (hl7.fhir.uv.subscriptions-backport 1.1)."""

from collections.abc import Sequence

import orjson

from cordee.api.operations import answers
from cordee.api.operations.arguments import Arguments, Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.fhir.body import instant
from cordee.fhir.bundle_text import SearchEntry, searchset
from cordee.fhir.outcome import FhirError
from cordee.fhir.subscriptions.notifications import status_resource
from cordee.fhir.subscriptions.subscription import Content
from cordee.store.reader import Reader
from cordee.subscriptions.asking import events_bundle, of_websockets, standings

WEBSOCKET_PATH = "/websocket"
"""Of the address that websockets connect to, under a FHIR base."""

_CONTENTS: dict[str, Content] = {"empty": "empty", "id-only": "id-only", "full-resource": "full-resource"}


def websocket_url(base_url: str) -> str:
    """The address that websockets of a tenant connect to."""
    return base_url.replace("http", "ws", 1) + WEBSOCKET_PATH


async def _status(reader: Reader, asked: Asked) -> FhirResponse:
    if asked.id:
        await reader.read("Subscription", asked.id)
    found = await standings(reader, _ids(asked))
    wanted = () if asked.id else _listed(asked.arguments, "status")
    resources = [
        status_resource(standing, "query-status", asked.base_url)
        for standing in found
        if not wanted or standing.status in wanted
    ]
    entries = [SearchEntry(f"urn:uuid:{one['id']}", orjson.dumps(one), "match") for one in resources]
    return FhirResponse(200, searchset(entries, (), len(entries)))


async def _events(reader: Reader, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    first, last = _number(arguments, "eventsSinceNumber"), _number(arguments, "eventsUntilNumber")
    said = arguments.text("content")
    content = None if said is None else _CONTENTS.get(said)
    if said is not None and content is None:
        raise FhirError(f"content is empty, id-only or full-resource, not «{said}».", path=arguments.place("content"))
    return FhirResponse(200, await events_bundle(reader, asked.id, asked.base_url, first or 1, last, content))


async def _binding_token(reader: Reader, asked: Asked) -> FhirResponse:
    ids = await of_websockets(reader, _ids(asked))
    token, expires = await reader.subscriptions.make_token(ids)
    return answers.parameters(
        [
            answers.text("token", token),
            {"name": "expiration", "valueDateTime": instant(expires)},
            *(answers.text("subscription", id_) for id_ in ids),
            {"name": "websocket-url", "valueUrl": websocket_url(asked.base_url)},
        ]
    )


def _ids(asked: Asked) -> Sequence[str] | None:
    return [asked.id] if asked.id else (_listed(asked.arguments, "id") or None)


def _listed(arguments: Arguments, name: str) -> list[str]:
    return [part for text in arguments.texts(name) for part in text.split(",") if part]


def _number(arguments: Arguments, name: str) -> int | None:
    text = arguments.text(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise FhirError(f"{name} is «{text}»; the number of an event was expected.", path=arguments.place(name))
    return int(text)


_ID = Input("id", "id", "A Subscription; all of them when none is given. At an instance, left out.", max=None)

STATUS = Operation(
    code="status",
    id="subscription-status",
    resource="Subscription",
    levels=("type", "instance"),
    title="Where do subscriptions stand?",
    description="The status of subscriptions, how many events there were, and the latest error.",
    inputs=(_ID, Input("status", "code", "Only those of this status; at the type level.", max=None)),
    outputs=(
        Output("return", "Bundle", "A searchset of SubscriptionStatus, as Parameters, one a subscription.", min=1),
    ),
    example={"resourceType": "Parameters"},
    read=_status,
)
EVENTS = Operation(
    code="events",
    id="subscription-events",
    resource="Subscription",
    levels=("instance",),
    title="What was a subscription told?",
    description=(
        "The events of a subscription, delivered or not, by their numbers; at most 1,000, or 100 with their resources, "
        "the next being asked for by number. What was delivered is kept for some days."
    ),
    inputs=(
        Input("eventsSinceNumber", "string", "The number of the first event; 1 when it is not given."),
        Input("eventsUntilNumber", "string", "The number of the last event."),
        Input("content", "code", "empty, id-only or full-resource; the subscription's own when it is not given."),
    ),
    outputs=(Output("return", "Bundle", "A notification Bundle.", min=1),),
    example={"resourceType": "Parameters", "parameter": [{"name": "eventsSinceNumber", "valueString": "1"}]},
    read=_events,
)
BINDING_TOKEN = Operation(
    code="get-ws-binding-token",
    id="subscription-get-ws-binding-token",
    resource="Subscription",
    levels=("type", "instance"),
    title="Bind a websocket",
    description="A token, good for five minutes, with which a websocket binds to subscriptions whose channel it is.",
    inputs=(_ID,),
    outputs=(
        Output("token", "string", "What to send: bind-with-token and it.", min=1),
        Output("expiration", "dateTime", "Until when it may be sent.", min=1),
        Output("subscription", "string", "The id of a subscription that it binds to.", max=None),
        Output("websocket-url", "url", "Where to connect to.", min=1),
    ),
    example={"resourceType": "Parameters"},
    read=_binding_token,
)
