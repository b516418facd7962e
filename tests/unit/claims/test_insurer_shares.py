"""AMO and AMC: both totals and each payee's part come out to the cent."""

from cordee.claims.insurer_shares import insurer_shares


def test_the_total_of_the_amo_is_computed_first_then_divided() -> None:
    # 60 % of 100.00 is 60.00; each of three near-equal parts alone would give 20.00, 20.00 and 20.00.
    found = insurer_shares([3_334, 3_333, 3_333], 6_000, exempt=False)
    assert (found.amo, found.amc) == (6_000, 4_000)
    assert found.parts == ((2_000, 1_334), (2_000, 1_333), (2_000, 1_333))


def test_a_cent_of_rounding_goes_to_the_largest_remainder_and_is_said() -> None:
    found = insurer_shares([1, 1, 1], 5_000, exempt=False)
    assert found.parts == ((1, 0), (1, 0), (0, 1))
    assert [[why.rule for why in reason.because] for reason in found.reasons] == [
        ["rounding.cent"],
        ["rounding.cent"],
        [],
    ]


def test_an_exempt_patient_owes_nothing_to_the_amc() -> None:
    found = insurer_shares([150, 50], 6_000, exempt=True)
    assert found.parts == ((150, 0), (50, 0))
    assert found.total_reason is not None
    assert found.total_reason.rule == "insurers.exempt"


def test_without_amc_nothing_is_said() -> None:
    found = insurer_shares([150, 50], 10_000, exempt=False)
    assert (found.amo, found.amc, found.total_reason, found.reasons) == (200, 0, None, ())


def test_nothing_is_shared_without_a_failure() -> None:
    assert insurer_shares([0, 0], 6_000, exempt=False).parts == ((0, 0), (0, 0))
    assert insurer_shares([], 6_000, exempt=False).parts == ()
