"""`Observation/$lastn`: the most recent observations of each code (R4 operation-observation-lastn.html)."""

from dataclasses import replace

from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.api.search_excess import refuse_excess
from cordee.api.searchsets import search_query, searchset_text
from cordee.fhir.outcome import FhirError, InvalidSearch
from cordee.fhir.query import Search, parse_search
from cordee.fhir.query_refusals import unsupported
from cordee.store.reader import Reader
from cordee.terminology.search_codes import with_codes

MOST_A_PAGE = 1_000
_SUBJECT = ("patient", "subject")


async def _latest(reader: Reader, asked: Asked) -> FhirResponse:
    search = await reader.parsed(
        lambda known: parse_search(
            "Observation", asked.arguments.others, lenient=asked.lenient, base_url=asked.base_url, known=known
        )
    )
    refuse_excess(search)
    search = _in_its_order(search, lenient=asked.lenient)
    if not any(one.code in _SUBJECT and one.modifier != "missing" for one in search.criteria):
        raise FhirError("The subject is needed: for example patient=Patient/1.", path="http.patient")
    count = MOST_A_PAGE if search.count is None else min(search.count, MOST_A_PAGE)
    if search.count is not None:
        search = replace(search, count=count)
    most = asked.arguments.number("max") or 1
    page = await reader.last_observations(
        await with_codes(reader, search), most=most, count=count, position=asked.cursor
    )
    query = [*asked.arguments.query, *search_query([search], [])]
    return FhirResponse(200, searchset_text(asked.base_url, "Observation/$lastn", query, search, page))


def _in_its_order(search: Search, *, lenient: bool) -> Search:
    """Without an order of its own: the operation has one."""
    if search.sort and not lenient:
        raise unsupported("_sort: the most recent come first, code by code.")
    if search.summary == "text" and (search.includes or search.revincludes):
        raise InvalidSearch("_summary=text can't go with _include or _revinclude (R4 search.html#summary).")
    return replace(search, sort=())


LASTN = Operation(
    code="lastn",
    resource="Observation",
    levels=("type",),
    title="The most recent observations of each code",
    description=(
        "The most recent Observations, max of each group of codes, that a search finds: any parameter of a search of "
        "Observations may be given, patient or subject must be. Observations are of one group when they share a code "
        "(system and code), directly or through a third; those with text alone by their text. Of equal times all are "
        "answered, which may be more than max. The group with the most recent one comes first."
    ),
    inputs=(Input("max", "positiveInt", "How many of each group; 1 when it is not given."),),
    outputs=(Output("return", "Bundle", "A searchset.", min=1),),
    example={
        "resourceType": "Parameters",
        "parameter": [{"name": "max", "valuePositiveInt": 3}, {"name": "patient", "valueString": "Patient/patient-01"}],
    },
    read=_latest,
    searches="Observation",
)
