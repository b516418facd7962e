"""What is about a patient or an encounter, and when the care was given (R4 compartmentdefinition.html)."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from cordee.fhir.definitions import load_definitions
from cordee.fhir.search_expressions import reference_targets
from cordee.fhir.search_value_types import ReferenceValue
from cordee.fhir.search_values import extract_parameter

_NOT_CARE_DATES = frozenset(
    {"_lastUpdated", "activity-date", "birthdate", "death-date", "issued", "location-period", "payment-date"}
    | {"reaction-date", "target-date", "value-date"}
)
"""Dates of people, of paper work, of parts, of plans: no time at which care was given."""


@cache
def parameters_about_patients() -> Mapping[str, tuple[str, ...]]:
    """By type, the reference parameters by which a resource is about a patient.

    Those of R4's patient compartment, and the parameter `patient` of the types that it leaves out (Task, Contract,
    Device, GuidanceResponse).
    """
    compartment = load_definitions().compartments["Patient"]
    found: dict[str, tuple[str, ...]] = {}
    for type_ in load_definitions().resource_types:
        codes = compartment.get(type_) or ("patient",)
        if codes != ("patient",) or _refers_to_patients(type_):
            found[type_] = codes
    return MappingProxyType(found)


@cache
def parameters_about_encounters() -> Mapping[str, tuple[str, ...]]:
    """By type, the reference parameters by which a resource is in R4's encounter compartment."""
    members = load_definitions().compartments["Encounter"].items()
    return MappingProxyType({type_: codes for type_, codes in members if codes and codes != ("{def}",)})


@cache
def care_date_parameters(resource_type: str) -> tuple[str, ...]:
    """The date parameters that tell when the care was given that a resource is about; none for most registers."""
    if resource_type not in parameters_about_patients():
        return ()
    known = load_definitions().search_parameters[resource_type].values()
    return tuple(p.code for p in known if p.type == "date" and p.expression and p.code not in _NOT_CARE_DATES)


def patients_named(resource: Mapping[str, Any]) -> frozenset[str]:
    """The ids of the patients of this server that a resource is about, itself if it is one."""
    type_ = resource["resourceType"]
    own = {str(resource["id"])} if type_ == "Patient" and "id" in resource else set()
    values = (
        value
        for code in parameters_about_patients().get(type_, ())
        for value in extract_parameter(resource, code)
        if isinstance(value, ReferenceValue) and value.type == "Patient" and value.id
    )
    return frozenset(own | {str(value.id) for value in values})


def _refers_to_patients(resource_type: str) -> bool:
    known = load_definitions().search_parameters[resource_type]
    return "patient" in known and "Patient" in (reference_targets(resource_type, "patient") or ())


@cache
def shared_types() -> tuple[str, ...]:
    """The types of what several patients' records name, and that are about no patient: practitioners, places…"""
    about = parameters_about_patients()
    targets = {
        target
        for type_ in about
        for parameter in load_definitions().search_parameters[type_].values()
        if parameter.type == "reference" and parameter.expression is not None
        for target in reference_targets(type_, parameter.code) or ()
    }
    return tuple(sorted((targets | {"Binary"}) & set(load_definitions().resource_types) - about.keys()))


def is_of_a_patient(resource: Mapping[str, Any]) -> bool:
    """Whether a resource of a type that is about patients is about one of this server.

    Contracts, Devices and the like, which R4's compartment leaves out, may also be about nobody, and shared by records.
    """
    if patients_named(resource):
        return True
    type_ = resource["resourceType"]
    if load_definitions().compartments["Patient"].get(type_):
        return False
    return not any(extract_parameter(resource, code) for code in parameters_about_patients().get(type_, ()))
