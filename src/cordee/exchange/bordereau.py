"""The bordereau: the Claims a structure sends a caisse, with each professional's quote-part to the cent.

Its layout is the project's own (docs/exchange.md): no public specification of the caisses covers these forfaits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cordee.claims.claim_record import ClaimItem, ClaimRecord
from cordee.claims.payees import PayeeKind
from cordee.pathways.convention import Party


class BordereauError(ValueError):
    """A bordereau that can't be made; `problems` names each Claim at fault and what to do."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class BordereauClaim:
    """A Claim with the forfait's name, and the patient's INS (`system|value`) when it goes out."""

    record: ClaimRecord
    label: str
    ins: str | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """Cents: `amo` + `amc` = `cents`."""

    cents: int
    amo: int
    amc: int


@dataclass(frozen=True, slots=True)
class PayeeTotal:
    """One payee's quote-parts together."""

    payee: str
    kind: PayeeKind
    name: str
    parts: int
    sum: Sum


@dataclass(frozen=True, slots=True)
class Bordereau:
    """One sending of a structure to its caisse, in the order of the Claims' identifiers."""

    number: str
    structure: Party
    insurer: Party
    issued_on: date
    claims: tuple[BordereauClaim, ...]

    @property
    def total(self) -> Sum:
        """What is claimed altogether."""
        return added(item for claim in self.claims for item in claim.record.items)

    @property
    def payees(self) -> tuple[PayeeTotal, ...]:
        """The total of each payee, sorted by identifier, then kind."""
        found: dict[tuple[str, PayeeKind], list[ClaimItem]] = {}
        for claim in self.claims:
            for item in claim.record.items:
                found.setdefault((item.payee, item.kind), []).append(item)
        return tuple(
            PayeeTotal(payee, kind, items[0].name, len(items), added(items))
            for (payee, kind), items in sorted(found.items())
        )


def added(items: Iterable[ClaimItem]) -> Sum:
    """The sum of quote-parts."""
    kept = tuple(items)
    return Sum(sum(i.cents for i in kept), sum(i.amo for i in kept), sum(i.amc for i in kept))


def bordereau(
    number: str, structure: Party, insurer: Party, issued_on: date, claims: Iterable[BordereauClaim]
) -> Bordereau:
    """The bordereau of submitted Claims. Raises BordereauError with every problem.

    Refused: no Claim at all, one that is not submitted, one of another structure, one named twice, and one whose
    quote-parts don't add up.
    """
    ordered = tuple(sorted(claims, key=lambda claim: claim.record.identifier))
    problems = [] if ordered else ["aucune facture transmise : rien à mettre dans le bordereau"]
    structures = {claim.record.structure for claim in ordered}
    if len(structures) > 1:
        problems.append(
            f"un bordereau par structure ; celui-ci en a {len(structures)} : {', '.join(sorted(structures))}"
        )
    seen: set[str] = set()
    for claim in ordered:
        record = claim.record
        if record.identifier in seen:
            problems.append(f"{record.reference} : la facture {record.identifier} y est deux fois")
        seen.add(record.identifier)
        problems += [f"{record.reference} : {fault}" for fault in _faults(record)]
    if problems:
        raise BordereauError(tuple(problems))
    return Bordereau(number, structure, insurer, issued_on, ordered)


def _faults(record: ClaimRecord) -> Iterable[str]:
    if record.tag != "submitted":
        yield "facture non transmise ; la transmettre d'abord"
    for item in record.items:
        if item.amo + item.amc != item.cents:
            yield f"ligne {item.sequence} : parts AMO et AMC différentes de la quote-part"
    if sum(item.cents for item in record.items) != record.total:
        yield "la somme des quotes-parts n'est pas le total"
