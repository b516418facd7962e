import hashlib
import itertools
from collections import Counter
from pathlib import Path

import orjson
import pytest
from bench.identity import INS_TEST_SYSTEM, nir_key
from bench.region.directory import directory_lines, structures
from bench.region.files import patients_for, region_lines, write_region
from bench.region.records import SIZES_REPEAT, patient, record_lines

from cordee.fhir.body import accept

SEED = 3


@pytest.fixture(scope="module")
def lines() -> list[tuple[str, str]]:
    return list(region_lines(SEED, SIZES_REPEAT))


def test_the_same_seed_gives_the_same_bytes_in_every_version(lines: list[tuple[str, str]]) -> None:
    # Figures of two versions are only comparable on the same data: a change here must be wanted.
    expected = "93645e53b450dc05df32b76f71a0d0c810075ecdceadfc8f2aa88cbe560c2dfa"
    assert hashlib.sha256("\n".join(text for _, text in lines).encode()).hexdigest() == expected


def test_another_seed_gives_other_data() -> None:
    assert list(region_lines(SEED, 1)) != list(region_lines(SEED + 1, 1))


def test_every_resource_is_valid(lines: list[tuple[str, str]]) -> None:
    for resource_type, text in lines:
        incoming = accept(text.encode(), resource_type)
        assert incoming.resource_type == resource_type


def test_no_two_resources_have_the_same_id(lines: list[tuple[str, str]]) -> None:
    keys = [(resource_type, orjson.loads(text)["id"]) for resource_type, text in lines]
    assert len(keys) == len(set(keys))


def test_nothing_refers_to_what_is_not_there_yet(lines: list[tuple[str, str]]) -> None:
    stored: set[str] = set()
    for resource_type, text in lines:
        resource = orjson.loads(text)
        assert set(_references(resource)) <= stored
        stored.add(f"{resource_type}/{resource['id']}")


def test_a_hundred_patients_have_ten_thousand_resources_of_skewed_sizes() -> None:
    among = structures(SIZES_REPEAT)
    sizes = [sum(1 for _ in record_lines(SEED, number, among)) for number in range(SIZES_REPEAT)]
    assert sum(sizes) == 10_000
    assert sum(size >= 200 for size in sizes) == SIZES_REPEAT // 10
    assert sorted(sizes)[SIZES_REPEAT // 2] < 80


def test_codes_are_common_or_rare() -> None:
    codes = Counter(
        orjson.loads(text)["code"]["coding"][0]["code"]
        for resource_type, text in region_lines(SEED, 5 * SIZES_REPEAT)
        if resource_type == "Observation"
    )
    (_, most), *_, (_, least) = codes.most_common()
    assert most > 100 * least


def test_the_traits_of_a_patient_are_known_without_the_record(lines: list[tuple[str, str]]) -> None:
    stored = [orjson.loads(text) for resource_type, text in lines if resource_type == "Patient"]
    for number, resource in enumerate(stored):
        traits = patient(SEED, number)
        assert resource["identifier"][0] == {
            **resource["identifier"][0],
            "system": INS_TEST_SYSTEM,
            "value": traits.ins,
        }
        assert traits.ins[13:] == nir_key(traits.ins[:13])
        assert resource["name"][0]["family"] == traits.family


def test_files_hold_what_the_lines_say(tmp_path: Path, lines: list[tuple[str, str]]) -> None:
    counts = write_region(tmp_path, SEED, SIZES_REPEAT)
    assert counts == Counter(resource_type for resource_type, _ in lines)
    for resource_type in counts:
        written = (tmp_path / f"{resource_type}.ndjson").read_text().splitlines()
        assert written == [text for kind, text in lines if kind == resource_type]


def test_the_size_asked_for_is_rounded_to_hundreds_of_patients() -> None:
    assert [patients_for(resources) for resources in (1, 10_000, 1_000_000)] == [100, 100, 10_000]


def test_a_larger_region_begins_with_the_same_patients() -> None:
    small, large = structures(100), structures(10_000)
    assert large[: len(small)] == small
    assert list(itertools.islice(directory_lines(SEED, large), 17)) == list(
        itertools.islice(directory_lines(SEED, small), 17)
    )


def _references(value: object) -> list[str]:
    if isinstance(value, list):
        return [found for one in value for found in _references(one)]
    if not isinstance(value, dict):
        return []
    own = [value["reference"]] if isinstance(value.get("reference"), str) else []
    return own + [found for one in value.values() for found in _references(one)]
