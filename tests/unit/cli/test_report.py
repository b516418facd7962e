from collections import Counter
from pathlib import Path

import orjson

from cordee.cli.load.report import REFUSALS_SHOWN, Report
from cordee.fhir.outcome import Issue
from cordee.store.loading import Outcome, Refusal

WRONG_DATE = Issue("error", "value", "This is not a date.", "Patient.birthDate")


def refused(position: int = 0, resources: int = 1) -> Outcome:
    effects = Counter({("Patient", "refused"): resources})
    return Outcome(effects, (Refusal("Patient", (WRONG_DATE,), position, resources),))


def test_a_refusal_tells_file_line_path_and_reason() -> None:
    report = Report(None)
    report.count("patients.ndjson", [10, 11, 12], refused(position=1))
    assert report.first_refusals[0].text() == "patients.ndjson:11: Patient.birthDate: This is not a date."


def test_a_refused_transaction_tells_how_many_resources_it_held() -> None:
    report = Report(None)
    report.count("bundle.json", [None], refused(resources=187))
    assert "187 resources" in report.first_refusals[0].text()


def test_the_first_refusals_are_kept_and_all_are_counted_and_written(tmp_path: Path) -> None:
    report = Report(tmp_path / "refusals.jsonl")
    for line in range(REFUSALS_SHOWN + 5):
        report.count("patients.ndjson", [line], refused())
    report.close()
    written = [orjson.loads(line) for line in (tmp_path / "refusals.jsonl").read_bytes().splitlines()]
    assert len(report.first_refusals) == REFUSALS_SHOWN
    assert report.reasons == report.refused == len(written) == REFUSALS_SHOWN + 5
    assert written[7] == {
        "file": "patients.ndjson",
        "line": 7,
        "resourceType": "Patient",
        "path": "Patient.birthDate",
        "severity": "error",
        "code": "value",
        "reason": "This is not a date.",
        "resources": 1,
    }


def test_the_file_of_refusals_is_its_owners_only_because_it_can_quote_records(tmp_path: Path) -> None:
    Report(tmp_path / "refusals.jsonl").close()
    assert (tmp_path / "refusals.jsonl").stat().st_mode & 0o777 == 0o600


def test_warnings_beside_an_error_are_not_reasons() -> None:
    report = Report(None)
    warning = Issue("warning", "business-rule", "Odd.", "Patient")
    outcome = Outcome(Counter({("Patient", "refused"): 1}), (Refusal("Patient", (warning, WRONG_DATE)),))
    report.count("a.json", [None], outcome)
    assert [line.issue for line in report.first_refusals] == [WRONG_DATE]


def test_what_is_unchanged_or_refused_is_not_written() -> None:
    report = Report(None)
    effects = {"created": 5, "updated": 3, "deleted": 1, "unchanged": 7, "absent": 2, "refused": 4}
    report.count("a.json", [None], Outcome(Counter({("Patient", effect): n for effect, n in effects.items()})))
    assert (report.written, report.refused, report.resources) == (9, 4, 22)


def test_a_resource_wrong_in_many_places_leaves_room_for_the_others() -> None:
    report = Report(None)
    nine = Refusal("Patient", (WRONG_DATE,) * 9)
    report.count("a.json", [None], Outcome(Counter({("Patient", "refused"): 1}), (nine,)))
    assert (len(report.first_refusals), report.reasons) == (3, 9)
