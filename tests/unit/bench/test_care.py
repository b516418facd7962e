import hashlib
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from bench.bundle import encode, transaction
from bench.care import (
    CLAIMS_PER_RECORD,
    ENCOUNTERS_PER_RECORD,
    RESOURCES_PER_RECORD,
    family_name,
    ins,
    record,
    split,
)
from bench.directory import Structure, directory, directory_entries
from bench.identity import INS_TEST_SYSTEM, nir_key
from fhirclient.models.fhirelementfactory import FHIRElementFactory
from hypothesis import given
from hypothesis import strategies as st

SEED = 3
NUMBER = 300_042


def structures() -> tuple[Structure, ...]:
    entries = directory_entries(SEED)
    return directory([f"{resource['resourceType']}/{url[-36:]}" for url, resource in entries])


def bundle(seed: int = SEED, number: int = NUMBER) -> bytes:
    return transaction(record(seed, number, structures()))


def resources(resource_type: str) -> list[Any]:
    entries = json.loads(bundle(), parse_float=Decimal)["entry"]
    return [e["resource"] for e in entries if e["resource"]["resourceType"] == resource_type]


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert bundle() == bundle()
    assert transaction(directory_entries(SEED)) == transaction(directory_entries(SEED))


def test_the_bytes_of_a_seed_do_not_change_from_one_version_to_the_next() -> None:
    # Figures of two versions are only comparable on the same data: a change here must be wanted.
    expected = "cd6185c91ab28ae3db6ddc7d9f2d7d320ba331af4cd3a1a3fcad5fa1507dd361"
    assert hashlib.sha256(bundle()).hexdigest() == expected


def test_another_seed_or_number_gives_other_data() -> None:
    assert len({bundle(), bundle(seed=4), bundle(number=NUMBER + 1)}) == 3


def test_a_record_holds_one_hundred_resources_of_known_types() -> None:
    assert len(record(SEED, NUMBER, structures())) == RESOURCES_PER_RECORD
    assert len(resources("Patient")) == 1
    assert len(resources("Encounter")) == ENCOUNTERS_PER_RECORD
    assert len(resources("Claim")) == CLAIMS_PER_RECORD


def test_each_resource_is_valid_r4() -> None:
    for _, resource in [*record(SEED, NUMBER, structures()), *directory_entries(SEED)]:
        FHIRElementFactory.instantiate(resource["resourceType"], json.loads(encode(resource)))


def test_every_urn_uuid_is_that_of_an_entry() -> None:
    named = re.findall(rb'"fullUrl":"(urn:uuid:[^"]+)"', bundle())
    used = set(re.findall(rb'"reference":"(urn:uuid:[^"]+)"', bundle()))
    assert len(set(named)) == RESOURCES_PER_RECORD
    assert used
    assert used <= set(named)


def test_a_patient_has_an_ins_of_test_with_a_right_key_and_a_fictitious_name() -> None:
    [patient] = resources("Patient")
    [matricule] = [i["value"] for i in patient["identifier"] if i["system"] == INS_TEST_SYSTEM]
    assert matricule == ins(SEED, NUMBER)
    assert matricule[13:] == nir_key(matricule[:13])
    assert patient["name"][0]["family"] == family_name(NUMBER) == "PATIENT-00300042"
    assert matricule[0] == {"male": "1", "female": "2"}[patient["gender"]]
    assert matricule[1:5] == patient["birthDate"][2:4] + patient["birthDate"][5:7]


def test_the_net_amounts_of_a_claim_add_up_to_its_total() -> None:
    for claim in resources("Claim"):
        nets = [item["net"]["value"] for item in claim["item"]]
        assert len(nets) == len(claim["careTeam"])
        assert sum(nets) == claim["total"]["value"]
        assert all(str(amount).count(".") == 1 and str(amount)[-3] == "." for amount in nets)


def test_a_claim_is_about_3_kb() -> None:
    for _, resource in record(SEED, NUMBER, structures()):
        if resource["resourceType"] == "Claim":
            assert 2_900 <= len(encode(resource)) <= 3_300


def test_two_months_of_a_patient_have_six_sessions_whatever_the_months() -> None:
    starts = [encounter["period"]["start"] for encounter in resources("Encounter")]
    for month in range(1, 12):
        wanted = (f"2025-{month:02d}", f"2025-{month + 1:02d}")
        assert sum(start.startswith(wanted) for start in starts) == 6


def test_every_time_carries_the_offset_of_paris() -> None:
    times = re.findall(rb'"(\d{4}-\d\d-\d\dT[^"]+)"', bundle())
    assert times
    assert {time[-6:] for time in times} == {b"+01:00", b"+02:00"}


def test_a_list_of_references_that_is_not_the_directory_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be the directory"):
        directory(["Organization/1", "Organization/2"])


@given(st.integers(0, 10**7), st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any))
def test_shares_add_up_and_are_each_within_a_cent_of_the_part(total: int, weights: list[int]) -> None:
    shares = split(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) < sum(weights)
