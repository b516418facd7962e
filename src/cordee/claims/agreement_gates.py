"""What the agreement must have before a forfait is billed: structure, convention, project accepted, team."""

from collections.abc import Iterator
from datetime import date

from cordee.claims.dossier import Dossier
from cordee.claims.gates import Missing, lacking
from cordee.pathways.model import Validity
from cordee.pathways.schedule import PlannedForfait


def missing_of_the_agreement(dossier: Dossier, planned: PlannedForfait, as_of: date) -> Iterator[Missing]:
    """All that convention, structure and care circle lack for a planned forfait, on the day `as_of`."""
    yield from _convention(dossier, planned)
    yield from _project(dossier, planned, as_of)
    yield from _structure(dossier)
    yield from _team(dossier, planned)


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


def _project(dossier: Dossier, planned: PlannedForfait, as_of: date) -> Iterator[Missing]:
    """The projet de parcours, sent to the ARS and not opposed (R. 162-134 and R. 162-137 CSS)."""
    review, project = dossier.pathway.review, dossier.convention.project
    if review is None:
        return
    if project is None or project.sent_on > as_of:
        yield lacking("project_not_sent", planned.due_on)
    elif project.opposed_on is not None and project.opposed_on <= as_of:
        yield lacking("project_opposed", day=project.opposed_on)
    elif as_of <= (last := review.silence.after(project.sent_on)):
        yield lacking("project_under_review", last, sent=project.sent_on)


def _structure(dossier: Dossier) -> Iterator[Missing]:
    """The category of the structure (D. 162-34 CSS), and the legal form that the category must have."""
    allowed, found = dossier.pathway.structures, dossier.structure.categories
    named = [structure for structure in allowed if structure.category in found]
    if any(structure.legal_form in {None, *found} for structure in named) or not allowed:
        return
    name = dossier.structure.name
    if named:
        form = named[0].legal_form or ""
        yield lacking("structure_legal_form", structure=name, category=named[0].label, form=form.upper())
    elif found:
        yield lacking("structure_category", structure=name, found=", ".join(found))
    else:
        yield lacking("structure_category_unknown", structure=name)


def _team(dossier: Dossier, planned: PlannedForfait) -> Iterator[Missing]:
    """The professions the circle must have during the forfait's days; a decision of inclusion needs no team yet."""
    if not dossier.pathway.team or dossier.forfait(planned).trigger == "inclusion":
        return
    period = Validity(planned.start, planned.end)
    present = [dossier.profession_of(m) for m in dossier.circle.members if m.present_during(period)]
    for role in dossier.pathway.team:
        here = sum(profession in role.professions for profession in present)
        if here < role.minimum:
            yield lacking("team", planned.end, role=role.label, here=here, needed=role.minimum)
