"""What operators and their tools ask: is it alive, is it ready, what has it done."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from cordee.api.fhir import FhirApplication
from cordee.api.metrics import Metrics
from cordee.fhir.outcome import FhirError


def health_routes(fhir: FhirApplication, metrics: Metrics) -> APIRouter:
    """/healthz, /readyz and /metrics of one process."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", summary="The process answers")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get(
        "/readyz",
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

    @routes.get("/metrics", summary="Counters in the Prometheus text format", response_class=PlainTextResponse)
    async def metrics_text() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    return routes
