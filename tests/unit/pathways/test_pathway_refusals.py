"""What a pathway file may not say: each refusal names the line, the path and the fix."""

from pathlib import Path

import pytest

from cordee.pathways.reader import read_pathway
from cordee.pathways.strict_yaml import FileRefusedError

TRIAL = Path(__file__).parents[1] / "claims" / "pathways" / "essai.yaml"
AMOUNT = "      - {profile: cent, sequence: mois, amount: 100.00 EUR, valid_from: 2026-01-01, source: constructed}\n"


def refusal(text: str) -> str:
    with pytest.raises(FileRefusedError) as refused:
        read_pathway("f.yaml", text)
    return str(refused.value)


def with_section(text: str, added: str) -> str:
    """The trial file with one more section."""
    return f"{text}\n{added.replace('$', SAID).replace('@', CITED)}\n"


def with_forfait(text: str, stated: str) -> str:
    """The trial file with one more forfait."""
    added = stated.replace("{", "  - {code: bilan, label: {fr: bilan, en: assessment}, ", 1)
    return text.replace("incomplete_use:", f"{added}\nincomplete_use:", 1)


@pytest.fixture
def text() -> str:
    return TRIAL.read_text(encoding="utf-8")


CHANGED = [
    ("code: essai\n", "code: essai\ncolour: red\n", "f.yaml:4: colour: unknown key"),
    ("valid_from: 2026-01-01\n", "valid_form: 2026-01-01\n", "valid_form: unknown key: did you mean 'valid_from'?"),
    ("version: \"1\"\n", "", "the key 'version' is missing: a text is required"),
    ("version: \"1\"\n", "version: 1\n", "f.yaml:4: version: '1' is not a text: write it in quotes"),
    ("version: \"1\"\n", "version: 1.5\n", "version: 1.5 is read as a binary float"),
    ("code: essai\n", "code: essai\ncode: essai\n", "f.yaml:4: code: this key is written twice"),
    ("code: essai\n", "code: ''\n", "code: this text is empty"),
    ("100.00 EUR", "100.00", "forfaits[0].amounts[0].amount: 100.00 is read as a binary float"),
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
    ("required_acts: []", 'required_acts: [{act: rcp, count: "2"}]', "'2' is not a whole number: write digits"),
    ("required_acts: []", "required_acts: [{act: rcp, count: 010}]", "'010' is not a whole number"),
    ("required_acts: []", "required_acts: [{act: rcp, count: many}]", "'many' is not a whole number"),
    ("trigger: end_of_sequence", "trigger: someday", "use one of inclusion, end_of_sequence"),
    ('address: "https://cordee.example/tests"', "address: cordee.example", "is not a web address"),
    ("- {profile: rcp, sequence", "- {profile: cent, sequence", "two amounts are in force together for profile"),
    ("- {code: rcp, label: {fr: forfait", "- {code: cent, label: {fr: forfait", "repeats the code 'cent'"),
    ("incomplete_use: full_if_started", "incomplete_use: prorata", "use one of all_or_nothing, full_if_started"),
    ("sequences:\n", "sequences: none\nold:\n", "sequences: a list is expected here"),
    ("label: {fr: parcours d'essai, en: trial parcours}", "label: essai", "f.yaml:5: label: keys and values are"),
    ("code: constructed\n", "code: construit é\n", "is not a code: letters without accent, digits and hyphens"),
    ("    published_on: 2026-01-01\n", "", "this amount comes from 'constructed', which has no date: write its"),
    ("    address: \"https://cordee.example/tests\"\n", "", "comes from 'constructed', which has no address"),
    ('system: "https://cordee.example/a", label: {fr: con', 'system: acts, label: {fr: con', "is not the address of a"),
    ('version: "1"\n', 'version: 1 | 2\n', "'1 | 2' is not a version: letters, digits, dots and hyphens"),
    ("acts:\n", "acts: !!python/name:os.system\n", "acts: a list is expected here"),
    ("nature: official", "nature: rumour", "use one of law, official, draft_opinion, press"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), CHANGED)
