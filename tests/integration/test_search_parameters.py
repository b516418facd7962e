"""Search parameters that a tenant adds: known to every write from then on, searched by once all is indexed."""

import asyncio

import orjson
import pytest

from cordee.fhir.body import accept
from cordee.fhir.matching import matches
from cordee.fhir.outcome import InvalidSearch, Unprocessable
from cordee.fhir.query import parse_search
from cordee.store import search_parameters
from cordee.store.index_values import index_rows
from cordee.store.jobs import run_jobs
from cordee.store.repository import Repository
from cordee.store.search_parameter_indexing import KIND, index_search_parameters, run_indexing

BIRTHPLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
PLACES = ("Besançon", "Lyon", "besancenot", "Dole")


class Killed(Exception):
    pass


def parameter(code="birthplace", base=("Patient",), type_="string", expression=None, **rest):
    default = f"extension('{BIRTHPLACE}').value as Address"
    url = f"https://a.example/SearchParameter/{code}"
    return {
        **{"resourceType": "SearchParameter", "id": code, "url": url, "name": "A", "status": "active"},
        **{"description": "d", "code": code, "base": list(base), "type": type_, "expression": expression or default},
        **rest,
    }


def patient(id_, place="Dole", **rest):
    extension = [{"url": BIRTHPLACE, "valueAddress": {"city": place}}]
    return {"resourceType": "Patient", "id": id_, "extension": extension, **rest}


async def put(repository, resource):
    return await repository.update(resource["resourceType"], resource["id"], accept(orjson.dumps(resource)))


async def keep_nothing(_position, _progress, _connection):
    pass


async def index(database, repository, keep=keep_nothing, position=None):
    return await index_search_parameters(database, repository.tenant, position, keep, batch=3)


async def found(repository, type_, *pairs, lenient=False):
    wanted = parse_search(type_, pairs, lenient=lenient, known=await repository.search_parameters())
    page = await repository.search(wanted, count=100)
    ids = [match.id for match in page.matches]
    every = {(v.resource_type, v.id): orjson.loads(v.body) for v in await repository.all_of_type(type_, count=1000)}
    if not lenient:
        expected = {id_ for (_, id_), body in every.items() if matches(wanted, body, lambda *_: None)}
        assert set(ids) == expected
    return ids


async def assert_indexed_as_if_written_now(database, repository):
    known = await repository.search_parameters()
    async with database.rows() as connection:
        rows = await connection.fetch(
            "SELECT rid, terms, body FROM resource WHERE tenant = $1 AND NOT deleted", repository.tenant
        )
        for row in rows:
            fresh = index_rows(repository.tenant, orjson.loads(row["body"]), known)
            assert tuple(sorted(row["terms"])) == fresh.terms
            for table, kept in (("string", fresh.strings), ("date", fresh.dates), ("number", fresh.numbers)):
                count = await connection.fetchval(
                    f"SELECT count(*) FROM {table}_value WHERE tenant = $1 AND rid = $2", repository.tenant, row["rid"]
                )
                assert count == len(kept)


async def test_what_was_stored_before_is_found_once_it_is_indexed(database, repository):
    for number, place in enumerate(PLACES * 3):
        await put(repository, patient(str(number), place))
    await put(repository, parameter())
    with pytest.raises(InvalidSearch) as refused:
        await found(repository, "Patient", ("birthplace", "besan"))
    assert refused.value.issues[0].code == "incomplete"
    await index(database, repository)
    assert await found(repository, "Patient", ("birthplace", "besan")) == ["0", "2", "4", "6", "8", "10"]
    await assert_indexed_as_if_written_now(database, repository)


async def test_under_lenient_handling_what_is_not_ready_is_left_out_and_said(repository):
    await put(repository, patient("1"))
    await put(repository, parameter())
    wanted = parse_search(
        "Patient", [("birthplace", "nowhere")], lenient=True, known=await repository.search_parameters()
    )
    assert wanted.ignored == ("birthplace",)
    assert "still being indexed" in wanted.incomplete[0]


