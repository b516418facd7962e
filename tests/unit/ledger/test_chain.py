"""The chain as docs/ledger.md says it: anybody can recompute it, and any change shows."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.unit.ledger.test_ledger_entry import SUBMITTED

from cordee.ledger.chain import ChainedEntry, Head, canonical_form, follow, genesis, verify_chain

MOMENT = datetime(2026, 8, 1, 9, 30, tzinfo=UTC)
STRUCTURE = SUBMITTED.structure


def chain(count: int) -> list[ChainedEntry]:
    head, made = genesis(STRUCTURE), []
    for number in range(1, count + 1):
        made.append(follow(head, replace(SUBMITTED, key=f"{number}"), MOMENT))
        head = Head(STRUCTURE, number, made[-1].hash)
    return made


def end(entries: list[ChainedEntry]) -> Head:
    return Head(STRUCTURE, entries[-1].number, entries[-1].hash)


def test_the_documented_entry_has_the_documented_form_and_hash() -> None:
    text = (Path(__file__).parents[3] / "docs" / "ledger.md").read_text()
    form = canonical_form(1, MOMENT, SUBMITTED)
    assert form.decode() in text
    assert genesis(STRUCTURE).hash.hex() in text
    assert follow(genesis(STRUCTURE), SUBMITTED, MOMENT).hash.hex() in text


def test_the_form_is_what_any_json_library_writes_with_keys_in_order() -> None:
    form = canonical_form(1, MOMENT, SUBMITTED)
    again = json.dumps(json.loads(form), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert again.encode() == form


def test_a_hash_is_that_of_the_one_before_and_the_form() -> None:
    first, second = chain(2)
    form = canonical_form(2, MOMENT, second.entry)
    assert second.hash == hashlib.sha256(first.hash + form).digest()


def test_the_chains_of_two_structures_begin_apart() -> None:
    assert genesis("Organization/a").hash != genesis("Organization/b").hash


def test_a_chain_as_it_was_booked_has_no_fault() -> None:
    entries = chain(5)
    assert verify_chain(STRUCTURE, entries, end(entries)) is None
    assert verify_chain(STRUCTURE, [], genesis(STRUCTURE)) is None


def test_an_entry_left_out_is_named() -> None:
    entries = chain(5)
    fault = verify_chain(STRUCTURE, [*entries[:2], *entries[3:]])
    assert str(fault) == f"{STRUCTURE}, entry 3: it is missing: after 2 comes 4"


def test_entries_left_out_at_the_end_are_named_when_the_head_is_known() -> None:
    entries = chain(5)
    fault = verify_chain(STRUCTURE, entries[:3], end(entries))
    assert fault is not None
    assert (fault.number, fault.message) == (4, "it is missing: the chain is said to have 5 entries")


def test_entries_beyond_the_head_are_named() -> None:
    entries = chain(5)
    fault = verify_chain(STRUCTURE, entries, end(entries[:3]))
    assert fault is not None
    assert fault.number == 4


def test_a_chain_written_anew_from_some_entry_on_does_not_end_at_the_head_kept_elsewhere() -> None:
    entries = chain(5)
    forged = [follow(genesis(STRUCTURE), replace(SUBMITTED, label="autre"), MOMENT)]
    for number in range(2, 6):
        forged.append(follow(Head(STRUCTURE, number - 1, forged[-1].hash), entries[number - 1].entry, MOMENT))
    assert verify_chain(STRUCTURE, forged) is None
    fault = verify_chain(STRUCTURE, forged, end(entries))
    assert fault is not None
    assert "end" in fault.message


def test_an_entry_of_another_structure_does_not_pass() -> None:
    other = follow(genesis(STRUCTURE), replace(SUBMITTED, structure="Organization/other"), MOMENT)
    fault = verify_chain(STRUCTURE, [other])
    assert fault is not None
    assert "Organization/other" in fault.message