def test_a_doubtful_file_is_refused(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    assert said in refusal(text.replace(old, new, 1))


CITED = "source: constructed"
SAID = "label: {fr: a, en: b}, source: constructed"
"""What `@` and `$` stand for below."""

ADDED = [
    ("eligibility: {minimum_age: 18, source: hearsay}", "eligibility.source: unknown source 'hearsay'"),
    ("eligibility: {minimum_age: 18, maximum_age: 12, @}", "12 is under the minimum of 18"),
    ("eligibility: {maximum_age: 180, @}", "180 is not an age in years"),
    ("eligibility: {medical_prescription: peut-être, @}", "'peut-être' is not true or false"),
    ("eligibility: {levels: [\"2\", \"2\"], @}", "eligibility.levels[1]: '2' is written twice"),
    (
        "eligibility: {conditions: [{$, code: x}], @}",
        "a coded condition has both a system and a code",
    ),
    ("structures: [{category: garage, $}]", "use one of etablissement-de-s"),
    ("structures: [{category: msp, legal_form: sarl, $}]", "use one of sisa"),
    ("team: [{professions: [plombier], minimum: 1, $}]", "unknown profession"),
    ("team: [{professions: [], minimum: 1, $}]", "this list is empty"),
    ("team: [{professions: [social], minimum: 0, $}]", "0 is less than 1"),
    ("caps: [{code: c, per: year, $}]", "this ceiling has no height"),
    ("caps: [{code: c, per: month, count: 1, $}]", "use one of sequence"),
    ("caps: [{code: c, per: year, count: 1, acts: [rpc], $}]", "caps[0].acts[0]"),
    ("incompatible_acts: [{acts: [rcp], within: day, $}]", "name at least two"),
    (
        "incompatible_acts: [{acts: [rcp, rpc], within: day, $}]",
        "incompatible_acts[0].acts[1]: unknown act 'rpc': define it, or use one of consultation, rcp",
    ),
    (
        "territory_uplifts: [{territory: t, uplift: 101 %, valid_from: 2026-01-01, $}]",
        "'101 %' is over 100 %",
    ),
    ("review: {silence: 2 mois, @}", "'2 mois' is not a duration"),
    ("capitation: {@}", "payment_model is per_patient: remove this section"),
    ("payment_model: capitation", "the section 'capitation' is missing: payment_model asks for it"),
    ("payment_model: shared_savings", "the section 'shared_savings' is missing"),
    ("payment_model: capitation\ncapitation: {growth_cap: 120 %, @}", "'120 %' is over 100 %"),
    ("payment_model: capitation\ncapitation: {@}", "capitation pays per_listed_patient"),
    (
        "payment_model: capitation\ncapitation: {bands: [{weight: 1.5}], @}",
        "capitation.bands[0].weight: '1.5' is not a whole number",
    ),
    (
        "payment_model: shared_savings\nshared_savings: "
        "[{shared: 1/2, change: 2/3, level: 2/3, patient_experience: 20, valid_from: 2026-01-01, @}]",
        "change and level add up to 4/3: they add up to 1",
    ),
    ("payment_model: shared_savings\nshared_savings: [{shared: 3/2}]", "'3/2' is not a fraction of one"),
    (
        "payment_model: shared_savings\nshared_savings: "
        "[{shared: 1/2, change: 2/3, level: 1/3, patient_experience: 20, valid_from: 2026-01-01, @}, "
        "{shared: 1/2, change: 1/2, level: 1/2, patient_experience: 20, valid_from: 2027-01-01, @}]",
        "shared_savings[1]: in force together with entry 0: give the older one a valid_to",
    ),
    (
        "payment_model: capitation\ncapitation: {least_patients: {count: 0, @}, @}",
        "capitation.least_patients.count: 0 is less than 1",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("added", "said"), ADDED)
def test_a_doubtful_section_is_refused(text: str, added: str, said: str) -> None:
    assert said in refusal(with_section(text, added))


FORFAITS = [
    ("{trigger: per_period, unit: EUR per patient and period}", "the key 'period' is missing: a forfait per_period"),
    ("{trigger: per_act, unit: EUR per act}", "the list 'acts' is missing: a forfait per_act names the acts"),
    ("{trigger: per_act, unit: EUR per patient, acts: [rcp]}", "pays EUR per act or EUR per act and performer"),
    ("{trigger: inclusion, unit: EUR per patient, period: P1M}", "a forfait inclusion has no period"),
    ("{trigger: inclusion, unit: EUR per patient, sequences: [mois]}", "a forfait inclusion belongs to no séquence"),
    ("{trigger: inclusion, unit: EUR per patient, includes: [bilan]}", "a forfait does not include itself"),
    (
        "{trigger: inclusion, unit: EUR per patient, includes: [rien]}",
        "forfaits[1].includes[0]: unknown forfait 'rien'",
    ),
    ("{trigger: end_of_sequence, unit: EUR per patient, sequences: [moi]}", "unknown séquence 'moi'"),
    ("{trigger: per_listed_patient, unit: EUR per listed patient}", "payment_model is per_patient"),
    (
        "{trigger: per_act, unit: EUR per act, acts: [rcp], amounts: [{act: consultation, amount: 1.00 EUR, "
        "valid_from: 2026-01-01, source: constructed}]}",
        "forfaits[1].amounts[0].act: 'consultation' is not among the acts of this forfait",
    ),
]


@pytest.mark.parametrize(("stated", "said"), FORFAITS)
def test_a_doubtful_forfait_is_refused(text: str, stated: str, said: str) -> None:
    assert said in refusal(with_forfait(text, stated))


def test_forfaits_that_include_each_other_are_refused(text: str) -> None:
    named = "label: {fr: a, en: b}"
    added = "".join(
        f"  - {{code: {code}, {named}, trigger: inclusion, unit: EUR per patient, includes: [{other}]}}\n"
        for code, other in (("un", "deux"), ("deux", "un"))
    )
    said = refusal(text.replace("incomplete_use:", f"{added}incomplete_use:", 1))
    assert "'un' ends up including itself" in said


def test_the_line_is_that_of_the_very_value(text: str) -> None:
    line = next(n for n, written in enumerate(text.splitlines(), 1) if "profile: rcp" in written)
    said = refusal(text.replace("{profile: rcp, sequence: mois", "{profile: rcp, sequence: annee", 1))
    assert f"f.yaml:{line}: forfaits[0].amounts[2].sequence: unknown séquence 'annee'" in said


def test_a_list_that_can_not_be_read_accuses_nobody_who_uses_it(text: str) -> None:
    said = refusal(text.replace("profiles:\n", "profiles: none\nold:\n", 1))
    assert "profiles: a list is expected" in said
    assert "unknown profile" not in said


def test_an_amount_whose_days_can_not_be_read_overlaps_no_other(text: str) -> None:
    said = refusal(text.replace(AMOUNT, AMOUNT.replace("2026-01-01", "2026-13-01") + AMOUNT, 1))
    assert "'2026-13-01' is not a date" in said
    assert "in force together" not in said


def test_what_does_not_fit_is_told_beside_what_can_not_be_read(text: str) -> None:
    said = refusal(text.replace("duration: P1M", "duration: P", 1).replace("profile: cent,", "profile: sent,", 1))
    assert "is not a duration" in said
    assert "unknown profile 'sent'" in said


def test_a_code_too_long_for_its_fhir_id_is_refused(text: str) -> None:
    said = refusal(text.replace("code: consultation,", f"code: {'c' * 60},", 1))
    assert "is too long for the id of its FHIR definition" in said


@pytest.mark.parametrize("deep", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000])
def test_a_text_nested_without_end_is_refused(deep: str) -> None:
    assert "nested more than 50 levels deep" in refusal(deep)


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
