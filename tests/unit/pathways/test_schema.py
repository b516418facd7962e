"""The JSON Schema that editors check pathway files by agrees with the reader on all that a schema can say."""

from importlib.resources import files
from typing import Any, get_args

import orjson
import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from tests.unit.pathways.test_pathway_refusals import ADDED, CHANGED, FORFAITS, TRIAL, with_forfait, with_section

from cordee.pathways import model
from cordee.pathways.reader import FORMAT
from cordee.pathways.shipped import shipped_texts

SCHEMA: dict[str, Any] = orjson.loads((files("cordee.pathways") / "pathway.schema.json").read_bytes())
TEXT = TRIAL.read_text(encoding="utf-8")

ONLY_THE_READER = (
    "unknown source",
    "unknown profile",
    "unknown séquence",
    "unknown act",
    "unknown profession",
    "unknown forfait",
    "caps[0].acts[0]",
    "this key is written twice",
    "repeats the code",
    "before valid_from",
    "two amounts are in force together",
    "which has no date",
    "which has no address",
    "is under the minimum of",
    "add up to 4/3",
    "does not include itself",
    "is not among the acts of this forfait",
    "in force together with entry",
    "'010' is not a whole number",
)
"""What compares one part of a file with another, which a schema can't."""

REFUSED = [
    *((TEXT.replace(old, new, 1), said) for old, new, said in CHANGED),
    *((with_section(TEXT, added), said) for added, said in ADDED),
    *((with_forfait(TEXT, stated), said) for stated, said in FORFAITS),
]


class _Loader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: a date is a text, and only `true` and `false` are booleans."""


_OLD_TAGS = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _OLD_TAGS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", yaml.SafeLoader.yaml_implicit_resolvers["t"][0][1], list("tf"))


def loaded(text: str) -> Any:
    """A text as an editor reads it."""
    return yaml.load(text, Loader=_Loader)


def problems(text: str) -> list[str]:
    """What the schema says against a text."""
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker(["date"]))
    try:
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(loaded(text))]
    except yaml.YAMLError as error:
        return [str(error)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["format"]["const"] == FORMAT


@pytest.mark.parametrize("text", [*shipped_texts().values(), TEXT], ids=[*shipped_texts(), "essai.yaml"])
def test_what_the_reader_reads_is_valid(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_the_reader_refuses_is_refused_where_a_schema_can_say_it(text: str, said: str) -> None:
    comparison = any(fragment in said for fragment in ONLY_THE_READER)
    assert bool(problems(text)) == (not comparison)


@pytest.mark.parametrize(
    ("listed", "known"),
    [
        (SCHEMA["properties"]["payment_model"], model.PaymentModel),
        (SCHEMA["$defs"]["source"]["properties"]["nature"], model.Nature),
        (SCHEMA["$defs"]["structure"]["properties"]["category"], model.StructureCategory),
        (SCHEMA["$defs"]["structure"]["properties"]["legal_form"], model.LegalForm),
        (SCHEMA["$defs"]["forfait"]["properties"]["trigger"], model.Trigger),
        (SCHEMA["$defs"]["forfait"]["properties"]["unit"], model.Unit),
        (SCHEMA["$defs"]["incomplete_use"], model.IncompleteUse),
        (SCHEMA["$defs"]["early_exit"], model.EarlyExit),
    ],
)
def test_the_codes_of_the_schema_are_those_of_the_model(listed: dict[str, Any], known: Any) -> None:
    assert listed["enum"] == list(get_args(known))
