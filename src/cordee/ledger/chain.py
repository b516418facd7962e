"""The hash chain of a structure's entries: none can be changed, left out or put in without being noticed.

The hash of an entry is SHA-256 of the hash before it followed by the entry's canonical form; the first one follows
`genesis`. The canonical form is JSON as RFC 8785 says: UTF-8, keys in order, no white space; docs/ledger.md shows one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec

from cordee.fhir.body import instant
from cordee.ledger.model import LedgerEntry

_canonical = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """An entry with its place in the chain of its structure. Numbers begin at 1 and have no gap."""

    number: int
    recorded_at: datetime
    """When it was stored, UTC, to the millisecond."""
    entry: LedgerEntry
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a structure's chain: how many entries it has, and the hash of the last."""

    structure: str
    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was booked. `number` is None when it is not about one entry."""

    structure: str
    number: int | None
    message: str

    def __str__(self) -> str:
        place = "" if self.number is None else f", entry {self.number}"
        return f"{self.structure}{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class _Hashed:
    entry: LedgerEntry
    number: int
    recorded_at: str


def genesis(structure: str) -> Head:
    """The beginning of a structure's chain, before any entry."""
    return Head(structure, 0, sha256(f"cordee ledger of {structure}".encode()).digest())


def canonical_form(number: int, recorded_at: datetime, entry: LedgerEntry) -> bytes:
    """The bytes that are hashed after the previous hash."""
    return _canonical.encode(_Hashed(entry, number, instant(recorded_at)))


def follow(head: Head, entry: LedgerEntry, recorded_at: datetime) -> ChainedEntry:
    """The entry as the next one of its structure's chain."""
    number = head.number + 1
    digest = sha256(head.hash + canonical_form(number, recorded_at, entry)).digest()
    return ChainedEntry(number, recorded_at, entry, digest)


def fault_after(head: Head, found: ChainedEntry) -> Fault | None:
    """What is wrong with an entry that should follow `head`; None when all is well."""
    if found.entry.structure != head.structure:
        return Fault(head.structure, found.number, f"it is of {found.entry.structure}")
    if found.number != head.number + 1:
        return Fault(head.structure, head.number + 1, f"it is missing: after {head.number} comes {found.number}")
    expected = follow(head, found.entry, found.recorded_at)
    if expected.hash != found.hash:
        return Fault(
            head.structure,
            found.number,
            f"its hash is {found.hash.hex()}, and that of its content after entry {head.number} is "
            f"{expected.hash.hex()}: what is stored is not what was booked",
        )
    return None


def verify_chain(structure: str, entries: Iterable[ChainedEntry], head: Head | None = None) -> Fault | None:
    """The first fault of a structure's chain read in order, None when there is none.

    With `head`, the chain must also end there: without it, entries left out at the end are not noticed.
    """
    last = genesis(structure)
    for found in entries:
        fault = fault_after(last, found)
        if fault is not None:
            return fault
        last = Head(structure, found.number, found.hash)
    return None if head is None else end_fault(last, head)


def end_fault(last: Head, head: Head) -> Fault | None:
    """What is wrong with a chain whose last entry read is `last` and whose end is said to be `head`."""
    if last.number < head.number:
        return Fault(head.structure, last.number + 1, f"it is missing: the chain is said to have {head.number} entries")
    if last.number > head.number:
        return Fault(head.structure, head.number + 1, f"it is beyond the end of the chain, said to be {head.number}")
    if last.hash != head.hash:
        return Fault(
            head.structure,
            last.number,
            f"its hash is {last.hash.hex()}, the chain's end is said to be {head.hash.hex()}",
        )
    return None
