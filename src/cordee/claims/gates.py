"""What a forfait must have before it is billed; all that is missing is told at once, and until when."""

from dataclasses import dataclass
from datetime import date

from cordee.claims.counting import Counted
from cordee.claims.dossier import Dossier
from cordee.claims.explanation import Value
from cordee.pathways.model import Label
from cordee.pathways.price import NoPrice, Price
from cordee.pathways.schedule import PlannedForfait


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing a forfait lacks; `until` is the last day it can still be done, if there is such a day.

    `code` and `inputs` are put into words by `wording`, under `missing.{code}`.
    """

    code: str
    until: date | None = None
    inputs: tuple[tuple[str, Value], ...] = ()


def lacking(code: str, until: date | None = None, **inputs: Value) -> Missing:
    """A Missing, with its inputs written as keywords."""
    return Missing(code, until, tuple(inputs.items()))


def missing_from(
    dossier: Dossier,
    planned: PlannedForfait,
    counted: Counted,
    amount: Price | NoPrice,
    as_of: date,
) -> tuple[Missing, ...]:
    """All that the forfait of a séquence lacks on the day `as_of`; empty when it is due."""
    return (
        *_of_the_contract(dossier, planned),
        *_of_the_inclusion(dossier, planned, as_of),
        *_of_the_amount(dossier, amount),
        *_of_the_patient(dossier, planned),
        *_of_the_acts(dossier, planned, counted),
    )


def _of_the_contract(dossier: Dossier, planned: PlannedForfait) -> list[Missing]:
    pathway, convention, structure = dossier.pathway, dossier.convention, dossier.structure
    inclusion = dossier.inclusion
    missing: list[Missing] = []
    if not pathway.code == convention.pathway == inclusion.pathway:
        found = ", ".join(sorted({convention.pathway, inclusion.pathway} - {pathway.code}))
        missing.append(lacking("other_pathway", pathway=pathway.code, found=found))
    if convention.structure.identifier not in structure.identifiers:
        missing.append(lacking("other_structure", structure=structure.name, identifier=convention.structure.identifier))
    if inclusion.structure is not None and inclusion.structure != structure.reference:
        missing.append(lacking("included_elsewhere", structure=structure.reference, found=inclusion.structure))
    if dossier.circle.patient != inclusion.patient:
        missing.append(Missing("circle_of_another_patient"))
    if not convention.validity.covers(planned.start):
        missing.append(lacking("convention_not_in_force", version=convention.version, start=planned.start))
    return missing


def _of_the_inclusion(dossier: Dossier, planned: PlannedForfait, as_of: date) -> list[Missing]:
    pathway, inclusion = dossier.pathway, dossier.inclusion
    missing: list[Missing] = []
    if not inclusion.active:
        missing.append(Missing("plan_not_active", planned.end))
    if inclusion.decision is None:
        missing.append(Missing("not_included", planned.end))
    elif inclusion.decision.day > as_of:
        missing.append(Missing("not_included", inclusion.decision.day))
    elif not pathway.validity.covers(inclusion.decision.day):
        missing.append(lacking("pathway_not_in_force", day=inclusion.decision.day, opening=pathway.validity.first))
    if as_of < planned.end:
        missing.append(lacking("sequence_not_ended", planned.end, end=planned.end))
    return missing


def _of_the_amount(dossier: Dossier, amount: Price | NoPrice) -> list[Missing]:
    profile = dossier.inclusion.profile
    if profile not in {known.code for known in dossier.pathway.profiles}:
        return [lacking("profile_unknown", profile=profile or "?")]
    if isinstance(amount, NoPrice):
        published = amount.published
        if published is None:
            return [lacking("amount_not_stated", found=amount.found)]
        return [
            lacking(
                "amount_out_of_range",
                found=amount.found,
                stated_cents=amount.stated,
                minimum_cents=published.minimum,
                maximum_cents=published.maximum,
            )
        ]
    return []


def _of_the_patient(dossier: Dossier, planned: PlannedForfait) -> list[Missing]:
    gone = dossier.inclusion.exit
    if gone is None or gone.day >= planned.end:
        return []
    if gone.day >= planned.start and dossier.convention.early_exit == "due_if_acts_done":
        return []
    return [lacking(f"patient_{gone.reason}", day=gone.day, end=planned.end)]


def _of_the_acts(dossier: Dossier, planned: PlannedForfait, counted: Counted) -> list[Missing]:
    labels = dossier.act_labels
    missing: list[Missing] = []
    if dossier.convention.incomplete_use == "all_or_nothing":
        for required in planned.required_acts:
            done = counted.times_done(required.act)
            if done < required.count:
                label = labels.get(required.act, Label(required.act, required.act))
                missing.append(lacking("act", planned.end, act=label, required_acts=required.count, done_acts=done))
    if not counted.acts and not missing:
        missing.append(Missing("no_session", planned.end))
    return missing
