"""What a convention of PEPS or IPEP states of the payment, and what is refused."""

from datetime import date
from typing import Any

import pytest
import yaml

from cordee.pathways.convention import CollectiveTerms, Convention, QualityRule
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.shipped import shipped_pathways
from cordee.pathways.strict_yaml import FileRefusedError

BANDS = [{"weight": 1000}, {"weight": 1500, "minimum_age": 65}]
PEPS = {"pathway": "peps", "weight_bands": BANDS, "collective": {"list_read_on": "last_day"}}
IPEP: dict[str, Any] = {"pathway": "ipep"}


def convention(**stated: Any) -> Convention:
    entries = {
        "format": "cordee.convention/1",
        "identifier": "https://cordee.example/convention|essai",
        "version": "1",
        "valid_from": date(2026, 1, 1),
        "structure": {"identifier": "https://finess.esante.gouv.fr|990000001", "name": "Structure d'essai"},
        "territory": "metropole",
        "payee_mode": "via_structure",
        "signatories": [],
        "split": [{"step": "remainder", "by": "heads"}],
        "residue": "structure",
        **stated,
    }
    return read_convention("c.yaml", yaml.safe_dump(entries, allow_unicode=True), shipped_pathways())


def test_the_day_a_list_is_read_on_is_stated() -> None:
    assert convention(**PEPS).collective == CollectiveTerms("last_day", None)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"rule": "threshold", "points": 60, "assured_share": "60 %"}, QualityRule("threshold", 60, 6_000)),
        ({"rule": "proportional", "points": 120}, QualityRule("proportional", 120, 0)),
        ({"rule": "savings_alone"}, QualityRule("savings_alone", None, 0)),
    ],
)
def test_what_the_quality_score_does_is_stated(written: dict[str, Any], read: QualityRule) -> None:
    assert convention(**IPEP, collective={"quality": written}).collective.quality == read


def test_a_convention_of_shared_savings_may_leave_out_what_quality_does() -> None:
    assert convention(**IPEP).collective == CollectiveTerms(None, None)


REFUSALS = [
    ({**PEPS, "collective": {}}, "collective.list_read_on is missing"),
    ({**PEPS, "collective": {"list_read_on": "first"}}, "collective.list_read_on"),
    ({**PEPS, "collective": {"list_read_on": "first_day", "quality": {"rule": "savings_alone"}}}, "'peps' is not paid"),
    ({**PEPS, "weight_bands": [*BANDS, {"weight": 2, "minimum_age": 0}]}, "weight_bands[2]: entry 0 is about the same"),
    ({**IPEP, "collective": {"list_read_on": "first_day"}}, "'ipep' is not paid by capitation"),
    ({**IPEP, "collective": {"quality": {"rule": "threshold"}}}, "the key 'points' is missing"),
    ({**IPEP, "collective": {"quality": {"rule": "threshold", "points": 0}}}, "0 is less than 1"),
    ({**IPEP, "collective": {"quality": {"rule": "threshold", "points": 1, "assured_share": "101 %"}}}, "over 100 %"),
    ({**IPEP, "collective": {"quality": {"rule": "savings_alone", "points": 3}}}, "quality.points: unknown key"),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "said"), REFUSALS, ids=[said for _, said in REFUSALS])
def test_terms_that_can_not_be_kept_are_refused(stated: dict[str, Any], said: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        convention(**stated)
    assert said in str(refused.value)
