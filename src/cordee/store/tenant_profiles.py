"""The profiles and the terminology of a tenant, compiled and kept, and resources judged by them.

They are read again when one of them was written, by whichever process: what is stored takes effect at the next
validation. Large code systems stay in the database: a resource is judged, what could not be told of its codes is asked
there, all at once, and it is judged again.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from cordee.fhir.outcome import Issue
from cordee.fhir.profiles.library import TERMINOLOGY, ProfileLibrary
from cordee.fhir.profiles.terminology import LoadedTerminology
from cordee.fhir.profiles.validation import ProfileValidator
from cordee.fhir.validation import validate
from cordee.store.connection import Connection, Connections
from cordee.store.terminology.concept_questions import AskedConcepts, answer

DEFINITIONS: Final = ("StructureDefinition", *TERMINOLOGY)

LARGEST_HELD: Final = 200_000
"""Bytes of a CodeSystem whose concepts a process holds; those of a larger one are asked for."""

_MOST_ROUNDS: Final = 8
"""How often a resource is judged again, an answer having led to another question."""

# Each write of one of them adds a row or makes a version greater, so that the sum grows.
_STATE = """SELECT count(*), coalesce(sum(version), 0)::bigint, max(last_updated),
(SELECT coalesce(max(generation), 0) FROM indexed_code_system WHERE tenant = $1) AS concepts
FROM resource WHERE tenant = $1 AND resource_type = ANY($2::text[])"""
_BODIES = """SELECT body FROM resource
WHERE tenant = $1 AND resource_type = ANY($2::text[]) AND NOT deleted
AND (resource_type <> 'CodeSystem' OR octet_length(body) <= $3) ORDER BY last_updated, rid"""


@dataclass(frozen=True, slots=True)
class _State:
    count: int
    versions: int
    latest: datetime | None


@dataclass(slots=True)
class _Kept:
    """`concepts_state` changes whenever concepts are put into the table."""

    state: _State
    concepts_state: int
    asked: AskedConcepts
    terminology: LoadedTerminology
    validator: ProfileValidator


MOST_KEPT = 8
"""Tenants whose definitions a process holds, the last asked about: the French guides take some 30 MB each."""

_kept: OrderedDict[int, _Kept] = OrderedDict()


class TenantValidator:
    """Judges resources by what a tenant has stored."""

    def __init__(self, kept: _Kept, tenant: int, connection: Connection, indexing: Connections) -> None:
        self._kept = kept
        self._tenant = tenant
        self._connection = connection
        self._indexing = indexing

    @property
    def library(self) -> ProfileLibrary:
        """The profiles."""
        return self._kept.validator.profiles.library

    async def validate(
        self, resource: Mapping[str, Any], profiles: Sequence[str] = (), expected_type: str | None = None
    ) -> list[Issue]:
        """See `ProfileValidator.validate`."""
        return validate(resource, expected_type) or (await self.judge([resource], profiles))[0]

    async def judge(self, resources: Sequence[Mapping[str, Any]], profiles: Sequence[str] = ()) -> list[list[Issue]]:
        """See `ProfileValidator.judge`; of each resource, in order."""
        kept = self._kept
        found: list[list[Issue]] = [[] for _ in resources]
        waiting = list(range(len(resources)))
        for _ in range(_MOST_ROUNDS):
            questions = []
            unanswered = []
            for place in waiting:
                found[place] = kept.validator.judge(resources[place], profiles)
                if asked := kept.asked.take_asked():
                    questions += asked
                    unanswered.append(place)
            if not questions:
                break
            kept.asked.learn(await answer(self._connection, self._indexing, self._tenant, questions))
            waiting = unanswered
        return found


async def tenant_validator(connection: Connection, tenant: int, indexing: Connections) -> TenantValidator:
    """What knows all that the tenant has stored, and looks things up on `connection`.

    Of several versions of a profile, the last written. `indexing` as in `concept_questions.answer`.
    """
    row = await connection.fetchrow(_STATE, tenant, DEFINITIONS)
    *counted, concepts_state = row or (0, 0, None, 0)
    state = _State(*counted)
    kept = _kept.get(tenant)
    if kept is None or kept.state != state:
        kept = _kept[tenant] = _compiled(
            state,
            concepts_state,
            [row["body"] for row in await connection.fetch(_BODIES, tenant, DEFINITIONS, LARGEST_HELD)],
        )
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(tenant)
    if kept.concepts_state != concepts_state:
        kept.asked.forget()
        kept.terminology.forget()
        kept.concepts_state = concepts_state
    return TenantValidator(kept, tenant, connection, indexing)


def _compiled(state: _State, concepts_state: int, bodies: Sequence[str]) -> _Kept:
    resources = [orjson.loads(body) for body in bodies]
    asked = AskedConcepts()
    terminology = LoadedTerminology((one for one in resources if one["resourceType"] in TERMINOLOGY), asked)
    return _Kept(state, concepts_state, asked, terminology, ProfileValidator(resources, terminology))
