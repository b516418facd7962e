"""The pathway files that travel with the program."""

from datetime import date

import pytest

from cordee.pathways.model import Pathway
from cordee.pathways.reader import read_pathway
from cordee.pathways.shipped import pathway_directory, shipped_pathways

PCR = "pcr-obesite-complexe-adulte"


@pytest.fixture
def pcr() -> Pathway:
    return shipped_pathways()[PCR]


def test_every_file_is_named_after_its_code() -> None:
    files = sorted(path.stem for path in pathway_directory().glob("*.yaml"))
    assert files == sorted(shipped_pathways())


def test_the_four_profiles_of_complex_obesity_are_there(pcr: Pathway) -> None:
    assert [profile.code for profile in pcr.profiles] == ["OC", "OC-APA", "OC-TCA", "OC-TCA-APA"]


def test_only_the_bounds_of_the_tariff_are_published(pcr: Pathway) -> None:
    (amount,) = pcr.amounts
    assert (amount.minimum, amount.maximum, amount.exact) == (112_600, 176_900, None)
    assert pcr.amount("OC", None, date(2026, 3, 4)) == amount
    assert pcr.amount("OC", None, date(2026, 3, 3)) is None


def test_what_is_not_public_is_left_to_the_convention(pcr: Pathway) -> None:
    assert (pcr.incomplete_use, pcr.early_exit) == (None, None)
    assert all(s.duration is None and s.required_acts is None for s in pcr.sequences)
    assert pcr.not_public


def test_the_overseas_uplift_is_twenty_per_cent(pcr: Pathway) -> None:
    uplift = pcr.uplift("outre-mer", date(2026, 6, 1))
    assert uplift is not None
    assert uplift.basis_points == 2_000


def test_every_figure_names_a_source_with_its_address(pcr: Pathway) -> None:
    addresses = {source.code: source.address for source in pcr.sources}
    cited = [*pcr.amounts, *pcr.uplifts, *pcr.facts]
    assert all(addresses[fact.source].startswith("https://") for fact in cited)


def test_reading_a_file_twice_gives_equal_pathways(pcr: Pathway) -> None:
    text = (pathway_directory() / f"{PCR}.yaml").read_text(encoding="utf-8")
    assert read_pathway("again", text) == pcr
