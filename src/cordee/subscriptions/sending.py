"""A notification made and sent by the channel that its subscription asks for."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cordee.fhir.subscriptions.notifications import Kind, Standing, notification
from cordee.fhir.subscriptions.subscription import Attachment, Email, RestHook, Subscription
from cordee.fhir.xml import NotInXml, xml_from_json
from cordee.settings import Settings
from cordee.subscriptions.contents import Told
from cordee.subscriptions.email import Mail, Mails
from cordee.subscriptions.failures import DeliveryFailed
from cordee.subscriptions.registered import Registered
from cordee.subscriptions.rest_hook import HookRequest, RestHooks


@dataclass(frozen=True, slots=True)
class Channels:
    """What sends."""

    settings: Settings
    hooks: RestHooks
    mails: Mails

    async def begin(self, registered: Registered) -> None:
        """Checks that the subscription can be served, and shakes hands where it is to a topic.

        Raises `DeliveryFailed`. To criteria, R4 has no handshake: nothing is sent.
        """
        subscription = _served(registered)
        match subscription.channel:
            case RestHook() as hook:
                await self.hooks.check(hook)
            case Email():
                carries = subscription.content == "full-resource" and subscription.format is not None
                self.mails.check(carries_resources=carries)
            case _:
                return
        if subscription.topic is not None:
            await self.send(registered, "handshake")

    async def send(self, registered: Registered, kind: Kind, told: Told = ()) -> None:
        """Sends a notification; raises `DeliveryFailed`."""
        subscription = _served(registered)
        seconds = self.settings.subscription_timeout_seconds
        if subscription.timeout_seconds is not None:
            seconds = min(seconds, subscription.timeout_seconds)
        match subscription.channel:
            case RestHook() as hook:
                await self.hooks.send(hook, _request(registered, subscription, kind, told), seconds)
            case Email() as address:
                await self.mails.send(address, _mail(registered, subscription, kind, told), seconds)


def _served(registered: Registered) -> Subscription:
    if registered.subscription is None:
        raise DeliveryFailed("The Subscription can't be served.", is_final=True)
    return registered.subscription


def notification_text(
    subscription: Subscription, standing: Standing, kind: Kind, base_url: str, told: Told = ()
) -> bytes:
    """The Bundle of a notification, in the subscription's format; raises `DeliveryFailed` where XML can't hold it."""
    text = notification(standing, kind, base_url, datetime.now(UTC), told)
    return text if subscription.format is None else _written(text, subscription.format)


def _written(text: bytes, format_: Attachment) -> bytes:
    """A resource's JSON text in the format asked for; raises `DeliveryFailed` where XML can't hold it."""
    if format_ == "application/fhir+json":
        return text
    try:
        return xml_from_json(text)
    except NotInXml as reason:
        raise DeliveryFailed(f"{reason} Ask for application/fhir+json.", is_final=True) from None


def _request(registered: Registered, subscription: Subscription, kind: Kind, told: Told) -> HookRequest:
    if subscription.topic is not None and subscription.format is not None:
        return HookRequest("POST", "", _bundle(registered, subscription, kind, told), subscription.format)
    ((event, version),) = told
    if subscription.format is None or version is None:
        return HookRequest("POST")
    body = _written(version.body.encode(), subscription.format)
    return HookRequest("PUT", f"{event.resource_type}/{event.id}", body, subscription.format)


def _mail(registered: Registered, subscription: Subscription, kind: Kind, told: Told) -> Mail:
    id_ = registered.standing.id
    numbers = [event.number for event, _ in told]
    between = "" if not numbers else f" {numbers[0]}" + (f" to {numbers[-1]}" if len(numbers) > 1 else "")
    said = f"Subscription {id_}: {kind}{between}."
    text = f"{said}\n\nWhat happened is told at {registered.base_url}/Subscription/{id_}/$events, to whoever may ask.\n"
    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    key = f"{id_}.{registered.standing.tenant}.{numbers[-1] if numbers else f'{kind}.{moment}'}"
    if subscription.format is None:
        return Mail(key, f"Cordée: {said}", text)
    attached = None
    if subscription.topic is not None:
        attached = _bundle(registered, subscription, kind, told)
    elif told and told[0][1] is not None:
        attached = _written(told[0][1].body.encode(), subscription.format)
    return Mail(key, f"Cordée: {said}", text, attached, subscription.format)


def _bundle(registered: Registered, subscription: Subscription, kind: Kind, told: Told) -> bytes:
    return notification_text(subscription, registered.told(), kind, registered.base_url, told)
