"""Pathway files (`pathways/*.yaml`) into `Pathway`s; what is doubtful is refused with line, path and fix."""

from collections.abc import Iterable
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from cordee.pathways.model import (
    Act,
    Amount,
    EarlyExit,
    Fact,
    Forfait,
    IncompleteUse,
    Label,
    Pathway,
    Profession,
    Profile,
    RequiredAct,
    Sequence,
    Source,
    TerritoryUplift,
    TotalDuration,
    Trigger,
    Unit,
    Validity,
)
from cordee.pathways.strict_yaml import Section, open_document

FORMAT = "cordee.pathway/1"
NATURES = ("law", "official", "draft_opinion", "press")
TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)
UNITS: tuple[Unit, ...] = get_args(Unit)
INCOMPLETE_USES: tuple[IncompleteUse, ...] = get_args(IncompleteUse)
EARLY_EXITS: tuple[EarlyExit, ...] = get_args(EarlyExit)


def pathway_directory() -> Path:
    """Where the shipped pathway files are: in the installed wheel, or the checkout's `pathways/`.

    Raises FileNotFoundError when neither is there, which means a broken installation.
    """
    packaged = Path(__file__).parent / "files"
    checkout = Path(__file__).parents[3] / "pathways"
    for directory in (packaged, checkout):
        if directory.is_dir():
            return directory
    raise FileNotFoundError(f"no pathway files in {packaged} nor {checkout}: install cordee again")


@cache
def shipped_pathways() -> dict[str, Pathway]:
    """Every shipped pathway by its code. Raises FileRefusedError on the first file with problems."""
    found = {}
    for path in sorted(pathway_directory().glob("*.yaml")):
        pathway = read_pathway(path.name, path.read_text(encoding="utf-8"))
        found[pathway.code] = pathway
    return found


def read_pathway(file: str, text: str) -> Pathway:
    """The pathway a YAML text describes; raises FileRefusedError with every problem, naming `file`."""
    root = open_document(file, text)
    root.choice("format", (FORMAT,))
    pathway = Pathway(
        code=root.text("code"),
        version=root.text("version"),
        label=read_label(root.section("label")),
        validity=read_validity(root),
        validity_source=root.text("source"),
        sources=tuple(_source(s) for s in root.sections("sources")),
        not_public=tuple(read_label(s) for s in root.sections("not_public", required=False)),
        facts=tuple(_fact(s) for s in root.sections("facts", required=False)),
        profiles=tuple(_profile(s) for s in root.sections("profiles")),
        professions=tuple(_profession(s) for s in root.sections("professions", required=False)),
        acts=tuple(read_act(s) for s in root.sections("acts", required=False)),
        total_duration=_total_duration(root.optional_section("total_duration")),
        sequences=tuple(_sequence(s) for s in root.sections("sequences")),
        forfaits=(_forfait(root.section("forfait")),),
        uplifts=tuple(_uplift(s) for s in root.sections("territory_uplifts", required=False)),
        incomplete_use=read_incomplete_use(root),
        early_exit=read_early_exit(root),
    )
    root.close()
    if not root.document.problems:
        _check(root, pathway)
    root.document.finish()
    return pathway


def read_label(section: Section) -> Label:
    """A mapping with `fr` and `en`."""
    label = Label(section.text("fr"), section.text("en"))
    section.close()
    return label


def read_validity(section: Section) -> Validity:
    """`valid_from` and the optional `valid_to` of a section."""
    validity = Validity(section.day("valid_from"), section.optional_day("valid_to"))
    if validity.last is not None and validity.last < validity.first:
        section.refuse("valid_to", "this date is before valid_from: exchange them or correct one")
    return validity


def read_act(section: Section) -> Act:
    """An act: `code`, `system`, `label`."""
    act = Act(section.text("code"), section.text("system"), read_label(section.section("label")))
    section.close()
    return act


def read_required_acts(section: Section) -> tuple[RequiredAct, ...] | None:
    """The optional list `required_acts`; None when it is not written, empty when nothing is required."""
    if not section.has("required_acts"):
        return None
    required = []
    for item in section.sections("required_acts"):
        required.append(RequiredAct(item.text("act"), item.integer("count", minimum=1)))
        item.close()
    return tuple(required)


def read_incomplete_use(section: Section) -> IncompleteUse | None:
    """The policy `incomplete_use`, None when it is not written."""
    if not section.has("incomplete_use"):
        return None
    return section.choice("incomplete_use", INCOMPLETE_USES)


def read_early_exit(section: Section) -> EarlyExit | None:
    """The policy `early_exit`, None when it is not written."""
    if not section.has("early_exit"):
        return None
    return section.choice("early_exit", EARLY_EXITS)


def refuse_duplicates(section: Section, key: str, codes: Iterable[str]) -> None:
    """Refuses a code written twice in a list."""
    seen: set[str] = set()
    for index, code in enumerate(codes):
        if code in seen:
            section.refuse(key, f"entry {index} repeats the code {code!r}: codes are unique")
        seen.add(code)


def refuse_unknown(section: Section, key: str, used: Iterable[str | None], known: Iterable[str], what: str) -> None:
    """Refuses a code that is used but defined nowhere."""
    names = tuple(known)
    for code in used:
        if code is not None and code not in names:
            section.refuse(key, f"unknown {what} {code!r}: define it, or use one of {', '.join(names)}")


