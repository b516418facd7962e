"""The addresses under a FHIR base, and the interactions that each takes (R4 http.html#summary).

One table: requests are routed by it, `Allow` is written from it, and the API's description is made from it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from cordee.api.operations.table import OPERATIONS_BY_SHAPE
from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import FhirError, NotFound, UnknownResourceType

INTERACTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "": {"GET": "search-system", "POST": "bundle"},
        "_search": {"POST": "posted-search-system"},
        "metadata": {"GET": "capabilities"},
        "_history": {"GET": "history-system"},
        "{type}": {
            "GET": "search",
            "POST": "create",
            "PUT": "conditional-update",
            "PATCH": "conditional-patch",
            "DELETE": "conditional-delete",
        },
        "{type}/_search": {"POST": "posted-search"},
        "{type}/_history": {"GET": "history-type"},
        "{type}/{id}": {"GET": "read", "PUT": "update", "PATCH": "patch", "DELETE": "delete"},
        "{type}/{id}/{member}": {"GET": "search-compartment"},
        "{type}/{id}/_history": {"GET": "history-instance"},
        "{type}/{id}/_history/{vid}": {"GET": "vread"},
        "_job/{id}": {"GET": "job", "DELETE": "job-cancel"},
        "_job/{id}/{file}": {"GET": "job-file"},
        **{shape: dict.fromkeys(o.methods_at(shape), o.name) for shape, o in OPERATIONS_BY_SHAPE.items()},
    }
)
"""By the address's shape, then by method, the name of the interaction; HEAD is where GET is, OPTIONS everywhere.

An operation is at addresses of its own (`CarePlan/{id}/$settle`), under its name.
"""

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Address:
    """What an address names: its shape (a key of `INTERACTIONS`) and the parts of it."""

    shape: str
    type: str = ""
    id: str = ""
    version: int = 0
    member: str = ""
    """The type searched inside of the compartment of `type` and `id`, `*` for all that may be in it; a job's file."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that apply, for `Allow`."""
        given = tuple(INTERACTIONS[self.shape])
        return (*given, *(["HEAD"] if "GET" in given else []), "OPTIONS")

    def interaction(self, method: str) -> str | None:
        """The interaction that a method asks for here; None when it does not apply."""
        return INTERACTIONS[self.shape].get("GET" if method == "HEAD" else method)


def locate(path: Sequence[str]) -> Address:
    """What the segments that follow the FHIR base name.

    Raises `UnknownResourceType` or `NotFound` (404) when they name nothing, `FhirError` (400) for an impossible id.
    """
    if not path:
        return Address("")
    if len(path) == 1 and path[0] in ("metadata", "_history", "_search"):
        return Address(path[0])
    match path:
        case ["_job", job]:
            return Address("_job/{id}", id=job)
        case ["_job", job, file]:
            return Address("_job/{id}/{file}", id=job, member=file)
    if path[-1].startswith("$"):
        return _operation(path)
    if path[0] not in _types():
        raise _unknown(path[0])
    match path:
        case [type_]:
            return Address("{type}", type_)
        case [type_, "_search"]:
            return Address("{type}/_search", type_)
        case [type_, "_history"]:
            return Address("{type}/_history", type_)
        case [_, id_, *_] if not _ID.fullmatch(id_):
            raise FhirError(f"«{id_}» can't be an id: letters, digits, - and . only, at most 64.")
        case [type_, id_]:
            return Address("{type}/{id}", type_, id_)
        case [type_, id_, member] if member == "*" or member in _types():
            return Address("{type}/{id}/{member}", type_, id_, member=member)
        case [type_, id_, "_history"]:
            return Address("{type}/{id}/_history", type_, id_)
        case [type_, id_, "_history", version]:
            if not _VERSION.fullmatch(version):
                raise NotFound(f"{type_}/{id_} has no version «{version}»: versions are counted from 1.")
            return Address("{type}/{id}/_history/{vid}", type_, id_, int(version))
    raise NotFound("There is nothing at this address; /metadata lists what is served.")


def _operation(path: Sequence[str]) -> Address:
    name = path[-1]
    match path[:-1]:
        case []:
            address, of_any_type = Address(name), ""
        case [type_]:
            address, of_any_type = Address(f"{type_}/{name}", type_), f"{{type}}/{name}"
        case [type_, id_] if _ID.fullmatch(id_):
            address, of_any_type = Address(f"{type_}/{{id}}/{name}", type_, id_), f"{{type}}/{{id}}/{name}"
        case _:
            address, of_any_type = Address(""), ""
    if address.shape in OPERATIONS_BY_SHAPE:
        return address
    if of_any_type in OPERATIONS_BY_SHAPE:
        if address.type not in _types():
            raise _unknown(address.type)
        return replace(address, shape=of_any_type)
    elsewhere = sorted(shape for shape in OPERATIONS_BY_SHAPE if shape.rpartition("/")[2] == name)
    where = f"it is at {', '.join(elsewhere)}" if elsewhere else "/metadata lists those that are"
    raise NotFound(f"The operation {name} is not served here; {where}.")


@cache
def _types() -> frozenset[str]:
    return frozenset(load_definitions().resource_types)


def _unknown(segment: str) -> FhirError:
    if segment.startswith(("$", "_")) or segment == "metadata":
        return NotFound(f"«{segment}» is not served here; /metadata lists what is.")
    return UnknownResourceType(f"FHIR R4 has no resource type «{segment}».")
