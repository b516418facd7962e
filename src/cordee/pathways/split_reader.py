"""The split of a convention file: steps of the waterfall, limits, and members outside of it."""

from cordee.pathways.convention import (
    ByProfession,
    FixedAmount,
    FreeDistribution,
    Limit,
    OutsideSplit,
    Percentage,
    PricePerAct,
    Remainder,
    Step,
)
from cordee.pathways.fields import read_label
from cordee.pathways.strict_yaml import Section

STEPS = ("fixed_amount", "percentage", "price_per_act", "by_profession", "remainder", "free_distribution")


def read_identifier(section: Section) -> str:
    """A business identifier, `system|value`."""
    text = section.text("identifier")
    system, bar, value = text.partition("|")
    if text and not (system and bar and value):
        section.refuse("identifier", f"{text!r} is not system|value, as in https://rpps.esante.gouv.fr|10000000001")
    return text


def read_table(section: Section, key: str, kind: str) -> tuple[tuple[str, int], ...]:
    """A mapping from codes to amounts, percentages or points, as pairs sorted by code."""
    table = section.section(key)
    read = {"cents": table.cents, "basis_points": table.basis_points, "points": table.integer}[kind]
    return tuple(sorted((code, read(code)) for code in table.codes()))


def _by_profession(section: Section) -> ByProfession:
    if section.has("shares") == section.has("amounts"):
        section.refuse("", "write either shares or amounts by profession, and only one of them")
    shares = read_table(section, "shares", "basis_points") if section.has("shares") else ()
    amounts = read_table(section, "amounts", "cents") if section.has("amounts") else ()
    return ByProfession(shares, read_table(section, "points", "points") if section.has("points") else None, amounts)


def read_step(section: Section) -> Step:
    """A step of the waterfall."""
    step: Step
    match section.choice("step", STEPS):
        case "fixed_amount":
            step = FixedAmount(section.text("beneficiary"), section.cents("amount"))
        case "percentage":
            step = Percentage(section.text("beneficiary"), section.basis_points("share"))
        case "price_per_act":
            step = PricePerAct(read_table(section, "prices", "cents"))
        case "by_profession":
            step = _by_profession(section)
        case "free_distribution":
            step = FreeDistribution()
        case _:
            step = _remainder(section)
    section.close()
    return step


def _remainder(section: Section) -> Remainder:
    match section.choice("by", ("points", "time", "heads", "percentages")):
        case "points":
            return Remainder("points", read_table(section, "points", "points"))
        case "percentages":
            return Remainder("percentages", (), read_table(section, "shares", "basis_points"))
        case "time":
            return Remainder("time", ())
        case _:
            return Remainder("heads", ())


def read_limit(section: Section) -> Limit:
    """The least or the most that members get: by profession, by identifier, or every one of them."""
    limit = Limit(
        profession=section.optional_text("profession"),
        identifier=read_identifier(section) if section.has("identifier") else None,
        minimum=section.cents("minimum") if section.has("minimum") else None,
        maximum=section.cents("maximum") if section.has("maximum") else None,
    )
    if limit.profession is not None and limit.identifier is not None:
        section.refuse("", "name either a profession or an identifier, or neither for every member")
    if limit.minimum is None and limit.maximum is None:
        section.refuse("", "a minimum, a maximum or both are needed, as in minimum: 20.00 EUR")
    elif limit.minimum is not None and limit.maximum is not None and limit.minimum > limit.maximum:
        section.refuse("minimum", "the minimum is more than the maximum: exchange them")
    section.close()
    return limit


def read_outside(section: Section) -> OutsideSplit:
    """Members without a quote-part, and why."""
    profession = section.optional_text("profession")
    identifier = read_identifier(section) if section.has("identifier") else None
    if (profession is None) == (identifier is None):
        section.refuse("", "name either a profession or an identifier, and only one of them")
    outside = OutsideSplit(profession, identifier, read_label(section.section("reason")))
    section.close()
    return outside
