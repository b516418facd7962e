"""A GraphQL query answered: planned, then executed as many times as it has levels, each read at once.

References of one level are one statement, and so are the reverse lists of one field, however many resources they are
asked of: what a query costs follows from its depth, not from what it finds.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import msgspec

from cordee.api.reading import checked_position
from cordee.api.search_excess import refuse_excess
from cordee.fhir.graphql.execution import AtHand, Read, Resource, Sought, execute
from cordee.fhir.graphql.planning import plan_query
from cordee.fhir.graphql.refusals import refused, refused_as
from cordee.fhir.graphql.searching import cursor_text
from cordee.fhir.graphql.types import QUERY
from cordee.fhir.outcome import Gone, InvalidSearch, NotFound
from cordee.fhir.query import Criterion, Search
from cordee.fhir.query_values import ReferenceSearch
from cordee.fhir.search_values import ReferenceValue, extract_parameter
from cordee.fhir.stored_version import StoredVersion
from cordee.store.reader import Reader
from cordee.store.search import SearchPage
from cordee.terminology.search_codes import with_codes

MOST_RESOURCES = 5_000
"""That one query reads."""

MOST_STATEMENTS = 100
"""Searches that one query makes of the database."""

MOST_PAGE, _PAGE = 1_000, 50
"""Resources of a page of a Connection, at most and where `_count` is not given."""

_QUICK_RESOURCES = 200
"""More are gone through in a thread: other requests get their turn meanwhile."""

_TARGETS_A_SEARCH = 20
"""Resources whose lists, with criteria, are searched together: more, and PostgreSQL reads the whole type."""

_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Question:
    """A query as it was sent; `type` and `id` are those of the resource in scope, empty at the system's level."""

    text: str
    operation_name: str | None
    variables: Mapping[str, Any]
    type: str = ""
    id: str = ""


async def answer(reader: Reader, question: Question, base_url: str) -> dict[str, Any]:
    """The data asked for; raises `GraphqlRefusal`."""
    known = await reader.search_parameters()
    root_type = question.type or QUERY
    fields = plan_query(question.text, question.operation_name, question.variables, root_type, base_url, known)
    reading = _Reading(reader)
    root = await reading.root(question.type, question.id) if question.type else None
    while True:
        if reading.resources <= _QUICK_RESOURCES:
            outcome = execute(fields, reading.at_hand, root)
        else:
            outcome = await asyncio.to_thread(execute, fields, reading.at_hand, root)
        if outcome.is_whole:
            return outcome.data
        await reading.read(outcome.reads)
        await reading.search(outcome.searches)


