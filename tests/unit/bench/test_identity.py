import pytest
from bench.identity import PATIENTS_WITH_OWN_NIR, matricule, nir_key


@pytest.mark.parametrize(
    "known",
    [
        "255081416802538",
        "180127512345642",
        "178059933010817",
        "279035121518989",
        "185012A00400117",
        "285032B03301218",
    ],
)
def test_the_key_of_a_published_nir_is_found_again(known: str) -> None:
    assert nir_key(known[:13]) == known[13:]


def test_the_key_of_a_mistyped_nir_differs() -> None:
    assert nir_key("2550814168025") != nir_key("2550814168026")


@pytest.mark.parametrize("body", ["", "27903512151", "27903512151898", "2790351A15189", "A790351215189"])
def test_what_is_not_a_nir_has_no_key(body: str) -> None:
    with pytest.raises(ValueError, match="is not a NIR"):
        nir_key(body)


@pytest.mark.parametrize("department", ["75", "2A", "2B", "97"])
def test_a_matricule_is_a_nir_and_its_key(department: str) -> None:
    made = matricule(123, male=False, year=1985, month=3, department=department)
    assert len(made) == 15
    assert made[:7] == f"28503{department}"
    assert made[13:] == nir_key(made[:13])


def test_patients_born_together_do_not_share_a_matricule() -> None:
    numbers = [0, 1, 998, 999, 1000, 99_999, PATIENTS_WITH_OWN_NIR - 1]
    made = {matricule(n, male=True, year=1970, month=1, department="69") for n in numbers}
    assert len(made) == len(numbers)
