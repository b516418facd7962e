"""`cordee subscription`: where subscriptions stand, and what to do about those that stopped."""

from pathlib import Path
from typing import Annotated

import typer

from cordee.cli.logging import configure_logging
from cordee.cli.repository import with_repository
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.repository import Repository
from cordee.store.subscriptions.queue import DeadLetter
from cordee.store.subscriptions.standing import SubscriptionStanding
from cordee.subscriptions.asking import request_again

application = typer.Typer(
    name="subscription",
    help="Subscriptions: where they stand, and what to do about those that stopped.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.", show_default="cordee-data")]
Tenant = Annotated[str, typer.Option(help="Whose subscriptions.")]
Id = Annotated[str, typer.Argument(help="The id of the Subscription.", show_default=False)]


@application.command("list")
def list_(tenant: Tenant = DEFAULT_TENANT, data_dir: DataDir = None) -> None:
    """List subscriptions, one a line: id, status, events delivered, events recorded, the latest error.

    Example: [bold]cordee subscription list --tenant cpts-nord[/bold]
    """

    async def read(repository: Repository) -> list[SubscriptionStanding]:
        return await repository.subscriptions.standings(None)

    configure_logging("warning")
    for one in with_repository(data_dir, tenant, read):
        typer.echo(f"{one.id}\t{one.status}\t{one.delivered}\t{one.events}\t{one.error or ''}".rstrip())


@application.command("dead-letters")
def dead_letters(tenant: Tenant = DEFAULT_TENANT, data_dir: DataDir = None) -> None:
    """List the events that could not be delivered, one a line.

    Subscription, number of the event, what it is about, since when (UTC), how many wait, the error. Nothing is sent
    after such an event until it is delivered ([bold]retry[/bold]) or given up ([bold]discard[/bold]).

    Example: [bold]cordee subscription dead-letters[/bold]
    """

    async def read(repository: Repository) -> list[DeadLetter]:
        return await repository.subscriptions.dead_letters()

    configure_logging("warning")
    for one in with_repository(data_dir, tenant, read):
        about = f"{one.resource_type}/{one.id}"
        since = f"{one.recorded:%Y-%m-%dT%H:%M:%SZ}"
        typer.echo(f"{one.subscription}\t{one.number}\t{about}\t{since}\t{one.waiting}\t{one.error or ''}".rstrip())


@application.command()
def retry(subscription: Id, tenant: Tenant = DEFAULT_TENANT, data_dir: DataDir = None) -> None:
    """Request a subscription again: it goes on with the event it stopped at, once a server runs.

    Example: [bold]cordee subscription retry partner-1[/bold]
    """
    configure_logging("warning")
    with_repository(data_dir, tenant, lambda repository: request_again(repository, subscription))
    typer.echo(f"Subscription/{subscription} is requested again.")


@application.command()
def discard(
    subscription: Id,
    until: Annotated[
        int | None,
        typer.Option(min=1, help="The number of the last event given up.", show_default="the one it stopped at"),
    ] = None,
    tenant: Tenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Give up the event that a subscription stopped at, or all up to a number. It stays stopped until a retry.

    Example: [bold]cordee subscription discard partner-1 --until 12[/bold]
    """

    async def give_up(repository: Repository) -> int:
        found = await repository.subscriptions.standings([subscription])
        last = until if until is not None else found[0].delivered + 1 if found else 0
        return await repository.subscriptions.discard(subscription, last)

    configure_logging("warning")
    typer.echo(f"{with_repository(data_dir, tenant, give_up)} discarded.")
