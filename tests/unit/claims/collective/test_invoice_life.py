"""An Invoice and what was answered to it are read back as they were written, and refused by place when altered."""

from collections.abc import Callable
from datetime import date
from typing import Any

import orjson
import pytest

from cordee.claims import canonical
from cordee.claims.booking import issue_entry
from cordee.claims.collective.fhir_applied_line import answer_from_applied_line, applied_line
from cordee.claims.collective.fhir_invoice import names_invoice
from cordee.claims.collective.fhir_invoice_record import invoice_record
from cordee.claims.fhir_claim import claim_resource, claim_text
from cordee.claims.fhir_datatypes import coded, insurer_share_extensions, money, named
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.lifecycle import Answer, Decision
from cordee.claims.returns import ReturnLine
from cordee.fhir.validation import validate
from cordee.ledger.model import Account

NOVEMBER = date(2026, 11, 2)


def participant(payee: str, kind: str, amo: int, amc: int) -> dict[str, Any]:
    amount = {"url": "amount", "valueMoney": money(amo + amc)}
    return {
        "extension": [
            {"url": canonical.COLLECTIVE_QUOTE_PART, "extension": [amount]},
            *insurer_share_extensions(amo, amc),
        ],
        "role": coded(canonical.PAYEE_SYSTEM, kind),
        "actor": named(payee, "Bénéficiaire fictif"),
    }


def invoice() -> dict[str, Any]:
    """900.00 to a professional, 100.00 to the reserve; of the AMO 60 %."""
    payment = {
        "pathway": {"valueCoding": {"code": "peps"}},
        "period": {"valuePeriod": {"start": "2026-07-01", "end": "2026-09-30"}},
        "payee-mode": {"valueCode": "via-structure"},
    }
    parts = [{"url": url} | value for url, value in payment.items()]
    return {
        "resourceType": "Invoice",
        "id": "i",
        "meta": {"versionId": "2"},
        "extension": [{"url": canonical.COLLECTIVE_PAYMENT, "extension": parts}],
        "identifier": [{"system": canonical.COLLECTIVE_IDENTIFIER, "value": "msp:peps:2026-Q3"}],
        "status": "issued",
        "date": "2026-10-01",
        "participant": [
            participant("rpps|1", "member", 54_000, 36_000),
            participant("finess|9", "reserve", 6_000, 4_000),
        ],
        "issuer": {"reference": "Organization/msp"},
        "lineItem": [
            {"priceComponent": [{"type": "base", "amount": money(110_000)}]},
            {"priceComponent": [{"type": "deduction", "amount": money(-10_000)}]},
        ],
        "totalNet": money(100_000),
    }


def test_an_invoice_is_booked_by_insurer_and_by_whom_it_is_owed_to() -> None:
    record = invoice_record(claim_resource(claim_text(invoice())), issued=True)
    assert (record.tag, record.payee_mode, record.pathway) == ("submitted", "via_structure", "peps")
    entry = issue_entry(record, record.dated)
    assert entry is not None
    assert (entry.key, entry.evidence) == ("submission:Invoice/i", ("Invoice/i/_history/2",))
    assert [(line.account, line.payee, line.debit - line.credit) for line in entry.lines] == [
        (Account.AMO_RECEIVABLE, None, 60_000),
        (Account.AMC_RECEIVABLE, None, 40_000),
        (Account.PAYABLE, "rpps|1", -90_000),
        (Account.RESERVE, "finess|9", -10_000),
    ]


def test_an_invoice_of_nothing_is_not_booked() -> None:
    nothing = invoice() | {"participant": [], "lineItem": [], "totalNet": money(0)}
    record = invoice_record(nothing, issued=True)
    assert issue_entry(record, record.dated) is None


def test_one_that_the_engine_did_not_seal_was_not_issued() -> None:
    assert invoice_record(invoice(), issued=False).tag == "draft"


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (lambda i: i.update(totalNet=money(100_001)), "totalNet is 100001 cents: its participants add up to 100000"),
        (lambda i: i["lineItem"].pop(), "totalNet is 100000 cents: its lines add up to 110000"),
        (
            lambda i: i["participant"][1]["extension"].pop(),
            r"participant\[1\].extension lacks the AMO's part or the AMC",
        ),
        (
            lambda i: i["participant"].__setitem__(1, participant("finess|9", "reserve", 14_000, -4_000)),
            r"participant\[1\].extension\[amount\] is negative",
        ),
        (lambda i: i["participant"][0]["actor"].pop("identifier"), r"participant\[0\].actor.identifier is missing"),
        (lambda i: i["participant"][0].pop("role"), r"participant\[0\].role is None"),
        (lambda i: i["extension"][0]["extension"].pop(), r"extension\[payee-mode\] is None"),
        (lambda i: i.pop("identifier"), "identifier has 0 collective payments"),
        (lambda i: i["totalNet"].update(currency="USD"), "totalNet is in USD"),
    ],
)
def test_what_was_altered_is_refused_by_place(alter: Callable[[dict[str, Any]], object], said: str) -> None:
    altered = invoice()
    alter(altered)
    with pytest.raises(EvidenceError, match=said):
        invoice_record(altered, issued=True)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (
            ReturnLine(3, "acknowledgement", "arl-1", NOVEMBER, "msp:peps:2026-Q3"),
            Answer("acknowledgement", "arl-1", NOVEMBER),
        ),
        (
            ReturnLine(3, "payment", "avis-1", NOVEMBER, "msp:peps:2026-Q3", "rpps|1", "amo", 54_000),
            Answer("adjudication", "avis-1", NOVEMBER, (Decision(1, "amo", "paid", 54_000),)),
        ),
        (
            ReturnLine(3, "rejection", "avis-1", NOVEMBER, "msp:peps:2026-Q3", "rpps|1", None, None, "R1", "contestée"),
            Answer("adjudication", "avis-1", NOVEMBER, (Decision(1, "amc", "rejected", 36_000, "R1", "contestée"),)),
        ),
    ],
    ids=lambda told: told.kind if isinstance(told, ReturnLine) else "",
)
def test_a_line_applied_is_a_valid_task_that_says_the_same_answer(line: ReturnLine, answer: Answer) -> None:
    task = applied_line(line, answer, "Invoice/i", "retour.csv")
    assert validate(orjson.loads(claim_text(task))) == []
    assert answer_from_applied_line(claim_resource(claim_text(task))) == answer


def test_the_identifier_of_a_forfait_names_its_plan_and_no_invoice() -> None:
    assert names_invoice("msp:peps:2026-Q3")
    assert not names_invoice("msp:gpso:plan-1:mois")
    assert not names_invoice("msp:gpso:plan-1:mois:2:credit")
