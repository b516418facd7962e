"""A page of a gathering (`cordee.fhir.gathering`): its owner, its members, then what they refer to.

Pages follow (type, row) and are bound to the transaction number of the first one, as those of a search are; nothing is
kept on the server, and nothing comes twice. What the members refer to can only be told once all of them were looked at:
pages of that part read the members again.
"""

from cordee.fhir.gathering import Gathering, Part
from cordee.fhir.stored_version import StoredVersion
from cordee.store.connection import Connection
from cordee.store.gathered_page import MOST_GATHERED, GatheredPage, Page, Position, first_position, parse_position
from cordee.store.gathering_walk import Known, Referred, Walk
from cordee.store.read import read
from cordee.store.search import MOST_PAGE_BYTES


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
    after = await position_after(connection, position)
    walk = Walk(connection, tenant, gathering, after.horizon, base_url, most_bytes)
    page = Page(MOST_GATHERED if count is None else count, most_bytes, after)
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


async def position_after(connection: Connection, position: str | None) -> Position:
    """The position in a link, or that of the first page; raises `InvalidSearch` when it isn't ours."""
    if position is not None:
        return parse_position(position)
    return first_position(int(await connection.fetchval("SELECT last_value FROM transaction_number")))


def _is_wanted(version: "StoredVersion | Referred", part: Part) -> bool:
    of_type = part.types is None or version.resource_type in part.types
    return of_type and (part.since is None or version.last_updated >= part.since)
