"""The stored patients that could be a person: found by a few searches, links followed, graded, best first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import orjson

from cordee.fhir.stored_version import StoredVersion
from cordee.identity.candidates import MOST_FOUND, Lookup, lookups
from cordee.identity.grading import Comparison, Grade, compare, of_inactive_record
from cordee.identity.traits import Identity, identity_of
from cordee.pathways.model import Label
from cordee.store.reader import Reader

_MOST_LINKS = 5
"""Records that replace each other, followed one after the other."""

_REPLACED = ("replaced-by", "refer")
"""Link types that say that the other record is to be used (R4 valueset-link-type)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A stored patient, and how alike it is to the person looked for."""

    version: StoredVersion
    compared: Comparison


@dataclass(frozen=True, slots=True)
class Matches:
    """All that was found, best first. `cut` says, of each search that found too many, what was compared of it."""

    found: tuple[Found, ...]
    cut: tuple[Label, ...] = ()

    @property
    def certain(self) -> tuple[Found, ...]:
        """Those that are certain."""
        return tuple(one for one in self.found if one.compared.grade is Grade.CERTAIN)


async def find_matches(reader: Reader, person: Identity) -> Matches:
    """The patients stored that are, or could be, `person`; those that certainly are not only where they look alike.

    A record that another replaces is answered as that other, even where that one looks less alike: whoever it is, it
    is there that they are followed.
    """
    candidates: dict[str, StoredVersion] = {}
    cut: list[Label] = []
    for lookup in lookups(person):
        found, said = await _look_up(reader, lookup)
        candidates |= {version.id: version for version in found}
        cut += said
    records = {id_: _graded(person, version) for id_, version in candidates.items()}
    alike = {id_: record for id_, record in records.items() if record.compared.grade is not Grade.UNRELATED}
    standing = await _replaced(reader, person, alike)
    return Matches(tuple(sorted(standing, key=_best_first)), tuple(cut))


@dataclass(frozen=True, slots=True)
class _Record:
    """A candidate, with the id of the record that is to be used in its place, if any."""

    version: StoredVersion
    compared: Comparison
    replaced_by: str | None


async def _look_up(reader: Reader, lookup: Lookup) -> tuple[list[StoredVersion], list[Label]]:
    page = await reader.search(lookup.wanted, count=MOST_FOUND)
    if page.following is None:
        return list(page.matches), []
    if not lookup.narrower:
        return list(page.matches), [_cut(lookup.by)]
    found: list[StoredVersion] = []
    is_cut = False
    for narrower in lookup.narrower:
        page = await reader.search(narrower, count=MOST_FOUND)
        found += page.matches
        is_cut = is_cut or page.following is not None
    return found, [_cut(lookup.by) if is_cut else _narrowed(lookup.by)]


def _cut(by: Label) -> Label:
    return Label(
        f"Plus de {MOST_FOUND} fiches partagent {by.fr} : toutes n'ont pas été comparées ; donner plus de traits.",
        f"More than {MOST_FOUND} records share {by.en}: not all were compared; give more traits.",
    )


def _narrowed(by: Label) -> Label:
    return Label(
        f"Plus de {MOST_FOUND} fiches partagent {by.fr} : n'ont été comparées que celles qui partagent plus.",
        f"More than {MOST_FOUND} records share {by.en}: only those that share more were compared.",
    )


def _graded(person: Identity, version: StoredVersion) -> _Record:
    patient: Mapping[str, Any] = orjson.loads(version.body)
    compared = compare(person, identity_of(patient))
    if patient.get("active") is False:
        compared = of_inactive_record(compared)
    return _Record(version, compared, _replacement(patient))


def _replacement(patient: Mapping[str, Any]) -> str | None:
    for link in patient.get("link", ()):
        type_, _, id_ = link.get("other", {}).get("reference", "").partition("/")
        if link.get("type") in _REPLACED and type_ == "Patient" and id_:
            return str(id_)
    return None


async def _replaced(reader: Reader, person: Identity, records: Mapping[str, _Record]) -> list[Found]:
    """The records that stand, each found by the best of those that it replaces or by itself."""
    standing: dict[str, Found] = {}
    for _ in range(_MOST_LINKS):
        followed = {record.replaced_by for record in records.values()} - {None}
        versions = await reader.read_many(("Patient", id_) for id_ in followed if id_ is not None)
        moved: dict[str, _Record] = {}
        for record in records.values():
            other = versions.get(("Patient", record.replaced_by or ""))
            if other is None or other.deleted:
                _keep_best(standing, Found(record.version, record.compared))
                continue
            there = _graded(person, other)
            told = _found_by(there.compared, record)
            if other.id not in moved or _rank(told) > _rank(moved[other.id].compared):
                moved[other.id] = replace(there, compared=told)
        records = moved
    for record in records.values():  # they replace each other in a circle, or without end
        _keep_best(standing, Found(record.version, record.compared))
    return list(standing.values())


def _keep_best(standing: dict[str, Found], found: Found) -> None:
    known = standing.get(found.version.id)
    if known is None or _rank(found.compared) > _rank(known.compared):
        standing[found.version.id] = found


def _found_by(there: Comparison, record: _Record) -> Comparison:
    """What is said of a record that replaces `record`: the better of the two gradings, and how it was found."""
    id_ = record.version.id
    said = Label(f"Trouvé par la fiche {id_}, qu'elle remplace.", f"Found by the record {id_}, which it replaces.")
    best = max(there, record.compared, key=_rank)
    return replace(best, reasons=(said, *best.reasons))


def _rank(compared: Comparison) -> tuple[int, Decimal]:
    return compared.grade, compared.score


def _best_first(one: Found) -> tuple[int, Decimal, str]:
    return -one.compared.grade, -one.compared.score, one.version.id
