"""What a convention may state, given its pathway."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cordee.pathways.convention import Convention, FixedAmount, Percentage, PricePerAct, Remainder
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.price import NoPrice, Price, price
from cordee.pathways.reader import read_pathway
from cordee.pathways.schedule import convention_in_force, schedule, sequences_of
from cordee.pathways.shipped import shipped_pathways
from cordee.pathways.split_reader import STEPS
from cordee.pathways.strict_yaml import FileRefusedError

EXAMPLE = Path(__file__).parents[1] / "claims" / "convention.yaml"
PCR = shipped_pathways()["pcr-obesite-complexe-adulte"]
INCLUDED = date(2026, 7, 1)


@pytest.fixture
def text() -> str:
    return EXAMPLE.read_text(encoding="utf-8")


@pytest.fixture
def convention(text: str) -> Convention:
    return read_convention("c.yaml", text, shipped_pathways())


def refusal(text: str) -> str:
    with pytest.raises(FileRefusedError) as refused:
        read_convention("c.yaml", text, shipped_pathways())
    return str(refused.value)


def test_the_split_is_read_in_order_in_cents_and_basis_points(convention: Convention) -> None:
    fixed, share, prices, rest = convention.steps
    assert fixed == FixedAmount("structure", 500)
    assert share == Percentage("coordination", 1_500)
    assert prices == PricePerAct((("rcp", 1_500),))
    assert isinstance(rest, Remainder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("share: 15 %", "share: 15", "split[1].share: '15' is not a text"),
        ("share: 15 %", "share: 0.15", "split[1].share: 0.15 is read as a binary float"),
        ("share: 15 %", "share: 12.345 %", "at most two decimals"),
        ("share: 15 %", "share: 101 %", "is over 100 %"),
        ("share: 15 %", "share: 99 %", "€5.00 and 99\u00a0% off the top are more than the smallest amount"),
        ("beneficiary: coordination", "beneficiary: nobody", "unknown beneficiary 'nobody'"),
        ("prices: {rcp: 15.00 EUR}", "prices: {rpc: 15.00 EUR}", "split[2].prices: unknown act 'rpc'"),
        ("      rcp: 0\n", "", "no points for rcp: write 0 for an act that weighs nothing"),
        ("      rcp: 0\n", "      rcp: -1\n", "'-1' is not a whole number"),
        ("{OC: 150.00 EUR,", "{OC: 149.00 EUR,", "OC: €1,125.00 is stated for the whole parcours, outside of"),
        ("OC-TCA-APA: 479.00", "OC-TCA-APA: 479.01", "profile OC-TCA-APA: €1,769.01 is stated"),
        ("{OC: 150.00 EUR, OC-APA", "{OC-APA", "profile OC has amounts, but none in mois-1: state all or none"),
        ("{OC: 150.00 EUR,", "{OX: 1.00 EUR, OC: 150.00 EUR,", "unknown profile 'OX'"),
        ("duration: P12M", "duration: P19M", "the séquences last P31M in all: the parcours lasts P24M to P30M"),
        ("within: phase-2", "within: phase-1", "no séquence is within 'phase-2'"),
        ("within: phase-1", "within: phase-9", "unknown séquence 'phase-9'"),
        ("within: phase-1", "within: phase-2", "the séquences follow the order of the pathway's"),
        ("- code: mois-2", "- code: mois-1", "repeats the code 'mois-1'"),
        ("act: consultation-medicale, count: 1", "act: consultation, count: 1", "unknown act 'consultation'"),
        ("territory: metropole", "territory: lune", "use one of metropole, outre-mer"),
        ("time_zone: Europe/Paris", "time_zone: Paris", "'Paris' is not a time zone"),
        ("payee_mode: direct_by_caisse", "payee_mode: cash", "use one of direct_by_caisse, via_structure"),
        ("pathway: pcr-obesite-complexe-adulte", "pathway: pcr", "'pcr' is not known here: use one of cime"),
        ("valid_from: 2026-06-01", "valid_from: 2026-03-03", "the pathway is in force from 2026-03-04"),
        ("incomplete_use: all_or_nothing\n", "", "the pathway leaves this policy to the convention"),
        ("profession: infirmier", "profession: plombier", "unknown profession 'plombier'"),
        ("profession: infirmier", "identifier: x", "'x' is not system|value"),
        ("  - profession: infirmier\n    reason", "  - reason", "name either a profession or an identifier"),
        ("- code: rcp\n", "- code: seance-apa\n", "repeats the code 'seance-apa'"),
        ("residue: structure", "residue: pocket", "use one of structure, reserve, not_billed"),
    ],
)  # fmt: skip
def test_a_convention_that_can_not_be_applied_is_refused(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    assert said in refusal(text.replace(old, new, 1))


def test_shares_over_the_whole_are_refused(text: str) -> None:
    extra = "  - {step: by_profession, shares: {medecin: 60 %, dieteticien: 30 %}}\nresidue:"
    assert "the shares add up to 105\u00a0%: more than the forfait" in refusal(text.replace("residue:", extra, 1))


def test_nothing_may_follow_the_remainder(text: str) -> None:
    extra = "  - {step: price_per_act, prices: {rcp: 1.00 EUR}}\nresidue:"
    assert "put it last" in refusal(text.replace("residue:", extra, 1))


def test_a_policy_that_is_public_is_not_restated_otherwise(text: str) -> None:
    published = (Path(EXAMPLE).parent / "pathways" / "essai.yaml").read_text(encoding="utf-8")
    trial = {"essai": read_pathway("essai.yaml", published)}
    other = text.replace("pathway: pcr-obesite-complexe-adulte", "pathway: essai")
    with pytest.raises(FileRefusedError, match="the pathway says 'full_if_started': remove this line"):
        read_convention("c.yaml", other, trial)


def test_sequences_follow_each_other_from_the_first_day(convention: Convention) -> None:
    planned = sequences_of(PCR, convention, date(2026, 8, 31))
    assert [(s.code, str(s.start), str(s.end)) for s in planned] == [
        ("mois-1", "2026-08-31", "2026-09-29"),
        ("mois-2", "2026-09-30", "2026-10-30"),
        ("mois-3", "2026-10-31", "2026-11-29"),
        ("consolidation", "2026-11-30", "2027-08-30"),
        ("suivi", "2027-08-31", "2028-08-30"),
    ]


def test_without_stated_sequences_only_those_of_known_duration_are_planned(convention: Convention) -> None:
    published = read_pathway("essai.yaml", (EXAMPLE.parent / "pathways" / "essai.yaml").read_text(encoding="utf-8"))
    unstated = replace(convention, sequences=())
    assert sequences_of(PCR, unstated, INCLUDED) == ()
    assert [s.code for s in sequences_of(published, unstated, INCLUDED)] == ["mois"]


def test_the_version_in_force_is_the_one_that_began_last(text: str, convention: Convention) -> None:
    second = text.replace('version: "1"', 'version: "2"').replace("valid_from: 2026-06-01", "valid_from: 2026-09-01")
    newer = read_convention("c.yaml", second, shipped_pathways())
    versions = (newer, convention)
    assert convention_in_force(versions, date(2026, 5, 31)) is None
    assert convention_in_force(versions, date(2026, 8, 31)) == convention
    assert convention_in_force(versions, date(2026, 9, 1)) == newer


def price_of(convention: Convention, profile: str, sequence: str) -> Price | NoPrice:
    planned = next(p for p in schedule(PCR, convention, INCLUDED, until=INCLUDED) if p.code == sequence)
    return price(PCR, convention, profile, planned, sequences_of(PCR, convention, INCLUDED), INCLUDED)


def stated(convention_text: str, amounts: dict[str, str], **replaced: str) -> Convention:
    """The example convention with the OC amounts of each séquence replaced, by code."""
    lines = []
    code = ""
    for line in convention_text.splitlines():
        code = line.partition("code: ")[2] or code
        if line.strip().startswith("amounts:"):
            lines.append(f"    amounts: {{OC: {amounts[code]} EUR}}")
        else:
            lines.append(line)
    text = "\n".join(lines)
    for old, new in replaced.items():
        text = text.replace(f"{old}: metropole", f"{old}: {new}")
    return read_convention("c.yaml", text, shipped_pathways())


@pytest.mark.parametrize(
    ("rule", "last", "metropole", "overseas"),
    [("E10, lower bound", "276.00", 112_600, 135_120), ("E10, upper bound", "919.00", 176_900, 212_280)],
)
def test_the_bounds_are_uplifted_by_a_fifth_overseas(
    text: str, rule: str, last: str, metropole: int, overseas: int
) -> None:
    amounts = {"mois-1": "150.00", "mois-2": "150.00", "mois-3": "150.00", "consolidation": "400.00", "suivi": last}
    for territory, total in (("metropole", metropole), ("outre-mer", overseas)):
        convention = stated(text, amounts, territory=territory)
        prices = [price_of(convention, "OC", s.code) for s in convention.sequences]
        assert all(isinstance(found, Price) for found in prices), rule
        assert sum(found.cents for found in prices if isinstance(found, Price)) == total


def test_the_uplift_of_the_sequences_adds_up_to_that_of_the_parcours(text: str) -> None:
    amounts = {"mois-1": "100.01", "mois-2": "100.01", "mois-3": "100.01", "consolidation": "400.01", "suivi": "500.01"}
    convention = stated(text, amounts, territory="outre-mer")
    prices = [price_of(convention, "OC", s.code) for s in convention.sequences]
    assert sum(found.cents for found in prices if isinstance(found, Price)) == 144_006


def test_the_engine_itself_refuses_an_amount_out_of_range(convention: Convention) -> None:
    cheap = replace(convention, sequences=tuple(replace(s, amounts=(("OC", 100),)) for s in convention.sequences))
    found = price_of(cheap, "OC", "mois-1")
    assert isinstance(found, NoPrice)
    assert (found.stated, found.published) == (500, PCR.amounts[0])
    assert price_of(cheap, "OC-TCA", "mois-1") == NoPrice("OC-TCA, mois-1")


def test_the_documentation_names_every_key_of_a_convention_and_every_step(text: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "conventions.md").read_text(encoding="utf-8")
    unheard_of = "https://cordee.example/unheard-of"
    known = refusal(text.replace("format:", f"{unheard_of}: 1\nformat:", 1)).rpartition("known keys: ")[2].split(", ")
    for name in (*known, *STEPS):
        assert f"`{name}`" in page
