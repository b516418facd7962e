"""A Group of Patients as a patient list; its shape is in docs/collective.md."""

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import tzinfo
from functools import cache

from cordee.claims.canonical import LISTED_PATIENT_TRAIT, PAYMENT_TRAIT
from cordee.claims.collective.patient_list import ListedElsewhere, ListedPatient
from cordee.claims.fhir_dates import first_day, last_day, validity_of
from cordee.claims.fhir_evidence import EvidenceError, Resource, local_reference, reading, reference_of
from cordee.pathways.model import Sex, Validity

_MOST_PROBLEMS = 20
_SEXES: Mapping[str, Sex] = {"male": "male", "female": "female"}


def patients_named(group: Resource) -> list[str]:
    """The Patients a Group has as members, each once, in the order written."""
    named = (local_reference(member.get("entity")) for member in group.get("member", ()))
    return list(dict.fromkeys(name for name in named if name is not None and name.startswith("Patient/")))


def patients_listed(group: Resource, patients: Mapping[str, Resource], zone: tzinfo) -> tuple[ListedPatient, ...]:
    """The members of a Group; `patients` has the stored Patients by reference, `zone` tells the days of periods.

    Raises EvidenceError with every member that can't be read (the first twenty, and how many more).
    """
    reference = reference_of(group)
    if group.get("type") != "person" or not group.get("actual"):
        raise EvidenceError(f"{reference}: a patient list is a Group of type person, actual true")
    days = _Days(zone)
    listed: list[ListedPatient] = []
    problems: list[str] = []
    for index, member in enumerate(group.get("member", ())):
        try:
            listed.append(_listed(member, patients, days, f"{reference}.member[{index}]"))
        except EvidenceError as error:
            problems.append(str(error))
    if problems:
        more = [f"… and {len(problems) - _MOST_PROBLEMS} more"] if len(problems) > _MOST_PROBLEMS else []
        raise EvidenceError("\n".join((*problems[:_MOST_PROBLEMS], *more)))
    return tuple(listed)


def listed_elsewhere(group: Resource, patients: Container[str], zone: tzinfo) -> Iterator[ListedElsewhere]:
    """Which of `patients` another structure's Group has as members. Raises EvidenceError for a period not readable."""
    days, reference = _Days(zone), reference_of(group)
    for index, member in enumerate(group.get("member", ())):
        name = local_reference(member.get("entity"))
        if name is not None and name in patients:
            with reading(f"{reference}.member[{index}].period"):
                yield ListedElsewhere(name, days.period(member.get("period", {})), reference)


class _Days:
    """The local days of dates and periods, each told once: in a long list they repeat."""

    def __init__(self, zone: tzinfo) -> None:
        self.meant = cache(lambda text: Validity(first_day(text, zone), last_day(text, zone)))
        self._period = cache(lambda start, end: validity_of({"start": start, "end": end}, zone))

    def period(self, period: Mapping[str, str]) -> Validity:
        """The days of a Period, both included."""
        return self._period(period.get("start"), period.get("end"))


def _listed(member: Resource, patients: Mapping[str, Resource], days: _Days, place: str) -> ListedPatient:
    name = local_reference(member.get("entity"))
    if name is None or not name.startswith("Patient/"):
        raise EvidenceError(f"{place}.entity: {name} is not a Patient: a patient list names Patients, as Patient/abc")
    patient = patients.get(name)
    if patient is None:
        raise EvidenceError(f"{place}.entity: {name} is not stored: load the Patient, or take it off the list")
    period = member.get("period", {})
    if member.get("inactive") and "end" not in period:
        raise EvidenceError(f"{place}: inactive, without period.end: write the last day on the list")
    with reading(f"{place}.period"):
        membership = days.period(period)
    born, died = patient.get("birthDate"), patient.get("deceasedDateTime")
    if died is None and patient.get("deceasedBoolean"):
        raise EvidenceError(f"{place}: {name} died, no day is known: write deceasedDateTime, or period.end")
    with reading(name):
        return ListedPatient(
            patient=name,
            membership=membership,
            traits=_traits(member.get("extension", ()), place),
            born=None if born is None else days.meant(born),
            sex=_SEXES.get(patient.get("gender", "")),
            died_on=None if died is None else days.meant(died).last,
        )


def _traits(extensions: Iterable[Resource], place: str) -> tuple[str, ...]:
    traits: set[str] = set()
    for extension in extensions:
        if extension.get("url") == LISTED_PATIENT_TRAIT:
            coding = extension.get("valueCoding", {})
            if coding.get("system") != PAYMENT_TRAIT or not coding.get("code"):
                raise EvidenceError(f"{place}: a trait is a valueCoding of {PAYMENT_TRAIT}, with a code")
            traits.add(coding["code"])
    return tuple(sorted(traits))
