"""`cordee serve`."""

import errno
import json
import os
import signal
import socket
import sys
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
import uvicorn
from starlette.types import ASGIApp

from cordee.api.application import create_application
from cordee.cli.background import background_processes
from cordee.cli.configuration import read_settings
from cordee.cli.database import ready_database
from cordee.cli.failures import CommandError
from cordee.cli.garbage import collect_seldom
from cordee.cli.logging import configure_logging
from cordee.cli.published_definitions import publish_definitions
from cordee.settings import Settings

_DSN = "CORDEE_SERVED_DATABASE"
"""How the first process tells its workers where the database is."""

_KEPT_ALIVE_SECONDS = 75
_PATIENCE_AT_END_SECONDS = 20


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.", show_default="8080")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the embedded PostgreSQL.", show_default="cordee-data")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Server processes.", show_default="1")] = None,
) -> None:
    """Serve FHIR R4 over HTTP until Ctrl-C.

    PostgreSQL is embedded, in --data-dir, unless CORDEE_DATABASE_URL names a server. What the program defines, such as
    the parcours that travel with it, is published in every tenant first.

    Example: [bold]cordee serve --port 8080 --data-dir ./data[/bold]
    """
    settings = read_settings(host=host, port=port, data_dir=data_dir, workers=workers)
    configure_logging(settings.log_level)
    require_free_address(settings.host, settings.port)
    with ready_database(settings) as dsn:
        run_server(settings, dsn)


def require_free_address(host: str, port: int) -> None:
    """Raises `CommandError` when nothing can listen there; said before the database is started."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        advice = ""
        if error.errno == errno.EADDRINUSE:
            advice = " Another program listens there; give another port with --port."
        raise CommandError(f"{host} port {port}: {error.strerror}.{advice}") from None


def run_server(settings: Settings, dsn: str) -> None:
    """Publishes what the program defines, then serves until told to end; requests under way are finished first."""
    publish_definitions(dsn)
    signal.signal(signal.SIGTERM, _end)
    os.environ[_DSN] = dsn
    for name, value in settings.model_dump(mode="json", exclude_none=True).items():
        os.environ[f"CORDEE_{name.upper()}"] = value if isinstance(value, str) else json.dumps(value)
    with background_processes(settings, dsn) if settings.background else nullcontext():
        _run_workers(settings)


def _run_workers(settings: Settings) -> None:
    uvicorn.run(
        "cordee.cli.serve:worker_application",
        factory=True,
        http="cordee.api.http_protocol:FhirHttpProtocol",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        access_log=False,  # its lines would hold the queries, hence names of patients
        log_config=None,
        server_header=False,
        timeout_keep_alive=_KEPT_ALIVE_SECONDS,
        timeout_graceful_shutdown=_PATIENCE_AT_END_SECONDS,
        backlog=2048,
    )


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Uvicorn raises the signal again once it has stopped: then what is around the server must end too."""
    sys.exit(0)


def worker_application() -> ASGIApp:
    """The application of one worker process, from the environment that `run_server` left."""
    settings = Settings()
    configure_logging(settings.log_level)
    application = create_application(settings, os.environ[_DSN])
    collect_seldom()
    return application
