"""`cordee terminology`: code systems, value sets and concept maps imported into a tenant."""

import bz2
import gzip
import io
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
import typer

from cordee.cli.failures import CommandError
from cordee.cli.load.sources import NothingToLoad, find_sources
from cordee.cli.logging import configure_logging
from cordee.cli.repository import with_repository
from cordee.fhir.body import accept
from cordee.fhir.outcome import FhirError, Unavailable
from cordee.fhir.terminology.shared_value_sets import is_shared_value_set
from cordee.fhir.xml.reading import json_from_xml
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.repository import Repository
from cordee.terminology.importing import (
    Imported,
    Line,
    import_lines,
    import_resource,
    import_shared_value_sets,
)

application = typer.Typer(
    name="terminology",
    help="Terminology: national value sets, code systems of any size, value sets and concept maps, imported.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)


@application.callback()
def _commands() -> None:
    """Keeps `import` a command by its name, though it is the only one."""


@application.command("import")
def import_files(
    files: Annotated[list[str], typer.Argument(help="Files, or folders of files.", show_default=False)],
    tenant: Annotated[str, typer.Option(help="Tenant that gets them.")] = DEFAULT_TENANT,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")] = None,
) -> None:
    """Import value sets in IHE SVS XML, FHIR resources in JSON or XML, and NDJSON; plain, in gzip or bzip2.

    In NDJSON, the lines after a CodeSystem may be its concepts, one a line: its resource then says not-present and
    how many there are. What can't be read is told and the other files are imported; the exit code is then 1.

    Example: [bold]cordee terminology import jdv/ codes.ndjson.gz[/bold]
    """
    try:
        sources = [source.path for source in find_sources(files) if source.path is not None]
    except NothingToLoad as refusal:
        raise CommandError(str(refusal), exit_code=2) from None
    configure_logging("warning")
    refused = 0

    async def run(repository: Repository) -> None:
        nonlocal refused
        for path in sources:
            began = time.monotonic()
            try:
                for imported in await _import(repository, path):
                    typer.echo(_told(imported, time.monotonic() - began))
            except Unavailable:
                raise
            except (FhirError, OSError, EOFError) as refusal:
                refused += 1
                issues = refusal.issues if isinstance(refusal, FhirError) else ()
                where = f" ({issues[0].path})" if issues and issues[0].path else ""
                typer.echo(f"{path}: {refusal}{where}", err=True)

    with_repository(data_dir, tenant, run)
    if refused:
        typer.echo(f"{refused} of {len(sources)} files refused", err=True)
        raise typer.Exit(1)


async def _import(repository: Repository, path: Path) -> list[Imported]:
    with _opened(path) as file:
        beginning = file.peek(4_096).lstrip(b"\xef\xbb\xbf \t\r\n")
        if beginning.startswith(b"<"):
            raw = file.read()
            if is_shared_value_set(raw):
                return await import_shared_value_sets(repository, raw, _today())
            return [await import_resource(repository, accept(json_from_xml(raw)))]
        if not _is_ndjson(path, file):
            return [await import_resource(repository, accept(file.read()))]
        return await import_lines(repository, _lines(file))


def _opened(path: Path) -> io.BufferedReader:
    with path.open("rb") as file:
        magic = file.read(3)
    if magic.startswith(b"\x1f\x8b"):
        return io.BufferedReader(gzip.open(path))
    return io.BufferedReader(bz2.open(path)) if magic == b"BZh" else path.open("rb")


def _is_ndjson(path: Path, file: io.BufferedReader) -> bool:
    """By its name; else when its first line is a whole JSON object and another line follows."""
    if any(suffix in (".ndjson", ".jsonl") for suffix in path.suffixes):
        return True
    first, second = file.readline(), file.readline()
    file.seek(0)
    if not second.strip():
        return False
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return True


def _lines(file: io.BufferedReader) -> Iterator[Line]:
    for number, text in enumerate(file, 1):
        stripped = text.strip(b"\xef\xbb\xbf \t\r\n")
        if stripped:
            yield Line(number, stripped)


def _told(imported: Imported, seconds: float) -> str:
    plural = "s" if imported.concepts > 1 else ""
    concepts = f", {imported.concepts:,} code{plural}" if imported.concepts else ""
    pace = f" in {seconds:.1f} s" if seconds > 1 else ""
    return f"{imported.reference} {imported.effect}{concepts}{pace}: {imported.url}"


def _today() -> date:
    return datetime.now(ZoneInfo("Europe/Paris")).date()
