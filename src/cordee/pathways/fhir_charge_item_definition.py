"""A forfait of a pathway as an R4 ChargeItemDefinition: its published amounts, each with its days and its source.

A forfait whose amount is not public has no price there: the convention states it.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from cordee.pathways import canonical
from cordee.pathways.fhir_labels import concept, period, translated
from cordee.pathways.fhir_plan_definition import act_id, versioned
from cordee.pathways.model import Amount, Forfait, Label, Pathway, TerritoryUplift, Validity
from cordee.pathways.money import euros

PRICE_BOUNDS = {"minimum": Label("borne basse", "lower bound"), "maximum": Label("borne haute", "upper bound")}


def charge_item_definition(pathway: Pathway, forfait: Forfait) -> dict[str, Any]:
    """The definition of a forfait. Bounds are two `informational` prices, a territory's uplift a `surcharge` factor."""
    definition_id = act_id(pathway, forfait.code)
    groups = [_amount_group(pathway, amount) for amount in forfait.amounts]
    if groups:
        groups += [_uplift_group(pathway, uplift) for uplift in pathway.uplifts]
    built: dict[str, Any] = {
        "resourceType": "ChargeItemDefinition",
        "id": definition_id,
        "language": "fr",
        "url": canonical.CHARGE + definition_id,
        "version": pathway.version,
        **translated("title", forfait.label),
        "partOf": [versioned(pathway, canonical.pathway_canonical(pathway.code))],
        "status": "active",
        **translated("description", Label(*(" ".join(parts) for parts in zip(*_sentences(forfait), strict=True)))),
        "jurisdiction": [concept("urn:iso:std:iso:3166", "FR")],
        "effectivePeriod": period(pathway.validity),
        "code": concept(canonical.FORFAIT_SYSTEM, forfait.code, forfait.label),
    }
    addresses = {source.code: source.address for source in pathway.sources}
    if cited := sorted({address for amount in forfait.amounts if (address := addresses.get(amount.source))}):
        built["derivedFromUri"] = cited
    if groups:
        built["propertyGroup"] = groups
    return built


_TRIGGERS = {
    "inclusion": Label("Dû à l'inclusion.", "Due at the inclusion."),
    "end_of_sequence": Label("Dû à la fin de la séquence.", "Due at the end of the séquence."),
    "per_period": Label("Dû à la fin de chaque période.", "Due at the end of each period."),
    "per_year": Label("Dû à la fin de chaque année.", "Due at the end of each year."),
    "per_act": Label("Dû pour chaque acte.", "Due for each act."),
    "per_listed_patient": Label("Dû pour chaque patient de la liste.", "Due for each patient of the list."),
}


def _sentences(forfait: Forfait) -> Iterator[tuple[str, str]]:
    trigger = _TRIGGERS[forfait.trigger]
    yield trigger.fr, trigger.en
    for names, french, english in (
        (forfait.sequences, "Séquences", "Séquences"),
        (forfait.acts, "Actes", "Acts"),
        (forfait.includes, "Comprend", "Includes"),
    ):
        if names:
            yield f"{french} : {', '.join(names)}.", f"{english}: {', '.join(names)}."
    if not forfait.amounts:
        yield "Montant non public : la convention l'indique.", "Amount not public: the convention states it."


def _amount_group(pathway: Pathway, amount: Amount) -> dict[str, Any]:
    if amount.exact is not None:
        prices = [{"type": "base"} | _price(pathway, amount, amount.exact)]
    else:
        prices = [
            {"type": "informational"} | _price(pathway, amount, cents, (bound, PRICE_BOUNDS[bound]))
            for bound, cents in (("minimum", amount.minimum), ("maximum", amount.maximum))
        ]
    return {"applicability": [_applicability(pathway, amount.validity, amount.source)], "priceComponent": prices}


def _price(pathway: Pathway, amount: Amount, cents: int, bound: tuple[str, Label] | None = None) -> dict[str, Any]:
    codings = [
        {"system": system, "code": code}
        for system, code in (
            (canonical.PROFILE_SYSTEM, amount.profile),
            (canonical.SEQUENCE_SYSTEM, amount.sequence),
            (next((act.system for act in pathway.acts if act.code == amount.act), None), amount.act),
        )
        if code is not None
    ]
    if bound is not None:
        codings += concept(canonical.PRICE_BOUND_SYSTEM, *bound)["coding"]
    price: dict[str, Any] = {"amount": {"value": euros(cents), "currency": "EUR"}}
    return {"code": {"coding": codings}} | price if codings else price


def _uplift_group(pathway: Pathway, uplift: TerritoryUplift) -> dict[str, Any]:
    return {
        "applicability": [_applicability(pathway, uplift.validity, uplift.source)],
        "priceComponent": [
            {
                "type": "surcharge",
                "code": concept(canonical.TERRITORY_SYSTEM, uplift.territory, uplift.label),
                "factor": Decimal(uplift.basis_points).scaleb(-4),
            }
        ],
    }


def _applicability(pathway: Pathway, validity: Validity, cited: str) -> dict[str, Any]:
    source = next(source for source in pathway.sources if source.code == cited)
    extensions: list[dict[str, Any]] = [{"url": canonical.AMOUNT_PERIOD, "valuePeriod": period(validity)}]
    if source.address is not None:
        extensions.append({"url": canonical.AMOUNT_SOURCE, "valueUri": source.address})
    return {"extension": extensions, "description": source.title}
