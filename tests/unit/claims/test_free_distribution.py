"""A free distribution is taken only when it is signed off, whole, and among those who may have a part."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cordee.claims.evidence import SignedDistribution
from cordee.claims.settlement import NotDue, Settlement, settle
from cordee.claims.table import missing_rows

Build = Callable[..., Any]
END = date(2026, 7, 31)
A, B = "https://cordee.example/members|A", "https://cordee.example/members|B"


def signed(*amounts: tuple[str, int], on: date = END, forfait: str = "mois") -> SignedDistribution:
    return SignedDistribution(forfait, amounts, "Coordinatrice d'essai", on)


@pytest.fixture
def settled(dossier: Build, session: Build) -> Callable[..., Settlement | NotDue]:
    done = [session("consultation", date(2026, 7, 2), "A")]

    def settled_by(*distributions: SignedDistribution, **stated: Any) -> Settlement | NotDue:
        judged = dossier(split=[{"step": "free_distribution"}], **stated)
        return settle(replace(judged, distributions=distributions), done, forfait="mois", as_of=END)

    return settled_by


@pytest.mark.parametrize(
    ("distributions", "said"),
    [
        ((), "la répartition libre de 100,00 € n'est pas signée"),
        ((signed((A, 10_000), on=date(2026, 8, 1)),), "n'est pas signée"),
        ((signed((A, 10_000), forfait="mois-2"),), "n'est pas signée"),
        ((signed((A, 5_000), (B, 4_999)),), "la répartition signée fait 99,99 €, il y a 100,00 € à répartir"),
        ((signed((A, 9_000), ("https://x.example|y", 1_000)),), "donne 10,00 € à https://x.example|y"),
        ((signed((A, 11_000), (B, -1_000)),), "un montant n'est pas négatif"),
        ((signed((A, 10_000)), signed((B, 10_000))), "deux répartitions différentes sont signées le 31/07/2026"),
    ],
)
def test_what_is_not_signed_off_whole_is_not_due(
    settled: Callable[..., Settlement | NotDue], distributions: tuple[SignedDistribution, ...], said: str
) -> None:
    result = settled(*distributions)
    assert isinstance(result, NotDue)
    assert said in "; ".join(missing_rows(result, "fr")).replace("\u00a0", " ")
    assert all(missing_rows(result, "en"))


def test_the_last_one_signed_stands(settled: Callable[..., Settlement | NotDue]) -> None:
    result = settled(signed((A, 10_000), on=date(2026, 7, 30)), signed((A, 6_000), (B, 4_000)))
    assert isinstance(result, Settlement)
    assert [part.cents for part in result.parts] == [6_000, 4_000]


def test_the_structure_and_those_the_convention_names_may_have_a_part(
    settled: Callable[..., Settlement | NotDue],
) -> None:
    outside = "https://cordee.example/outside|1"
    named = {"code": "dehors", "identifier": outside, "name": "Professionnel hors équipe", "kind": "practitioner"}
    structure = "https://finess.esante.gouv.fr|990000001"
    result = settled(signed((outside, 7_000), (structure, 3_000)), beneficiaries=[named])
    assert isinstance(result, Settlement)
    found = {part.payee.kind: part.cents for part in result.parts if part.cents}
    assert found == {"practitioner": 7_000, "structure": 3_000}


def test_a_member_outside_of_the_split_has_no_part(settled: Callable[..., Settlement | NotDue]) -> None:
    reason = {"fr": "payé à l'acte", "en": "paid by the act"}
    result = settled(signed((B, 10_000)), outside_split=[{"identifier": B, "reason": reason}])
    assert isinstance(result, NotDue)


def test_limits_bear_on_what_is_signed(settled: Callable[..., Settlement | NotDue]) -> None:
    limits = [{"minimum": "60.00 EUR", "maximum": "90.00 EUR"}]
    too_much = settled(signed((A, 9_500), (B, 500)), limits=limits)
    too_little = settled(signed((A, 5_000), (B, 5_000)), limits=limits)
    assert isinstance(too_much, NotDue)
    assert isinstance(too_little, NotDue)
    assert [missing.code for missing in too_much.missing] == ["distribution_too_much"]
    # B did no act, so has no minimum.
    assert [dict(missing.inputs)["payee"] for missing in too_little.missing] == ["A"]
    assert isinstance(settled(signed((A, 9_000), (B, 1_000)), limits=limits), Settlement)
