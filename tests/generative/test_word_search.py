"""`_text` and `_content` find in PostgreSQL what `fhir.matching` finds in memory, whatever is written and asked."""

import uuid

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cordee.fhir.body import accept
from cordee.fhir.matching import matches
from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import parse_search
from cordee.store.repository import Repository
from cordee.store.search_parameter_indexing import index_search_parameters

WORDS = ("opérée", "operee", "opérer", "cancer", "Cancers", "d'un", "sein", "8480-6", "é", "œdème", "a_b", "l'",
         "mot" * 40, "ﬁn", "№", "Straße", "²", "𝟙")  # fmt: skip
words = st.sampled_from(WORDS)
texts = st.lists(words, min_size=1, max_size=6).map(" ".join)
resources = st.fixed_dictionaries(
    {"resourceType": st.just("Basic"), "code": st.just({"text": "-"})},
    optional={
        "text": texts.map(
            lambda t: {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{t}</div>'}
        ),
        "extension": texts.map(lambda text: [{"url": "http://a.example", "valueString": text}]),
    },
)
queries = st.recursive(
    words | texts.map(lambda text: f'"{text}"'),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from((" ", " and ", " OR ")), inner).map("".join),
        inner.map(lambda query: f"not ({query})"),
    ),
    max_leaves=4,
)


async def keep(_position, _progress, _connection):
    pass


async def tenant_with_words(database):
    async with database.rows() as connection:
        number = await connection.fetchval(
            "INSERT INTO tenant (name) VALUES ($1) RETURNING tenant", f"w-{uuid.uuid4().hex}"
        )
    repository = Repository(database, number)
    for code in ("_text", "_content"):
        parameter = {"resourceType": "SearchParameter", "id": code.strip("_"), "name": "A", "status": "active"}
        parameter |= {"url": f"http://a.example/{code}", "description": "d", "base": ["Resource"]}
        parameter |= {"code": code, "type": "string"}
        await repository.update("SearchParameter", parameter["id"], accept(orjson.dumps(parameter)))
    await index_search_parameters(database, number, None, keep)
    return repository


@given(st.lists(resources, min_size=1, max_size=6), st.lists(queries, min_size=1, max_size=8))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_sql_finds_the_words_that_matching_finds(database, written, asked):
    repository = await tenant_with_words(database)
    held = {}
    for number, resource in enumerate([*written, *reversed(written)]):  # each is written once more, over another
        id_ = str(number % len(written))
        done = await repository.update("Basic", id_, accept(orjson.dumps({**resource, "id": id_})))
        held[id_] = orjson.loads(done.version.body)
    known = await repository.search_parameters()
    for code in ("_text", "_content"):
        for query in asked:
            try:
                search = parse_search("Basic", [(code, query)], known=known)
            except InvalidSearch:
                continue
            page = await repository.search(search, count=100)
            expected = {id_ for id_, resource in held.items() if matches(search, resource, lambda *_: None)}
            assert {match.id for match in page.matches} == expected, (code, query)
        missing = parse_search("Basic", [(f"{code}:missing", "true")], known=known)
        page = await repository.search(missing, count=100)
        assert {m.id for m in page.matches} == {i for i, r in held.items() if matches(missing, r, lambda *_: None)}
