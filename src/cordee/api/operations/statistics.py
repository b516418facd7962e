"""`Observation/$stats`: statistics of what was measured (R4 operation-observation-stats.html)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from cordee.api.operations.arguments import Arguments, Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.fhir.body import instant
from cordee.fhir.literal_references import read_reference
from cordee.fhir.outcome import FhirError, Issue
from cordee.fhir.patch.resource_text import text_of
from cordee.fhir.query import Search, parse_search
from cordee.fhir.query_values import escape
from cordee.fhir.temporal import date_range
from cordee.store.observation_statistics import Measured, Statistics
from cordee.store.reader import Reader

STATISTICS_SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-statistics"
MOST_SOURCES = 1_000
MOST_CODES = 50
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_TWO = Decimal(2)


def _quantile(place: int) -> Callable[[Statistics], Decimal | None]:
    return lambda one: one.quantiles[place] if one.quantiles else None


def _quartile_deviation(one: Statistics) -> Decimal | None:
    if not one.quantiles:
        return None
    half = ((one.quantiles[5] - one.quantiles[1]) / _TWO).normalize()
    return half.quantize(Decimal(1)) if half == half.to_integral_value() else half


_OF: Mapping[str, tuple[str, Callable[[Statistics], Decimal | int | None]]] = MappingProxyType(
    {
        "average": ("Average", lambda one: one.average),
        "maximum": ("Maximum", lambda one: one.maximum),
        "minimum": ("Minimum", lambda one: one.minimum),
        "count": ("Count", lambda one: one.count),
        "total-count": ("Total Count", lambda one: one.total),
        "median": ("Median", _quantile(3)),
        "std-dev": ("Standard Deviation", lambda one: one.deviation),
        "sum": ("Sum", lambda one: one.sum),
        "variance": ("Variance", lambda one: one.variance),
        "20-percent": ("20th Percentile", _quantile(0)),
        "80-percent": ("80th Percentile", _quantile(6)),
        "4-lower": ("Lower Quartile", _quantile(1)),
        "4-upper": ("Upper Quartile", _quantile(5)),
        "4-dev": ("Quartile Deviation", _quartile_deviation),
        "5-1": ("1st Quintile", _quantile(0)),
        "5-2": ("2nd Quintile", _quantile(2)),
        "5-3": ("3rd Quintile", _quantile(4)),
        "5-4": ("4th Quintile", _quantile(6)),
    }
)
"""By R4's code, its display, and how it is read from `Statistics`; quantiles are in the order of `QUANTILES`."""
_WITHOUT_UNIT = frozenset({"count", "total-count", "variance"})