async def test_a_parameter_that_is_not_ready_is_refused_wherever_it_stands(repository):
    await put(repository, parameter("own", ("Observation",), "reference", "Observation.subject"))
    await put(repository, parameter("place", ("Patient", "Practitioner"), "string", "address.city"))
    known = await repository.search_parameters()
    for type_, name, value in (
        ("Observation", "own.name", "x"), ("Observation", "subject.place", "x"),
        ("Patient", "_has:Observation:own:code", "x"),
        ("Observation", "_include", "Observation:own"), ("Patient", "_revinclude", "Observation:own"),
        ("Observation", "_sort", "own"), ("Patient", "_filter", "place eq x"),
    ):  # fmt: skip
        with pytest.raises(InvalidSearch) as refused:
            parse_search(type_, [(name, value)], known=known)
        assert {issue.code for issue in refused.value.issues} == {"incomplete"}, name


async def test_what_is_written_after_it_was_added_is_indexed_by_it(database, repository):
    await put(repository, parameter())
    await put(repository, patient("1", "Dole"))
    await repository.create(accept(orjson.dumps(patient("ignored", "Dole"))))
    await assert_indexed_as_if_written_now(database, repository)
    await index(database, repository)
    assert len(await found(repository, "Patient", ("birthplace", "dole"))) == 2


async def test_a_process_that_has_not_heard_of_it_indexes_by_it_all_the_same(database, repository):
    await put(repository, patient("1"))
    unaware = search_parameters._kept[repository.tenant]
    await put(repository, parameter())
    await index(database, repository)
    search_parameters._kept[repository.tenant] = unaware
    await put(repository, patient("2"))
    assert await found(repository, "Patient", ("birthplace", "dole")) == ["1", "2"]
    search_parameters._kept[repository.tenant] = unaware
    assert await repository.parsed(lambda known: parse_search("Patient", [("birthplace", "dole")], known=known))


async def test_those_who_were_writing_when_it_was_added_are_waited_for(database, repository):
    other = Repository(database, repository.tenant)
    async with other.unit() as unit:
        await unit.create(accept(orjson.dumps(patient("x", "Dole"))))
        await put(repository, parameter())
        indexing = asyncio.create_task(index(database, repository))
        done, _ = await asyncio.wait({indexing}, timeout=0.3)
        assert not done
    await indexing
    assert len(await found(repository, "Patient", ("birthplace", "dole"))) == 1


async def test_killed_anywhere_it_goes_on_from_where_it_was_kept(database, repository):
    for number in range(20):
        await put(repository, patient(str(number)))
    await put(repository, parameter())
    kept: list = [None]
    for most in range(1, 12):
        calls = 0

        async def keep(position, _progress, connection, most=most):
            nonlocal calls
            calls += 1
            if calls > most:
                raise Killed
            kept[0] = position

        try:
            await index(database, repository, keep, kept[0])
        except Killed:
            continue
        break
    assert len(await found(repository, "Patient", ("birthplace", "dole"))) == 20
    await assert_indexed_as_if_written_now(database, repository)


async def test_writers_in_between_win(database, repository):
    for number in range(30):
        await put(repository, patient(str(number), "Dole"))
    await put(repository, parameter())

    async def rewrite():
        for number in range(30):
            await put(repository, patient(str(number), "Lyon", active=True))

    await asyncio.gather(index(database, repository), rewrite())
    assert len(await found(repository, "Patient", ("birthplace", "lyon"))) == 30
    await assert_indexed_as_if_written_now(database, repository)


async def test_a_changed_expression_is_indexed_anew(database, repository):
    await put(repository, patient("1", "Dole", address=[{"city": "Lyon"}]))
    await put(repository, parameter())
    await index(database, repository)
    await put(repository, parameter(expression="Patient.address.city"))
    with pytest.raises(InvalidSearch):
        await found(repository, "Patient", ("birthplace", "lyon"))
    await index(database, repository)
    assert await found(repository, "Patient", ("birthplace", "dole")) == []
    assert await found(repository, "Patient", ("birthplace", "lyon")) == ["1"]
    await assert_indexed_as_if_written_now(database, repository)


async def test_a_change_of_nothing_that_counts_leaves_it_ready(database, repository):
    await put(repository, parameter())
    await index(database, repository)
    await put(repository, parameter(description="another"))
    assert await found(repository, "Patient", ("birthplace", "lyon")) == []


