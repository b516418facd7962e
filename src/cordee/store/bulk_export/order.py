"""What an export is asked for, as it is kept with its job (Bulk Data Access 2.0, query parameters)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """`types` are exported in their order. `filters` are searches as queries, of a type each: `Observation?code=…`."""

    types: tuple[str, ...]
    filters: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    """As asked: `id` of every type, `Patient.id` of one."""
    since: str | None = None
    """An instant: only what was written after it, and what was deleted."""
    until: str | None = None
    of_patients: bool = False
    """Only the patients and what is in their compartments."""
    patients: tuple[str, ...] | None = None
    """Of which patients; None for all."""
    group: str | None = None
    """The id of the Group whose members are meant."""
    request: str = ""
    """The address that was asked."""
    base: str = ""
    """Of the server, under which references in filters are its own."""

    def as_json(self) -> dict[str, Any]:
        """The request of the job."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "ExportOrder":
        """From what `as_json` gave."""
        lists = {name: tuple(value) for name, value in request.items() if isinstance(value, list)}
        return cls(**{**request, **lists})

    def elements_of(self, resource_type: str) -> tuple[str, ...]:
        """Which elements of a type are wanted; none: all."""
        return tuple(
            name.removeprefix(f"{resource_type}.")
            for name in self.elements
            if "." not in name or name.startswith(f"{resource_type}.")
        )
