"""What the caisse or the structure states of a list or a group for one period, put together from its figures."""

from collections.abc import Iterable
from dataclasses import dataclass

from cordee.claims.canonical import COLLECTIVE_FACT, QUALITY_INDICATOR
from cordee.claims.collective.capitation import CapitationFacts
from cordee.claims.collective.fhir_figures import (
    CARE_ELSEWHERE,
    CHANGE_GAIN,
    LEVEL_GAIN,
    PATIENT_COUNT,
    PATIENT_EXPERIENCE,
    REFERENCE_REMUNERATION,
    Figure,
)
from cordee.claims.collective.quality_score import QualityFacts, StatedPoints
from cordee.claims.collective.shared_savings import SavingsFacts
from cordee.claims.fhir_evidence import EvidenceError


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a capitation, of savings and of quality, and the reports they are stated in."""

    capitation: CapitationFacts
    savings: SavingsFacts
    quality: QualityFacts
    reports: tuple[str, ...]


def facts_from_figures(figures: Iterable[Figure], group: str) -> Facts:
    """The facts of `group` (`Group/abc`). Raises EvidenceError for a figure that can't be read, or stated twice."""
    of_group: dict[tuple[str, str], Figure] = {}
    by_patient: dict[str, Figure] = {}
    reports: set[str] = set()
    for figure in figures:
        reports.add(figure.report)
        if figure.subject == group:
            _once(of_group.setdefault((figure.system, figure.code), figure), figure)
        elif figure.code != CARE_ELSEWHERE:
            raise EvidenceError(f"{figure.place}: {figure.code} is stated of {group}, not of one patient")
        else:
            _once(by_patient.setdefault(figure.subject, figure), figure)
    named = {code: figure for (system, code), figure in of_group.items() if system == COLLECTIVE_FACT}
    indicators = [figure for (system, _), figure in sorted(of_group.items()) if system == QUALITY_INDICATOR]
    elsewhere, reference = named.get(CARE_ELSEWHERE), named.get(REFERENCE_REMUNERATION)
    change, level, number = (named.get(code) for code in (CHANGE_GAIN, LEVEL_GAIN, PATIENT_COUNT))
    experience = named.get(PATIENT_EXPERIENCE)
    return Facts(
        CapitationFacts(
            care_elsewhere=elsewhere.cents if elsewhere else None,
            care_elsewhere_by_patient={patient: figure.cents for patient, figure in by_patient.items()} or None,
            reference_remuneration=reference.cents if reference else None,
        ),
        SavingsFacts(
            change_gain=change.euros if change else None,
            level_gain=level.euros if level else None,
            patients=number.count if number else None,
            report=_written_in(change, level, number),
        ),
        QualityFacts(
            indicators=tuple(StatedPoints(f.code, f.number, f.indicator_figures) for f in indicators),
            patient_experience=experience.number if experience else None,
            report=_written_in(experience, *indicators),
        ),
        tuple(sorted(reports)),
    )


def _once(first: Figure, figure: Figure) -> None:
    if first is not figure:
        raise EvidenceError(
            f"{figure.place}: {figure.code} of {figure.subject} is stated already at {first.place}: "
            "give the report that no longer holds the status error"
        )


def _written_in(*figures: Figure | None) -> str:
    return ", ".join(sorted({figure.report for figure in figures if figure is not None}))
