"""A region put into a base of its own by `$import`, as whoever moves in would."""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from bench.connection import Client, Response, Target
from bench.population import SetupError, excerpt
from bench.region.files import write_region
from bench.server import cordee

_SECONDS_BETWEEN_LOOKS = 0.5


def fill_region(place: Path, seed: int, patients: int) -> str:
    """Fills the base in a folder that has none; returns how quickly, in words.

    Raises SetupError when a resource was not stored.
    """
    files = place / "region"
    counts = write_region(files, seed, patients)
    try:
        with cordee(place, 1, {"CORDEE_IMPORT_FOLDER": str(files)}) as server:
            begun = time.perf_counter()
            asyncio.run(_import(Target.of(server.base), [files / f"{name}.ndjson" for name in counts]))
            seconds = time.perf_counter() - begun
    finally:
        shutil.rmtree(files)
    count = sum(counts.values())
    return f"imported: {count:,} resources, {count / seconds:,.0f}/s"


async def _import(target: Target, files: list[Path]) -> None:
    inputs = [{"name": "input", "part": [{"name": "url", "valueUri": path.as_uri()}]} for path in files]
    detail = {"name": "storageDetail", "part": [{"name": "type", "valueCode": "file"}]}
    asked = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "inputFormat", "valueCode": "application/fhir+ndjson"},
            {"name": "inputSource", "valueUri": "https://bench.example/region"},
            detail,
            *inputs,
        ],
    }
    client = Client(target)
    try:
        accepted = await client.exchange(target.post("$import", orjson.dumps(asked)))
        place = _header(accepted, "content-location")
        if accepted.status != 202 or place is None:
            raise SetupError(f"$import got status {accepted.status}: {excerpt(accepted.body)}")
        path = urlsplit(place).path.removeprefix(target.path).lstrip("/")
        while (answer := await client.exchange(target.get(path))).status == 202:  # noqa: ASYNC110
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
    finally:
        client.close()
    result: dict[str, Any] = orjson.loads(answer.body)
    if answer.status != 200 or result.get("error"):
        raise SetupError(f"$import ended with {answer.status}: {excerpt(answer.body)}")


def _header(response: Response, name: str) -> str | None:
    for line in response.head.decode("latin-1").split("\r\n"):
        known, _, value = line.partition(":")
        if known.lower() == name:
            return value.strip()
    return None
