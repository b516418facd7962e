"""A lightened tree gives what the library gives of the whole one, whatever is evaluated and however it is written."""

from itertools import product
from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models

from cordee.fhir.definitions import load_definitions
from cordee.fhir.fhirpath import Steps, compiled, counting

PATIENT: dict[str, Any] = {
    "resourceType": "Patient", "id": "p", "active": True, "birthDate": "1980-02-01", "multipleBirthInteger": 2,
    "name": [{"use": "official", "family": "L'Exemple", "given": ["Ada", "Beth"]}, {"family": "Autre"}],
    "telecom": [{"system": "phone", "value": "0102"}, {"system": "email", "value": "a@example.org"}],
    "deceasedBoolean": False,
    "extension": [{"url": "urn:e", "valueCoding": {"system": "urn:s", "code": "c"}}],
}  # fmt: skip
OPERANDS = ("true", "false", "{}", "active", "deceased", "photo")
EXPRESSIONS = [
    *(f"{a} {op} {b}" for op in ("and", "or", "xor", "implies") for a, b in product(OPERANDS, repeat=2)),
    "name.given", "name.where(use = 'official').given.first()", "name[0].given[1]", "name.given.count() = 2",
    "name.exists(family = 'L\\'Exemple')", "(name | name).count()", "name.select(given.count() + 1)",
    "telecom.where(system = 'phone' or system = 'email').value", "telecom.all(value.exists() and system.exists())",
    "name.given.where($this.startsWith('A'))", "name.given.select($index)", "extension('urn:e').value.code",
    "multipleBirth is integer", "multipleBirth.as(integer)", "multipleBirth.ofType(integer) > 1", "(1 + 2) * 3 - -4",
    "birthDate = @1980-02-01", "birthDate < @1981", "1.50 = 1.5", "'a' & 'b' & {}", "'\\u00e9' ~ 'É'",
    "'a' in name.given",
    "name.given contains 'Ada'", "iif(active, 'yes', 'no')", "%resource.id", "name.repeat(given)", "id.matches('^p$')",
    "(active and (deceased or (name.exists() implies telecom.empty()))).not()", "name.use.is(code)", "1 = 1 and 2 > 1",
    "1 'mg' = 1 'mg'", "descendants().count() > 3", "name.given.aggregate($total & $this, '')", "active = true = true",
]  # fmt: skip
ERRORS = ["name and true", "'a' + 1", "name.nothing()", "1 and 2", "-'a'", "%nothing"]


def by_library(expression: str) -> Any:
    return fhirpathpy.compile(expression, models["r4"])(PATIENT, {"resource": PATIENT})


def lightly(expression: str) -> Any:
    with counting(Steps()):
        return compiled(expression, models["r4"])(PATIENT, {"resource": PATIENT})


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_gives_the_same(expression: str) -> None:
    assert lightly(expression) == by_library(expression)


@pytest.mark.parametrize("expression", ERRORS)
def test_what_makes_no_sense_makes_none(expression: str) -> None:
    for evaluate in (by_library, lightly):
        with pytest.raises(Exception, match=r"\w"):
            evaluate(expression)


def test_the_standard_s_invariants_give_the_same() -> None:
    for invariant in load_definitions().invariants.values():
        try:
            expected = by_library(invariant.expression)
        except Exception:  # of another type than the rule is about
            continue
        assert lightly(invariant.expression) == expected, invariant


def test_what_is_given_can_be_changed_without_changing_the_next() -> None:
    assert lightly("-(1)") == lightly("-(1)") == [-1]
