"""`cordee serve`."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from starlette.types import ASGIApp

from cordee.api.application import create_application
from cordee.cli.database import ready_database
from cordee.cli.logging import configure_logging
from cordee.settings import Settings

_DSN = "CORDEE_SERVED_DATABASE"
"""How the first process tells its workers where the database is."""

_KEPT_ALIVE_SECONDS = 75
_PATIENCE_AT_END_SECONDS = 20


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [default: 127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on [default: 8080].")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the embedded PostgreSQL [default: cordee-data].")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Server processes [default: 1].")] = None,
) -> None:
    """Serve FHIR R4 over HTTP until Ctrl-C.

    PostgreSQL is embedded, in --data-dir, unless CORDEE_DATABASE_URL names a server.

    Example: [bold]cordee serve --port 8080 --data-dir ./data[/bold]
    """
    given: dict[str, Any] = {"host": host, "port": port, "data_dir": data_dir, "workers": workers}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    configure_logging(settings.log_level)
    with ready_database(settings) as dsn:
        run_server(settings, dsn)


def run_server(settings: Settings, dsn: str) -> None:
    """Serves until the process is told to end; requests under way are finished first."""
    os.environ[_DSN] = dsn
    for name, value in settings.model_dump(mode="json", exclude_none=True).items():
        os.environ[f"CORDEE_{name.upper()}"] = value if isinstance(value, str) else json.dumps(value)
    uvicorn.run(
        "cordee.cli.serve:worker_application",
        factory=True,
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


def worker_application() -> ASGIApp:
    """The application of one worker process, from the environment that `run_server` left."""
    settings = Settings()
    configure_logging(settings.log_level)
    return create_application(settings, os.environ[_DSN])
