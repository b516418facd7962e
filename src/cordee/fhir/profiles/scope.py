"""What a check may look at besides the value: the resource it stands in, what that contains, the Bundle around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cordee.fhir.fhirpath import STEPS_AT_FIRST, Steps

_STEPS_OF_AN_ENTRY = 1000


@dataclass(slots=True)
class Scope:
    """`resource` is the nearest around the value (FHIRPath's %resource), `root` the one that contains it, if it is
    contained (%rootResource), `entries` the resources of the Bundle around by fullUrl and by `Type/id`. `met` keeps
    whether a value (by identity) was found to meet a profile; all invariants take from `steps`.
    """

    resource: Mapping[str, Any]
    root: Mapping[str, Any]
    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    met: dict[tuple[int, str], bool | None] = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)

    def resolve(self, reference: str) -> Mapping[str, Any] | None:
        """What a reference names, when it is at hand: contained, or in the same Bundle."""
        if reference == "#":
            return self.root
        if reference.startswith("#"):
            contained = self.root.get("contained", ())
            return next((one for one in contained if one.get("id") == reference[1:]), None)
        return self.entries.get(reference.partition("/_history/")[0])

    def within(self, resource: Mapping[str, Any], *, contained: bool) -> "Scope":
        """The scope of a resource found in this one."""
        return Scope(resource, self.root if contained else resource, self.entries, self.met, self.steps)


def scope_of(resource: Mapping[str, Any]) -> Scope:
    """The scope of a whole resource."""
    entries: dict[str, Mapping[str, Any]] = {}
    if resource.get("resourceType") == "Bundle":
        for entry in resource.get("entry", ()):
            inside = entry.get("resource")
            if inside is None:
                continue
            if "id" in inside:
                entries[f"{inside['resourceType']}/{inside['id']}"] = inside
            if "fullUrl" in entry:
                entries[entry["fullUrl"]] = inside
    steps = Steps(STEPS_AT_FIRST + _STEPS_OF_AN_ENTRY * len(resource.get("entry", ())))
    return Scope(resource, resource, entries, steps=steps)
