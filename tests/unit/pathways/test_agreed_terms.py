"""What is worked out once for a pair of versions is that pair's, and no other's."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from cordee.pathways.agreed_terms import agreed_terms, kept_for_versions
from cordee.pathways.convention import Convention
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.model import Pathway
from cordee.pathways.shipped import shipped_pathways

EXAMPLE = Path(__file__).parents[1] / "claims" / "convention.yaml"
PCR = shipped_pathways()["pcr-obesite-complexe-adulte"]


def read() -> Convention:
    return read_convention("c.yaml", EXAMPLE.read_text(encoding="utf-8"), shipped_pathways())


def test_each_version_has_its_own_result_and_the_same_one_is_worked_out_once() -> None:
    worked_out: list[tuple[str, int]] = []

    @kept_for_versions
    def named(pathway: Pathway, convention: Convention, number: int) -> str:
        worked_out.append((convention.version, number))
        return f"{pathway.code} {convention.version} {number}"

    first = read()
    second = replace(first, version="2")
    for _ in range(2):
        assert [named(PCR, one, n) for one in (first, second) for n in (1, 2)] == [
            f"{PCR.code} {version} {n}" for version in ("1", "2") for n in (1, 2)
        ]
    assert worked_out == [("1", 1), ("1", 2), ("2", 1), ("2", 2)]


def test_terms_follow_the_convention_they_are_asked_of() -> None:
    first = read()
    assert agreed_terms(PCR, first) == agreed_terms(PCR, read())
    signed = replace(first, signatories=first.signatories[:1])
    assert len(agreed_terms(PCR, signed).signed_on) == 1
    assert len(agreed_terms(PCR, first).signed_on) == len(first.signatories)


def test_the_first_of_two_signatures_counts() -> None:
    first = read()
    again = replace(first.signatories[1], signed_on=date(2026, 9, 1))
    for signatories in ((*first.signatories, again), (again, *first.signatories)):
        terms = agreed_terms(PCR, replace(first, signatories=signatories))
        assert terms.signed_on[again.identifier, again.for_employees] == first.signatories[1].signed_on
