"""A page of a gathering (`cordee.fhir.gathering`): its owner, its members, then what they refer to.

Pages follow (type, row) and are bound to the transaction number of the first one, as those of a search are; nothing is
kept on the server, and nothing comes twice. What the members refer to can only be told once all of them were looked at:
pages of that part read the members again.
"""

import base64
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from cordee.fhir.gathering import Gathering, Part
from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.stored_version import StoredVersion
from cordee.store.connection import Connection
from cordee.store.gathering_walk import Known, Referred, Walk
from cordee.store.read import read
from cordee.store.search import MOST_PAGE_BYTES

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
class _Position:
    """The last resource of a page."""

    horizon: int
    stage: Stage
    resource_type: str
    rid: int

    def text(self) -> str:
        written = orjson.dumps([self.horizon, self.stage, self.resource_type, self.rid])
        return base64.urlsafe_b64encode(written).decode().rstrip("=")


def _parse(text: str) -> _Position:
    match _loaded(text):
        case [int(horizon), ("members" | "referred") as stage, str(type_), int(rid)] if (
            0 <= horizon < 2**63 and 0 <= rid < 2**63 and type_.isascii() and "\0" not in type_
        ):
            return _Position(horizon, stage, type_, rid)
    raise InvalidSearch("The link to this page is not one that this server wrote; begin again.")


def _loaded(text: str) -> Any:
    try:
        return orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None


@dataclass(slots=True)
class _Page:
    """A page being filled; `reached` is its last resource, the owner aside."""

    count: int
    most_bytes: int
    reached: _Position
    taken: list[StoredVersion] = field(default_factory=list)
    bytes: int = 0

    @property
    def room(self) -> int:
        return self.count - len(self.taken)

    def take(self, version: StoredVersion, stage: Stage | None = None) -> bool:
        """Whether it fits; the first one always does."""
        self.bytes += len(version.body)
        if self.taken and (self.room <= 0 or self.bytes > self.most_bytes):
            return False
        self.taken.append(version)
        if stage is not None:
            self.reached = _Position(self.reached.horizon, stage, version.resource_type, version.rid)
        return True


async def gather(
    connection: Connection,
    tenant: int,
    gathering: Gathering,
    part: Part,
    *,
    count: int | None = None,
    position: str | None = None,
    base_url: str = "",
    most_bytes: int = MOST_PAGE_BYTES,
) -> GatheredPage:
    """At most `count` resources after `position`; references under `base_url` are to this server.

    `most_bytes` is what their bodies may hold together. Raises `NotFound` or `Gone` for an owner that isn't there,
    `InvalidSearch` for a position that isn't ours and for more than `MOST_REFERRED` resources referred to.
    """
    owner = await read(connection, tenant, *gathering.owner)
    if position is None:
        last_transaction = await connection.fetchval("SELECT last_value FROM transaction_number")
        after = _Position(int(last_transaction), "members", "", 0)
    else:
        after = _parse(position)
    walk = Walk(connection, tenant, gathering, after.horizon, base_url, most_bytes)
    page = _Page(MOST_GATHERED if count is None else count, most_bytes, after)
    if position is None and _is_wanted(owner, part):
        page.take(owner)
    known = Known(base_url)
    if after.stage == "members":
        async for version in walk.members(part, (after.resource_type, after.rid), page.room + 1):
            if not page.take(version, "members"):
                return GatheredPage(tuple(page.taken), (), page.reached.text())
            known.add(version)
    members = len(page.taken)
    if position is not None or part.types is not None or part.since is not None:
        known = Known(base_url)
        async for version in walk.members(Part(care=part.care)):
            known.add(version)
    if part.care is not None:
        async for version in walk.members(Part()):
            known.leave_out(version)
    known.add(owner)
    start = (after.resource_type, after.rid) if after.stage == "referred" else ("", 0)
    referred = [one for one in await walk.referred(known) if _is_wanted(one, part) and one.place > start]
    following = None
    async for version in walk.bodies([one.place for one in referred[: page.room + 1]]):
        if not page.take(version, "referred"):
            following = page.reached.text()
            break
    return GatheredPage(tuple(page.taken[:members]), tuple(page.taken[members:]), following)


def _is_wanted(version: "StoredVersion | Referred", part: Part) -> bool:
    of_type = part.types is None or version.resource_type in part.types
    return of_type and (part.since is None or version.last_updated >= part.since)
