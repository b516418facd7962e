"""What Python says of an invariant of the standard is what its FHIRPath expression says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordee.fhir.definitions import load_definitions
from cordee.fhir.profiles.invariants import holds
from cordee.fhir.profiles.plain_invariants import PLAIN
from cordee.fhir.profiles.scope import Scope
from cordee.fhir.profiles.terminology import LoadedTerminology

DAYS = st.sampled_from(
    ["2026", "2026-01", "2026-01-02", "2026-03-04", "2026-01-02T08:00:00Z", "2026-01-02T23:00:00+14:00"]
)
META = st.sampled_from(
    [{}, {"source": "x"}, {"versionId": "2"}, {"lastUpdated": "2026-01-01T00:00:00Z"}, {"security": [{}]}]
)
CONTAINED = st.lists(
    st.fixed_dictionaries(
        {"resourceType": st.just("Patient"), "id": st.sampled_from(["a", "b"])}, optional={"meta": META}
    ),
    max_size=2,
    unique_by=lambda one: one["id"],
)
NUMBERS = st.integers(-2, 2)
SHAPES = {
    "Period": st.fixed_dictionaries({}, optional={"start": DAYS, "end": DAYS}),
    "Quantity": st.fixed_dictionaries({}, optional={"system": st.just("urn:x"), "code": st.just("kg")}),
    "Attachment": st.fixed_dictionaries({}, optional={"data": st.just("YQ=="), "contentType": st.just("text/plain")}),
    "ContactPoint": st.fixed_dictionaries({}, optional={"value": st.just("1"), "system": st.just("phone")}),
    "Timing.repeat": st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("duration", "period", "periodMax", "durationMax", "count", "countMax", "offset"), NUMBERS),
            **dict.fromkeys(("durationUnit", "periodUnit"), st.just("d")),
            "when": st.just(["MORN"]),
            "timeOfDay": st.just(["08:00:00"]),
        },
    ),
    "Patient.contact": st.fixed_dictionaries(
        {}, optional={"name": st.just({"text": "X"}), "telecom": st.just([{"value": "1"}]), "gender": st.just("male")}
    ),
    "CarePlan.activity": st.fixed_dictionaries(
        {}, optional={"detail": st.just({"status": "scheduled"}), "reference": st.just({"reference": "Task/1"})}
    ),
    "DomainResource": st.fixed_dictionaries(
        {"resourceType": st.just("Observation")},
        optional={
            "contained": CONTAINED,
            "subject": st.sampled_from([{"reference": "#a"}, {"reference": "Patient/1"}]),
            "text": st.just({"status": "generated", "div": "<div/>"}),
        },
    ),
    "Reference": st.fixed_dictionaries({}, optional={"reference": st.sampled_from(["#a", "#c", "Patient/1"])}),
}
ROOT = {"resourceType": "Observation", "contained": [{"resourceType": "Patient", "id": "a"}]}


@pytest.mark.parametrize("place", SHAPES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_plain_judgement_is_that_of_the_expression(place, data):
    definitions = load_definitions()
    element = definitions.structures[place.partition(".")[0]].elements[place]
    value = data.draw(SHAPES[place])
    whole = value if place == "DomainResource" else ROOT
    for key in set(element.invariants) - {"dom-3"}:  # which the library can not evaluate
        said = PLAIN[key](value, Scope(whole, whole)) if key in PLAIN else None
        if said is not None:
            path = "Observation" if place == "DomainResource" else place
            expression = definitions.invariants[key].expression
            assert holds(expression, value, None, path, Scope(whole, whole), LoadedTerminology()) == said, key