def _source(section: Section) -> Source:
    source = Source(
        section.text("code"),
        section.text("title"),
        section.text("address"),
        section.choice("nature", NATURES),
    )
    parts = urlsplit(source.address)
    if source.address and (parts.scheme not in {"http", "https"} or not parts.netloc):
        section.refuse("address", f"{source.address!r} is not a web address: write it whole, with https://")
    section.close()
    return source


def _fact(section: Section) -> Fact:
    fact = Fact(Label(section.text("fr"), section.text("en")), section.text("source"))
    section.close()
    return fact


def _profile(section: Section) -> Profile:
    profile = Profile(section.text("code"), read_label(section.section("label")))
    section.close()
    return profile


def _profession(section: Section) -> Profession:
    profession = Profession(
        section.text("name"),
        section.text("system"),
        section.text("code"),
        read_label(section.section("label")),
    )
    section.close()
    return profession


def _total_duration(section: Section | None) -> TotalDuration | None:
    if section is None:
        return None
    total = TotalDuration(section.duration("minimum"), section.duration("maximum"), section.text("source"))
    if total.maximum < total.minimum:
        section.refuse("maximum", "the maximum is shorter than the minimum: exchange them")
    section.close()
    return total


def _sequence(section: Section) -> Sequence:
    sequence = Sequence(
        code=section.text("code"),
        label=read_label(section.section("label")),
        duration=section.duration("duration") if section.has("duration") else None,
        required_acts=read_required_acts(section),
    )
    section.close()
    return sequence


def _forfait(section: Section) -> Forfait:
    forfait = Forfait(
        code=section.text("code"),
        label=read_label(section.section("label")),
        trigger=section.choice("trigger", TRIGGERS),
        unit=section.choice("unit", UNITS),
        amounts=tuple(_amount(s) for s in section.sections("amounts", required=False)),
    )
    for one, other in combinations(forfait.amounts, 2):
        same = (one.profile, one.sequence) == (other.profile, other.sequence)
        if same and one.validity.overlaps(other.validity):
            section.refuse(
                "amounts",
                f"two amounts are in force together for profile {one.profile or 'any'}, "
                f"séquence {one.sequence or 'all'}, from {max(one.validity.first, other.validity.first)}: "
                "give the older one a valid_to",
            )
    section.close()
    return forfait


def _amount(section: Section) -> Amount:
    if section.has("amount"):
        minimum = maximum = section.cents("amount")
    else:
        bounds = section.section("published_range")
        minimum, maximum = bounds.cents("minimum"), bounds.cents("maximum")
        if maximum < minimum:
            bounds.refuse("maximum", "the maximum is under the minimum: exchange them")
        bounds.close()
    amount = Amount(
        profile=section.optional_text("profile"),
        sequence=section.optional_text("sequence"),
        minimum=minimum,
        maximum=maximum,
        validity=read_validity(section),
        source=section.text("source"),
    )
    section.close()
    return amount


def _uplift(section: Section) -> TerritoryUplift:
    uplift = TerritoryUplift(
        territory=section.text("territory"),
        label=read_label(section.section("label")),
        basis_points=section.basis_points("uplift"),
        validity=read_validity(section),
        source=section.text("source"),
    )
    section.close()
    return uplift


def _check(root: Section, pathway: Pathway) -> None:
    profiles = tuple(p.code for p in pathway.profiles)
    sequences = tuple(s.code for s in pathway.sequences)
    acts = tuple(a.code for a in pathway.acts)
    sources = tuple(s.code for s in pathway.sources)
    for key, codes in (
        ("sources", sources),
        ("profiles", profiles),
        ("sequences", sequences),
        ("acts", acts),
        ("professions", tuple(p.name for p in pathway.professions)),
    ):
        refuse_duplicates(root, key, codes)
    if not profiles:
        root.refuse("profiles", "at least one profile is needed: an amount belongs to a profile")
    if not sequences:
        root.refuse("sequences", "at least one séquence is needed: a forfait is billed at the end of a séquence")
    refuse_unknown(root, "source", (pathway.validity_source,), sources, "source")
    refuse_unknown(root, "facts", (f.source for f in pathway.facts), sources, "source")
    amounts = pathway.amounts
    refuse_unknown(root, "forfait", (a.source for a in amounts), sources, "source")
    refuse_unknown(root, "forfait", (a.profile for a in amounts), profiles, "profile")
    refuse_unknown(root, "forfait", (a.sequence for a in amounts), sequences, "séquence")
    refuse_unknown(root, "territory_uplifts", (u.source for u in pathway.uplifts), sources, "source")
    if pathway.total_duration is not None:
        refuse_unknown(root, "total_duration", (pathway.total_duration.source,), sources, "source")
    required = (r.act for s in pathway.sequences for r in s.required_acts or ())
    refuse_unknown(root, "sequences", required, acts, "act")
    for one, other in combinations(pathway.uplifts, 2):
        if one.territory == other.territory and one.validity.overlaps(other.validity):
            root.refuse(
                "territory_uplifts",
                f"two uplifts of {one.territory!r} overlap: give the older one a valid_to",
            )
