"""A forecast over the open plans of a tenant: read plan by plan, and added up."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from cordee.claims.dossier import Dossier
from cordee.claims.fhir_evidence import EvidenceError, reference_of
from cordee.claims.forecast import STATEMENTS, ExpectedPart, Forecast, Hypothesis, OpenPlan, forecast
from cordee.claims.judgement import Unreadable, executed_conventions, planned_forfaits
from cordee.claims.payees import PayeeKind
from cordee.claims.records import PlanRecord, Streamed, plan_pages, plan_records
from cordee.claims.settlement import NotDue
from cordee.pathways.convention import Convention
from cordee.pathways.model import Label, Pathway

_PLANS_A_PAGE = 100

_Key = tuple[date, str, PayeeKind, str, str]


@dataclass(frozen=True, slots=True)
class ExpectedIncome:
    """What open plans may bring in: `parts` by month, pathway and payee add up to `total` cents.

    `forfaits` are how many; `not_expected` those that would not be due, with what they lack.
    """

    hypothesis: Hypothesis
    statement: Label
    parts: tuple[ExpectedPart, ...]
    total: int
    forfaits: int
    not_expected: tuple[NotDue, ...]
    unreadable: tuple[Unreadable, ...]


async def expected_income(
    records: Streamed,
    pathways: Iterable[Pathway],
    known: Mapping[str, Pathway],
    *,
    structure: str | None,
    as_of: date,
    first: date,
    last: date,
    hypothesis: Hypothesis,
) -> ExpectedIncome:
    """The forfaits not billed yet that can be billed from `first` to `last`, as seen at the end of the day `as_of`.

    `structure`, an Organization's id, keeps to its plans. A plan that can't be read is listed, and the others counted.
    """
    cents: dict[_Key, list[int]] = defaultdict(lambda: [0, 0, 0])
    total = forfaits = 0
    refused: list[NotDue] = []
    faults: list[Unreadable] = []
    for pathway in pathways:
        conventions, unreadable = await executed_conventions(records, pathway, known)
        faults += unreadable
        async for found in _forecasts(records, pathway, known, conventions, structure, as_of, first, last, hypothesis):
            if isinstance(found, Unreadable):
                faults.append(found)
                continue
            total += found.total
            forfaits += len(found.forfaits)
            refused += found.not_expected
            for part in found.parts:
                entry = cents[part.month, part.pathway, part.kind, part.payee, part.name]
                for index, amount in enumerate((part.cents, part.amo, part.amc)):
                    entry[index] += amount
    parts = tuple(ExpectedPart(*key, *amounts) for key, amounts in sorted(cents.items()))
    statement = STATEMENTS[hypothesis]
    return ExpectedIncome(hypothesis, statement, parts, total, forfaits, tuple(refused), tuple(faults))


async def _forecasts(
    records: Streamed,
    pathway: Pathway,
    known: Mapping[str, Pathway],
    conventions: Mapping[Convention, str],
    structure: str | None,
    as_of: date,
    first: date,
    last: date,
    hypothesis: Hypothesis,
) -> AsyncIterator[Forecast | Unreadable]:
    async for page in plan_pages(records, pathway.code, structure, _PLANS_A_PAGE):
        for record in await plan_records(records, page):
            await asyncio.sleep(0)  # a page is a second's work: others have their turn
            try:
                plans = _open_plans(record, pathway, conventions, known, last)
                yield forecast(plans, as_of=as_of, first=first, last=last, hypothesis=hypothesis)
            except (ValueError, ArithmeticError) as error:
                reference = reference_of(record.care_plan)
                message = str(error) if isinstance(error, EvidenceError) else f"{reference}: {error}"
                yield Unreadable(reference, message)


def _open_plans(
    record: PlanRecord,
    pathway: Pathway,
    conventions: Mapping[Convention, str],
    known: Mapping[str, Pathway],
    last: date,
) -> list[OpenPlan]:
    """The plan under each version of the convention that governs some of its forfaits."""
    found: dict[Convention, Dossier] = {}
    for dossier, _ in planned_forfaits(record, pathway, conventions, last):
        found.setdefault(dossier.convention, dossier)
    billed = tuple(record.claims.earlier_forfaits(known, record.encounters).values())
    return [
        OpenPlan(dossier, record.sessions(ZoneInfo(dossier.convention.time_zone)), billed) for dossier in found.values()
    ]
