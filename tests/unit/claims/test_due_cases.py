"""What is due: acts, ceilings, included forfaits, incomplete use and exits; each YAML entry states its rule."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Decision, Exit, Member, Session
from cordee.claims.settlement import NotDue, Settlement, earlier_forfait, settle
from cordee.claims.table import missing_rows, not_counted_rows
from cordee.claims.wording import lines
from cordee.pathways.money import cents_of

STATED = ("incomplete_use", "early_exit", "split", "sequences", "amounts")
CASES = [
    (path.stem, case)
    for path in sorted((Path(__file__).parent / "due_cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[f"{file}: {case['rule']}" for file, case in CASES])
def test_what_is_due(
    case: dict[str, Any],
    dossier: Callable[..., Dossier],
    member: Callable[..., Member],
    session: Callable[..., Session],
) -> None:
    pathway = case["pathway"]
    members = [member(name, profession, pathway) for name, profession in case["members"].items()]
    judged = dossier(case.get("profile", "tous"), members, pathway, **{key: case[key] for key in STATED if key in case})
    inclusion = replace(judged.inclusion, exit=gone(case), decision=decided(case))
    judged = replace(judged, inclusion=replace(inclusion, birth_date=case.get("birth_date", inclusion.birth_date)))
    sessions = [
        session(s["act"], s["day"], s["by"], pathway) for s in case["sessions"] for _ in range(s.get("times", 1))
    ]

    earlier = []
    for expected in case["forfaits"]:
        result = settle(judged, sessions, forfait=expected["code"], as_of=case["as_of"], earlier=earlier)
        if "missing" in expected:
            assert isinstance(result, NotDue)
            assert [missing.code for missing in result.missing] == expected["missing"]
        else:
            assert isinstance(result, Settlement), result
            assert result.total == cents_of(expected["total"])
            assert result.price_explanation.cents == result.total + result.not_billed
            earlier.append(earlier_forfait(result, f"Claim/{len(earlier)}", earlier))
        if "parts" in expected:
            assert isinstance(result, Settlement)
            parts = {part.payee.name: part.cents for part in result.parts}
            assert parts == {name: cents_of(amount) for name, amount in expected["parts"].items()}
        if "not_counted" in expected:
            assert sorted(n.reason.rule for n in result.not_counted) == sorted(expected["not_counted"])
        assert_said_in_both_languages(result)


def gone(case: dict[str, Any]) -> Exit | None:
    return Exit(**case["exit"]) if "exit" in case else None


def decided(case: dict[str, Any]) -> Decision:
    return Decision(case.get("included", date(2026, 6, 20)), "PractitionerRole/M", prescriber="PractitionerRole/M")


def assert_said_in_both_languages(result: Settlement | NotDue) -> None:
    for language in ("fr", "en"):
        not_counted_rows(result, language)
        if isinstance(result, NotDue):
            assert all(missing_rows(result, language))
        else:
            assert lines(result.price_explanation, language)
