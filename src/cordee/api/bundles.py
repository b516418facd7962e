"""Batch and transaction at the HTTP door: entries carried out, and answered in the order they were given."""

from http import HTTPStatus
from urllib.parse import unquote

from cordee.api.addresses import Address, locate
from cordee.api.dispatch import carry_out, carry_out_read, is_read
from cordee.api.failures import failure_issue, log_failure
from cordee.api.operations.table import OPERATIONS_BY_SHAPE
from cordee.api.request import FhirRequest, parse_precondition
from cordee.api.response import FhirResponse, outcome_text
from cordee.api.writing import condition_parser, written_response
from cordee.fhir import bundle_text
from cordee.fhir.body import instant
from cordee.fhir.bundle import BundleEntry, IncomingBundle, InvalidBundle, in_processing_order, require_no_faults
from cordee.fhir.bundle_text import ResponseEntry, etag
from cordee.fhir.outcome import FhirError, Issue, MethodNotAllowed
from cordee.fhir.patch import patch_in_entry
from cordee.settings import Settings
from cordee.store.changes import Precondition
from cordee.store.reader import Reader
from cordee.store.repository import Repository


async def run_bundle(
    bundle: IncomingBundle, repository: Repository, request: FhirRequest, settings: Settings, request_id: str
) -> bytes:
    """The answer's text. Raises `FhirError` when the Bundle as a whole is refused, a transaction at its first fault.

    `request_id` is what the log knows the request by.
    """
    run = _Run(repository, request, settings, request_id)
    if bundle.type == "transaction":
        return await run.transaction(bundle)
    if bundle.type == "batch":
        return await run.batch(bundle)
    raise InvalidBundle(
        f"A Bundle posted to the base must be a batch or a transaction, not a {bundle.type}; "
        "post it to /Bundle to store it as it is.",
        path="Bundle.type",
    )


class _Run:
    """One Bundle being carried out."""

    def __init__(self, repository: Repository, request: FhirRequest, settings: Settings, request_id: str) -> None:
        self._repository = repository
        self._request = request
        self._settings = settings
        self._request_id = request_id

    async def transaction(self, bundle: IncomingBundle) -> bytes:
        """Writes all or nothing; the reads see what was written, and one that fails undoes it (R4 http.html#trules)."""
        require_no_faults(issue for entry in bundle.entries for issue in (*entry.faults, *_posted_operation(entry)))
        answers: dict[int, ResponseEntry] = {}

        async def read(reader: Reader, entry: BundleEntry) -> None:
            request, address, interaction = self._asked(entry)
            answers[entry.index] = _response_entry(
                await carry_out_read(interaction, address, self._settings, request, reader), entry
            )

        parse = condition_parser(self._request, await self._repository.search_parameters())
        written = await self._repository.transaction(bundle.entries, _precondition, parse, read)
        for entry in bundle.entries:
            if entry.index in written:
                response = written_response(self._entry_request(entry), written[entry.index])
                answers[entry.index] = _response_entry(response, entry)
        return bundle_text.responses("transaction", [answers[index] for index in sorted(answers)])

    async def batch(self, bundle: IncomingBundle) -> bytes:
        """Each entry as if it came alone; a refusal, or a failure of the server, is the answer of its entry only."""
        answers: dict[int, ResponseEntry] = {}
        for entry in in_processing_order(bundle.entries):
            try:
                require_no_faults(entry.faults)
                request, address, interaction = self._asked(entry)
                response = await carry_out(interaction, address, self._settings, request, self._repository)
                answers[entry.index] = _response_entry(response, entry)
            except FhirError as refusal:
                answers[entry.index] = ResponseEntry(
                    _status_line(refusal.status), outcome=outcome_text(*refusal.issues)
                )
            except Exception as error:  # the others are stored already, and their answers are owed
                log_failure(error, f"batch {entry.method}", self._request_id)
                outcome = outcome_text(failure_issue(self._request_id))
                answers[entry.index] = ResponseEntry(_status_line(500), outcome=outcome)
        return bundle_text.responses("batch", [answers[index] for index in sorted(answers)])

    def _asked(self, entry: BundleEntry) -> tuple[FhirRequest, Address, str]:
        """The entry as a request, what it is about, and the interaction."""
        request = self._entry_request(entry)
        address = locate(request.path)
        if entry.method == "POST" and address.shape == "{type}/{id}":  # written so in real Bundles: the id counts not
            address = Address("{type}", address.type)
        interaction = address.interaction(entry.method)
        reads = entry.method in ("GET", "HEAD")
        is_operation = address.shape in OPERATIONS_BY_SHAPE
        if interaction in (None, "bundle") or not (is_operation or reads == is_read(interaction, address)):
            raise MethodNotAllowed(f"{entry.method} does not apply to «{entry.url}».", path=f"{entry.path}.request")
        return request, address, interaction

    def _entry_request(self, entry: BundleEntry) -> FhirRequest:
        path, _, query = entry.url.partition("?")
        body = entry.resource or b""
        content_type = None
        if entry.method == "PATCH":
            patch = patch_in_entry(body, entry.path)
            content_type, body = patch.kind.value, patch.text
        headers = {
            b"content-type": content_type,
            b"if-match": entry.if_match,
            b"if-none-match": entry.if_none_match,
            b"if-modified-since": entry.if_modified_since,
            b"if-none-exist": entry.if_none_exist,
        }
        return self._request.entry(
            entry.method,
            [unquote(part) for part in path.split("/") if part],
            query.encode(),
            {name: value.encode() for name, value in headers.items() if value is not None},
            body,
        )


def _response_entry(response: FhirResponse, entry: BundleEntry) -> ResponseEntry:
    """A request's answer as an entry's. What a write says of itself is its outcome, not a resource."""
    is_outcome = entry.method not in ("GET", "HEAD") and response.body.startswith(b'{"resourceType":"OperationOutcome"')
    version = response.version
    if response.file is not None:
        return ResponseEntry(_status_line(response.status), text=response.file.as_binary())
    return ResponseEntry(
        _status_line(response.status),
        response.location,
        None if version is None else etag(version.version),
        None if version is None else instant(version.last_updated),
        None if is_outcome or not response.body or entry.method == "HEAD" else response.body,
        response.body if is_outcome else None,
    )


def _precondition(entry: BundleEntry) -> Precondition:
    return parse_precondition(entry.if_match, entry.if_none_match)


def _posted_operation(entry: BundleEntry) -> tuple[Issue, ...]:
    name = entry.url.partition("?")[0].rpartition("/")[2]
    if entry.method != "POST" or not name.startswith("$"):
        return ()
    sentence = f"{name} has a transaction of its own and can't be part of another; send it alone, or in a batch."
    return (Issue("error", "not-supported", sentence, f"{entry.path}.request"),)


def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
