"""What a collective payment must have before it is billed; all that is missing is told at once."""

from collections.abc import Iterator
from datetime import date

from cordee.claims.agreement_gates import (
    missing_of_the_project,
    missing_of_the_structure,
    missing_of_the_team,
)
from cordee.claims.collective.dossier import CollectiveDossier
from cordee.claims.gates import Missing, lacking
from cordee.pathways.durations import duration_of
from cordee.pathways.model import Validity

_LENGTHS = {"capitation": duration_of("P3M"), "shared_savings": duration_of("P1Y")}
"""How long a period is, unless the forfait of the pathway says otherwise."""


def missing_of_the_dossier(dossier: CollectiveDossier, day: date, as_of: date) -> tuple[Missing, ...]:
    """All that keeps a payment from being due on `as_of`; the list is read, and the team present, on `day`."""
    return tuple(_missing(dossier, day, as_of))


def _missing(dossier: CollectiveDossier, day: date, as_of: date) -> Iterator[Missing]:
    pathway, convention, period = dossier.pathway, dossier.convention, dossier.period
    forfait = dossier.forfait
    length = (forfait.period if forfait else None) or _LENGTHS.get(pathway.payment_model)
    if length is not None and length != period.length:
        yield lacking("period_length", period=period.code, length=str(length))
    if as_of < day:
        yield lacking("period_not_reached", day, day=day)
    if not pathway.validity.covers(period.first):
        yield lacking("pathway_not_yet_open", day=period.first, opening=pathway.validity.first)
    if not convention.validity.covers(period.first):
        yield lacking("convention_not_in_force", version=convention.version, start=period.first)
    if convention.structure.identifier not in dossier.structure.identifiers:
        yield lacking("other_structure", structure=dossier.structure.name, identifier=convention.structure.identifier)
    if convention.insurer is None:
        yield Missing("insurer_not_named")
    yield from missing_of_the_project(dossier, day, as_of)
    yield from missing_of_the_structure(dossier)
    yield from missing_of_the_team(dossier, Validity(day, day))
