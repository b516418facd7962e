"""The SQL of a search gives exactly the resources that `fhir.matching` finds in memory (design decision 6)."""

import os
import uuid

import orjson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.generative.search_populations import DATES, IDS, NUMBERS, RESOURCES, TYPES, queries
from tests.queries_from_values import queries_from

from cordee.fhir.body import accept
from cordee.fhir.matching import matches
from cordee.fhir.query import parse_search
from cordee.fhir.query_values import PREFIXES
from cordee.fhir.search_values import extract
from cordee.fhir.units import UCUM
from cordee.store import search as store_search
from cordee.store.repository import Repository
from cordee.store.search_chains import MANY_TERMS

# More examples find more: CORDEE_SEARCH_EXAMPLES=500 for a night's hunt.
EXAMPLES = int(os.environ.get("CORDEE_SEARCH_EXAMPLES", "12"))


SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
few_types = st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True)


@st.composite
def writes(draw, types):
    """What is written, in order, as (type, id, resource); None deletes. Later ones replace earlier ones."""
    keys = st.tuples(st.sampled_from(types), st.sampled_from(IDS))
    written = []
    for type_, id_ in draw(st.lists(keys, min_size=1, max_size=24)):
        known = any((type_, id_) == (t, i) for t, i, _ in written)
        gone = known and draw(st.integers(0, 3)) == 0
        written.append((type_, id_, None if gone else draw(RESOURCES[type_])))
    return written


async def stored_population(database, written):
    """A tenant of its own holding the result of `written`, and the stored resources by (type, id)."""
    async with database.rows() as connection:
        number = await connection.fetchval(
            "INSERT INTO tenant (name) VALUES ($1) RETURNING tenant", f"g-{uuid.uuid4().hex}"
        )
    repository = Repository(database, number)
    held = {}
    for type_, id_, resource in written:
        if resource is None:
            await repository.delete(type_, id_)
            held.pop((type_, id_), None)
        else:
            done = await repository.update(type_, id_, accept(orjson.dumps({**resource, "id": id_})))
            held[type_, id_] = orjson.loads(done.version.body)
    return repository, held


async def found_without_following(repository, search):
    """What is found when chains are tried row by row, as they are where they lead to many rows."""
    async with repository._connections.searches() as connection:
        page = await store_search.search(connection, repository.tenant, search, count=1000, most_followed=0)
    return {(version.resource_type, version.id) for version in page.matches}


async def assert_same_answer(repository, held, type_, pairs):
    search = parse_search(type_, pairs)
    page = await repository.search(search, count=1000)
    found = {(version.resource_type, version.id) for version in page.matches}
    if any(c.chain or c.reverse or c.combination or len(c.values) >= MANY_TERMS for c in search.criteria):
        assert await found_without_following(repository, search) == found, (type_, pairs)

    def of_type(kind):
        return [resource for (type_, _), resource in held.items() if type_ == kind]

    def resolve(kind, id_):
        return held.get((kind, id_))

    expected = {key for key, resource in held.items() if matches(search, resource, resolve, of_type=of_type)}
    assert found == expected, (type_, pairs)


@given(st.data())
@SETTINGS
async def test_sql_finds_what_matching_finds(database, data):
    types = data.draw(few_types)
    repository, held = await stored_population(database, data.draw(writes(types)))
    for type_, pairs in data.draw(st.lists(queries(types), min_size=1, max_size=30)):
        await assert_same_answer(repository, held, type_, pairs)


@given(st.data())
@SETTINGS
async def test_sql_finds_each_resource_by_each_of_its_own_values(database, data):
    repository, held = await stored_population(database, data.draw(writes(data.draw(few_types))))
    for resource in list(held.values())[:4]:
        own = [query for code, values in extract(resource).items() for value in values[:2]
               for query in queries_from(code, value)]  # fmt: skip
        for query in own[:60]:
            await assert_same_answer(repository, held, resource["resourceType"], [query])


async def test_sql_compares_every_date_and_number_with_every_other_as_matching_does(database):
    observation = {"resourceType": "Observation", "status": "final", "code": {"coding": [{"code": "c"}]}}
    plan = {"resourceType": "CarePlan", "status": "draft", "intent": "plan", "subject": {"reference": "Patient/1"}}
    periods = [{"start": one, "end": other} for one, other in zip(DATES, reversed(DATES), strict=True)]
    resources = [
        *({**observation, "effectiveDateTime": date} for date in DATES),
        *({**observation, "effectivePeriod": {end: date}} for date in DATES[:4] for end in ("start", "end")),
        *({**plan, "period": period} for period in periods),
        *(
            {**observation, "valueQuantity": {"value": float(number), **comparator}}
            for number in NUMBERS
            for comparator in ({}, {"comparator": "<"}, {"comparator": ">="})
        ),
        *(
            {**observation, "valueQuantity": {"value": float(number), "system": UCUM, "code": code}}
            for number in NUMBERS
            for code in ("Cel", "[degF]", "K")
        ),
    ]
    written = [(resource["resourceType"], str(i), resource) for i, resource in enumerate(resources)]
    repository, held = await stored_population(database, written)
    for prefix in ("", *PREFIXES):
        for date in DATES:
            await assert_same_answer(repository, held, "Observation", [("date", prefix + date)])
            await assert_same_answer(repository, held, "Observation", [("date", prefix + date), ("code", "c")])
            await assert_same_answer(repository, held, "CarePlan", [("date", prefix + date), ("date", f"le{DATES[3]}")])
        for number in NUMBERS:
            in_fahrenheit = f"{prefix}{number}|{UCUM}|[degF]"
            for code, text in (
                ("value-quantity", prefix + number),
                ("code-value-quantity", f"c${prefix}{number}"),
                ("value-quantity", in_fahrenheit),
                ("code-value-quantity", f"c${in_fahrenheit}"),
                ("value-quantity", f"{in_fahrenheit},{prefix}{number}"),
            ):
                await assert_same_answer(repository, held, "Observation", [(code, text)])
