"""`$stats`: what the database works out is what Python's own exact decimals and fractions give."""

import statistics
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from tests.generative.test_search_sql import SETTINGS, stored_population

from cordee.fhir.body import accept
from cordee.fhir.query import parse_search
from cordee.store.observation_statistics import QUANTILES

values = st.decimals("-1000", "1000", allow_nan=False, allow_infinity=False, places=3)
SEARCH = parse_search("Observation", [("combo-code", "c")])


def observation(number, text):
    return (
        b'{"resourceType":"Observation","id":"%d","status":"final","code":{"coding":[{"code":"c"}]},'
        b'"valueQuantity":{"value":%b,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}'
    ) % (number, text.encode())


def quantile(ordered, part):
    place = Fraction(part) * (len(ordered) - 1)
    below, rest = divmod(place, 1)
    above = ordered[min(below + 1, len(ordered) - 1)]
    return ordered[below] + rest * (above - ordered[below])


def assert_near(found, exact, digits):
    assert abs(Fraction(found) - exact) <= Fraction(1, 2 * 10**digits)


@given(st.lists(values, min_size=1, max_size=20))
@SETTINGS
async def test_statistics_are_exact(database, measured):
    repository, _ = await stored_population(database, [])
    texts = [f"{value:f}" for value in measured]
    for number, text in enumerate(texts):
        await repository.update("Observation", str(number), accept(observation(number, text)))
    (told,) = (await repository.observation_statistics([(None, "c", SEARCH)], sources=0)).statistics
    exact = sorted(Fraction(value) for value in measured)
    digits = 6
    assert (told.count, told.total, told.unit_code) == (len(measured), len(measured), "kg")
    assert (told.minimum, told.maximum, told.sum) == (min(measured), max(measured), sum(measured))
    assert_near(told.average, statistics.mean(exact), digits)
    for part, found in zip(QUANTILES, told.quantiles, strict=True):
        assert_near(found, quantile(exact, part), digits)
    if len(measured) == 1:
        assert told.variance is told.deviation is None
    else:
        variance = statistics.variance(exact)
        assert_near(told.variance, variance, digits)
        assert abs(float(told.deviation) - float(variance) ** 0.5) < 1e-6
    assert all(isinstance(found, Decimal) for found in told.quantiles)
