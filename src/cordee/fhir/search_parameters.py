"""The search parameters that a tenant's resources are found by: those that are shipped, and those it adds itself.

Shipped are those of R4 and the project's own (`definitions`). A tenant adds one by storing an active SearchParameter
(`search_parameter_reading`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cordee.fhir.definitions import SearchParameter, load_definitions

_NONE: Mapping[str, SearchParameter] = {}


@dataclass(frozen=True, slots=True, eq=False)
class SearchParameters:
    """What is shipped, and `added`: resource type (`Resource` among them), then code, to those of one tenant.

    `unready` are the (type, code) of those whose values are not all in the index yet: written, and not searched.
    `keeps_words` says that the index may hold words (`words`).
    """

    added: Mapping[str, Mapping[str, SearchParameter]]
    unready: frozenset[tuple[str, str]] = frozenset()
    keeps_words: bool = False

    def of(self, resource_type: str) -> Mapping[str, SearchParameter]:
        """The parameters of a resource type, by code. Raises KeyError for a type that R4 doesn't have."""
        shipped = load_definitions().search_parameters[resource_type]
        added = self.added.get(resource_type)
        return {**added, **shipped} if added else shipped

    def added_to(self, resource_type: str) -> tuple[SearchParameter, ...]:
        """Those that the tenant adds to a resource type."""
        return tuple(self.added.get(resource_type, _NONE).values())


SHIPPED: Final = SearchParameters({})
"""Those of a tenant that adds none."""
