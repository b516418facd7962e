"""Redistribution as SEPA credit transfers (ISO 20022 pain.001), where the structure pays its professionals."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import as_file, files
from typing import Literal
from xml.etree import ElementTree

import sepaxml
import xmlschema

from cordee.exchange.bank_accounts import BankAccount
from cordee.pathways.convention import Party

Version = Literal["pain.001.001.09", "pain.001.001.03"]

_LONGEST_ID = 35
_OTHER_CHARACTERS = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]+")


class TransferError(ValueError):
    """Transfers that can't be made; `problems` names each payee at fault and what to do."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Transfer:
    """What one PaymentNotice says was redistributed: `payee` is `system|value`, `label` is read on the account."""

    notice: str
    payee: str
    name: str
    cents: int
    label: str

    @property
    def end_to_end(self) -> str:
        """The bank's reference of the transfer: the PaymentNotice's id, without the hyphens of a UUID."""
        identity = self.notice.rpartition("/")[2]
        return identity if len(identity) <= _LONGEST_ID else identity.replace("-", "")


def credit_transfers(
    transfers: Iterable[Transfer],
    *,
    structure: Party,
    accounts: Mapping[str, BankAccount],
    executed_on: date,
    written_at: datetime,
    version: Version = "pain.001.001.09",
) -> bytes:
    """The file for the structure's bank, checked against its published schema.

    The message's identity is that of what it pays: the same transfers give the same one, which a bank refuses to carry
    out twice.

    Raises TransferError with every problem: a payee or the structure without an account, nothing to transfer, an amount
    that is not positive, a notice twice.
    """
    ordered = sorted(transfers, key=lambda transfer: transfer.end_to_end)
    problems = list(_problems(ordered, structure, accounts))
    if problems:
        raise TransferError(problems)
    own = accounts[structure.identifier]
    config = {"name": own.holder, "IBAN": own.iban, "currency": "EUR", "batch": True}
    message = sepaxml.SepaTransfer(config | ({"BIC": own.bic} if own.bic else {}), schema=version)
    for transfer in ordered:
        account = accounts[transfer.payee]
        payment = {
            "name": account.holder,
            "IBAN": account.iban,
            "amount": transfer.cents,
            "execution_date": executed_on,
            "description": transfer.label,
            "endtoend_id": transfer.end_to_end,
        }
        message.add_payment(payment | ({"BIC": account.bic} if account.bic else {}))
    document = ElementTree.fromstring(message.export(validate=False))  # noqa: S314 made just above
    _settle_details(document, message_identity(ordered, executed_on), written_at)
    return _checked(document, version)


def message_identity(transfers: Iterable[Transfer], executed_on: date) -> str:
    """The identity of a message: its day, and a digest of what it pays."""
    paid = "\n".join(sorted(f"{transfer.end_to_end} {transfer.payee} {transfer.cents}" for transfer in transfers))
    return f"R{executed_on:%Y%m%d}-{hashlib.sha256(paid.encode()).hexdigest()[:20]}"


def _problems(transfers: list[Transfer], structure: Party, accounts: Mapping[str, BankAccount]) -> Iterable[str]:
    if not transfers:
        # Only a convention `via_structure` leads to redistributions.
        yield "aucune redistribution à virer ; là où la caisse paie chaque professionnel, la structure ne vire rien"
    if structure.identifier not in accounts:
        yield f"{structure.name} ({structure.identifier}) n'a pas d'IBAN dans le fichier des comptes ; l'y ajouter"
    seen: set[str] = set()
    lacking: dict[str, str] = {}
    for transfer in transfers:
        if transfer.payee not in accounts:
            lacking[transfer.payee] = transfer.name
        if transfer.cents <= 0:
            yield f"{transfer.notice} : un virement est d'au moins un centime"
        if transfer.end_to_end in seen:
            yield f"{transfer.notice} y est deux fois"
        if len(transfer.end_to_end) > _LONGEST_ID:
            yield f"{transfer.notice} : l'identifiant dépasse {_LONGEST_ID} caractères, une banque le refuserait"
        seen.add(transfer.end_to_end)
    for payee, name in sorted(lacking.items()):
        yield f"{name} ({payee}) n'a pas d'IBAN dans le fichier des comptes ; l'y ajouter"


def _settle_details(document: ElementTree.Element, identity: str, written_at: datetime) -> None:
    """What the library draws at random or from the clock, and what the EPC's rules ask beyond the schema."""
    named = {element: element.tag.rpartition("}")[2] for element in document.iter()}
    for element, name in named.items():
        match name:
            case "MsgId" | "PmtInfId":
                element.text = identity
            case "CreDtTm":
                element.text = written_at.isoformat(timespec="seconds")
            case "Nm" | "Ustrd":
                element.text = " ".join(_OTHER_CHARACTERS.sub(" ", element.text or "").split()) or "-"
            case "FinInstnId" if len(element) == 0:
                # EPC: a bank that is not named is said to be so.
                space = element.tag.removesuffix(name)
                other = ElementTree.SubElement(element, f"{space}Othr")
                ElementTree.SubElement(other, f"{space}Id").text = "NOTPROVIDED"


def _checked(document: ElementTree.Element, version: Version) -> bytes:
    ElementTree.register_namespace("", f"urn:iso:std:iso:20022:tech:xsd:{version}")
    ElementTree.indent(document)
    written: bytes = ElementTree.tostring(document, encoding="UTF-8", xml_declaration=True)
    with as_file(files("sepaxml").joinpath("schemas", f"{version}.xsd")) as schema:
        fault = next(iter(xmlschema.XMLSchema(str(schema)).iter_errors(written.decode())), None)
    if fault is not None:
        raise TransferError([f"le fichier ne suit pas {version} en {fault.path} : {fault.reason}"])
    return written
