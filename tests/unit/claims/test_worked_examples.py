"""Worked examples: what comes in, and the parts that must come out. Each YAML entry states its rule."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Member, Session, SignedDistribution
from cordee.claims.settlement import Settlement, settle
from cordee.claims.table import quote_part_rows
from cordee.pathways.money import cents_of

STATED = (
    "split",
    "residue",
    "outside_split",
    "beneficiaries",
    "sequences",
    "territory",
    "incomplete_use",
    "early_exit",
    "limits",
    "amo_share",
)
MONTH_END = date(2026, 7, 31)

CASES = [
    (path.stem, case)
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[f"{file}: {case['rule']}" for file, case in CASES])
def test_worked_example(
    case: dict[str, Any],
    dossier: Callable[..., Dossier],
    member: Callable[..., Member],
    session: Callable[..., Session],
) -> None:
    pathway = case.get("pathway", "essai")
    stated = {key: case[key] for key in STATED if key in case}
    members = [member(name, profession, pathway) for name, profession in case["members"].items()]
    sessions = [
        session(s["act"], s["day"], s["by"], pathway, minutes=s.get("minutes"))
        for s in case["sessions"]
        for _ in range(s.get("times", 1))
    ]

    judged = replace(
        dossier(case["profile"], members, pathway, **stated), distributions=signed_distributions(case, members)
    )
    result = settle(judged, sessions, forfait=case["sequence"], as_of=MONTH_END)

    assert isinstance(result, Settlement)
    expected = {name: cents_of(amount) for name, amount in case["parts"].items()}
    found = {p.payee.name if p.payee.kind == "member" else p.payee.kind: p.cents for p in result.parts}
    assert found == expected
    assert result.not_billed == cents_of(case.get("not_billed", "0.00 EUR"))
    assert result.total == sum(expected.values())
    for insurer in ("amo", "amc"):
        if insurer in case:
            shares = {part.payee.name: getattr(part, insurer) for part in result.parts}
            assert shares == {name: cents_of(amount) for name, amount in case[insurer].items()}
    assert [n.reason.rule for n in result.not_counted] == case.get("not_counted", [])
    assert case.get("said", "") in "; ".join(row.reason for row in quote_part_rows(result, "fr"))


def signed_distributions(case: dict[str, Any], members: Iterable[Member]) -> tuple[SignedDistribution, ...]:
    """The free distribution of the example, by member's name, signed on the last day of the month."""
    if "signed" not in case:
        return ()
    identifiers = {member.name: member.identifier for member in members}
    amounts = tuple((identifiers[name], cents_of(amount)) for name, amount in case["signed"].items())
    return (SignedDistribution(case["sequence"], amounts, "Coordinatrice d'essai", MONTH_END),)