@pytest.mark.parametrize("how", ["delete", "retire", "another base"])
async def test_what_is_dropped_is_unknown_at_once_and_leaves_the_index_later(database, repository, how):
    await put(repository, patient("1"))
    await put(repository, parameter())
    await index(database, repository)
    if how == "delete":
        await repository.delete("SearchParameter", "birthplace")
    elif how == "retire":
        await put(repository, parameter(status="retired"))
    else:
        await put(repository, parameter(base=("Person",), expression="Person.address"))
    with pytest.raises(InvalidSearch) as refused:
        await found(repository, "Patient", ("birthplace", "dole"))
    assert refused.value.issues[0].code == "not-supported"
    await index(database, repository)
    await assert_indexed_as_if_written_now(database, repository)


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"expression": "Patient.name.first()"}, "SearchParameter.expression"),
        ({"expression": "Observation.value"}, "SearchParameter.expression"),
        ({"expression": "Patient.meta.lastUpdated"}, "SearchParameter.expression"),
        ({"expression": ""}, "SearchParameter.expression"),
        ({"expression": "Patient.birthDate"}, None),
        ({"expression": "Patient.photo.size", "type": "uri"}, "SearchParameter.type"),
        ({"type": "special"}, "SearchParameter.type"),
        ({"code": "birthdate", "expression": "Patient.deceased"}, "SearchParameter.code"),
        ({"code": "a:b"}, "SearchParameter.code"),
        ({"code": "_lastUpdated"}, "SearchParameter.code"),
        ({"type": "composite", "expression": "Patient"}, "SearchParameter.component"),
    ],
)
async def test_what_cant_be_searched_by_is_refused_by_place(repository, changed, path):
    given = {key: value for key, value in {**parameter(type_="date"), **changed}.items() if value}
    if path is None:
        assert (await put(repository, given)).effect == "created"
        return
    with pytest.raises(Unprocessable) as refused:
        await put(repository, given)
    assert [issue.path for issue in refused.value.issues] == [path]
    assert (await put(repository, {**given, "status": "draft", "base": ["Patient"]})).effect == "created"


async def test_two_of_one_code_are_refused_unless_they_are_the_same(repository):
    await put(repository, parameter())
    same = parameter(id="again", url="https://a.example/again")
    assert (await put(repository, same)).effect == "created"
    with pytest.raises(Unprocessable) as refused:
        await put(repository, parameter(id="other", expression="Patient.address"))
    assert refused.value.issues[0].code == "duplicate"
    assert (await put(repository, parameter(id="other", base=("Person",), expression="Person.address"))).version


async def test_two_added_at_once_do_not_both_get_the_code(repository):
    one, other = parameter(), parameter(id="other", expression="Patient.address")
    results = await asyncio.gather(put(repository, one), put(repository, other), return_exceptions=True)
    assert sorted(isinstance(result, Unprocessable) for result in results) == [False, True]


async def test_those_of_r4_itself_may_be_stored_and_change_nothing(repository):
    name = parameter("name", url="http://hl7.org/fhir/SearchParameter/Patient-name", expression="Patient.name")
    await put(repository, name)
    assert await repository.added_search_parameters() == []
    assert await found(repository, "Patient", ("name", "x")) == []


