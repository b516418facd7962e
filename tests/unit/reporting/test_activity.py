"""The report of what was claimed, withdrawn and paid adds up to the ledger, however it is kept apart."""

from collections.abc import Iterable
from datetime import date

from cordee.ledger.model import Account, Event, LedgerEntry
from cordee.ledger.postings import Indu, Part, claimed, claimed_back, given_up, paid
from cordee.reporting.activity import NO_AMOUNTS, OWN, Amounts, ClaimFacts, ReportRow, activity

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
FACTS = {"Claim/a": ClaimFacts("gpso", JULY), "Claim/b": ClaimFacts("icope", AUGUST)}
UN, DEUX, FINESS = "rpps|1", "rpps|2", "finess|9"


def part(payee: str, cents: int, account: Account = Account.PAYABLE, insurer: str = "amo") -> Part:
    return Part(account, payee, insurer, cents)  # type: ignore[arg-type]


def entry(event: Event, lines: object, claim: str | None = "Claim/a") -> LedgerEntry:
    key = f"{event}-{claim}"
    return LedgerEntry("Organization/s", date(2026, 9, 1), event, key, "essai", claim, (), lines)  # type: ignore[arg-type]


PARTS = (part(UN, 6000), part(DEUX, 3000), part(FINESS, 1000, Account.STRUCTURE))


def rows(entries: Iterable[LedgerEntry], *by: str) -> dict[tuple[object, ...], Amounts]:
    found: tuple[ReportRow, ...] = activity(entries, FACTS, by)  # type: ignore[arg-type]
    return {tuple(v for v in (row.professional, row.month, row.pathway) if v is not None): row.amounts for row in found}


def test_what_is_claimed_and_paid_is_told_for_each_professional() -> None:
    booked = [
        entry(Event.SUBMISSION, claimed(PARTS)),
        entry(Event.PAYMENT, paid((PARTS[0], PARTS[2]), via_structure=False)),
    ]
    assert rows(booked, "professional") == {
        (UN,): Amounts(claimed=6000, paid=6000),
        (DEUX,): Amounts(claimed=3000),
        (OWN,): Amounts(claimed=1000, paid=1000),
    }
    assert rows(booked)[()].awaited == 3000


def test_what_goes_through_the_structure_is_paid_when_the_caisse_pays_it() -> None:
    booked = [entry(Event.SUBMISSION, claimed(PARTS)), entry(Event.PAYMENT, paid(PARTS[:2], via_structure=True))]
    assert rows(booked, "professional")[UN,] == Amounts(claimed=6000, paid=6000)


def test_what_is_rejected_before_it_is_paid_is_withdrawn_and_no_longer_awaited() -> None:
    booked = [entry(Event.SUBMISSION, claimed(PARTS)), entry(Event.REJECTION, given_up(PARTS[1:2]))]
    found = rows(booked, "professional")[DEUX,]
    assert found == Amounts(claimed=3000, withdrawn=3000)
    assert found.awaited == 0


def test_an_indu_is_claimed_back_and_leaves_what_was_paid() -> None:
    indu = Indu(part(UN, 6000), liable=UN, bearer=UN, held=2500)
    booked = [
        entry(Event.SUBMISSION, claimed(PARTS[:1])),
        entry(Event.PAYMENT, paid(PARTS[:1], via_structure=False)),
        entry(Event.INDU, claimed_back([indu])),
    ]
    found = rows(booked, "professional")[UN,]
    assert (found.claimed, found.paid, found.claimed_back, found.withdrawn) == (6000, 6000, 6000, 0)


def test_months_and_parcours_are_those_of_the_claim_and_every_way_to_keep_apart_gives_the_same_whole() -> None:
    booked = [
        entry(Event.SUBMISSION, claimed(PARTS)),
        entry(Event.SUBMISSION, claimed((part(UN, 500),)), "Claim/b"),
        entry(Event.SUBMISSION, claimed((part(UN, 70),)), "Claim/unknown"),
    ]
    assert rows(booked, "month", "pathway") == {
        (JULY, "gpso"): Amounts(claimed=10_000),
        (AUGUST, "icope"): Amounts(claimed=500),
        (): Amounts(claimed=70),
    }
    for by in ((), ("professional",), ("month",), ("professional", "month", "pathway")):
        assert sum(rows(booked, *by).values(), NO_AMOUNTS) == Amounts(claimed=10_570)
