"""What one part of a pathway file says of another: codes that must be known, amounts whose source is dated."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Protocol

from cordee.pathways.fields import in_force_together, refuse_duplicates, refuse_unknown
from cordee.pathways.model import Pathway
from cordee.pathways.strict_yaml import Section

_DEFINING = re.compile(r"(\w+)(\[\d+\](\.(code|name))?)?")
"""Where a problem hides a code from those who use it: a whole list, an entry of it, or the entry's code."""

_LONGEST_ID = 64
"""Of a FHIR resource: an act's is the pathway's code, a dot, and the act's."""


class Cited(Protocol):
    """A statement with its source."""

    @property
    def source(self) -> str:
        """The code of the source."""


class NamesActs(Protocol):
    """What is said of some acts."""

    @property
    def acts(self) -> tuple[str, ...]:
        """Their codes."""


def check_pathway(root: Section, pathway: Pathway) -> None:
    """Records in `root`'s document what does not fit together; parts that could not be read are passed over."""
    unread = {named[1] for problem in root.document.problems if (named := _DEFINING.fullmatch(problem.path))}
    _check_unique(root, pathway)
    _check_codes(root, pathway, unread)
    if "sources" not in unread:
        _check_dated_sources(root, pathway)
    _check_model(root, pathway, unread)
    _check_forfaits(root, pathway)
    for (_, one), (index, other) in combinations(enumerate(pathway.uplifts), 2):
        if one.territory == other.territory and in_force_together(one.validity, other.validity):
            root.refuse(
                f"territory_uplifts[{index}]",
                f"two uplifts of {one.territory!r} overlap: give the older one a valid_to",
            )


def _check_unique(root: Section, pathway: Pathway) -> None:
    acts = tuple(act.code for act in pathway.acts)
    for key, codes in (
        ("sources", tuple(s.code for s in pathway.sources)),
        ("profiles", tuple(p.code for p in pathway.profiles)),
        ("sequences", tuple(s.code for s in pathway.sequences)),
        ("acts", acts),
        ("acts", tuple(f"{a.system}|{a.code}" for a in pathway.acts) if len(set(acts)) == len(acts) else ()),
        ("professions", tuple(p.name for p in pathway.professions)),
        ("professions", tuple(f"{p.system}|{p.code}" for p in pathway.professions)),
        ("forfaits", tuple(f.code for f in pathway.forfaits)),
        ("caps", tuple(c.code for c in pathway.caps)),
        ("structures", tuple(s.category for s in pathway.structures)),
    ):
        refuse_duplicates(root, key, codes)
    for key, code in _identified(pathway):
        if len(f"{pathway.code}.{code}") > _LONGEST_ID:
            fix = f"at most {_LONGEST_ID} characters with the pathway's code and a dot between"
            root.refuse(key, f"{code!r} is too long for the id of its FHIR definition: {fix}")


def _identified(pathway: Pathway) -> Iterator[tuple[str, str]]:
    yield from ((f"acts[{i}].code", act.code) for i, act in enumerate(pathway.acts))
    yield from ((f"forfaits[{i}].code", forfait.code) for i, forfait in enumerate(pathway.forfaits))


def _check_codes(root: Section, pathway: Pathway, unread: set[str]) -> None:
    """Each (list that defines, what it defines, uses at their paths); a list that was not read accuses nobody."""
    for defining, known, what, uses in (
        ("sources", tuple(s.code for s in pathway.sources), "source", _cited_sources(pathway)),
        ("profiles", tuple(p.code for p in pathway.profiles), "profile", _used_profiles(pathway)),
        ("sequences", tuple(s.code for s in pathway.sequences), "séquence", _used_sequences(pathway)),
        ("acts", tuple(a.code for a in pathway.acts), "act", _used_acts(pathway)),
        ("professions", tuple(p.name for p in pathway.professions), "profession", _used_professions(pathway)),
        ("forfaits", tuple(f.code for f in pathway.forfaits), "forfait", _included_forfaits(pathway)),
    ):
        if defining not in unread:
            for key, code in uses:
                refuse_unknown(root, key, (code,), known, what)


def _cited_sources(pathway: Pathway) -> Iterator[tuple[str, str | None]]:
    yield "source", pathway.validity_source
    yield "eligibility.source", pathway.eligibility.source
    cited_lists: tuple[tuple[str, Sequence[Cited]], ...] = (
        ("facts", pathway.facts),
        ("eligibility.conditions", pathway.eligibility.conditions),
        ("structures", pathway.structures),
        ("team", pathway.team),
        ("territory_uplifts", pathway.uplifts),
        ("caps", pathway.caps),
        ("incompatible_acts", pathway.incompatible_acts),
        ("shared_savings", pathway.shared_savings),
    )
    for key, cited in cited_lists:
        yield from ((f"{key}[{i}].source", entry.source) for i, entry in enumerate(cited))
    for key, one in (
        ("total_duration", pathway.total_duration),
        ("review", pathway.review),
        ("capitation", pathway.capitation),
        ("capitation.least_patients", pathway.capitation and pathway.capitation.least_patients),
    ):
        if one is not None:
            yield f"{key}.source", one.source
    for i, forfait in enumerate(pathway.forfaits):
        yield from ((f"forfaits[{i}].amounts[{j}].source", a.source) for j, a in enumerate(forfait.amounts))


def _used_profiles(pathway: Pathway) -> Iterator[tuple[str, str | None]]:
    for i, forfait in enumerate(pathway.forfaits):
        yield from ((f"forfaits[{i}].amounts[{j}].profile", a.profile) for j, a in enumerate(forfait.amounts))


