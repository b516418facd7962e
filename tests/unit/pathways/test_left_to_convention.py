"""What a file leaves to the convention is enough: once stated, every forfait has a day and a price."""

from datetime import date
from typing import Any

import pytest
import yaml

from cordee.pathways.convention_reader import read_convention
from cordee.pathways.left_to_convention import left_to_convention
from cordee.pathways.model import Pathway
from cordee.pathways.price import ActPrice, Price, act_price, price
from cordee.pathways.schedule import schedule, sequences_of
from cordee.pathways.shipped import shipped_pathways

BY_PATIENT = [p for p in shipped_pathways().values() if p.payment_model == "per_patient"]


def stated_by(pathway: Pathway) -> dict[str, Any]:
    """A convention that states what the file leaves open, and nothing else."""
    left = " ; ".join(label.en for label in left_to_convention(pathway))
    text: dict[str, Any] = {
        "format": "cordee.convention/1",
        "identifier": "https://cordee.example/convention|essai",
        "version": "1",
        "pathway": pathway.code,
        "valid_from": pathway.validity.first,
        "structure": {"identifier": "https://finess.esante.gouv.fr|990000001", "name": "Structure d'essai"},
        "territory": "metropole",
        "payee_mode": "via_structure",
        "signatories": [],
        "split": [{"step": "remainder", "by": "heads"}],
        "residue": "structure",
        "amounts": [],
    }
    if "incomplete" in left:
        text["incomplete_use"] = "all_or_nothing"
    if "left early" in left:
        text["early_exit"] = "not_due"
    if "duration" in left or "required acts" in left:
        months = (pathway.total_duration.minimum.months if pathway.total_duration else 12) // len(pathway.sequences)
        text["sequences"] = [
            {
                "code": s.code,
                "within": s.code,
                "label": {"fr": s.label.fr, "en": s.label.en},
                "duration": str(s.duration) if s.duration else f"P{months}M",
                "required_acts": [{"act": r.act, "count": r.count} for r in s.required_acts or ()],
            }
            for s in pathway.sequences
        ]
    for forfait in pathway.forfaits:
        ends = [s.code for s in pathway.sequences if not forfait.sequences or s.code in forfait.sequences]
        if f"amount of the forfait {forfait.code}" in left:
            places: list[dict[str, Any]] = [{}]
            if forfait.trigger == "end_of_sequence":
                places = [{"sequence": code} for code in ends]
            elif forfait.trigger == "per_act":
                places = [{"act": code} for code in forfait.acts]
            text["amounts"] += [
                # Twice 563 is the lower of the two published bounds of the PCR.
                {"forfait": forfait.code, "profile": profile.code, "amount": "563.00 EUR", **place}
                for profile in pathway.profiles
                for place in places
            ]
        priced = {amount.act for amount in forfait.amounts}
        if "price of the acts" in left and forfait.amounts:
            text["amounts"] += [
                {"forfait": forfait.code, "act": act, "amount": "22.50 EUR"}
                for act in forfait.acts
                if act not in priced
            ]
    return text


@pytest.mark.parametrize("pathway", BY_PATIENT, ids=lambda pathway: pathway.code)
def test_a_convention_that_states_it_gives_every_forfait_a_day_and_a_price(pathway: Pathway) -> None:
    text = yaml.safe_dump(stated_by(pathway), allow_unicode=True)
    convention = read_convention("stated", text, shipped_pathways())
    start = included = pathway.validity.first
    planned = schedule(pathway, convention, start, until=date(start.year + 2, start.month, start.day))
    assert {one.forfait for one in planned} == {forfait.code for forfait in pathway.forfaits}
    sequences = sequences_of(pathway, convention, start)
    for profile in pathway.profiles:
        for one in planned:
            forfait = pathway.forfait(one.forfait)
            assert forfait is not None
            if forfait.trigger == "per_act":
                found = [act_price(pathway, convention, one.forfait, profile.code, a, included) for a in forfait.acts]
                assert all(isinstance(cents, ActPrice) for cents in found)
            else:
                assert isinstance(price(pathway, convention, profile.code, one, sequences, included), Price)


@pytest.mark.parametrize("pathway", shipped_pathways().values(), ids=lambda pathway: pathway.code)
def test_the_split_is_always_left_to_the_convention(pathway: Pathway) -> None:
    assert left_to_convention(pathway)[-1].en == "the split between the members"


def test_the_sequences_of_a_parcours_paid_by_the_year_need_no_duration() -> None:
    assert not any("duration" in label.en for label in left_to_convention(shipped_pathways()["gpso"]))


def test_only_the_weights_and_the_amount_are_left_of_a_capitation() -> None:
    assert [label.en for label in left_to_convention(shipped_pathways()["peps"])] == [
        "the amount of the forfait forfait-trimestriel",
        "the weights of the listed patients",
        "the split between the members",
    ]
