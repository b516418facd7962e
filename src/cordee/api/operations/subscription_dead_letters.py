"""`Subscription/$dead-letters`, `$retry` and `$discard`: what an operator does about subscriptions that stopped."""

from cordee.api.operations import answers
from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.fhir.body import instant
from cordee.store.reader import Reader
from cordee.store.repository import Repository
from cordee.store.subscriptions.queue import DeadLetter
from cordee.subscriptions.asking import request_again


async def _dead_letters(reader: Reader, _asked: Asked) -> FhirResponse:
    return answers.parameters(_told(letter) for letter in await reader.subscriptions.dead_letters())


def _told(letter: DeadLetter) -> answers.Part:
    parts = (
        answers.reference("subscription", f"Subscription/{letter.subscription}"),
        answers.number("event-number", letter.number),
        answers.reference("focus", f"{letter.resource_type}/{letter.id}"),
        {"name": "recorded", "valueInstant": instant(letter.recorded)},
        None if letter.error is None else answers.text("error", letter.error),
        answers.number("waiting", letter.waiting),
    )
    return answers.group("dead-letter", parts)


async def _retry(repository: Repository, asked: Asked) -> FhirResponse:
    await request_again(repository, asked.id)
    return FhirResponse(200, (await repository.read("Subscription", asked.id)).body.encode())


async def _discard(repository: Repository, asked: Asked) -> FhirResponse:
    await repository.read("Subscription", asked.id)
    until = asked.arguments.number("until")
    if until is None:
        standings = await repository.subscriptions.standings([asked.id])
        until = standings[0].delivered + 1 if standings else 0
    discarded = await repository.subscriptions.discard(asked.id, until)
    return answers.parameters([answers.number("discarded", discarded)])


DEAD_LETTERS = Operation(
    code="dead-letters",
    id="subscription-dead-letters",
    resource="Subscription",
    levels=("type",),
    title="Which subscriptions stopped, and at what?",
    description=(
        "The events that could not be delivered, one a subscription in error: nothing is sent after it until it is "
        "delivered ($retry) or discarded ($discard)."
    ),
    inputs=(),
    outputs=(
        Output(
            "dead-letter",
            "",
            "An event that a subscription stopped at.",
            max=None,
            parts=(
                Output("subscription", "Reference", "Which.", min=1),
                Output("event-number", "integer", "The event's number there.", min=1),
                Output("focus", "Reference", "What it is about.", min=1),
                Output("recorded", "instant", "Since when it waits.", min=1),
                Output("error", "string", "What the last attempt met."),
                Output("waiting", "integer", "How many events wait, this one included.", min=1),
            ),
        ),
    ),
    example={"resourceType": "Parameters"},
    read=_dead_letters,
)
RETRY = Operation(
    code="retry",
    id="subscription-retry",
    resource="Subscription",
    levels=("instance",),
    title="Try a subscription again",
    description=(
        "Requests the subscription again: it is checked anew, and goes on with the event it stopped at. What a client "
        "does by writing its status as «requested»."
    ),
    inputs=(),
    outputs=(Output("return", "Subscription", "The Subscription, requested.", min=1),),
    example={"resourceType": "Parameters"},
    write=_retry,
)
DISCARD = Operation(
    code="discard",
    id="subscription-discard",
    resource="Subscription",
    levels=("instance",),
    title="Give up an event",
    description=(
        "Gives up the event that a subscription in error stopped at, or all up to a number: they are never sent, and "
        "$events still gives them. It stays stopped until $retry. One that is not stopped before them discards nothing."
    ),
    inputs=(Input("until", "integer", "The number of the last event given up; the first that waits when not given."),),
    outputs=(
        Output(
            "discarded", "integer", "How many were given up: none when it is not stopped before such events.", min=1
        ),
    ),
    example={"resourceType": "Parameters", "parameter": [{"name": "until", "valueInteger": 3}]},
    write=_discard,
)
