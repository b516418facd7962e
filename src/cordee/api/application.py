"""The ASGI application: FHIR under /fhir and /t/{tenant}/fhir, health, metrics and the API's description beside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from cordee import __version__
from cordee.api.fhir import FhirApplication
from cordee.api.metrics import Metrics
from cordee.fhir.outcome import FhirError
from cordee.settings import Settings
from cordee.store.connection import Database

_log = structlog.get_logger("cordee.api")
_SMALLEST_COMPRESSED = 1024
_COMPRESSION_LEVEL = 4
_EXPOSED_HEADERS = ("ETag", "Last-Modified", "Location", "Content-Location", "X-Request-Id")


def create_application(settings: Settings, dsn: str) -> ASGIApp:
    """The application over the database at `dsn`, which must have the present schema."""
    metrics = Metrics()
    fhir = FhirApplication(settings, metrics)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        database = Database(
            dsn,
            connections=settings.database_connections,
            statement_timeout_seconds=settings.statement_timeout_seconds,
        )
        await database.open()
        fhir.database = database
        try:
            yield
        finally:
            await database.close()

    rest = FastAPI(
        title="Cordée",
        version=__version__,
        summary="A FHIR R4 server for French coordinated care.",
        lifespan=lifespan,
    )

    @rest.get("/healthz", tags=["operation"], summary="The process answers")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @rest.get(
        "/readyz",
        tags=["operation"],
        summary="The database answers too",
        responses={503: {"description": "The database can't be reached."}},
    )
    async def readyz(response: Response) -> dict[str, str]:
        if fhir.database is None:
            response.status_code = 503
            return {"status": "starting"}
        try:
            async with fhir.database.rows() as connection:
                await connection.fetchval("SELECT 1")
        except FhirError:
            response.status_code = 503
            return {"status": "the database can't be reached"}
        return {"status": "ok"}

    @rest.get("/metrics", tags=["operation"], summary="Counters in the Prometheus text format")
    async def metrics_text() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    application: ASGIApp = GZipMiddleware(
        _Dispatch(fhir, rest), minimum_size=_SMALLEST_COMPRESSED, compresslevel=_COMPRESSION_LEVEL
    )
    if settings.cors_origins:
        application = CORSMiddleware(
            application,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE"],
            allow_headers=["*"],
            expose_headers=_EXPOSED_HEADERS,
        )
    return application


class _Dispatch:
    """FHIR requests go straight to their application: the middlewares and routes of the rest cost them nothing."""

    def __init__(self, fhir: ASGIApp, rest: ASGIApp) -> None:
        self._fhir = fhir
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends a request to the part it is for."""
        is_fhir = scope["type"] == "http" and _is_fhir(scope["path"])
        await (self._fhir if is_fhir else self._rest)(scope, receive, send)


def _is_fhir(path: str) -> bool:
    if path.startswith("/fhir"):
        return path == "/fhir" or path[5] == "/"
    parts = path.split("/", 4)
    return path.startswith("/t/") and len(parts) > 3 and parts[3] == "fhir"
