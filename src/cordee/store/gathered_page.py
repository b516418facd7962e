"""A page of a gathering being filled, and the position from which the next one goes on."""

import base64
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.stored_version import StoredVersion

MOST_GATHERED = 10_000
"""Resources of a page, when the client names no number."""
Stage = Literal["members", "referred"]


@dataclass(frozen=True, slots=True)
class GatheredPage:
    """One page. `included` are those that are no members; `following` is where the next begins, None on the last."""

    matches: tuple[StoredVersion, ...]
    included: tuple[StoredVersion, ...]
    following: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """The last resource of a page."""

    horizon: int
    stage: Stage
    resource_type: str
    rid: int

    def text(self) -> str:
        """The form that travels in a link."""
        written = orjson.dumps([self.horizon, self.stage, self.resource_type, self.rid])
        return base64.urlsafe_b64encode(written).decode().rstrip("=")


def first_position(horizon: int) -> Position:
    """Before everything that was there at `horizon`, the number of a transaction."""
    return Position(horizon, "members", "", 0)


def parse_position(text: str) -> Position:
    """The position in a link; raises `InvalidSearch` when this server did not write it."""
    match _loaded(text):
        case [int(horizon), ("members" | "referred") as stage, str(type_), int(rid)] if (
            0 <= horizon < 2**63 and 0 <= rid < 2**63 and type_.isascii() and "\0" not in type_
        ):
            return Position(horizon, stage, type_, rid)
    raise InvalidSearch("The link to this page is not one that this server wrote; begin again.")


def _loaded(text: str) -> Any:
    try:
        return orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None


@dataclass(slots=True)
class Page:
    """A page being filled; `reached` is its last resource, the owner aside."""

    count: int
    most_bytes: int
    reached: Position
    taken: list[StoredVersion] = field(default_factory=list)
    bytes: int = 0

    @property
    def room(self) -> int:
        """How many more it holds."""
        return self.count - len(self.taken)

    def take(self, version: StoredVersion, stage: Stage | None = None) -> bool:
        """Whether it fits; the first one always does."""
        self.bytes += len(version.body)
        if self.taken and (self.room <= 0 or self.bytes > self.most_bytes):
            return False
        self.taken.append(version)
        if stage is not None:
            self.reached = Position(self.reached.horizon, stage, version.resource_type, version.rid)
        return True
