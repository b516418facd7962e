"""Payments as R4 resources: a notice of the caisse as PaymentReconciliation, a redistribution as PaymentNotice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_URL, uuid5

from cordee.claims import canonical
from cordee.claims.claim_record import ClaimItem, PaymentRequest
from cordee.claims.fhir_datatypes import Element, coded, identifier, money, named
from cordee.claims.fhir_evidence import Resource
from cordee.claims.returns import Insurer

_PAYMENT_TYPE = "http://terminology.hl7.org/CodeSystem/payment-type"
_PAYMENT_STATUS = "http://terminology.hl7.org/CodeSystem/paymentstatus"


@dataclass(frozen=True, slots=True)
class Paid:
    """What one insurer paid on one quote-part, negative when it took it back; `response` says so."""

    claim: PaymentRequest
    item: ClaimItem
    insurer: Insurer
    cents: int
    response: str


@dataclass(frozen=True, slots=True)
class Redistribution:
    """What one professional is paid by the structure: `cents` transferred, `kept_back` withheld for an indu.

    `notice` is the id of the PaymentNotice that says so.
    """

    structure: str
    payee: str
    cents: int
    kept_back: int
    notice: str


def payment_reconciliation(
    notice: str, on: date, structure: Resource, caisse: Resource, payments: Iterable[Paid]
) -> Element:
    """What a payment notice of one insurer paid to a structure; `payments` is at least one.

    A Claim and an Invoice name the compulsory insurance's caisse only: the complementary insurer is told by its kind.
    """
    paid = list(payments)
    first = paid[0]
    name = f"PaymentReconciliation|{first.claim.structure}|{notice}|{first.response}|{first.insurer}"
    issuer = caisse if first.insurer == "amo" else {"display": "Assurance maladie complémentaire"}
    return {
        "resourceType": "PaymentReconciliation",
        "id": str(uuid5(NAMESPACE_URL, f"{canonical.BASE}/{name}")),
        "status": "active",
        "created": on.isoformat(),
        "paymentIssuer": issuer,
        "requestor": structure,
        "outcome": "complete",
        "paymentDate": on.isoformat(),
        "paymentAmount": money(sum(payment.cents for payment in paid)),
        "paymentIdentifier": {"system": canonical.RETURN_NOTICE, "value": notice},
        "detail": [_detail(payment, on) for payment in paid],
    }


def payment_notice(redistribution: Redistribution, on: date) -> Element:
    """That a professional was paid by the structure. R4 wants a `payment`: it names the transfer, not a caisse's."""
    transfer = {"system": canonical.REDISTRIBUTION, "value": redistribution.notice}
    return {
        "resourceType": "PaymentNotice",
        "id": redistribution.notice,
        "identifier": [transfer],
        "status": "active",
        "created": on.isoformat(),
        "provider": {"reference": redistribution.structure},
        "payment": {"identifier": transfer, "display": "redistribution"},
        "paymentDate": on.isoformat(),
        "payee": {"identifier": identifier(redistribution.payee)},
        "recipient": {"reference": redistribution.structure},
        "amount": money(redistribution.cents),
        "paymentStatus": coded(_PAYMENT_STATUS, "paid"),
    }


def _detail(payment: Paid, on: date) -> Element:
    item = payment.item
    payee = named(item.payee, item.name)
    if item.reference is not None:
        payee = {"reference": item.reference} | payee
    return {
        "extension": [{"url": canonical.INSURER, "valueCode": payment.insurer}],
        "type": coded(_PAYMENT_TYPE, "payment" if payment.cents >= 0 else "adjustment"),
        "request": {"reference": payment.claim.reference},
        "submitter": {"reference": payment.claim.structure},
        "response": {"reference": payment.response},
        "date": on.isoformat(),
        "payee": payee,
        "amount": money(payment.cents),
    }
