"""Where values go in the answer: by key, as one or as a list, whatever directives made of the fields around them."""

from dataclasses import dataclass, field
from typing import Any

from cordee.fhir.graphql.plan import Selected
from cordee.fhir.graphql.refusals import refused


@dataclass(slots=True)
class Slot:
    """The values of one key. `many` makes a list of them, unless `selected` is a singleton."""

    selected: Selected
    type: str
    many: bool
    values: list[Any] = field(default_factory=list)


class Answer:
    """One object of the answer, being written."""

    def __init__(self) -> None:
        self._slots: dict[str, Slot] = {}

    def slot(self, selected: Selected, suffix: str, type_: str, *, many: bool) -> list[Any]:
        """Where the values of a field go; a key met again, from a flattened neighbour, goes on as a list.

        Raises `GraphqlRefusal` where values of another type are there (R4 graphql.html, `@flatten`).
        """
        key = selected.key + suffix
        known = self._slots.get(key)
        if known is None:
            known = self._slots[key] = Slot(selected, type_, many)
        elif known.type != type_:
            sentence = f"{key} would collect values of two types, {known.type} and {type_}: give one an alias."
            raise refused(sentence, "invalid", selected.place)
        else:
            known.many = known.many or many or known.selected is not selected
        return known.values

    def finished(self) -> dict[str, Any]:
        """The object; raises `GraphqlRefusal` where a singleton has several values."""
        return {key: _written(key, slot) for key, slot in self._slots.items()}


def _written(key: str, slot: Slot) -> Any:
    if slot.selected.shaping.singleton:
        if len(slot.values) > 1:
            sentence = f"{key} has {len(slot.values)} values, and is said to be a @singleton."
            raise refused(sentence, "invalid", slot.selected.place)
        return slot.values[0] if slot.values else None
    return slot.values if slot.many or len(slot.values) > 1 else slot.values[0]
