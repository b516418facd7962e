"""The ASGI application: FHIR and websockets under /fhir and /t/{tenant}/fhir; health, metrics, description beside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cordee import __version__
from cordee.api.description_page import page
from cordee.api.fhir import FhirApplication
from cordee.api.health import health_routes
from cordee.api.media_types import Format
from cordee.api.metrics import Metrics
from cordee.api.openapi import SUMMARY, TITLE, describe
from cordee.api.response import outcome_text
from cordee.api.websockets import SubscriptionSockets
from cordee.fhir.outcome import Issue
from cordee.settings import Settings
from cordee.store.connection import Database

_EXPOSED_HEADERS = ("ETag", "Last-Modified", "Location", "Allow", "Retry-After", "X-Request-Id")


def create_application(settings: Settings, dsn: str) -> ASGIApp:
    """The application over the database at `dsn`, which must have the present schema."""
    metrics = Metrics()
    fhir = FhirApplication(settings, metrics)
    sockets = SubscriptionSockets(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        database = Database(
            dsn,
            connections=settings.database_connections,
            statement_timeout_seconds=settings.statement_timeout_seconds,
        )
        await database.open()
        fhir.database = database
        sockets.serve_from(database)
        try:
            yield
        finally:
            await database.close()

    rest = FastAPI(
        title=TITLE,
        version=__version__,
        summary=SUMMARY,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    rest.include_router(health_routes(fhir, metrics))
    _serve_description(rest, api_description())
    rest.add_exception_handler(HTTPException, _refused)

    application: ASGIApp = _Dispatch(fhir, sockets, rest)
    if settings.cors_origins:
        application = CORSMiddleware(
            application,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["*"],
            expose_headers=_EXPOSED_HEADERS,
        )
    return application


def api_description() -> dict[str, Any]:
    """The OpenAPI document; it depends on the code alone."""
    metrics = Metrics()
    return describe(health_routes(FhirApplication(Settings(), metrics), metrics).routes)


def _serve_description(rest: FastAPI, document: dict[str, Any]) -> None:
    @rest.get("/openapi.json")
    async def description() -> JSONResponse:
        return JSONResponse(document)

    @rest.get("/docs")
    async def readable() -> HTMLResponse:
        return HTMLResponse(page(document))

    @rest.get("/")
    async def entrance() -> RedirectResponse:
        return RedirectResponse("docs")


async def _refused(_request: Request, error: Exception) -> Response:
    """Addresses outside of every base are refused as those inside are."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = "There is nothing at this address: FHIR is under /fhir and /t/{tenant}/fhir."
    if status != 404:
        sentence = "The method does not apply to this address."
    content = outcome_text(Issue("error", "not-found" if status == 404 else "not-supported", sentence))
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response(content, status, headers, media_type=f"{Format.JSON.value}; fhirVersion=4.0; charset=utf-8")


class _Dispatch:
    """FHIR requests go straight to their application: the middlewares and routes of the rest cost them nothing."""

    def __init__(self, fhir: ASGIApp, sockets: ASGIApp, rest: ASGIApp) -> None:
        self._fhir = fhir
        self._sockets = sockets
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends a request to the part it is for."""
        if scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
            return
        is_fhir = scope["type"] == "http" and _is_fhir(scope["path"])
        await (self._fhir if is_fhir else self._rest)(scope, receive, send)


def _is_fhir(path: str) -> bool:
    if path.startswith("/fhir"):
        return path == "/fhir" or path[5] == "/"
    if not path.startswith("/t/"):
        return False
    parts = path.split("/", 4)
    return len(parts) > 3 and parts[3] == "fhir"
