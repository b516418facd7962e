"""What an import is asked to do, as it is kept with its job."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Mode = Literal["best-effort", "atomic"]

RECEIVED = "received:"
"""The address of a body that came with the request: it is in the job's folder, under `RECEIVED_NAME`."""
RECEIVED_NAME = "received"


@dataclass(frozen=True, slots=True)
class ImportInput:
    """A file to import. `type` is what its resources must be, None for any."""

    url: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """The files, in the order in which they are imported; `request` is the address that was asked."""

    inputs: tuple[ImportInput, ...]
    mode: Mode
    request: str = ""
    base: str | None = None
    """The server's own FHIR base, under which references are relative ones."""

    def as_json(self) -> dict[str, Any]:
        """The request of the job."""
        inputs = [{"url": one.url, "type": one.type} for one in self.inputs]
        return {"inputs": inputs, "mode": self.mode, "request": self.request, "base": self.base}

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "ImportOrder":
        """From what `as_json` gave."""
        inputs = tuple(ImportInput(one["url"], one["type"]) for one in request["inputs"])
        return cls(inputs, request["mode"], request["request"], request["base"])
