"""Laws of the ledger that hold for any entries (Hypothesis)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cordee.ledger.balances import balances, by_account, trial_balance
from cordee.ledger.chain import ChainedEntry, Head, follow, genesis, verify_chain
from cordee.ledger.model import Account, Event, LedgerEntry, LedgerLine

STRUCTURE = "Organization/structure"
MOMENT = datetime(2026, 8, 1, tzinfo=UTC)
FIRST = date(2026, 1, 1)
PEOPLE = st.sampled_from(["urn:oid:1.2.250.1.71.4.2.1|1", "urn:oid:1.2.250.1.71.4.2.1|2", "https://cordee.example|é"])
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(
    lambda text: bool(text.strip())
)
FEW = settings(max_examples=60, deadline=None)


def line(account: Account, side: str, cents: int, payee: str, liable: str) -> LedgerLine:
    return LedgerLine(account, payee, liable, **{side: cents})


@st.composite
def entries(draw: st.DrawFn, key: str) -> LedgerEntry:
    """Any balanced entry: some lines of one side, their sum cut up on the other."""
    first, second = draw(st.permutations(["debit", "credit"]))
    amounts = draw(st.lists(st.integers(1, 10**9), min_size=1, max_size=4))
    whole = sum(amounts)
    cuts = sorted(draw(st.sets(st.integers(1, whole - 1), max_size=3))) if whole > 1 else []
    parts = [after - before for before, after in zip([0, *cuts], [*cuts, whole], strict=True)]
    lines = [
        line(draw(st.sampled_from(Account)), side, cents, draw(PEOPLE), draw(PEOPLE))
        for side, several in ((first, amounts), (second, parts))
        for cents in several
    ]
    return LedgerEntry(
        STRUCTURE,
        FIRST + timedelta(days=draw(st.integers(0, 60))),
        draw(st.sampled_from(Event)),
        key,
        draw(TEXT),
        draw(st.none() | st.just("Claim/1")),
        tuple(draw(st.lists(st.sampled_from(["Claim/1/_history/1", "ClaimResponse/2/_history/1"]), max_size=2))),
        tuple(draw(st.permutations(lines))),
    )


@st.composite
def ledgers(draw: st.DrawFn, least: int = 0) -> list[LedgerEntry]:
    return [draw(entries(f"{number}")) for number in range(draw(st.integers(least, 5)))]


def chain(several: list[LedgerEntry]) -> list[ChainedEntry]:
    head, made = genesis(STRUCTURE), []
    for entry in several:
        made.append(follow(head, entry, MOMENT))
        head = Head(STRUCTURE, made[-1].number, made[-1].hash)
    return made


@FEW
@given(ledgers(), st.none() | st.dates(FIRST, FIRST + timedelta(days=60)))
def test_the_trial_balance_is_zero_on_every_day(several: list[LedgerEntry], on: date | None) -> None:
    found = balances(several, on)
    assert trial_balance(found) == 0
    assert sum(balance.debit for balance in found) == sum(
        entry.total for entry in several if on is None or entry.booked_on <= on
    )


@FEW
@given(ledgers(), st.randoms(use_true_random=False))
def test_the_order_of_entries_changes_no_balance(several: list[LedgerEntry], order: Any) -> None:
    shuffled = list(several)
    order.shuffle(shuffled)
    assert balances(shuffled) == balances(several)


@FEW
@given(ledgers())
def test_the_balances_by_account_are_the_sums_of_those_by_person(several: list[LedgerEntry]) -> None:
    found = balances(several)
    for summed in by_account(found):
        account = summed.holding.account
        assert summed.net == sum(balance.net for balance in found if balance.holding.account == account)
    assert trial_balance(by_account(found)) == 0


@FEW
@given(ledgers())
def test_a_chain_as_it_was_made_has_no_fault(several: list[LedgerEntry]) -> None:
    made = chain(several)
    head = Head(STRUCTURE, len(made), made[-1].hash) if made else genesis(STRUCTURE)
    assert verify_chain(STRUCTURE, made, head) is None


def _other_line(draw: st.DrawFn, found: LedgerLine) -> LedgerLine:
    match draw(st.sampled_from(["account", "payee", "liable"])):
        case "account":
            return replace(found, account=draw(st.sampled_from([a for a in Account if a != found.account])))
        case "payee":
            return replace(found, payee=f"{found.payee}0")
        case _:
            return replace(found, liable=f"{found.liable}0")


@st.composite
def changed(draw: st.DrawFn, entry: LedgerEntry) -> LedgerEntry:
    """The same entry but for one thing, still balanced: what only the hash can notice."""
    what = draw(
        st.sampled_from(["booked_on", "event", "key", "label", "claim", "evidence", "line", "amounts", "order"])
    )
    match what:
        case "booked_on":
            return replace(entry, booked_on=entry.booked_on + timedelta(days=1))
        case "event":
            return replace(entry, event=draw(st.sampled_from([event for event in Event if event != entry.event])))
        case "claim":
            return replace(entry, claim="Claim/2")
        case "evidence":
            return replace(entry, evidence=(*entry.evidence, "Claim/1/_history/9"))
        case "line":
            place = draw(st.integers(0, len(entry.lines) - 1))
            lines = list(entry.lines)
            lines[place] = _other_line(draw, lines[place])
            return replace(entry, lines=tuple(lines))
        case "amounts":
            return replace(
                entry, lines=tuple(replace(one, debit=one.debit * 2, credit=one.credit * 2) for one in entry.lines)
            )
        case "order":
            other = (*entry.lines[1:], entry.lines[0])
            return replace(entry, lines=other) if other != entry.lines else replace(entry, label=entry.label + "x")
        case _:
            return replace(entry, **{what: getattr(entry, what) + "x"})


@FEW
@given(st.data(), ledgers(least=1))
def test_any_single_change_is_noticed_at_its_entry(data: st.DataObject, several: list[LedgerEntry]) -> None:
    made = chain(several)
    place = data.draw(st.integers(0, len(made) - 1))
    there = made[place]
    forged = data.draw(
        st.one_of(
            changed(there.entry).map(lambda entry: replace(there, entry=entry)),
            st.just(replace(there, recorded_at=there.recorded_at + timedelta(milliseconds=1))),
            st.just(replace(there, hash=bytes(32))),
        )
    )
    fault = verify_chain(STRUCTURE, [*made[:place], forged, *made[place + 1 :]])
    assert fault is not None
    assert fault.number == place + 1