async def test_every_type_of_parameter_can_be_added(database, repository):
    await put(repository, {"resourceType": "Patient", "id": "p", "name": [{"family": "Martin"}]})
    observation = {
        **{"resourceType": "Observation", "id": "o", "status": "final", "code": {"coding": [{"code": "c"}]}},
        **{"subject": {"reference": "Patient/p"}, "valueQuantity": {"value": 5.4, "unit": "mg"}},
        **{"issued": "2024-03-31T10:00:00Z"},
        "component": [{"code": {"coding": [{"code": "k"}]}, "valueInteger": 3}],
    }
    await put(repository, observation)
    for code, type_, expression in (
        ("own-date", "date", "Observation.issued"), ("own-quantity", "quantity", "Observation.value"),
        ("own-reference", "reference", "Observation.subject.where(resolve() is Patient)"),
        ("own-number", "number", "Observation.component.value"), ("own-code", "token", "Observation.component.code"),
        ("own-status", "string", "Observation.status"),
    ):  # fmt: skip
        await put(repository, parameter(code, ("Observation",), type_, expression))
    base = "https://a.example/SearchParameter/"
    components = [
        {"definition": f"{base}own-code", "expression": "code"},
        {"definition": f"{base}own-number", "expression": "value"},
    ]
    await put(
        repository, parameter("own-pair", ("Observation",), "composite", "Observation.component", component=components)
    )
    await index(database, repository)
    for name, value, hit in (
        ("own-date", "2024-03-31", True), ("own-date", "2024-04", False), ("own-quantity", "5.4||mg", True),
        ("own-reference", "Patient/p", True), ("own-number", "3", True), ("own-number", "4", False),
        ("own-code", "k", True), ("own-status", "fin", True), ("own-pair", "k$3", True), ("own-pair", "k$4", False),
        ("own-code:missing", "true", False), ("own-code:not", "z", True), ("_filter", "own-code eq k", True),
    ):  # fmt: skip
        assert await found(repository, "Observation", (name, value)) == ["o"] * hit, name
    known = await repository.search_parameters()

    async def asked(type_, *pairs):
        page = await repository.search(parse_search(type_, pairs, known=known), count=10)
        return [(v.resource_type, v.id) for v in (*page.matches, *page.included)]

    assert await asked("Observation", ("own-reference.name", "martin")) == [("Observation", "o")]
    assert await asked("Patient", ("_has:Observation:own-reference:own-code", "k")) == [("Patient", "p")]
    assert await asked("Observation", ("_include", "Observation:own-reference")) == [
        ("Observation", "o"),
        ("Patient", "p"),
    ]
    assert await asked("Patient", ("_revinclude", "Observation:own-reference")) == [
        ("Patient", "p"),
        ("Observation", "o"),
    ]
    for key in ("own-date", "-own-code", "own-status", "own-reference"):
        assert await asked("Observation", ("_sort", key)) == [("Observation", "o")]


async def test_a_text_in_an_expression_stays_a_text_when_it_is_sorted_by(database, repository):
    await put(repository, {"resourceType": "Patient", "id": "p", "identifier": [{"system": "s", "value": "v"}]})
    await put(repository, parameter("odd", type_="token", expression="Patient.identifier.where(system='\") || (1==1')"))
    await index(database, repository)
    known = await repository.search_parameters()
    page = await repository.search(parse_search("Patient", [("_sort", "odd")], known=known), count=10)
    assert [match.id for match in page.matches] == ["p"]


async def test_tenants_do_not_share_them(database, repository):
    await put(repository, parameter())
    async with database.rows() as connection:
        number = await connection.fetchval(
            "INSERT INTO tenant (name) VALUES ($1) RETURNING tenant", f"o-{repository.tenant}"
        )
    other = Repository(database, number)
    assert (await other.search_parameters()).added == {}
    with pytest.raises(InvalidSearch) as refused:
        await found(other, "Patient", ("birthplace", "x"))
    assert refused.value.issues[0].code == "not-supported"


async def test_the_parameters_of_the_french_guides_are_taken(corpus, repository):
    files = sorted((corpus / "fhir").glob("*/definitions/SearchParameter-*.json"))
    assert len(files) > 20
    refused = {}
    for file in files:
        resource = orjson.loads(file.read_bytes())
        try:
            await put(repository, resource)
        except Unprocessable as refusal:
            refused[resource["id"]] = refusal.issues[0].diagnostics
    assert refused == {}


async def test_a_server_s_background_indexes_by_what_was_added(database, repository, tmp_path):
    await put(repository, patient("1"))
    await put(repository, parameter())
    (job,) = await repository.jobs.recent(KIND)
    stop = asyncio.Event()
    running = asyncio.create_task(run_jobs(database, {KIND: run_indexing}, tmp_path, stop))
    for _ in range(50_000):  # those that other tests left come first
        if (await repository.jobs.find(job.id)).has_ended:
            break
    stop.set()
    await running
    assert (await repository.jobs.find(job.id)).result == {"resources": 1}
    assert await found(repository, "Patient", ("birthplace", "dole")) == ["1"]


async def test_what_is_refused_or_changes_nothing_leaves_no_job(repository):
    with pytest.raises(Unprocessable):
        await put(repository, parameter(expression="Patient.name.first()"))
    await put(repository, parameter(status="draft"))
    assert await repository.jobs.recent(KIND) == []
