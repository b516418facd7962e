"""Which weight a patient of a list has: the band that fits them and is more specific than any other that does."""

from collections.abc import Iterable
from datetime import date

from cordee.claims.collective.patient_list import ListedPatient, ages
from cordee.claims.gates import Missing, lacking
from cordee.pathways.model import Label, Sex, WeightBand

_SEX = {"female": Label("femmes", "women"), "male": Label("hommes", "men")}


class Weighting:
    """The bands of a convention or a pathway, asked for one patient after the other."""

    def __init__(self, bands: Iterable[WeightBand]) -> None:
        self._bands = tuple(bands)
        self._known: dict[tuple[int, Sex | None, tuple[str, ...]], tuple[WeightBand, ...]] = {}

    def band_of(self, patient: ListedPatient, day: date) -> WeightBand | Missing:
        """The band of a patient on a day, or why there is not exactly one."""
        if patient.born is None:
            return lacking("birth_date_unknown", patient=patient.patient)
        youngest, oldest = ages(patient.born, day)
        if youngest < 0:
            return lacking("born_later", patient=patient.patient, day=day)
        found = self._best(youngest, patient.sex, patient.traits)
        if oldest != youngest and found != self._best(oldest, patient.sex, patient.traits):
            return lacking("birth_date_partial", patient=patient.patient)
        if not found:
            return lacking("no_weight", patient=patient.patient)
        if len(found) > 1:
            return lacking("several_weights", patient=patient.patient, bands=_listed(found))
        return found[0]

    def _best(self, age: int, sex: Sex | None, traits: tuple[str, ...]) -> tuple[WeightBand, ...]:
        """The bands that fit and that no other one that fits is more specific than."""
        key = (age, sex, traits)
        best = self._known.get(key)
        if best is None:
            fitting = [band for band in self._bands if _fits(band, age, sex, traits)]
            best = tuple(band for band in fitting if not any(_more_specific(other, band) for other in fitting))
            self._known[key] = best
        return best


def band_label(band: WeightBand) -> Label:
    """A band in words: ages, sex, traits."""
    least, most = band.minimum_age, band.maximum_age
    parts: list[Label] = []
    if least is not None and most is not None:
        parts.append(Label(f"{least} à {most} ans", f"aged {least} to {most}"))
    elif least is not None:
        parts.append(Label(f"{least} ans et plus", f"aged {least} or more"))
    elif most is not None:
        parts.append(Label(f"{most} ans et moins", f"aged {most} or less"))
    if band.sex is not None:
        parts.append(_SEX[band.sex])
    parts += [Label(trait, trait) for trait in band.traits]
    if not parts:
        return Label("tous les patients", "all patients")
    return Label(", ".join(part.fr for part in parts), ", ".join(part.en for part in parts))


def thousandths(weight: int) -> Label:
    """A number of thousandths with its three decimals: 1250 is `1,250` in French, `1.250` in English."""
    whole, part = divmod(weight, 1000)
    return Label(f"{whole},{part:03}", f"{whole}.{part:03}")


def _fits(band: WeightBand, age: int, sex: Sex | None, traits: tuple[str, ...]) -> bool:
    return (
        (band.minimum_age is None or age >= band.minimum_age)
        and (band.maximum_age is None or age <= band.maximum_age)
        and band.sex in {None, sex}
        and set(band.traits) <= set(traits)
    )


def _more_specific(one: WeightBand, other: WeightBand) -> bool:
    """Whether all that fit `one` fit `other`, and not the other way round."""
    return _within(one, other) and not _within(other, one)


def _within(one: WeightBand, other: WeightBand) -> bool:
    return (
        (other.minimum_age is None or (one.minimum_age or 0) >= other.minimum_age)
        and (other.maximum_age is None or (one.maximum_age is not None and one.maximum_age <= other.maximum_age))
        and other.sex in {None, one.sex}
        and set(other.traits) <= set(one.traits)
    )


def _listed(bands: Iterable[WeightBand]) -> Label:
    labels = [band_label(band) for band in bands]
    return Label(" ; ".join(label.fr for label in labels), "; ".join(label.en for label in labels))