class _Reading:
    """What one query reads, within its limits; `resources` is how many there are so far."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._statements = 0
        self.resources = 0
        self.at_hand = AtHand()

    async def root(self, type_: str, id_: str) -> Resource:
        """The resource in scope; raises `GraphqlRefusal` with the status of a read."""
        try:
            return self._parsed([await self._reader.read(type_, id_)])[0]
        except (NotFound, Gone) as error:
            raise refused_as(error) from None

    async def read(self, wanted: Sequence[Read]) -> None:
        """Current versions in one statement, named versions in another."""
        self._require(len(wanted))
        current = [one for one in wanted if one.version is None]
        found = await self._reader.read_many((one.type, one.id) for one in current)
        for one in current:
            self._keep(one, found.get((one.type, one.id)))
        named = [(one.type, one.id, one.version) for one in wanted if one.version is not None]
        versions = await self._reader.read_versions(named) if named else {}
        for type_, id_, version in named:
            self._keep(Read(type_, id_, version), versions.get((type_, id_, version)))

    def _keep(self, wanted: Read, version: StoredVersion | None) -> None:
        there = version is not None and not version.deleted
        self.at_hand.resources[wanted] = self._parsed([version])[0] if version is not None and there else None

    async def search(self, wanted: Sequence[Sought]) -> None:
        """Lists of one field together; a page, or a list of which only some are wanted, by itself."""
        together: dict[Sought, list[Sought]] = {}
        for one in wanted:
            if one.paged:
                self.at_hand.searches[one] = await self._page(one)
            elif one.target is None or one.search.count is not None:
                self.at_hand.searches[one] = await self._list(one.search, one)
            else:
                together.setdefault(replace(one, target=None), []).append(one)
        for one, lists in together.items():
            await self._lists(one.search, one.reference or "", lists)

    async def _lists(self, search: Search, reference: str, lists: Sequence[Sought]) -> None:
        """The lists that one field asks of several resources: all that refers to any of them, told apart again."""
        targets = {one.target: one for one in lists if one.target is not None}
        if search.criteria or search.sort:
            resources = []
            for group in _groups(list(targets), _TARGETS_A_SEARCH):
                resources += await self._list(_naming(search, reference, group))
        else:
            self._made_statement()
            left = MOST_RESOURCES - self.resources
            found = await self._reader.referring(search.resource_type, reference, targets, limit=left + 1)
            resources = self._parsed(found)
        by_target: dict[tuple[str, str], list[Resource]] = {target: [] for target in targets}
        for resource in resources:
            for target in _named(resource, reference):
                if target in by_target:
                    by_target[target].append(resource)
        for target, one in targets.items():
            self.at_hand.searches[one] = by_target[target]

    async def _list(self, search: Search, one: Sought | None = None) -> list[Resource]:
        """All that a search finds, or as many as it asks for; raises `GraphqlRefusal` rather than leave some out."""
        if one is not None and one.target is not None:
            search = _naming(search, one.reference or "", [one.target])
        self._require(1)
        left = MOST_RESOURCES - self.resources
        count = left if search.count is None else min(search.count, left)
        page = await self._searched(search, count, None)
        if page.following is not None and (search.count is None or len(page.matches) < search.count):
            type_ = search.resource_type
            sentence = f"{type_}List finds too much: narrow it, or page through it with {type_}Connection."
            raise refused(sentence, "too-costly")
        return self._parsed(page.matches)

    async def _page(self, one: Sought) -> dict[str, Any]:
        """A page as a connection; its cursors hold the search with what it was asked of."""
        search, query = one.search, one.query
        if one.target is not None and one.reference is not None:
            search = _naming(search, one.reference, [one.target])
            query = (*query, (one.reference, "/".join(one.target)))
        size = min(_PAGE if search.count is None else search.count, MOST_PAGE)
        search = replace(search, total="accurate") if one.counted else search
        page = await self._searched(search, size, _sound(one.position))
        type_ = search.resource_type
        edges = [{"mode": "match", "resource": resource} for resource in self._parsed(page.matches)]
        connection: dict[str, Any] = {"pagesize": size, "edges": edges, "first": cursor_text(type_, query, None)}
        if page.total is not None:
            connection["count"] = page.total
        if page.following is not None:
            connection["next"] = cursor_text(type_, query, page.following)
        return connection

    async def _searched(self, search: Search, count: int, position: str | None) -> SearchPage:
        self._made_statement()
        try:
            refuse_excess(search)
            return await self._reader.search(await with_codes(self._reader, search), count=count, position=position)
        except InvalidSearch as error:
            raise refused_as(error) from None

    def _parsed(self, versions: Iterable[StoredVersion]) -> list[Resource]:
        found: list[Resource] = [_decoder.decode(version.body) for version in versions]
        self.resources += len(found)
        self._require(0)
        return found

    def _require(self, more: int) -> None:
        if self.resources + more > MOST_RESOURCES:
            sentence = f"The query would read more than {MOST_RESOURCES} resources: narrow it, or ask in several."
            raise refused(sentence, "too-costly")

    def _made_statement(self) -> None:
        self._statements += 1
        if self._statements > MOST_STATEMENTS:
            sentence = f"The query would make more than {MOST_STATEMENTS} searches: ask in several."
            raise refused(sentence, "too-costly")


def _naming(search: Search, reference: str, targets: Sequence[tuple[str, str]]) -> Search:
    """The search, of what names any of the targets."""
    values = tuple(ReferenceSearch((type_,), id=id_) for type_, id_ in targets)
    return replace(search, criteria=(Criterion(reference, None, values), *search.criteria))


def _named(resource: Resource, code: str) -> set[tuple[str, str]]:
    """What a resource names in a reference parameter."""
    values = extract_parameter(resource, code)
    return {(v.type, v.id) for v in values if isinstance(v, ReferenceValue) and v.type and v.id}


def _groups(targets: Sequence[tuple[str, str]], size: int) -> Iterable[Sequence[tuple[str, str]]]:
    return (targets[start : start + size] for start in range(0, len(targets), size))


def _sound(position: str | None) -> str | None:
    try:
        return checked_position(position)
    except InvalidSearch as error:
        raise refused_as(error) from None
