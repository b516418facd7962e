"""What a pathway file may not say: each refusal names the line, the path and the fix."""

from pathlib import Path

import pytest

from cordee.pathways.reader import read_pathway
from cordee.pathways.strict_yaml import FileRefusedError

TRIAL = Path(__file__).parents[1] / "claims" / "pathways" / "essai.yaml"
AMOUNT = "    - {profile: cent, sequence: mois, amount: 100.00 EUR, valid_from: 2026-01-01, source: constructed}\n"


def refusal(text: str) -> str:
    with pytest.raises(FileRefusedError) as refused:
        read_pathway("f.yaml", text)
    return str(refused.value)


@pytest.fixture
def text() -> str:
    return TRIAL.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("code: essai\n", "code: essai\ncolour: red\n", "f.yaml:4: colour: unknown key"),
        ("valid_from: 2026-01-01\n", "valid_form: 2026-01-01\n", "valid_form: unknown key: did you mean 'valid_from'?"),
        ("version: \"1\"\n", "", "the key 'version' is missing: a text is required"),
        ("version: \"1\"\n", "version: 1\n", "f.yaml:4: version: '1' is not a text: write it in quotes"),
        ("version: \"1\"\n", "version: 1.5\n", "version: 1.5 is read as a binary float"),
        ("code: essai\n", "code: essai\ncode: essai\n", "f.yaml:4: code: this key is written twice"),
        ("code: essai\n", "code: ''\n", "code: this text is empty"),
        ("100.00 EUR", "100.00", "forfait.amounts[0].amount: 100.00 is read as a binary float"),
        ("100.00 EUR", "100.00 USD", "'100.00 USD' is in USD: amounts are in EUR"),
        ("100.00 EUR", "100.001 EUR", "is not an amount"),
        ("100.00 EUR, valid_from: 2026-01-01", "100.00 EUR, valid_from: 2026-02-30", "'2026-02-30' is not a date"),
        ("EUR, valid_from: 2026-01-01", "EUR, valid_from: 2026-01-02, valid_to: 2026-01-01", "before valid_from"),
        ("valid_from: 2026-01-01, source: constructed}", "valid_from: 2026-01-01}", "the key 'source' is"),
        ("source: constructed}", "source: hearsay}", "unknown source 'hearsay': define it, or use one of constructed"),
        ("{profile: cent,", "{profile: sent,", "unknown profile 'sent'"),
        ("sequence: mois, amount: 100", "sequence: moi, amount: 100", "unknown séquence 'moi'"),
        ("duration: P1M", "duration: a month", "'a month' is not a duration: write P1M"),
        ("required_acts: []", "required_acts: [{act: rpc, count: 1}]", "unknown act 'rpc'"),
        ("required_acts: []", "required_acts: [{act: rcp, count: 0}]", "0 is less than 1"),
        ("required_acts: []", "required_acts: [{act: rcp, count: many}]", "'many' is not a whole number"),
        ("trigger: end_of_sequence", "trigger: someday", "use one of inclusion, end_of_sequence"),
        ('address: "https://cordee.example/tests"', "address: cordee.example", "is not a web address"),
        ("- {profile: rcp, sequence", "- {profile: cent, sequence", "two amounts are in force together for profile"),
        ("- {code: rcp, label: {fr: forfait", "- {code: cent, label: {fr: forfait", "repeats the code 'cent'"),
        ("incomplete_use: full_if_started", "incomplete_use: prorata", "use one of all_or_nothing, full_if_started"),
        ("sequences:\n", "sequences: none\nold:\n", "sequences: a list is expected here"),
        ("label: {fr: parcours d'essai, en: trial parcours}", "label: essai", "f.yaml:5: label: keys and values are"),
    ],
)  # fmt: skip
def test_a_doubtful_file_is_refused(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    assert said in refusal(text.replace(old, new, 1))


def test_amounts_that_follow_each_other_are_accepted(text: str) -> None:
    older = AMOUNT.replace("valid_from: 2026-01-01", "valid_from: 2025-01-01, valid_to: 2025-12-31")
    assert len(read_pathway("f.yaml", text.replace(AMOUNT, older + AMOUNT)).amounts) == 4


def test_all_problems_are_told_at_once(text: str) -> None:
    said = refusal(text.replace("100.00 EUR", "100.00").replace("duration: P1M", "duration: P"))
    assert "amounts[0].amount" in said
    assert "sequences[0].duration" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("a: [1", "(file): this is not YAML"),
        ("- a\n", "keys and values are expected here"),
        ("a: \x01", "this is not YAML"),
        ("? [a]\n: b\n", "a key must be a text"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(text: str, said: str) -> None:
    assert said in refusal(text)
