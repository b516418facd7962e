"""A free distribution signed off, as a file and as a Contract."""

import json

import pytest

from cordee.claims.distribution_reader import read_distribution
from cordee.claims.evidence import SignedDistribution
from cordee.claims.fhir_distribution import contract_from_distribution, distribution_from_contract, is_distribution
from cordee.claims.fhir_evidence import EvidenceError
from cordee.fhir.body import accept
from cordee.pathways.strict_yaml import FileRefusedError

TEXT = """format: cordee.distribution/1
care_plan: CarePlan/c
forfait: mois-1
amounts:
  https://rpps.esante.gouv.fr|10000000001: 70.50 EUR
  https://rpps.esante.gouv.fr|10000000002: 29.50 EUR
signed_by: {identifier: "https://rpps.esante.gouv.fr|10000000001", name: Médecin Un}
signed_on: 2026-08-01
"""


def test_it_survives_its_contract() -> None:
    read = read_distribution("d.yaml", TEXT)
    contract = contract_from_distribution(read, TEXT)
    accept(json.dumps(contract).encode(), "Contract")
    assert is_distribution(contract)
    assert distribution_from_contract(contract) == read.distribution
    assert read.distribution.amounts == (
        ("https://rpps.esante.gouv.fr|10000000001", 7_050),
        ("https://rpps.esante.gouv.fr|10000000002", 2_950),
    )
    assert isinstance(read.distribution, SignedDistribution)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "70.50 EUR",
            "-70.50 EUR",
            "d.yaml:5: amounts.https://rpps.esante.gouv.fr|10000000001: '-70.50 EUR' is not an",
        ),
        ("70.50 EUR", "70.50 USD", "d.yaml:5: amounts"),
        ("CarePlan/c", "Patient/c", "d.yaml:2: care_plan: 'Patient/c' does not name a plan"),
        (
            "care_plan: CarePlan/c",
            "patient_list: CarePlan/c",
            "d.yaml:2: patient_list: 'CarePlan/c' does not name a list",
        ),
        (
            "forfait: mois-1",
            "forfait: mois-1\npatient_list: Group/g",
            "d.yaml:4: patient_list: a distribution is about",
        ),
        (
            "https://rpps.esante.gouv.fr|10000000002",
            "somebody",
            "d.yaml:6: amounts.somebody: 'somebody' is not system|",
        ),
        ("signed_on: 2026-08-01\n", "", "the key 'signed_on' is missing"),
        ("forfait: mois-1", "forfeit: mois-1", "unknown key: did you mean 'forfait'?"),
    ],
)
def test_a_file_with_problems_is_refused_by_line(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(FileRefusedError) as refused:
        read_distribution("d.yaml", TEXT.replace(old, new))
    assert said in str(refused.value)


def test_that_of_a_collective_payment_is_about_its_patient_list() -> None:
    text = TEXT.replace("care_plan: CarePlan/c\nforfait: mois-1", "patient_list: Group/g\nforfait: 2026-Q3")
    read = read_distribution("d.yaml", text)
    contract = contract_from_distribution(read, text)
    assert contract["subject"] == [{"reference": "Group/g"}]
    assert distribution_from_contract(contract) == read.distribution


def test_a_contract_about_another_plan_than_its_file_is_refused() -> None:
    contract = contract_from_distribution(read_distribution("d.yaml", TEXT), TEXT)
    with pytest.raises(EvidenceError, match="its file says CarePlan/c"):
        distribution_from_contract({**contract, "subject": [{"reference": "CarePlan/other"}]})
