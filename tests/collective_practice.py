"""A structure whose team is paid by capitation (PEPS) and by shared savings (IPEP): all of it fictitious."""

from datetime import date
from typing import Any

import yaml

from cordee.claims.fhir_contract import contract_from_convention
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.shipped import shipped_pathways

BASE = "https://cordee.example/fhir"
G15 = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
RPPS = "https://rpps.esante.gouv.fr"
PATIENTS = 260
TEAM = {"medecin-1": "10", "medecin-2": "10", "medecin-3": "10", "infirmier-1": "60", "infirmier-2": "60"}

CONVENTION: dict[str, Any] = {
    "format": "cordee.convention/1",
    "identifier": "https://cordee.example/convention|essai-collectif",
    "version": "1",
    "valid_from": date(2025, 1, 1),
    "structure": {"identifier": "https://finess.esante.gouv.fr|990000001", "name": "Maison de santé d'essai"},
    "insurer": {"identifier": "https://cordee.example/caisse|cpam-999", "name": "CPAM fictive"},
    "territory": "metropole",
    "payee_mode": "via_structure",
    "signatories": [
        {"identifier": f"{RPPS}|9990000000{n}", "name": name, "signed_on": date(2025, 1, 1)}
        for n, name in enumerate(TEAM)
    ],
    "split": [
        {"step": "percentage", "beneficiary": "structure", "share": "10 %"},
        {"step": "remainder", "by": "heads"},
    ],
    "residue": "structure",
}
PEPS = {
    "pathway": "peps",
    "amounts": [{"forfait": "forfait-trimestriel", "amount": "10.00 EUR"}],
    "weight_bands": [{"weight": 1000}, {"weight": 1500, "minimum_age": 65}],
    "collective": {"list_read_on": "first_day"},
}
IPEP = {"pathway": "ipep", "collective": {"quality": {"rule": "savings_alone"}}}


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def contract(**stated: Any) -> dict[str, Any]:
    text = yaml.safe_dump({**CONVENTION, **stated}, allow_unicode=True)
    written = contract_from_convention(read_convention("c", text, shipped_pathways()), text)
    return {**written, "id": f"convention-{stated['pathway']}"}


def report(id_: str, pathway: str, period: tuple[str, str], **facts: Any) -> dict[str, Any]:
    euro = {"system": "urn:iso:std:iso:4217", "code": "EUR"}
    groups = [
        {
            "code": coded(f"{BASE}/CodeSystem/collective-fact", fact.replace("_", "-")),
            "measureScore": {"value": value} | ({} if fact == "patient_count" else euro),
        }
        for fact, value in facts.items()
    ]
    return {
        "resourceType": "MeasureReport",
        "id": id_,
        "status": "complete",
        "type": "summary",
        "measure": f"{BASE}/Measure/{pathway}",
        "subject": {"reference": f"Group/{pathway}"},
        "period": {"start": period[0], "end": period[1]},
        "group": groups,
    }


def group(pathway: str, members: int) -> dict[str, Any]:
    listed = [{"entity": {"reference": f"Patient/p{n}"}, "period": {"start": "2026-01-01"}} for n in range(members)]
    return {
        "resourceType": "Group",
        "id": pathway,
        "type": "person",
        "actual": True,
        "active": True,
        "code": coded(f"{BASE}/CodeSystem/pathway", pathway),
        "managingEntity": {"reference": "Organization/msp"},
    } | ({"member": listed} if listed else {})


def resources() -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = []
    for n, (name, profession) in enumerate(TEAM.items()):
        identifier = {"system": RPPS, "value": f"9990000000{n}"}
        people += [
            {"resourceType": "Practitioner", "id": name, "identifier": [identifier], "name": [{"family": name}]},
            {
                "resourceType": "PractitionerRole",
                "id": name,
                "practitioner": {"reference": f"Practitioner/{name}"},
                "code": [coded(G15, profession)],
            },
        ]
    category = coded(f"{BASE}/CodeSystem/structure-category", "groupement")
    identifier = {"system": "https://finess.esante.gouv.fr", "value": "990000001"}
    structure = {
        "resourceType": "Organization",
        "id": "msp",
        "name": "Maison de santé d'essai",
        "identifier": [identifier],
        "type": [category],
    }
    teams = [
        {
            "resourceType": "CareTeam",
            "id": f"equipe-{pathway}",
            "status": "active",
            "subject": {"reference": f"Group/{pathway}"},
            "participant": [{"member": {"reference": f"PractitionerRole/{name}"}} for name in TEAM],
        }
        for pathway in ("peps", "ipep")
    ]
    listed = [
        {"resourceType": "Patient", "id": f"p{n}", "birthDate": f"{1950 if n < 60 else 1990}-01-01"}
        for n in range(PATIENTS)
    ]
    quarter, year = ("2026-07-01", "2026-09-30"), ("2025-01-01", "2025-12-31")
    facts = [
        report("faits-t3", "peps", quarter, care_elsewhere=100, reference_remuneration=5000),
        report("gains", "ipep", year, change_gain=30, level_gain=12, patient_count=6000),
    ]
    lists = [group("peps", PATIENTS), group("ipep", 0)]
    return [structure, *people, *teams, *listed, *lists, *facts, contract(**PEPS), contract(**IPEP)]
