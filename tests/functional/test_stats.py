"""`Observation/$stats` over HTTP (R4 operation-observation-stats.html)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.functional.operation_answers import answered, named, refusal

from cordee.fhir.validation import validate

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def quantity(value: float, unit: str = "kg", **members: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit, **members}


def observe(client: httpx.Client, id_: str, loinc: str, on: str, **members: Any) -> None:
    resource = {
        "resourceType": "Observation", "id": id_, "status": "final", "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": LOINC, "code": loinc}]}, "effectiveDateTime": on,
    } | members  # fmt: skip
    client.put(f"Observation/{id_}", json=resource).raise_for_status()


@pytest.fixture
def measured(client: httpx.Client) -> httpx.Client:
    """Four weights of a patient: 70.5, 71, 72.5 and 80."""
    for number, weight in enumerate((71, 70.5, 80, 72.5)):
        observe(client, f"w{number}", "29463-7", f"2026-0{number + 1}-01", valueQuantity=quantity(weight))
    return client


def stats(client: httpx.Client, code: str, *wanted: str, **more: str) -> httpx.Response:
    query = [("subject", "Patient/p"), ("system", LOINC), ("code", code), *(("statistic", one) for one in wanted)]
    return client.get("Observation/$stats", params=[*query, *more.items()])


def told(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    """By code of what was measured, then by code of the statistic, the value as it is written."""
    found: dict[str, dict[str, Any]] = {}
    for part in named(answered(answer), "statistics"):
        observation = part["resource"]
        values = {
            c["code"]["coding"][0]["code"]: c.get("valueQuantity", {}).get("value") for c in observation["component"]
        }
        found[observation["code"]["coding"][0]["code"]] = {
            code: None if value is None else str(value) for code, value in values.items()
        }
    return found


def test_every_statistic_is_worked_out_in_exact_decimals(measured: httpx.Client) -> None:
    expected = {
        "average": "73.5", "maximum": "80", "minimum": "70.5", "count": "4", "total-count": "4", "median": "71.75",
        "std-dev": "4.4158804", "sum": "294", "variance": "19.5", "20-percent": "70.8", "80-percent": "75.5",
        "4-lower": "70.875", "4-upper": "74.375", "4-dev": "1.75", "5-1": "70.8", "5-2": "71.3", "5-3": "72.2",
        "5-4": "75.5",
    }  # fmt: skip
    answer = stats(measured, "29463-7", *expected)
    assert told(answer)["29463-7"].items() ^ expected.items() == set()
    (part,) = answer.json()["parameter"]
    assert validate(part["resource"], "Observation") == []
    assert part["resource"]["subject"] == {"reference": "Patient/p"}
    assert part["resource"]["component"][0]["valueQuantity"] == quantity(73.5)
    assert part["resource"]["component"][3]["valueQuantity"] == {"value": 4}


def test_what_was_entered_in_error_or_not_measured_is_left_out(measured: httpx.Client) -> None:
    observe(measured, "wrong", "29463-7", "2026-05-01", valueQuantity=quantity(700), status="entered-in-error")
    observe(measured, "below", "29463-7", "2026-05-02", valueQuantity=quantity(30, comparator="<"))
    observe(measured, "absent", "29463-7", "2026-05-03", dataAbsentReason={"text": "refus"})
    observe(measured, "other", "8867-4", "2026-05-04", valueQuantity=quantity(60, "/min"))
    found = told(stats(measured, "29463-7", "count", "total-count", "maximum"))
    assert found == {"29463-7": {"count": "4", "total-count": "6", "maximum": "80"}}


def test_a_period_or_the_last_hours_choose(measured: httpx.Client) -> None:
    asked = {"resourceType": "Parameters", "parameter": [
        {"name": "subject", "valueUri": f"{measured.base_url}Patient/p"},
        {"name": "coding", "valueCoding": {"system": LOINC, "code": "29463-7"}},
        {"name": "period", "valuePeriod": {"start": "2026-02", "end": "2026-03"}},
        {"name": "statistic", "valueCode": "sum"},
    ]}  # fmt: skip
    answer = measured.post("Observation/$stats", json=asked)
    assert told(answer) == {"29463-7": {"sum": "150.5"}}
    period = answer.json()["parameter"][0]["resource"]["effectivePeriod"]
    assert period == {"start": "2026-02", "end": "2026-03"}
    now = datetime.now(UTC)
    observe(
        measured,
        "now",
        "29463-7",
        (now - timedelta(minutes=30)).isoformat(timespec="seconds"),
        valueQuantity=quantity(9),
    )
    assert told(stats(measured, "29463-7", "sum", duration="1.5")) == {"29463-7": {"sum": "9"}}


def pressure(systolic: float, diastolic: float) -> list[dict[str, Any]]:
    return [
        {"code": {"coding": [{"system": LOINC, "code": code}]}, "valueQuantity": quantity(value, "mm[Hg]")}
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]


def test_a_panel_gives_statistics_of_each_of_its_parts_and_a_part_its_own(measured: httpx.Client) -> None:
    observe(measured, "p1", "85354-9", "2026-01-01", component=pressure(120, 80))
    observe(measured, "p2", "85354-9", "2026-01-02", component=pressure(130, 70))
    assert told(stats(measured, "85354-9", "average", "count")) == {
        "8480-6": {"average": "125", "count": "2"}, "8462-4": {"average": "75", "count": "2"},
    }  # fmt: skip
    assert told(stats(measured, "8480-6", "maximum")) == {"8480-6": {"maximum": "130"}}


def test_members_of_a_panel_count_under_their_own_codes(measured: httpx.Client) -> None:
    observe(measured, "gone", "8310-5", "2026-01-01", valueQuantity=quantity(50, "Cel"), status="entered-in-error")
    observe(measured, "vitals", "85353-1", "2026-01-01", hasMember=[
        {"reference": "Observation/w0"}, {"reference": "Observation/gone"}, {"reference": "Observation/none"},
    ])  # fmt: skip
    assert told(stats(measured, "85353-1", "sum")) == {"29463-7": {"sum": "71"}}


def test_a_code_that_was_never_measured_has_a_count_of_none_and_says_so_of_the_rest(measured: httpx.Client) -> None:
    answer = stats(measured, "9999-9", "count", "average")
    assert told(answer) == {"9999-9": {"count": "0", "average": None}}
    assert validate(answer.json()["parameter"][0]["resource"], "Observation") == []


def test_one_value_has_no_deviation(client: httpx.Client) -> None:
    observe(client, "w", "29463-7", "2026-01-01", valueQuantity=quantity(70))
    assert told(stats(client, "29463-7", "median", "std-dev")) == {"29463-7": {"median": "70", "std-dev": None}}


def test_different_units_are_refused(measured: httpx.Client) -> None:
    observe(measured, "pounds", "29463-7", "2026-05-01", valueQuantity=quantity(160, "[lb_av]"))
    ((code, _),) = refusal(stats(measured, "29463-7", "average"), 422)
    assert code == "processing"
    assert told(stats(measured, "29463-7", "average", duration="1"))["29463-7"] == {"average": None}


def test_the_observations_come_too_when_that_is_asked_the_most_recent_first(measured: httpx.Client) -> None:
    sources = named(answered(stats(measured, "29463-7", "count", include="true", limit="2")), "source")
    assert [source["resource"]["id"] for source in sources] == ["w3", "w2"]
    assert "72.5" in stats(measured, "29463-7", "count", include="true").text
    assert not named(answered(stats(measured, "29463-7", "count", limit="2")), "source")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("code=x&statistic=count", 400, "required"),
        ("subject=Patient/p&code=x", 400, "required"),
        ("subject=Patient/p&statistic=count", 400, "invalid"),
        ("subject=Patient/p&code=x&statistic=mode", 400, "not-supported"),
        ("subject=Patient/p&code=x&statistic=kurtosis", 400, "not-supported"),
        ("subject=https://else.example/Patient/p&code=x&statistic=count", 400, "invalid"),
        ("subject=p&code=x&statistic=count", 400, "invalid"),
        ("subject=Patient/p&code=x&statistic=count&duration=0", 400, "invalid"),
        ("subject=Patient/p&code=x&statistic=count&duration=999999999", 400, "invalid"),
        ("subject=Patient/p&code=x&statistic=count&duration=long", 400, "value"),
        ("subject=Patient/p&code=x&statistic=count&limit=0", 400, "value"),
        ("subject=Patient/p&code=x&statistic=count&period=2026", 400, "value"),
    ],
)
def test_what_can_not_be_understood_is_refused(client: httpx.Client, query: str, status: int, code: str) -> None:
    found = refusal(client.get(f"Observation/$stats?{query}"), status)
    assert code in [one for one, _ in found]


def test_numbers_that_nobody_measures_are_no_measurements(client: httpx.Client) -> None:
    body = (
        '{"resourceType":"Observation","id":"huge","status":"final","code":{"coding":[{"system":"http://loinc.org",'
        '"code":"29463-7"}]},"subject":{"reference":"Patient/p"},"valueQuantity":{"value":1e300,"unit":"kg"}}'
    )
    client.put("Observation/huge", content=body).raise_for_status()
    assert told(stats(client, "29463-7", "count", "total-count")) == {"29463-7": {"count": "0", "total-count": "1"}}


def test_it_is_had_as_xml_and_in_a_batch(measured: httpx.Client) -> None:
    address = "Observation/$stats?subject=Patient/p&code=29463-7&statistic=average"
    assert '<value value="73.5"/>' in measured.get(address, headers={"Accept": "application/fhir+xml"}).text
    entry = {"request": {"method": "GET", "url": address}}
    answer = measured.post("", json={"resourceType": "Bundle", "type": "batch", "entry": [entry]}).json()
    assert answer["entry"][0]["resource"]["parameter"][0]["name"] == "statistics"
