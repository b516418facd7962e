"""The resources of a gathering, one by one: its members, and what they refer to, found by the index of terms."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from cordee.fhir.care_records import patients_named
from cordee.fhir.gathering import Gathering, Key, Part
from cordee.fhir.query_refusals import too_costly
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.written_references import references_written
from cordee.store.bounded_rows import bounded, care_arguments, cared, whole
from cordee.store.connection import Connection
from cordee.store.index_values import parameter_key, reference_hash
from cordee.store.read import VERSION_COLUMNS, find_current

MOST_REFERRED = 10_000
"""Resources that the members refer to and that are not members."""
_CHUNK = 1_000
_FOLLOWED_AT_ONCE = 100
_LONG_BODY = 1_000_000

# An array that is read from a sub-select has no known length, so the index of terms is always used; OFFSET 0 keeps the
# other conditions, and the order, from tempting PostgreSQL to go through a whole type instead.
_MEMBERS = bounded(most_bytes="$12", rows=f"""
  SELECT r.* FROM (
    SELECT * FROM resource o
    WHERE o.terms && (SELECT $2::bigint[]) OR (o.tenant = $1 AND o.self_term = ANY($3::bigint[])) OFFSET 0) AS r
  WHERE r.tenant = $1 AND NOT r.deleted AND r.created_txn <= $4 AND (r.resource_type, r.rid) > ($5, $6)
    AND r.self_term <> $7
    AND ($8::text[] IS NULL OR r.resource_type = ANY($8))
    AND ($9::timestamptz IS NULL OR r.last_updated >= $9)
    AND {cared("$10", "$11")}
  ORDER BY r.resource_type, r.rid LIMIT $13""")  # fmt: skip
_ROWS = bounded(most_bytes="$4", rows="""
  SELECT r.* FROM unnest($2::text[], $3::bigint[]) AS wanted(resource_type, rid)
  CROSS JOIN LATERAL (
    SELECT * FROM resource o
    WHERE o.tenant = $1 AND o.resource_type = wanted.resource_type AND o.rid = wanted.rid LIMIT 1) AS r
  WHERE NOT r.deleted""")  # fmt: skip
_SHORT_BODY = f"CASE WHEN octet_length(r.body) <= {_LONG_BODY} THEN r.body END AS body"
_NAMED = f"""
SELECT {VERSION_COLUMNS.format("r").replace("r.body", _SHORT_BODY)}
FROM unnest($2::text[], $3::text[]) AS wanted(resource_type, id)
CROSS JOIN LATERAL (
  SELECT * FROM resource o
  WHERE o.tenant = $1 AND o.resource_type = wanted.resource_type AND o.id = wanted.id LIMIT 1) AS r
WHERE NOT r.deleted AND r.created_txn <= $4"""

Place = tuple[str, int]
"""(type, row)"""


@dataclass(slots=True)
class Known:
    """The members, and what those of them refer to that are in the part."""

    base_url: str
    members: set[Key] = field(default_factory=set)
    references: set[Key] = field(default_factory=set)

    def add(self, version: StoredVersion) -> None:
        """A member that is in the part."""
        self.leave_out(version)
        self.references |= references_written(version.body, self.base_url)

    def leave_out(self, version: StoredVersion) -> None:
        """A member: it is not told again as what another refers to."""
        self.members.add((version.resource_type, version.id))


@dataclass(frozen=True, slots=True)
class Referred:
    """What members refer to, without its body."""

    resource_type: str
    rid: int
    last_updated: datetime

    @property
    def place(self) -> Place:
        """Where it stands in the order."""
        return self.resource_type, self.rid


@dataclass(frozen=True, slots=True)
class Walk:
    """The resources of a gathering that were there at `horizon`."""

    connection: Connection
    tenant: int
    gathering: Gathering
    horizon: int
    base_url: str
    most_bytes: int

    async def members(self, part: Part, after: Place = ("", 0), first: int = _CHUNK) -> AsyncIterator[StoredVersion]:
        """The members of a part after a place, but for the owner. `first` is how many are probably wanted."""
        owner = reference_hash(*self.gathering.owner)
        limit = min(first, _CHUNK)
        fixed = (self._terms(), [reference_hash(*key) for key in self.gathering.named], self.horizon)
        types = None if part.types is None else sorted(part.types)
        chosen = (types, part.since, *care_arguments(self.tenant, part.care))
        while True:
            records = await self.connection.fetch(
                _MEMBERS, self.tenant, *fixed, *after, owner, *chosen, self.most_bytes, limit
            )
            for record in whole(records):
                version = StoredVersion(*record)
                after = (version.resource_type, version.rid)
                if not self.gathering.mixed or self._may_be_about(patients_named(orjson.loads(version.body))):
                    yield version
            if len(records) < limit and all(record["body"] is not None for record in records):
                return
            limit = _CHUNK

    async def referred(self, known: Known) -> list[Referred]:
        """What members refer to, and what that refers to where it is about no patient, in the order of places."""
        seen = set(known.members)
        waiting = known.references - seen
        found: list[Referred] = []
        while waiting:
            asked = sorted(waiting)[:_FOLLOWED_AT_ONCE]
            waiting.difference_update(asked)
            seen.update(asked)
            for version in await self._named(asked):
                if version.resource_type == "Binary":
                    patients, references = frozenset[str](), set[Key]()
                else:
                    patients = patients_named(orjson.loads(version.body))
                    references = references_written(version.body, self.base_url)
                if not self._may_be_about(patients):
                    continue
                found.append(Referred(version.resource_type, version.rid, version.last_updated))
                if not patients:
                    waiting |= references - seen
            if len(found) > MOST_REFERRED:
                owner = "/".join(self.gathering.owner)
                raise too_costly(
                    f"What belongs to {owner} refers to more than {MOST_REFERRED} other resources; narrow it with "
                    "start and end, or search the compartment."
                )
        return sorted(found, key=lambda one: one.place)

    async def bodies(self, places: Sequence[Place]) -> AsyncIterator[StoredVersion]:
        """The resources at those places, in their order."""
        rest = list(places)
        while rest:
            types, rids = [type_ for type_, _ in rest], [rid for _, rid in rest]
            records = await self.connection.fetch(_ROWS, self.tenant, types, rids, self.most_bytes)
            read_ = whole(records)
            for record in read_:
                yield StoredVersion(*record)
            if len(read_) == len(records):
                return
            last = (read_[-1]["resource_type"], read_[-1]["rid"])
            rest = [place for place in rest if place > last]

    async def _named(self, keys: Sequence[Key]) -> list[StoredVersion]:
        """Those of the keys that were there; a long body is fetched by itself, so that few are held at once."""
        types, ids = [type_ for type_, _ in keys], [id_ for _, id_ in keys]
        found = []
        for record in await self.connection.fetch(_NAMED, self.tenant, types, ids, self.horizon):
            version: StoredVersion | None = StoredVersion(*record)
            if record["body"] is None and record["resource_type"] != "Binary":
                version = await find_current(self.connection, self.tenant, record["resource_type"], record["id"])
            if version is not None and not version.deleted:
                found.append(version)
        return found

    def _may_be_about(self, patients: frozenset[str]) -> bool:
        return not patients or self.gathering.patients is None or not patients.isdisjoint(self.gathering.patients)

    def _terms(self) -> list[int]:
        return [
            parameter_key(self.tenant, type_, code) ^ reference_hash(*target)
            for type_, code, target in self.gathering.referring
        ]
