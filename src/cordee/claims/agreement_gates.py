"""What the agreement must have before a forfait is billed: structure, convention, project accepted, team."""

from collections.abc import Iterator
from datetime import date

from cordee.claims.agreement import Agreement
from cordee.claims.dossier import Dossier
from cordee.claims.gates import Missing, lacking
from cordee.pathways.model import Validity
from cordee.pathways.schedule import PlannedForfait


def missing_of_the_agreement(dossier: Dossier, planned: PlannedForfait, as_of: date) -> Iterator[Missing]:
    """All that convention, structure and care circle lack for a planned forfait, on the day `as_of`."""
    yield from _convention(dossier, planned)
    yield from missing_of_the_project(dossier, planned.due_on, as_of)
    yield from missing_of_the_structure(dossier)
    if dossier.pathway.team and dossier.forfait(planned).trigger != "inclusion":
        # A decision of inclusion needs no team yet.
        yield from missing_of_the_team(dossier, Validity(planned.start, planned.end))


def _convention(dossier: Dossier, planned: PlannedForfait) -> Iterator[Missing]:
    pathway, convention, structure = dossier.pathway, dossier.convention, dossier.structure
    inclusion = dossier.inclusion
    if not pathway.code == convention.pathway == inclusion.pathway:
        found = ", ".join(sorted({convention.pathway, inclusion.pathway} - {pathway.code}))
        yield lacking("other_pathway", pathway=pathway.code, found=found)
    if convention.structure.identifier not in structure.identifiers:
        yield lacking("other_structure", structure=structure.name, identifier=convention.structure.identifier)
    if inclusion.structure is not None and inclusion.structure != structure.reference:
        yield lacking("included_elsewhere", structure=structure.reference, found=inclusion.structure)
    if dossier.circle.patient != inclusion.patient:
        yield Missing("circle_of_another_patient")
    if not convention.validity.covers(planned.start):
        yield lacking("convention_not_in_force", version=convention.version, start=planned.start)


def missing_of_the_project(agreement: Agreement, due_on: date, as_of: date) -> Iterator[Missing]:
    """The projet de parcours, sent to the ARS and not opposed (R. 162-134 and R. 162-137 CSS)."""
    review, project = agreement.pathway.review, agreement.convention.project
    if review is None:
        return
    if project is None or project.sent_on > as_of:
        yield lacking("project_not_sent", due_on)
    elif project.opposed_on is not None and project.opposed_on <= as_of:
        yield lacking("project_opposed", day=project.opposed_on)
    elif as_of <= (last := review.silence.after(project.sent_on)):
        yield lacking("project_under_review", last, sent=project.sent_on)


def missing_of_the_structure(agreement: Agreement) -> Iterator[Missing]:
    """The category of the structure (D. 162-34 CSS), and the legal form that the category must have."""
    allowed, found = agreement.pathway.structures, agreement.structure.categories
    named = [structure for structure in allowed if structure.category in found]
    if any(structure.legal_form in {None, *found} for structure in named) or not allowed:
        return
    name = agreement.structure.name
    if named:
        form = named[0].legal_form or ""
        yield lacking("structure_legal_form", structure=name, category=named[0].label, form=form.upper())
    elif found:
        yield lacking("structure_category", structure=name, found=", ".join(found))
    else:
        yield lacking("structure_category_unknown", structure=name)


def missing_of_the_team(agreement: Agreement, period: Validity) -> Iterator[Missing]:
    """The professions that must be there during a period, both ends included; its last day is the last to mend it."""
    present = [agreement.profession_of(m) for m in agreement.circle.members if m.present_during(period)]
    for role in agreement.pathway.team:
        here = sum(profession in role.professions for profession in present)
        if here < role.minimum:
            yield lacking("team", period.last, role=role.label, here=here, needed=role.minimum)
