"""From an interaction's name to what carries it out; requests and the entries of a batch come through here."""

from collections.abc import Awaitable, Callable

from cordee.api.addresses import Address
from cordee.api.jobs import JobStatus
from cordee.api.operations.invocation import read_operation, run_operation
from cordee.api.operations.table import OPERATIONS_BY_SHAPE
from cordee.api.reading import Reading
from cordee.api.request import FhirRequest
from cordee.api.response import FhirResponse
from cordee.api.writing import Writing
from cordee.settings import Settings
from cordee.store.reader import Reader
from cordee.store.repository import Repository

_READS: dict[str, Callable[[Reading, Address], Awaitable[FhirResponse]]] = {
    "capabilities": Reading.capabilities,
    "read": Reading.read,
    "vread": Reading.vread,
    "search": Reading.search,
    "posted-search": Reading.posted_search,
    "search-system": Reading.search,
    "posted-search-system": Reading.posted_search,
    "search-compartment": Reading.search,
    "history-system": Reading.history,
    "history-type": Reading.history,
    "history-instance": Reading.history,
}
_WRITES: dict[str, Callable[[Writing, Address], Awaitable[FhirResponse]]] = {
    "create": Writing.create,
    "update": Writing.update,
    "patch": Writing.patch,
    "delete": Writing.delete,
    "conditional-update": Writing.conditional_update,
    "conditional-patch": Writing.conditional_patch,
    "conditional-delete": Writing.conditional_delete,
}
_JOBS: dict[str, Callable[[JobStatus, Address], Awaitable[FhirResponse]]] = {
    "job": JobStatus.status,
    "job-cancel": JobStatus.cancel,
    "job-file": JobStatus.file,
}


def is_read(interaction: str, address: Address) -> bool:
    """Whether it leaves everything as it was."""
    operation = OPERATIONS_BY_SHAPE.get(address.shape)
    return interaction in _READS if operation is None else not operation.affects_state


async def carry_out_read(
    interaction: str, address: Address, settings: Settings, request: FhirRequest, reader: Reader
) -> FhirResponse:
    """A reading interaction's answer; raises `FhirError`."""
    if address.shape in OPERATIONS_BY_SHAPE:
        return await read_operation(address, settings, request, reader)
    return await _READS[interaction](Reading(settings, request, reader), address)


async def carry_out(
    interaction: str, address: Address, settings: Settings, request: FhirRequest, repository: Repository
) -> FhirResponse:
    """Any interaction's answer, save a Bundle's; raises `FhirError`."""
    if address.shape in OPERATIONS_BY_SHAPE:
        return await run_operation(address, settings, request, repository)
    if is_read(interaction, address):
        return await carry_out_read(interaction, address, settings, request, repository)
    if interaction in _JOBS:
        return await _JOBS[interaction](JobStatus(settings, request, repository), address)
    return await _WRITES[interaction](Writing(settings, request, repository), address)
