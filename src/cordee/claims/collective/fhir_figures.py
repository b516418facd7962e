"""The figures of MeasureReports, each exact and with its place; shapes are in docs/collective.md.

The reports must have been parsed with Decimals for numbers, never floats.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from fractions import Fraction

from cordee.claims.canonical import COLLECTIVE_FACT, INDICATOR_FIGURES, QUALITY_INDICATOR
from cordee.claims.collective.capitation import StatedCents
from cordee.claims.collective.quality_score import IndicatorFigures
from cordee.claims.fhir_dates import validity_of
from cordee.claims.fhir_evidence import EvidenceError, Resource, codes_of, local_reference, reading, reference_of
from cordee.pathways.model import Label, Validity

CARE_ELSEWHERE = "care-elsewhere"
REFERENCE_REMUNERATION = "reference-remuneration"
CHANGE_GAIN = "change-gain"
LEVEL_GAIN = "level-gain"
PATIENT_COUNT = "patient-count"
PATIENT_EXPERIENCE = "patient-experience"
FACTS = {
    CARE_ELSEWHERE: Label("soins reçus hors de l'équipe", "care received elsewhere"),
    REFERENCE_REMUNERATION: Label("rémunération de référence", "reference remuneration"),
    CHANGE_GAIN: Label("gain en évolution par patient", "change gain per patient"),
    LEVEL_GAIN: Label("gain en écart par patient", "level gain per patient"),
    PATIENT_COUNT: Label("nombre de patients", "number of patients"),
    PATIENT_EXPERIENCE: Label("points d'expérience des patients", "points of patient experience"),
}
"""The codes of COLLECTIVE_FACT, in words."""

_EURO = ("urn:iso:std:iso:4217", "EUR")
_DIRECTIONS = ("increase", "decrease")


@dataclass(frozen=True, slots=True)
class Figure:
    """One `MeasureReport.group`: `system` and `code` say what it is of, `place` where it is written."""

    system: str
    code: str
    stated: Resource
    report: str
    place: str
    subject: str

    @property
    def number(self) -> Fraction:
        """The figure, exact. Raises EvidenceError for what is not a number, or was read as a float."""
        return _exact(self._score["value"], f"{self.place}.measureScore.value")

    @property
    def euros(self) -> Fraction:
        """A figure in euros, maybe negative, with any number of decimals. Raises EvidenceError."""
        unit = (self._score.get("system"), self._score.get("code"))
        if unit != _EURO:
            raise EvidenceError(
                f"{self.place}.measureScore: {self.code} is in {unit[1]}: amounts are in EUR, with system {_EURO[0]} "
                f"and code {_EURO[1]}"
            )
        return self.number

    @property
    def cents(self) -> StatedCents:
        """An amount: zero or more, whole cents. Raises EvidenceError."""
        cents = self.euros * 100
        if cents < 0 or cents.denominator != 1:
            raise self._refused("an amount is zero or more, with at most two decimals")
        return StatedCents(int(cents), self.report)

    @property
    def count(self) -> int:
        """A whole number, zero or more. Raises EvidenceError."""
        number = self.number
        if number < 0 or number.denominator != 1:
            raise self._refused("a number of patients is whole, zero or more")
        return int(number)

    @property
    def indicator_figures(self) -> IndicatorFigures | None:
        """What an indicator's points rest on, when it is written. Raises EvidenceError."""
        extensions = self.stated.get("extension", ())
        extension = next((e for e in extensions if e.get("url") == INDICATOR_FIGURES), None)
        return None if extension is None else _indicator_figures(extension, f"{self.place}.extension")

    @property
    def _score(self) -> Resource:
        score: Resource = self.stated["measureScore"]
        return score

    def _refused(self, rule: str) -> EvidenceError:
        return EvidenceError(f"{self.place}.measureScore.value: {self._score['value']}: {rule}")


def figures_of(reports: Iterable[Resource], group: str, period: Validity, zone: tzinfo) -> Iterator[Figure]:
    """The figures of complete reports for exactly `period`, about `group` (`Group/abc`) or about one patient of it.

    A report about one patient says of which list by `evaluatedResource`. Other reports are passed over. Raises
    EvidenceError for a figure without value, or of something unknown.
    """
    for report in sorted(reports, key=reference_of):
        reference = reference_of(report)
        with reading(f"{reference}.period"):
            days = validity_of(report.get("period", {}), zone)
        subject = local_reference(report.get("subject")) or ""
        of_patient = subject.startswith("Patient/") and _evaluates(report, group)
        if report.get("status") != "complete" or days != period or not (is_about(report, group) or of_patient):
            continue
        for index, stated in enumerate(report.get("group", ())):
            place = f"{reference}.group[{index}]"
            system, code = _coded(stated, place)
            score = stated.get("measureScore", {})
            if score.get("value") is None:
                raise EvidenceError(f"{place}.measureScore: no value: write the figure of {code}, or leave it out")
            if score.get("comparator"):
                raise EvidenceError(f"{place}.measureScore.comparator: a figure is exact: leave the comparator out")
            yield Figure(system, code, stated, reference, place, subject)


def is_about(report: Resource, group: str) -> bool:
    """Whether a report is about the list as a whole."""
    return local_reference(report.get("subject")) == group


def _evaluates(report: Resource, group: str) -> bool:
    return any(local_reference(evaluated) == group for evaluated in report.get("evaluatedResource", ()))


def _coded(stated: Resource, place: str) -> tuple[str, str]:
    found = [c for c in codes_of([stated.get("code", {})]) if c.system in {COLLECTIVE_FACT, QUALITY_INDICATOR}]
    if len(found) != 1 or (found[0].system == COLLECTIVE_FACT and found[0].code not in FACTS):
        raise EvidenceError(
            f"{place}.code: one code of {COLLECTIVE_FACT} is expected ({', '.join(FACTS)}), or one indicator of "
            f"{QUALITY_INDICATOR}"
        )
    return found[0].system, found[0].code


def _exact(value: object, place: str) -> Fraction:
    if not isinstance(value, Decimal | int) or isinstance(value, bool):
        raise EvidenceError(f"{place}: {value} was read as a binary float, or is not a number: parse it as a Decimal")
    return Fraction(value)


def _indicator_figures(extension: Resource, place: str) -> IndicatorFigures:
    parts: Mapping[str, Resource] = {part.get("url", ""): part for part in extension.get("extension", ())}
    direction = parts.get("direction", {}).get("valueCode")
    if direction not in _DIRECTIONS:
        raise EvidenceError(f"{place}: direction is {direction}: write one of {', '.join(_DIRECTIONS)}")
    stated: dict[str, Fraction] = {}
    for name in ("value", "previous", "target", "intermediate"):
        if "valueDecimal" in parts.get(name, {}):
            stated[name] = _exact(parts[name]["valueDecimal"], f"{place}.{name}")
        elif name != "previous":
            raise EvidenceError(f"{place}: {name} is missing: write it as a valueDecimal")
    return IndicatorFigures(
        value=stated["value"],
        previous=stated.get("previous"),
        target=stated["target"],
        intermediate=stated["intermediate"],
        should_fall=direction == "decrease",
    )
