"""The items of a sliced element, each in its slice: how many, in which order, whether others may stand beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cordee.fhir.profiles.element_rules import ElementRules
from cordee.fhir.profiles.findings import Finding, Findings, below
from cordee.fhir.profiles.items import Item
from cordee.fhir.profiles.scope import Scope
from cordee.fhir.profiles.slicing import Match
from cordee.fhir.profiles.values import ItemCheck

SlicesCheck = Callable[[Sequence[Item], str, Scope], Findings]

DEFAULT = "@default"
"""The slice of what is in no other (R4 profiling.html#default-slice)."""


@dataclass(frozen=True, slots=True)
class SliceCheck:
    """A slice: who is in it, what its items must meet, and its own slices."""

    name: str
    match: Match
    rules: ElementRules
    checks: Sequence[ItemCheck]
    parts: SlicesCheck | None


def sliced(rules: ElementRules, slices: Sequence[SliceCheck]) -> SlicesCheck | None:
    """The check of the items of an element with these slices; None when there are none."""
    if not slices:
        return None
    slicing = rules.slicing
    how = slicing.rules if slicing is not None else "open"
    ordered = slicing is not None and slicing.ordered
    named = [one for one in slices if one.name != DEFAULT]
    default = next((one for one in slices if one.name == DEFAULT), None)
    source = rules.source("slicing")

    def check(items: Sequence[Item], name: str, scope: Scope) -> Findings:
        members: dict[str, list[Item]] = {one.name: [] for one in slices}
        undecided: dict[str, int] = {}
        findings: list[Finding] = []
        last, last_name = -1, ""
        outside = False
        for item in items:
            place, unsure = _place(item, named, scope)
            if place is not None:
                members[named[place].name].append(item)
                if ordered and place < last:
                    text = f"the slice {named[place].name} is expected before {last_name}"
                    findings.append(Finding(item.segment, "error", "structure", text, source))
                elif how == "openAtEnd" and outside:
                    text = f"an item of the slice {named[place].name} is expected before those of no slice"
                    findings.append(Finding(item.segment, "error", "structure", text, source))
                last, last_name = max(last, place), named[place].name
            elif unsure:
                for slice_name in unsure:
                    undecided[slice_name] = undecided.get(slice_name, 0) + 1
            elif default is not None:
                members[DEFAULT].append(item)
            elif how == "closed":
                names = ", ".join(one.name for one in named)
                text = f"only items of these slices are expected: {names}; this is in none"
                findings.append(Finding(item.segment, "error", "structure", text, source))
            else:
                outside = True
        for one in slices:
            findings += _slice_findings(one, members[one.name], undecided.get(one.name, 0), name, scope)
        return findings or None

    return check


def _place(item: Item, slices: Sequence[SliceCheck], scope: Scope) -> tuple[int | None, list[str]]:
    """The slice an item is in; if none, those that it may be in."""
    unsure: list[str] = []
    for place, one in enumerate(slices):
        answer = one.match(item, scope)
        if answer:
            return place, []
        if answer is None:
            unsure.append(one.name)
    return None, unsure


def _slice_findings(one: SliceCheck, items: Sequence[Item], unsure: int, name: str, scope: Scope) -> list[Finding]:
    findings: list[Finding] = []
    minimum, maximum = one.rules.minimum, one.rules.maximum
    if len(items) + unsure < minimum:
        text = f"at least {minimum} {name} of the slice {one.name} expected, {len(items) or 'none'} found"
        code = "required" if not items else "structure"
        findings.append(Finding(f".{name}", "error", code, text, one.rules.source("min")))
    if maximum is not None and len(items) > maximum:
        most = f"at most {maximum}" if maximum else "no"
        text = f"{most} {name} of the slice {one.name} expected, {len(items)} found"
        findings.append(Finding(f".{name}", "error", "structure", text, one.rules.source("max")))
    for item in items:
        for check in one.checks:
            if found := check(item, scope):
                findings += below(item.segment, found)
    if one.parts is not None and (found := one.parts(items, name, scope)):
        findings += found
    return findings
