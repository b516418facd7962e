"""What a validation asks of the concepts stored, answered many at a time, and remembered."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from cordee.fhir.profiles.terminology import ConceptQuestion
from cordee.fhir.terminology.concepts import fold
from cordee.fhir.terminology.refusals import UnusableTerminology
from cordee.fhir.terminology.value_set import Filter
from cordee.store.connection import Connection, Connections, Held
from cordee.store.terminology.canonicals import Canonical, Known, find_canonicals
from cordee.store.terminology.concepts import ConceptReader
from cordee.store.terminology.indexing import ensure_indexed

_REMEMBERED = 50_000

Answers = Mapping[ConceptQuestion, bool | None]


class AskedConcepts:
    """The questions of a tenant's validations: what isn't answered yet is unknown, and to be looked up."""

    def __init__(self) -> None:
        self._answers: dict[ConceptQuestion, bool | None] = {}
        self._asked: dict[ConceptQuestion, None] = {}

    def __call__(self, question: ConceptQuestion) -> bool | None:
        """The answer; None too when there is none yet."""
        if question in self._answers:
            return self._answers[question]
        self._asked[question] = None
        return None

    def take_asked(self) -> list[ConceptQuestion]:
        """What was asked and not answered since this was last called."""
        asked, self._asked = list(self._asked), {}
        return asked

    def learn(self, answers: Answers) -> None:
        """Keeps answers."""
        if len(self._answers) + len(answers) > _REMEMBERED:
            self._answers.clear()
        self._answers |= answers

    def forget(self) -> None:
        """Gives all answers up: the concepts changed."""
        self._answers.clear()


async def answer(
    connection: Connection, indexing: Connections, tenant: int, questions: Sequence[ConceptQuestion]
) -> Answers:
    """The answers, None where the code system isn't known here, or isn't whole. A few queries for all of them.

    Concepts that are not in the table yet are put there on a connection of `indexing`, so that a caller who gives its
    own transaction up does not lose them.
    """
    of_system: dict[Canonical, list[ConceptQuestion]] = defaultdict(list)
    for question in questions:
        of_system[Canonical("CodeSystem", question.system, question.version)].append(question)
    found = await find_canonicals(connection, tenant, of_system)
    answers: dict[ConceptQuestion, bool | None] = dict.fromkeys(questions)
    for canonical, known in found.items():
        if known is not None:
            answers |= await _answer_of_system(connection, indexing, tenant, known, of_system[canonical])
    return answers


async def _answer_of_system(
    connection: Connection, indexing: Connections, tenant: int, known: Known, questions: Sequence[ConceptQuestion]
) -> Answers:
    generation = known.generation
    if known.indexed_version != known.version:
        try:
            async with indexing.searches() as other:
                generation = await ensure_indexed(other, tenant, known)
        except UnusableTerminology:  # it contradicts itself, which $lookup tells
            generation = None
    if generation is None:
        return {}
    case_sensitive = known.resource.get("caseSensitive", True)
    codes = {question: fold(question.code, case_sensitive=case_sensitive) for question in questions}
    concepts = ConceptReader(Held(connection), tenant)
    present = await concepts.find(generation, list(codes.values()))
    is_whole = known.resource.get("content") in ("complete", "not-present")
    answers: dict[ConceptQuestion, bool | None] = {}
    of_filters: dict[tuple[Filter, ...], dict[ConceptQuestion, str]] = defaultdict(dict)
    for question, code in codes.items():
        if code not in present:
            answers[question] = False if is_whole else None
        elif question.active_only and present[code].inactive:
            answers[question] = False
        else:
            answers[question] = True
            of_filters[question.filters][question] = code
    for filters, asked in of_filters.items():
        if not filters:
            continue
        try:
            async with connection.transaction():  # a filter that PostgreSQL refuses must not end the caller's
                passing = await concepts.select(
                    generation, filters, case_sensitive=case_sensitive, among=list(asked.values())
                )
        except UnusableTerminology:
            answers |= dict.fromkeys(asked)
            continue
        kept = {concept.folded for concept in passing}
        answers |= {question: code in kept for question, code in asked.items()}
    return answers
