"""Capitation (PEPS): a weighted list of patients, less care elsewhere, capped on earlier remuneration.

Exact: weights are thousandths, so the weighted list is rounded to the cent once, and nothing else is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from cordee.claims.collective.amount import CollectiveAmount, Component, Undetermined, to_the_cent
from cordee.claims.collective.patient_list import ListedElsewhere, ListedPatient, list_on_day
from cordee.claims.collective.weighting import Weighting, band_label, thousandths
from cordee.claims.explanation import Explanation, explain
from cordee.claims.gates import Missing, lacking
from cordee.pathways.model import WeightBand


@dataclass(frozen=True, slots=True)
class CapitationTerms:
    """What a list is paid: cents a weighted patient, the bands, and the published limits.

    None where nobody has stated a thing; then nothing is billed. `growth_cap` in basis points, None for no cap.
    """

    per_weighted_patient: int | None
    bands: tuple[WeightBand, ...]
    growth_cap: int | None
    deducts_care_elsewhere: bool
    minimum_patients: int | None


@dataclass(frozen=True, slots=True)
class StatedCents:
    """Cents that somebody stated, and the report they are written in."""

    cents: int
    report: str


@dataclass(frozen=True, slots=True)
class CapitationFacts:
    """What the caisse states for the period: care elsewhere as a total, by patient, or both; earlier remuneration."""

    care_elsewhere: StatedCents | None = None
    care_elsewhere_by_patient: Mapping[str, StatedCents] | None = None
    reference_remuneration: StatedCents | None = None


def capitation(
    terms: CapitationTerms,
    listed: Iterable[ListedPatient],
    facts: CapitationFacts,
    day: date,
    elsewhere: Iterable[ListedElsewhere] = (),
) -> CollectiveAmount | Undetermined:
    """The amount of a list read on `day`; `elsewhere` are other structures' lists. The order changes nothing.

    A patient without a weight, or with two, keeps the whole amount from being billed: no weight is guessed.
    """
    on_day = list_on_day(listed, day, elsewhere)
    numbers, unweighted = _weighed(terms, on_day.patients, day)
    deduction, untold, unused = _deduction(terms, facts, {patient.patient for patient in on_day.patients})
    set_aside = (*on_day.set_aside, *unused)
    missing = (
        *_unstated(terms, facts, len(on_day.patients)),
        *on_day.missing,
        *untold,
        *unweighted,
    )
    if missing or terms.per_weighted_patient is None:
        return Undetermined(missing, set_aside=set_aside)
    components = [_weighted_list(terms.bands, terms.per_weighted_patient, numbers)]
    left = components[0].cents
    if deduction is not None:
        components.append(_care_elsewhere(left, deduction))
        left += components[-1].cents
    reasons = [component.explanation for component in components]
    if terms.growth_cap is not None and facts.reference_remuneration is not None:
        capped = _growth_cap(left, terms.growth_cap, facts.reference_remuneration)
        reasons.append(capped.explanation)
        if capped.cents:
            components.append(capped)
            left += capped.cents
    whole = explain("collective.capitation", left, tuple(reasons), day=day)
    return CollectiveAmount(left, tuple(components), whole, set_aside)


def _weighed(
    terms: CapitationTerms, patients: Iterable[ListedPatient], day: date
) -> tuple[Counter[WeightBand], list[Missing]]:
    """How many patients each band has, and those who have not exactly one."""
    weighting = Weighting(terms.bands)
    numbers: Counter[WeightBand] = Counter()
    missing: list[Missing] = []
    if terms.bands:
        for patient in patients:
            band = weighting.band_of(patient, day)
            if isinstance(band, Missing):
                missing.append(band)
            else:
                numbers[band] += 1
    return numbers, missing


def _unstated(terms: CapitationTerms, facts: CapitationFacts, patients: int) -> list[Missing]:
    missing: list[Missing] = []
    if terms.per_weighted_patient is None:
        missing.append(Missing("base_not_stated"))
    if not terms.bands:
        missing.append(Missing("weights_not_stated"))
    if terms.minimum_patients is not None and patients < terms.minimum_patients:
        missing.append(lacking("too_few_patients", found=patients, minimum=terms.minimum_patients))
    if terms.growth_cap is not None and facts.reference_remuneration is None:
        missing.append(Missing("reference_not_stated"))
    return missing


def _weighted_list(bands: tuple[WeightBand, ...], base: int, numbers: Mapping[WeightBand, int]) -> Component:
    weight = sum(band.weight * number for band, number in numbers.items())
    exact = Fraction(base * weight, 1000)
    cents = to_the_cent(exact)
    because = [
        explain(
            "capitation.band",
            band=band_label(band),
            number=numbers[band],
            weight=thousandths(band.weight),
            weighted=thousandths(band.weight * numbers[band]),
        )
        for band in bands
        if numbers[band]
    ]
    if exact != cents:
        because.append(explain("rounding.half_up"))
    why = explain(
        "capitation.weighted_list",
        cents,
        tuple(because),
        base_cents=base,
        number=sum(numbers.values()),
        weighted=thousandths(weight),
    )
    return Component("weighted-list", cents, why)


@dataclass(frozen=True, slots=True)
class _Deduction:
    cents: int
    explanation: Explanation


def _deduction(
    terms: CapitationTerms, facts: CapitationFacts, listed: set[str]
) -> tuple[_Deduction | None, list[Missing], list[Explanation]]:
    """Care elsewhere, why it can't be told, and the lines of patients who are not on the list."""
    if not terms.deducts_care_elsewhere:
        return None, [], []
    lines, total = facts.care_elsewhere_by_patient or {}, facts.care_elsewhere
    unused = [
        explain("list.care_elsewhere_unused", patient=patient, stated_cents=line.cents, report=line.report)
        for patient, line in sorted(lines.items())
        if patient not in listed
    ]
    used = [line.cents for patient, line in lines.items() if patient in listed]
    if total is None and not used:
        return None, [Missing("care_elsewhere_not_stated")], unused
    if total is None:
        why = explain("capitation.stated_lines", stated_cents=sum(used), number=len(used))
        return _Deduction(sum(used), why), [], unused
    if used and sum(used) != total.cents:
        return None, [lacking("care_elsewhere_differs", total_cents=total.cents, lines_cents=sum(used))], unused
    why = explain("capitation.stated_total", stated_cents=total.cents, report=total.report)
    return _Deduction(total.cents, why), [], unused


def _care_elsewhere(weighted: int, deduction: _Deduction) -> Component:
    taken = min(weighted, deduction.cents)
    because = [deduction.explanation]
    if taken < deduction.cents:
        because.append(explain("capitation.floor", wanted_cents=deduction.cents))
    return Component("care-elsewhere", -taken, explain("capitation.care_elsewhere", -taken, tuple(because)))


def _growth_cap(amount: int, growth: int, reference: StatedCents) -> Component:
    # The cents under the exact cap: rounding it up would pass it.
    cap = reference.cents * (10_000 + growth) // 10_000
    over = max(0, amount - cap)
    why = explain(
        "capitation.growth_cap" if over else "capitation.under_growth_cap",
        -over,
        cap_cents=cap,
        growth_share=growth,
        reference_cents=reference.cents,
        report=reference.report,
    )
    return Component("growth-cap", -over, why)
