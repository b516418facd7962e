"""The protocol of a parcours: its séquences, the acts each requires, and those that exclude one another."""

from cordee.pathways.fields import read_code, read_label, read_required_acts
from cordee.pathways.model import IncompatibleActs, Sequence, TotalDuration
from cordee.pathways.strict_yaml import Section


def read_total_duration(section: Section | None) -> TotalDuration | None:
    """The two published bounds of the whole parcours."""
    if section is None:
        return None
    total = TotalDuration(section.duration("minimum"), section.duration("maximum"), section.text("source"))
    if total.maximum < total.minimum:
        section.refuse("maximum", "the maximum is shorter than the minimum: exchange them")
    section.close()
    return total


def read_sequence(section: Section) -> Sequence:
    """A séquence; a duration or required acts that are not written are not public."""
    sequence = Sequence(
        code=read_code(section),
        label=read_label(section.section("label")),
        duration=section.duration("duration") if section.has("duration") else None,
        required_acts=read_required_acts(section),
    )
    section.close()
    return sequence


def read_incompatible_acts(section: Section) -> IncompatibleActs:
    """Acts that are not paid together."""
    incompatible = IncompatibleActs(
        acts=section.texts("acts", required=True),
        within=section.choice("within", ("day", "sequence")),
        label=read_label(section.section("label")),
        source=section.text("source"),
    )
    if section.has("acts") and len(incompatible.acts) < 2:
        section.refuse("acts", "one act excludes nothing: name at least two")
    section.close()
    return incompatible
