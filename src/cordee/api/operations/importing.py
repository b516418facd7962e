"""`$import`: files of NDJSON stored in quantity, as a job: named by address, or posted."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from cordee.api.media_types import NDJSON
from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Asked, Operation
from cordee.api.request import FhirRequest
from cordee.api.response import FhirResponse, File, accepted
from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import FhirError, Issue, TooLarge
from cordee.settings import Settings
from cordee.store.bulk_import import KIND, ImportInput, ImportOrder, ImportPolicy, Mode
from cordee.store.bulk_import.order import RECEIVED, RECEIVED_NAME
from cordee.store.jobs import Job
from cordee.store.jobs.folders import open_private, receiving
from cordee.store.repository import Repository

_MODES: dict[str, Mode] = {"best-effort": "best-effort", "atomic": "atomic"}
_STORAGE = ("https", "file")
MOST_INPUTS = 1_000


def import_policy(settings: Settings) -> ImportPolicy:
    """What the settings let an import read."""
    hosts = frozenset(host.lower() for host in settings.import_hosts)
    return ImportPolicy(settings.import_folder, hosts, settings.max_body_bytes, settings.import_processes)


async def _import(repository: Repository, asked: Asked) -> FhirResponse:
    order = _order(asked, import_policy(asked.settings))
    job = await repository.jobs.ask(KIND, order.as_json())
    return accepted(job.id, asked.base_url)


async def _import_posted(repository: Repository, asked: Asked, blocks: AsyncIterator[bytes]) -> FhirResponse:
    """The file is kept as it arrives, compressed or not: memory never holds it."""
    order = ImportOrder((ImportInput(RECEIVED),), _mode(asked), asked.url, asked.base_url)
    most = asked.settings.max_import_bytes
    with receiving(asked.settings.data_dir / "jobs") as folder:
        size = 0
        with open_private(folder.path / RECEIVED_NAME) as file:
            async for block in blocks:
                size += len(block)
                if size > most:
                    raise TooLarge(f"The file is larger than the {most} bytes this server takes; send it in parts.")
                file.write(block)
                folder.still_receiving()
        if size == 0:
            raise FhirError("The body is empty; NDJSON was expected, a resource a line.")
        job = await repository.jobs.ask(KIND, order.as_json(), job_id=folder.id)
    return accepted(job.id, asked.base_url)


def _order(asked: Asked, policy: ImportPolicy) -> ImportOrder:
    """What is asked; raises `FhirError` (400) with every fault of the inputs at once."""
    arguments = asked.arguments
    issues: list[Issue] = []

    def refuse(code: str, sentence: str, place: str) -> None:
        issues.append(Issue("error", code, sentence, place))

    given_format = arguments.text("inputFormat")
    if given_format is not None and given_format not in NDJSON:
        refuse(
            "not-supported",
            f"inputFormat: «{given_format}» is not read; {NDJSON[0]} is.",
            arguments.place("inputFormat"),
        )
    for detail in arguments.groups("storageDetail"):
        kind = detail.text("type")
        if kind is not None and kind not in _STORAGE:
            refuse(
                "not-supported",
                f"storageDetail: «{kind}» is not read; {' and '.join(_STORAGE)} are.",
                detail.place("type"),
            )
    inputs = []
    for one in arguments.groups("input"):
        url, type_ = one.required_text("url"), one.text("type")
        if type_ is not None and type_ not in load_definitions().resource_types:
            refuse("value", f"FHIR R4 has no resource type «{type_}».", one.place("type"))
        if reason := policy.refusal(url):
            refuse("forbidden", f"url: {reason}.", one.place("url"))
        inputs.append(ImportInput(url, type_))
    if len(inputs) > MOST_INPUTS:
        refuse("too-costly", f"An import takes {MOST_INPUTS} files at most; ask for several.", "Parameters.parameter")
    if issues:
        raise FhirError(issues[0].diagnostics, issues=issues)
    return ImportOrder(tuple(inputs), _mode(asked), asked.url, asked.base_url)


def _mode(asked: Asked) -> Mode:
    given = asked.arguments.text("mode") or "best-effort"
    if given not in _MODES:
        raise FhirError(f"mode: «{given}» is none of {', '.join(_MODES)}.", path=asked.arguments.place("mode"))
    return _MODES[given]


def rendered(job: Job, request: FhirRequest) -> FhirResponse:
    """What became of the files: for each the types of what it held, and where its refusals are."""
    output: list[dict[str, Any]] = []
    error: list[dict[str, Any]] = []
    for file in job.result["inputs"]:
        named = {} if file["url"] == RECEIVED else {"inputUrl": file["url"]}
        for type_, effects in _by_type(file["effects"]).items():
            output.append({"type": type_, "count": effects.total(), **named, "extension": {"effects": dict(effects)}})
        if file["errors"] is not None:
            address = f"{request.base_url}/_job/{job.id}/{file['errors']['file']}"
            error.append({"type": "OperationOutcome", "count": file["errors"]["count"], "url": address, **named})
    manifest = {
        "transactionTime": job.result["begun"],
        "request": job.request["request"],
        "requiresAccessToken": False,
        "output": output,
        "error": error,
    }
    return FhirResponse(200, file=File(None, "application/json", iter((orjson.dumps(manifest),))))


def _by_type(effects: Mapping[str, int]) -> dict[str, Counter[str]]:
    """What is stored of each type: created, updated or found unchanged."""
    by_type: dict[str, Counter[str]] = {}
    for name, number in effects.items():
        type_, _, effect = name.rpartition(" ")
        if effect != "refused":
            by_type.setdefault(type_, Counter())[effect] += number
    return by_type


_MODE = Input(
    "mode",
    "code",
    "best-effort (the default): what is refused is told, the rest is stored. atomic: each file is stored whole or not "
    "at all; up to 200,000 resources a file.",
)

IMPORT = Operation(
    code="import",
    resource=None,
    levels=("system",),
    title="Import files of NDJSON",
    description=(
        "Stores the resources of files of NDJSON, a resource a line, each under its id, in the background. Files are "
        "named by address, in a folder or on hosts that the operator allows; or one is the body itself, of type "
        "application/fhir+ndjson, plain or in gzip, with `mode` in the address. The job tells what was created, "
        "updated, found unchanged, and where the refusals are, a line of the file named in each."
    ),
    inputs=(
        Input("inputFormat", "code", "application/fhir+ndjson, which is what is read."),
        Input("inputSource", "uri", "Where the data comes from; not looked at."),
        Input(
            "storageDetail",
            "",
            "How the files are reached.",
            parts=(Input("type", "code", "https or file."),),
        ),
        Input(
            "input",
            "",
            "A file.",
            min=1,
            max=None,
            parts=(
                Input("type", "code", "The type that every resource in it must be of; any when it is not given."),
                Input("url", "uri", "Its address: file:// or https://.", min=1),
            ),
        ),
        _MODE,
    ),
    outputs=(),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "inputFormat", "valueCode": "application/fhir+ndjson"},
            {"name": "inputSource", "valueUri": "https://logiciel.example.org/fhir"},
            {"name": "storageDetail", "part": [{"name": "type", "valueCode": "https"}]},
            {
                "name": "input",
                "part": [
                    {"name": "type", "valueCode": "Patient"},
                    {"name": "url", "valueUri": "https://files.example.org/patients.ndjson.gz"},
                ],
            },
            {"name": "mode", "valueCode": "best-effort"},
        ],
    },
    write=_import,
    write_posted=_import_posted,
    posted_inputs=("mode",),
    is_job=True,
)
