"""One version of one resource, as it is kept and served."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version as it is kept. `body` is the text to serve, empty when this version is a deletion."""

    resource_type: str
    id: str
    version: int
    last_updated: datetime
    deleted: bool
    method: str
    body: str
    rid: int
    """The row's identity inside the store; never shown."""
    sealed: bool = False
    """Whether it is final: no later version will ever follow."""