def _used_sequences(pathway: Pathway) -> Iterator[tuple[str, str | None]]:
    for i, forfait in enumerate(pathway.forfaits):
        yield from ((f"forfaits[{i}].sequences[{j}]", code) for j, code in enumerate(forfait.sequences))
        yield from ((f"forfaits[{i}].amounts[{j}].sequence", a.sequence) for j, a in enumerate(forfait.amounts))


def _used_acts(pathway: Pathway) -> Iterator[tuple[str, str | None]]:
    for i, sequence in enumerate(pathway.sequences):
        required = enumerate(sequence.required_acts or ())
        yield from ((f"sequences[{i}].required_acts[{j}].act", r.act) for j, r in required)
    naming_lists: tuple[tuple[str, Sequence[NamesActs]], ...] = (
        ("forfaits", pathway.forfaits),
        ("caps", pathway.caps),
        ("incompatible_acts", pathway.incompatible_acts),
    )
    for key, entries in naming_lists:
        for i, entry in enumerate(entries):
            yield from ((f"{key}[{i}].acts[{j}]", code) for j, code in enumerate(entry.acts))


def _used_professions(pathway: Pathway) -> Iterator[tuple[str, str | None]]:
    for i, role in enumerate(pathway.team):
        yield from ((f"team[{i}].professions[{j}]", name) for j, name in enumerate(role.professions))
    for i, sequence in enumerate(pathway.sequences):
        required = enumerate(sequence.required_acts or ())
        yield from ((f"sequences[{i}].required_acts[{j}].profession", r.profession) for j, r in required)


def _included_forfaits(pathway: Pathway) -> Iterator[tuple[str, str | None]]:
    for i, forfait in enumerate(pathway.forfaits):
        yield from ((f"forfaits[{i}].includes[{j}]", code) for j, code in enumerate(forfait.includes))


def _check_dated_sources(root: Section, pathway: Pathway) -> None:
    """A figure that is paid can be looked up, and it can be told which of two is the newer."""
    sources = {source.code: (index, source) for index, source in enumerate(pathway.sources)}
    for key, code in _paid_figures(pathway):
        if code not in sources:
            continue
        index, source = sources[code]
        there = f"(line {root.line_of(f'sources[{index}]')})"
        if source.published_on is None and source.read_on is None:
            fix = f"write its published_on {there}, or read_on for a page that bears no date"
            root.refuse(key, f"this amount comes from {code!r}, which has no date: {fix}")
        if source.address is None:
            root.refuse(key, f"this amount comes from {code!r}, which has no address: write it {there}")


def _paid_figures(pathway: Pathway) -> Iterator[tuple[str, str]]:
    for i, forfait in enumerate(pathway.forfaits):
        yield from ((f"forfaits[{i}].amounts[{j}].source", a.source) for j, a in enumerate(forfait.amounts))
    yield from ((f"territory_uplifts[{i}].source", uplift.source) for i, uplift in enumerate(pathway.uplifts))
    yield from ((f"caps[{i}].source", cap.source) for i, cap in enumerate(pathway.caps))
    if pathway.capitation is not None:
        yield "capitation.source", pathway.capitation.source
    yield from ((f"shared_savings[{i}].source", formula.source) for i, formula in enumerate(pathway.shared_savings))


def _check_model(root: Section, pathway: Pathway, unread: set[str]) -> None:
    sections = {"capitation": pathway.capitation, "shared_savings": pathway.shared_savings}
    for key, section in sections.items():
        if section and pathway.payment_model != key:
            root.refuse(key, f"payment_model is {pathway.payment_model}: remove this section, or write {key} there")
        if not section and pathway.payment_model == key and key not in unread:
            root.refuse("", f"the section {key!r} is missing: payment_model asks for it")
    for (i, one), (j, other) in combinations(enumerate(pathway.shared_savings), 2):
        if in_force_together(one.validity, other.validity):
            root.refuse(f"shared_savings[{j}]", f"in force together with entry {i}: give the older one a valid_to")
    if pathway.payment_model != "per_patient":
        return
    ends_a_sequence = any(forfait.trigger == "end_of_sequence" for forfait in pathway.forfaits)
    for key, entries, needed, why in (
        ("profiles", pathway.profiles, True, "a patient is included under a profile"),
        ("forfaits", pathway.forfaits, True, "something is paid"),
        ("sequences", pathway.sequences, ends_a_sequence, "a forfait falls due at the end of one"),
    ):
        if needed and not entries and key not in unread:
            root.refuse(key, f"the list {key!r} has no entry: at least one is needed, since {why}")


def _check_forfaits(root: Section, pathway: Pathway) -> None:
    """What one forfait includes must not include it in turn, and a per-list forfait needs a list."""
    included = {forfait.code: forfait.includes for forfait in pathway.forfaits}
    for index, forfait in enumerate(pathway.forfaits):
        reached, ahead = set[str](), [code for code in forfait.includes if code != forfait.code]
        while ahead:
            code = ahead.pop()
            if code not in reached:
                reached.add(code)
                ahead += included.get(code, ())
        if forfait.code in reached:
            root.refuse(f"forfaits[{index}].includes", f"{forfait.code!r} ends up including itself: remove one")
        listed = forfait.trigger == "per_listed_patient"
        if listed != (pathway.payment_model == "capitation"):
            fix = "capitation pays per_listed_patient, and only capitation does"
            root.refuse(f"forfaits[{index}].trigger", f"payment_model is {pathway.payment_model}: {fix}")