async def _stats(reader: Reader, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    wanted = _wanted(arguments)
    subject = _subject(asked)
    period = _period(arguments)
    searches = [(system, code, _search(asked, subject, system, code, period)) for system, code in _codes(arguments)]
    most = min(arguments.number("limit") or MOST_SOURCES, MOST_SOURCES) if arguments.flag("include") else 0
    measured = await reader.observation_statistics(searches, sources=most)
    return FhirResponse(200, _answer(measured, wanted, subject, period))


def _subject(asked: Asked) -> str:
    subject = asked.arguments.required_text("subject").removeprefix(f"{asked.base_url}/")
    literal = read_reference(subject)
    if literal is None or literal.id is None or literal.version is not None:
        sentence = f"{subject} is no subject of this server; write it as Patient/1."
        raise FhirError(sentence, path=asked.arguments.place("subject"))
    return subject


def _wanted(arguments: Arguments) -> list[str]:
    asked = list(dict.fromkeys(arguments.texts("statistic")))
    if unknown := [code for code in asked if code not in _OF]:
        sentence = f"statistic: {', '.join(unknown)} is not worked out here; {', '.join(_OF)} are."
        place = arguments.place("statistic")
        raise FhirError(sentence, issues=[Issue("error", "not-supported", sentence, place)])
    return asked


def _codes(arguments: Arguments) -> list[tuple[str | None, str]]:
    system = arguments.text("system")
    codes = [(system, code) for code in arguments.texts("code")]
    for coding in arguments.structures("coding"):
        if "code" not in coding:
            raise FhirError("The coding has no code.", path=arguments.place("coding"))
        codes.append((coding.get("system"), coding["code"]))
    if not codes:
        raise FhirError("What was measured is needed: code, with its system, or coding.", path="code")
    if len(codes) > MOST_CODES:
        raise FhirError(f"At most {MOST_CODES} codes are taken at once.", path=arguments.place("code"))
    return list(dict.fromkeys(codes))


def _period(arguments: Arguments) -> dict[str, str]:
    """The Period asked for, empty without one."""
    hours, periods = arguments.decimal("duration"), arguments.structures("period")
    if hours is not None and periods:
        raise FhirError("Give a duration or a period, not both.", path=arguments.place("period"))
    if hours is not None:
        now = datetime.now(UTC)
        try:
            start = now - timedelta(hours=float(hours))
        except OverflowError:
            start = None
        if hours <= 0 or start is None:
            raise FhirError("The duration is a number of hours, more than 0.", path=arguments.place("duration"))
        return {"start": instant(start), "end": instant(now)}
    said = {name: str(periods[0][name]) for name in ("start", "end") if periods and name in periods[0]}
    if len(said) == 2 and date_range(said["start"]).low >= date_range(said["end"]).high:
        raise FhirError("The period ends before it starts.", path=arguments.place("period"))
    return said


def _search(asked: Asked, subject: str, system: str | None, code: str, period: Mapping[str, str]) -> Search:
    token = escape(code) if system is None else f"{escape(system)}|{escape(code)}"
    criteria = [("subject", escape(subject)), ("combo-code", token), ("status:not", "entered-in-error")]
    if "start" in period:
        criteria.append(("date", f"ge{period['start']}"))
    if "end" in period:
        criteria.append(("date", f"le{period['end']}"))
    return parse_search("Observation", criteria, base_url=asked.base_url)


def _answer(measured: Measured, wanted: list[str], subject: str, period: Mapping[str, str]) -> bytes:
    told = [text_of(_observation(one, wanted, subject, period)) for one in measured.statistics]
    parts = [b'{"name":"statistics","resource":%b}' % text for text in told]
    parts += [b'{"name":"source","resource":%b}' % source.body.encode() for source in measured.sources]
    return b'{"resourceType":"Parameters","parameter":[%b]}' % b",".join(parts)


def _observation(one: Statistics, wanted: list[str], subject: str, period: Mapping[str, str]) -> dict[str, Any]:
    coding = {"system": one.system, "code": one.code} if one.system else {"code": one.code}
    observation: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [coding]},
        "subject": {"reference": subject},
    }
    if period:
        observation["effectivePeriod"] = dict(period)
    return observation | {"component": list(_components(one, wanted))}


def _components(one: Statistics, wanted: list[str]) -> Iterator[dict[str, Any]]:
    for code in wanted:
        display, read = _OF[code]
        component: dict[str, Any] = {
            "code": {"coding": [{"system": STATISTICS_SYSTEM, "code": code, "display": display}]}
        }
        value = read(one)
        if value is None:
            component["dataAbsentReason"] = {"coding": [{"system": _ABSENT, "code": "not-applicable"}]}
        else:
            component["valueQuantity"] = {"value": value} | ({} if code in _WITHOUT_UNIT else _unit(one))
        yield component


def _unit(one: Statistics) -> dict[str, str]:
    coded = {"system": one.unit_system, "code": one.unit_code} if one.unit_system and one.unit_code else {}
    return {name: text for name, text in ({"unit": one.unit} | coded).items() if text}


STATS = Operation(
    code="stats",
    resource="Observation",
    levels=("type",),
    title="Statistics of what was measured",
    description=(
        "Statistics of the quantities measured of a subject, in exact decimals: an Observation for each code, with a "
        "component for each statistic. A code is looked for in Observation.code and in component.code; what a panel of "
        "that code holds counts under its own codes. What was entered in error is left out, and values in different "
        "units are refused."
    ),
    inputs=(
        Input("subject", "uri", "Whom or what the Observations are about: Patient/1.", min=1),
        Input("code", "string", "What was measured; its system is in system.", max=None),
        Input("system", "uri", "The system of the codes."),
        Input("coding", "Coding", "What was measured, as system and code.", max=None),
        Input("duration", "decimal", "The last so many hours."),
        Input("period", "Period", "The time of the measurements, when no duration is given."),
        Input("statistic", "code", f"What to work out: {', '.join(_OF)}.", min=1, max=None),
        Input("include", "boolean", "Whether to answer the Observations too, the most recent first."),
        Input("limit", "positiveInt", f"How many of them at most; never more than {MOST_SOURCES}."),
    ),
    outputs=(
        Output("statistics", "Observation", "The statistics of one code.", min=1, max=None),
        Output("source", "Observation", "What they are of.", max=None),
    ),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "subject", "valueUri": "Patient/patient-01"},
            {"name": "code", "valueString": "29463-7"},
            {"name": "system", "valueUri": "http://loinc.org"},
            {"name": "statistic", "valueCode": "average"},
        ],
    },
    read=_stats,
)
