"""The least and the most a member may get of one forfait, as the convention states them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cordee.claims.evidence import Member
from cordee.pathways.convention import Limit


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most cents of one member, None when there is none."""

    minimum: int | None
    maximum: int | None

    def still_due(self, earned: int) -> int:
        """The cents still missing to the minimum."""
        return max(0, (self.minimum or 0) - earned)

    def still_allowed(self, earned: int) -> int | None:
        """The cents up to the maximum, None when there is none."""
        return None if self.maximum is None else max(0, self.maximum - earned)


def bounds_by_member(
    limits: Sequence[Limit], members: Iterable[Member], professions: Mapping[str, str | None]
) -> Mapping[str, Bounds]:
    """The bounds of each member that a limit is about: the one by identifier, else by profession, else for all."""
    if not limits:
        return {}
    found = {}
    for member in members:
        fitting = [limit for limit in limits if _fits(limit, member, professions.get(member.key))]
        if fitting:
            limit = max(fitting, key=lambda limit: (limit.identifier is not None, limit.profession is not None))
            found[member.key] = Bounds(limit.minimum, limit.maximum)
    return found


def _fits(limit: Limit, member: Member, profession: str | None) -> bool:
    if limit.identifier is not None:
        return limit.identifier in member.identifiers
    return limit.profession is None or limit.profession == profession
