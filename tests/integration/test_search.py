"""Rules of a search's answer: pages, order, totals, includes, and that the index follows every write."""

import base64

import asyncpg
import orjson
import pytest

from cordee.fhir.body import accept
from cordee.fhir.outcome import InvalidSearch, Unavailable
from cordee.fhir.query import parse_search
from cordee.store import search as store_search
from cordee.store import search_chains, search_pages
from cordee.store.connection import Database
from cordee.store.repository import Repository

LONG_WORD = "".join(chr(ord("a") + i % 26) + chr(ord("a") + i // 26 % 26) for i in range(500_000))


def body(resource_type, **members):
    return accept(orjson.dumps({"resourceType": resource_type, **members}))


def patient(family, **members):
    return body("Patient", name=[{"family": family}], **members)


def encounter(subject, start=None, **members):
    period = {"period": {"start": start, "end": start}} if start else {}
    return body("Encounter", status="finished", **{"class": {"code": "AMB"}},
                subject={"reference": subject}, **period, **members)  # fmt: skip


@pytest.fixture
def store(repository):
    async def store(*resources):
        return [
            (await repository.update(r.resource_type, r.id, r) if r.id else await repository.create(r)).version.id
            for r in resources
        ]

    return store


@pytest.fixture
def search(repository):
    async def search(query, *, count=1000, position=None, of=repository):
        resource_type, _, parameters = query.partition("?")
        pairs = [tuple(pair.split("=", 1)) for pair in parameters.split("&") if pair]
        return await of.search(parse_search(resource_type, pairs), count=count, position=position)

    return search


@pytest.fixture
def ids(search):
    async def ids(query):
        return [version.id for version in (await search(query)).matches]

    return ids


@pytest.fixture
def pages(search):
    async def pages(query, count, between=None):
        """The ids of every page, following the links; `between` is done after the first page."""
        page = await search(query, count=count)
        found = [[version.id for version in page.matches]]
        if between:
            await between()
        while page.following is not None:
            page = await search(query, count=count, position=page.following)
            found.append([version.id for version in page.matches])
        return found

    return pages


@pytest.fixture
async def dated(store):
    """Patients a to g: with births on some days, one name for several, and g without either."""
    births = {"a": "1950", "b": "1949-12-31", "c": "1950-06-01", "d": "1960-01-01", "e": "1960-01-01", "f": "1940-02"}
    named = {"a": "Zoé", "b": "Abel", "c": "Abel", "d": "Mona", "e": "zoe", "f": "Émile"}
    await store(*(patient(named[i], id=i, birthDate=births[i]) for i in births), body("Patient", id="g"))


SORTS = {
    "": list("abcdefg"),
    "_sort=_id": list("abcdefg"),
    "_sort=-_id": list("gfedcba"),
    "_sort=_lastUpdated,_id": list("abcdefg"),
    "_sort=birthdate": ["f", "b", "a", "c", "d", "e", "g"],
    "_sort=-birthdate": ["e", "d", "a", "c", "b", "f", "g"],
    "_sort=name,-birthdate": ["c", "b", "f", "d", "e", "a", "g"],
    "_sort=-name,birthdate,_id": ["a", "e", "d", "f", "b", "c", "g"],
    "_sort=family,-_id": ["c", "b", "f", "d", "e", "a", "g"],
}


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("count", [1, 2, 3, 7])
async def test_pages_in_any_order_hold_everything_once_with_missing_values_last(dated, pages, sort, count):
    found = await pages(f"Patient?{sort}", count)
    assert [i for page in found for i in page] == SORTS[sort]
    assert all(len(page) == count for page in found[:-1])


async def test_row_identities_ascend_over_the_blocks_they_are_handed_out_in(database):
    async with database.rows() as connection:
        given = [rid for _ in range(600) for rid in await database.next_rids(connection, 7)]
    assert given == sorted(given)


@pytest.mark.parametrize("sort", SORTS)
async def test_what_is_created_between_pages_does_not_come_in_and_what_is_deleted_goes(
    dated, pages, repository, store, sort
):
    expected = SORTS[sort]

    async def meanwhile():
        await store(*(patient(name, birthDate=day) for name in ("Aa", "Zz") for day in ("1900", "1955", "2000")))
        await repository.delete("Patient", expected[4])

    found = await pages(f"Patient?{sort}", 2, meanwhile)
    assert [i for page in found for i in page] == expected[:4] + expected[5:]


async def test_an_update_between_pages_that_leaves_the_key_alone_moves_nothing(dated, pages, store):
    async def meanwhile():
        await store(patient("Abel", id="b", birthDate="1949-12-31", active=True))
        await store(patient("Mona", id="d", birthDate="1960-01-01", active=True))

    assert [i for page in await pages("Patient?_sort=birthdate", 2, meanwhile) for i in page] == list("fbacdeg")


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("count", [1, 3])
async def test_the_walk_of_an_index_gives_the_same_pages_as_sorting_all(dated, repository, database, sort, count):
    pairs = [tuple(pair.split("=", 1)) for pair in sort.split("&") if pair]
    found, position = [], None
    while position is not None or not found:
        async with database.searches() as connection:
            page = await store_search.search(connection, repository.tenant, parse_search("Patient", pairs), count=count,
                                             position=position, most_sorted=0)  # fmt: skip
        found += [version.id for version in page.matches]
        position = page.following
        if position is None:
            break
    assert found == SORTS[sort]


def stays(*periods):
    ends = [{"start": start, "end": end} if end else {"start": start} for start, end in periods]
    return {"location": [{"location": {"reference": "Location/l"}, "period": one} for one in ends]}


@pytest.fixture
async def stayed(store):
    """Encounters with dates of their own, and of stays: several, equal ones, short and long ones, open ones, none."""
    await store(
        encounter(
            "Patient/p", "2024-03-01", id="a", **stays(("2024-01-01", "2024-01-01"), ("2024-01-01", "2024-02-01"))
        ),
        encounter("Patient/p", "2024-01-15", id="b", **stays(("2024-01-01", "2024-01-01"))),
        encounter("Patient/p", "2024-02-01", id="c", **stays(("2024-02-01", None), ("2023-12-01", "2023-12-02"))),
        encounter(
            "Patient/p", "2024-03-01", id="d", **stays(("2024-02-01", "2024-02-01"), ("2024-02-01", "2024-02-01"))
        ),
        encounter("Patient/p", id="e", **stays(("2024-01-01", "2024-02-01"), ("2024-03-05", "2024-03-05"))),
        encounter("Patient/p", "2024-04-01", id="f"),
        encounter("Patient/p", "2024-01-31", id="g", **stays(("2024-01-01", "2024-01-01"))),
    )


WALKED = [
    *(f"_sort={way}{code}" for way in ("", "-") for code in ("date", "location-period")),
    "_sort=location-period,-_id", "_sort=-location-period,date", "_sort=date,-location-period", "_sort=-date,_id",
    "date=ge2024-01-20&_sort=date", "date=lt2024-03-01&_sort=-date", "date=ge2024-01-20&date=le2024-03-01&_sort=-date",
    "location-period=ge2024-02-01&_sort=location-period", "location-period=lt2024-02-01&_sort=-location-period",
    "status=finished&date=2024-03&_sort=date", "status=finished&date=ge2024-02&date=lt2024-04&_sort=-date,_id",
]  # fmt: skip


@pytest.mark.parametrize("query", WALKED)
@pytest.mark.parametrize("most_walked", [50_000, 2, 0])
async def test_a_walk_comes_to_each_match_once_however_many_values_it_has_and_however_far_it_may_go(
    stayed, ids, repository, database, monkeypatch, query, most_walked
):
    monkeypatch.setattr(search_pages, "MOST_WALKED", most_walked)
    pairs = [tuple(pair.split("=", 1)) for pair in query.split("&")]
    for count in (1, 2, 7):
        found, position = [], None
        while position is not None or not found:
            async with database.searches() as connection:
                page = await store_search.search(connection, repository.tenant, parse_search("Encounter", pairs),
                                                 count=count, position=position, most_sorted=0)  # fmt: skip
            found += [version.id for version in page.matches]
            position = page.following
            if position is None:
                break
        assert found == await ids(f"Encounter?{query}")


@pytest.mark.parametrize("way", ["", "-"])
@pytest.mark.parametrize(
    "code", ["code=w", "code=urn:s|w", "code=w&date=2024-03", "code=w,h", "code:not=h", "status=final"]
)
async def test_values_of_one_code_are_walked_in_their_order(store, ids, repository, database, way, code):
    values = ((80, "w"), (70.5, "w"), (180, "h"), (None, "w"), (90, "w+h"), (80, "w"), (1, ""), (80, "h"))
    await store(*(
        body("Observation", id=f"o{n}", status="final", effectiveDateTime=f"2024-0{2 + n % 2}-01",
             code={"coding": [{"system": "urn:s", "code": c} for c in codes.split("+")]} if codes else {"text": "t"},
             **({"valueQuantity": {"value": value, "unit": "u"}} if value else {}))
        for n, (value, codes) in enumerate(values)
    ))  # fmt: skip
    pairs = [tuple(pair.split("=", 1)) for pair in f"{code}&_sort={way}value-quantity".split("&")]
    found, position = [], None
    while position is not None or not found:
        async with database.searches() as connection:
            page = await store_search.search(connection, repository.tenant, parse_search("Observation", pairs),
                                             count=2, position=position, most_sorted=0)  # fmt: skip
        found += [version.id for version in page.matches]
        position = page.following
        if position is None:
            break
    assert found == await ids(f"Observation?{code}&_sort={way}value-quantity")
    assert len(found) > 1


async def test_tokens_references_and_uris_sort_by_what_is_written(store, ids, pages):
    def observation(id_, code, subject=None, source=None):
        coded = {"coding": [{"system": "urn:s", "code": c} for c in code.split("+")]} if code else {"text": "none"}
        return body("Observation", id=id_, status="final", code=coded,
                    **({"subject": {"reference": subject}} if subject else {}),
                    **({"meta": {"source": source}} if source else {}))  # fmt: skip

    await store(
        observation("a", "m+c", "Patient/2", "urn:b"), observation("b", "d", "Group/1", "urn:a"),
        observation("c", ""), observation("d", "b+z", "Patient/1"), observation("e", "d", "Patient/1"),
        body("Patient", id="alive"), body("Patient", id="dead", deceasedDateTime="2024"),
        body("Patient", id="said", deceasedBoolean=False),
    )  # fmt: skip
    orders = {
        "Observation?_sort=code": ["d", "a", "b", "e", "c"],
        "Observation?_sort=-code,-_id": ["d", "a", "e", "b", "c"],
        "Observation?_sort=subject,-code": ["b", "d", "e", "a", "c"],
        "Observation?_sort=patient": ["d", "e", "a", "b", "c"],
        "Observation?_sort=_source": ["b", "a", "c", "d", "e"],
        "Patient?_sort=-deceased,_id": ["dead", "alive", "said"],
        "Patient?_sort=deceased,-_id": ["said", "alive", "dead"],
    }
    for query, expected in orders.items():
        assert await ids(query) == expected, query
        assert [i for page in await pages(query, 1) for i in page] == expected, query


async def test_a_number_nearer_to_nothing_than_the_database_keeps_is_no_hindrance_to_sorting(store, ids):
    tiny = b'{"resourceType":"Observation","id":"t","status":"final","code":{"text":"t"},"valueQuantity":{"value":%b}}'
    for number in (b"1e-999999", b"-1.5E-20000", b"0"):
        await store(accept(tiny % number))
        assert await ids("Observation?_sort=status") == ["t"]


async def test_more_bodies_than_may_be_read_are_not_sorted_by(store, ids, monkeypatch):
    monkeypatch.setattr(search_pages, "MOST_READ", 2)
    await store(*(body("Patient", id=i, gender="male") for i in "ab"))
    assert await ids("Patient?_sort=gender") == ["a", "b"]
    await store(body("Patient", id="c", gender="female"))
    with pytest.raises(InvalidSearch, match="narrow the search"):
        await ids("Patient?_sort=gender")
    assert await ids("Patient?_sort=_id,gender") == ["a", "b", "c"]
    assert await ids("Patient?_sort=gender&gender=female") == ["c"]


async def test_a_quantity_sorts_by_its_number(store, ids):
    await store(*(
        body("Observation", id=i, status="final", code={"text": "t"}, valueQuantity={"value": value})
        for i, value in (("a", 10), ("b", 9.5), ("c", -1), ("d", 100))
    ))  # fmt: skip
    assert await ids("Observation?_sort=value-quantity") == ["c", "b", "a", "d"]
    assert await ids("Observation?_sort=-value-quantity") == ["d", "a", "b", "c"]


async def test_last_updated_sorts_the_newest_write_first(store, search):
    await store(patient("A", id="a"), patient("B", id="b"), patient("C", id="c"), patient("A2", id="a"))
    newest = (await search("Patient?_sort=-_lastUpdated")).matches
    moments = {version.id: version.last_updated for version in newest}
    assert list(moments.values()) == sorted(moments.values(), reverse=True)  # two writes may share a millisecond
    assert moments["a"] >= moments["c"] >= moments["b"]


def forged(*values):
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


@pytest.mark.parametrize(
    "position",
    ["", "x", "é", "!!!!", "e30", "bnVsbA", forged(), forged(1), forged("1", 2, "x"), forged(1, 2), forged(1, 2, 3, 4),
     forged(2**64 - 1, 2, 3), forged(1, 2**64 - 1, 3), forged(1, 2, 2**64 - 1), forged(1, 2, "x"), forged(1, 2, 1.5),
     forged(1, 2, True), forged(True, 2, 3), forged(1, 2, None, None), forged(1, [2], 3)],
)  # fmt: skip
async def test_a_link_that_was_tampered_with_is_refused(dated, search, position):
    with pytest.raises(InvalidSearch, match="begin the search again"):
        await search("Patient?_sort=birthdate", position=position)


@pytest.mark.parametrize(
    ("sort", "value"),
    [("name", 1), ("name", "a\0b"), ("_lastUpdated", "2024-01-01"), ("_lastUpdated", None), ("_id", None), ("_id", 5)],
)
async def test_a_link_whose_value_is_not_of_the_key_is_refused(dated, search, sort, value):
    with pytest.raises(InvalidSearch, match="begin the search again"):
        await search(f"Patient?_sort={sort}", position=forged(1, 2, value))


async def test_a_total_is_counted_only_when_asked_for(dated, search):
    assert (await search("Patient?name=abel")).total is None
    assert (await search("Patient?name=abel&_total=accurate", count=1)).total == 2
    assert (await search("Patient?birthdate:missing=true&_total=estimate")).total == 1


async def test_an_estimated_total_is_exact_while_it_is_small_and_never_below_what_was_counted(
    dated, search, monkeypatch
):
    assert (await search("Patient?name=abel&_total=estimate")).total == 2
    monkeypatch.setattr(store_search, "MOST_COUNTED", 3)
    assert (await search("Patient?name=abel&_total=estimate")).total == 2
    assert (await search("Patient?_total=estimate")).total >= 4
    assert (await search("Patient?_total=accurate")).total == 7


async def test_a_count_of_zero_gives_the_total_alone(dated, search):
    page = await search("Patient?name=abel", count=0)
    assert (page.matches, page.included, page.total, page.following) == ((), (), 2, None)
    assert (await search("Patient?_summary=count")).total == 7


async def test_includes_bring_targets_once_and_never_what_is_a_match_or_deleted(store, search, repository):
    await store(
        patient("A", id="a"), patient("B", id="b"), body("Group", id="g", type="person", actual=True),
        encounter("Patient/a", id="1"), encounter("Patient/a", id="2"), encounter("Patient/b", id="3"),
        encounter("Group/g", id="4"), encounter("Patient/a", id="5", partOf={"reference": "Encounter/1"}),
        encounter("Patient/missing", id="6"),
    )  # fmt: skip
    await repository.delete("Patient", "b")

    async def included(query):
        return sorted(f"{v.resource_type}/{v.id}" for v in (await search(query)).included)

    assert await included("Encounter?_include=Encounter:subject") == ["Group/g", "Patient/a"]
    assert await included("Encounter?_include=Encounter:subject:Group") == ["Group/g"]
    assert await included("Encounter?_include=Encounter:subject&_include=Encounter:patient") == ["Group/g", "Patient/a"]
    assert await included("Encounter?_include=Encounter:part-of") == []
    assert await included("Encounter?_id=5&_include=Encounter:part-of") == ["Encounter/1"]
    assert await included("Patient?_revinclude=Encounter:patient") == [f"Encounter/{i}" for i in (1, 2, 5)]
    await repository.delete("Encounter", "2")
    assert await included("Patient?_id=a&_revinclude=Encounter:subject") == ["Encounter/1", "Encounter/5"]
    assert await included("Encounter?_id=1&_revinclude=Encounter:part-of&_include=Encounter:patient") == [
        "Encounter/5", "Patient/a"]  # fmt: skip


async def test_includes_by_star_bring_every_reference_and_iterated_ones_go_on_to_the_end(store, search):
    await store(
        body("Organization", id="o", name="O", partOf={"reference": "Organization/oo"}),
        body("Organization", id="oo", name="OO", partOf={"reference": "Organization/o"}),
        patient("A", id="a", managingOrganization={"reference": "Organization/o"}),
        body("Observation", id="m", status="final", code={"text": "m"}, encounter={"reference": "Encounter/2"},
             subject={"reference": "Patient/a"}),
        encounter("Patient/a", id="1"), encounter("Patient/a", id="2", partOf={"reference": "Encounter/1"}),
        encounter("Patient/a", id="3", partOf={"reference": "Encounter/2"}),
    )  # fmt: skip

    async def included(query):
        return sorted(f"{v.resource_type}/{v.id}" for v in (await search(query)).included)

    assert await included("Encounter?_id=3&_include=*") == ["Encounter/2", "Patient/a"]
    assert await included("Encounter?_id=3&_include=Encounter:*:Patient") == ["Patient/a"]
    assert await included("Encounter?_id=3&_include:iterate=Encounter:part-of") == ["Encounter/1", "Encounter/2"]
    assert await included(
        "Encounter?_id=3&_include=Encounter:patient&_include:iterate=Patient:organization"
    ) == ["Organization/o", "Patient/a"]  # fmt: skip
    whole = ["Encounter/1", "Encounter/2", "Organization/o", "Organization/oo", "Patient/a"]
    assert await included("Encounter?_id=3&_include:iterate=*") == whole
    assert await included("Encounter?_id=1&_revinclude=*") == ["Encounter/2"]
    assert await included("Encounter?_id=1&_revinclude:iterate=Encounter:*") == ["Encounter/2", "Encounter/3"]
    assert await included("Encounter?_id=1&_revinclude:iterate=*") == ["Encounter/2", "Encounter/3", "Observation/m"]
    assert await included("Patient?_revinclude=*") == [
        "Encounter/1", "Encounter/2", "Encounter/3", "Observation/m"]  # fmt: skip


@pytest.mark.parametrize("sort", ["", "_sort=-_id"])
async def test_a_page_ends_where_its_bodies_would_be_too_long_together(store, repository, database, sort):
    await store(*(patient("A" * 5_000, id=i) for i in "abc"), patient("B", id="d"), patient("C", id="e"))
    pairs = [tuple(pair.split("=", 1)) for pair in sort.split("&") if pair]
    pages, position = [], None
    while position is not None or not pages:
        async with database.searches() as connection:
            page = await store_search.search(connection, repository.tenant, parse_search("Patient", pairs), count=4,
                                             position=position, most_bytes=11_000)  # fmt: skip
        pages.append("".join(version.id for version in page.matches))
        position = page.following
        if position is None:
            break
    assert pages == (["edcb", "a"] if sort else ["ab", "cde"])
    async with database.searches() as connection:
        one = await store_search.search(connection, repository.tenant, parse_search("Patient", []), count=4,
                                        most_bytes=1)  # fmt: skip
    assert [version.id for version in one.matches] == ["a"]


async def test_a_chain_that_comes_from_few_and_leads_to_many_is_looked_for_by_their_references(
    store, database, repository
):
    await store(
        *(body("Organization", id=i, name=name) for i, name in (("o", "Ici"), ("oo", "Ici aussi"), ("x", "Ailleurs"))),
        *(encounter("Patient/p", id=f"e{n}", serviceProvider={"reference": f"Organization/{o}"})
          for n, o in enumerate(("o", "oo", "x", "o", "o"))),
    )  # fmt: skip
    for query, expected in (("ici", ["e0", "e1", "e3", "e4"]), ("ici aussi", ["e1"]), ("nulle part", [])):
        wanted = parse_search("Encounter", [("service-provider:Organization.name", query)])
        async with database.searches() as connection:
            page = await store_search.search(connection, repository.tenant, wanted, count=9, most_followed=2)
        assert [version.id for version in page.matches] == expected


@pytest.mark.parametrize(
    "query", ["name=a", "name=a,b", "name:contains=aa", "family=a&_sort=-family", "name=aa&gender=male"]
)
async def test_a_text_that_many_have_finds_what_one_that_few_have_finds(store, ids, pages, monkeypatch, query):
    names = ("Aaron", "Baal", "Aad", "Zaad", "Baab", "Aa", "Caa")
    await store(*(patient(name, id=f"p{n}", gender="male" if n % 2 else "female") for n, name in enumerate(names)))
    expected = await ids(f"Patient?{query}")
    assert expected
    monkeypatch.setattr(search_chains, "MOST_TEXTS", 0)
    assert await ids(f"Patient?{query}") == expected
    assert [i for page in await pages(f"Patient?{query}", 2) for i in page] == expected


async def test_many_values_of_one_criterion_find_what_each_finds_once(store, ids):
    await store(*(encounter(f"Patient/{i}", id=f"e{i}", type=[{"coding": [{"code": "a"}, {"code": f"c{i}"}]}])
                  for i in range(12)))  # fmt: skip
    several = ",".join(f"c{i}" for i in range(2, 11))
    assert await ids(f"Encounter?type=a,{several}&_sort=_id") == sorted(f"e{i}" for i in range(12))
    assert await ids(f"Encounter?type={several}&_sort=-_id&patient=3,4,11") == ["e4", "e3"]
    assert await ids(f"Encounter?patient={','.join(f'Patient/{i}' for i in range(5, 20))}") == [
        f"e{i}" for i in range(5, 12)]  # fmt: skip
    assert len(await ids(f"Encounter?type:not={several}")) == 3


async def test_tenants_never_see_each_other(database, dsn, repository, store, search):
    async with database.rows() as connection:
        other = Repository(database, await connection.fetchval(
            "INSERT INTO tenant (name) VALUES ($1) RETURNING tenant", f"other-of-{repository.tenant}"))  # fmt: skip
    await store(patient("A", id="a", birthDate="1950"), encounter("Patient/a", "2024-01-01", id="1"))
    await other.update("Patient", "b", patient("A", id="b"))
    await other.update("Encounter", "2", encounter("Patient/a", "2024-01-01", id="2"))
    for query in (
        *("Patient?name=a", "Patient?", "Encounter?patient.name=a", "Encounter?patient=a", "Encounter?date=2024"),
        *("Patient?_sort=birthdate", "Patient?_id=a,b", "Encounter?_include=Encounter:patient"),
    ):
        for tenant, own in ((repository, {"a", "1"}), (other, {"b", "2"})):
            page = await search(query + "&_total=accurate", of=tenant)
            assert {v.id for v in (*page.matches, *page.included)} <= own
            assert page.total == len(page.matches)
    assert not (await search("Encounter?patient.name=a", of=other)).matches


ALL_KINDS = {
    "Observation?status=final": {"status": "final"},
    "Observation?code=A$1".replace("$", "%24"): {"code": {"coding": [{"code": "A%241"}]}},
    "Observation?date=2024-03-01": {"effectiveDateTime": "2024-03-01"},
    "Observation?date=2024": {"effectivePeriod": {"start": "2024-01-05", "end": "2024-06-01"}},
    "Observation?value-quantity=5||mg": {"valueQuantity": {"value": 5, "unit": "mg"}},
    "Observation?code-value-quantity=A$5": {"code": {"coding": [{"code": "A"}]}, "valueQuantity": {"value": 5}},
    "Observation?value-string=abc": {"valueString": "Abcd"},
    "Observation?value-string:contains=bcd": {"valueString": "Abcd"},
    "Observation?value-string:exact=Abcd": {"valueString": "Abcd"},
    "Observation?subject=Patient/a": {"subject": {"reference": "Patient/a"}},
    "Observation?_profile=http://x.example/p": {"meta": {"profile": ["http://x.example/p"]}},
    "Observation?subject:missing=false": {"subject": {"reference": "Patient/a"}},
}


@pytest.mark.parametrize("query", ALL_KINDS)
async def test_what_is_no_longer_said_is_no_longer_found(store, ids, repository, query):
    plain = {"id": "o", "status": "amended", "code": {"text": "other"}}
    await store(body("Observation", **{**plain, **ALL_KINDS[query]}))
    assert await ids(query) == ["o"]
    await store(body("Observation", **plain))
    assert await ids(query) == []
    await store(body("Observation", **{**plain, **ALL_KINDS[query]}))
    assert await ids(query) == ["o"]
    await repository.delete("Observation", "o")
    assert await ids(query) == []
    assert await ids("Observation?status:not=final") == []


async def test_updates_and_deletions_leave_no_index_row_behind(store, repository, database):
    async def rows():
        async with database.rows() as connection:
            return [
                await connection.fetchval(f"SELECT count(*) FROM {table} WHERE tenant = $1", repository.tenant)
                for table in ("date_value", "number_value", "string_value")
            ]

    amount = {"code": {"code": "c"}, "valueQuantity": {"value": 5}}
    full = {"id": "v", "date": "2024", "description": "text", "useContext": [amount]}
    await store(body("ValueSet", status="active", **full))
    once = await rows()
    assert all(once)
    await store(body("ValueSet", status="active", **{**full, "date": "2025", "description": "other"}))
    assert await rows() == once
    await store(body("ValueSet", id="v", status="active"))
    assert await rows() == [0, 0, 0]
    await store(body("ValueSet", status="active", **full))
    await repository.delete("ValueSet", "v")
    assert await rows() == [0, 0, 0]


async def test_a_text_of_a_megabyte_is_found_by_its_start_its_middle_and_as_a_whole(store, ids):
    assert len(LONG_WORD) == 1_000_000
    await store(
        body("ValueSet", id="long", status="active", description=LONG_WORD),
        body("ValueSet", id="short", status="active", description=LONG_WORD[:300]),
        body("ValueSet", id="longer", status="active", description=LONG_WORD + "z"),
    )
    assert await ids(f"ValueSet?description={LONG_WORD[:200]}") == ["long", "short", "longer"]
    assert await ids(f"ValueSet?description={LONG_WORD[:5000]}") == ["long", "longer"]
    assert await ids(f"ValueSet?description={LONG_WORD[:299]}Z") == []
    assert await ids(f"ValueSet?description={LONG_WORD}") == ["long", "longer"]
    assert await ids(f"ValueSet?description:exact={LONG_WORD}") == ["long"]
    assert await ids(f"ValueSet?description:contains={LONG_WORD[600_000:600_020]}") == ["long", "longer"]


async def test_texts_that_differ_after_what_the_index_holds_sort_and_page(store, pages):
    await store(*(body("ValueSet", id=i, status="active", name=LONG_WORD[:4000] + i) for i in "abc"))
    assert sorted(i for page in await pages("ValueSet?_sort=name", 1) for i in page) == ["a", "b", "c"]


async def test_wildcards_of_like_stand_for_themselves(store, ids):
    await store(patient("a%b", id="1"), patient("a_b", id="2"), patient("a\\b", id="3"), patient("axb", id="4"))
    assert await ids("Patient?family:exact=a%b") == ["1"]
    assert await ids("Patient?family:exact=a_b") == ["2"]
    assert await ids(r"Patient?family:exact=a\\b") == ["3"]
    # Punctuation separates words where the text is normalised.
    assert await ids("Patient?family=a%b") == ["1", "2", "3"]
    assert await ids("Patient?family:contains=a_b") == ["1", "2", "3"]
    assert await ids("Patient?family:contains=axb") == ["4"]


async def test_contains_finds_pieces_shorter_than_an_n_gram(store, ids):
    await store(patient("Noémie", id="1"), patient("Bo", id="2"), patient("O", id="3"))
    assert await ids("Patient?family:contains=o") == ["1", "2", "3"]
    assert await ids("Patient?family:contains=MI") == ["1"]
    assert await ids("Patient?family:contains=oem") == ["1"]
    assert await ids("Patient?family:contains=oemx") == []


async def test_two_numbers_of_a_composite_must_stand_together(store, ids):
    variants = [{"start": 1, "end": 5}, {"start": 10, "end": 20}]
    await store(body("MolecularSequence", id="1", coordinateSystem=0, variant=variants,
                     referenceSeq={"chromosome": {"coding": [{"code": "7"}]}}))  # fmt: skip
    assert await ids("MolecularSequence?chromosome-variant-coordinate=7$10$20") == ["1"]
    assert await ids("MolecularSequence?chromosome-variant-coordinate=7$lt2$ge5") == ["1"]
    assert await ids("MolecularSequence?chromosome-variant-coordinate=7$1$20") == []


@pytest.mark.parametrize(
    ("written", "query", "found"),
    [
        ("9999-12-31", "ge9999-06-01", True),
        ("9999-01-01", "ge9999-06-01", False),
        ("0001-06-15", "0001", True),
        ("0001-06-15", "lt0001-03", False),
        ("2024-03-31", "ge2024-03-31", True),
        ("2024-03-31T00:30:00+01:00", "2024-03-31", True),
        ("2024-03-31T00:30:00+02:00", "2024-03-31", False),
        ("2024-03-30T23:30:00Z", "2024-03-31", True),
        ("2024", "ge2024-06", True),
        ("2024", "sa2023", True),
        ("2024", "2024-03", False),
    ],
)
async def test_dates_of_every_precision_are_compared_as_ranges(store, ids, written, query, found):
    await store(body("Observation", id="o", status="final", code={"text": "c"}, effectiveDateTime=written))
    assert bool(await ids(f"Observation?date={query}")) is found


async def test_two_dates_of_a_parameter_that_repeats_may_be_met_by_two_values(store, ids):
    details = [
        {"detail": {"status": "scheduled", "scheduledPeriod": {"start": day, "end": day}}}
        for day in ("2020-01-01", "2024-01-01")
    ]
    await store(
        body("CarePlan", id="1", status="active", intent="plan", subject={"reference": "Patient/a"}, activity=details),
    )
    assert await ids("CarePlan?activity-date=lt2021&activity-date=gt2023") == ["1"]


@pytest.mark.parametrize(
    "query",
    ["Observation?focus=" + ",".join(f"i{n}" for n in range(28)), "Patient?gender=" + ",".join(map(str, range(2001)))],
)
async def test_a_search_that_stands_for_too_many_terms_is_too_costly(search, query):
    with pytest.raises(InvalidSearch) as raised:
        await search(query)
    assert [issue.code for issue in raised.value.issues] == ["too-costly"]


@pytest.mark.parametrize("value", ["1e999999", "0e999999", "NaN"])
async def test_a_position_at_no_possible_number_is_refused(search, value):
    forged = base64.urlsafe_b64encode(orjson.dumps([1, 1, value])).decode()
    with pytest.raises(InvalidSearch):
        await search("Encounter?_sort=length", position=forged)


async def test_a_search_that_finds_no_free_connection_is_told_so(dsn):
    database = Database(dsn, connections=1, waiting_seconds=0.05, closing_seconds=0.05)
    await database.open()
    async with database.searches():
        with pytest.raises(Unavailable, match="busy"):
            async with database.searches():
                pass
    await database.close()


async def test_closing_ends_the_work_that_does_not_end_by_itself(dsn):
    database = Database(dsn, connections=1, closing_seconds=0.05)
    await database.open()
    connection = await database.searches().__aenter__()
    await database.close()
    with pytest.raises(asyncpg.InterfaceError):
        await connection.fetchval("SELECT 1")


async def test_what_refers_to_many_is_found_once_each_and_nothing_deleted(repository, store):
    await store(patient("A", id="a"), patient("B", id="b"), patient("C", id="c"))
    both = body(
        "List", status="current", mode="working", entry=[{"item": {"reference": f"Patient/{p}"}} for p in ("a", "b")]
    )
    [first, second, gone] = await store(both, both, both)
    await repository.delete("List", gone)
    found = await repository.referring("List", "item", [("Patient", "b"), ("Patient", "a"), ("Patient", "a")])
    assert [version.id for version in found] == [first, second]
    assert await repository.referring("List", "item", [("Patient", "c")]) == []
    assert await repository.referring("List", "item", []) == []
