"""What a caisse answers goes to the Claims and Invoices it is about: recorded, booked, or set aside for a person; once.

The lines of one notice about up to some hundreds of forfaits are one unit of work: all of it is committed, or nothing.
Reading a file again finds what it said before and changes nothing.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from cordee.claims.applied_lines import SAID_FURTHER_UP, AppliedLines, LineOutcome, ToldLine
from cordee.claims.booking import answer_entries
from cordee.claims.collective.answers import answer_invoices
from cordee.claims.collective.fhir_invoice import lock_of_invoice, names_invoice
from cordee.claims.family_records import FamilyRecord, lock_of, read_families
from cordee.claims.fhir_answer import answer_id, claim_response
from cordee.claims.fhir_corrections import forfait_identifier
from cordee.claims.fhir_payment import Paid, payment_reconciliation
from cordee.claims.holdings import Holdings, lock_of_holdings
from cordee.claims.lifecycle import Answer, AnswerKind, state_of
from cordee.claims.return_matching import Accepted, ReadBefore, ToResolve, match_line
from cordee.claims.returns import Insurer, ReturnLine
from cordee.fhir.outcome import Conflict
from cordee.pathways.model import Label
from cordee.store.repository import Repository
from cordee.store.unit_of_work import Met, UnitOfWork

_FORFAITS_A_UNIT = 200
_ATTEMPTS = 5


async def apply_returns(repository: Repository, lines: Iterable[ReturnLine], source: str) -> AsyncIterator[LineOutcome]:
    """Applies the lines of a return file called `source`; outcomes come as they are committed, notice by notice."""
    for told in _units(lines):
        for outcome in await _apply_together(repository, told, source):
            yield outcome


def _units(lines: Iterable[ReturnLine]) -> list[list[ToldLine]]:
    """The lines by notice, in the order of the file, then by as many forfaits as one unit of work takes."""
    seen: Counter[tuple[object, ...]] = Counter()
    notices: dict[str, dict[str, list[ToldLine]]] = {}
    for line in lines:
        same = (line.kind, line.notice, line.claim, line.payee, line.insurer)
        forfaits = notices.setdefault(line.notice, {})
        forfaits.setdefault(forfait_identifier(line.claim), []).append(ToldLine(line, seen[same]))
        seen[same] += 1
    units = []
    for forfaits in notices.values():
        groups = list(forfaits.values())
        for start in range(0, len(groups), _FORFAITS_A_UNIT):
            units.append([told for group in groups[start : start + _FORFAITS_A_UNIT] for told in group])
    return units


async def _apply_together(repository: Repository, lines: Sequence[ToldLine], source: str) -> list[LineOutcome]:
    about_invoices = [told for told in lines if names_invoice(told.line.claim)]
    about_claims = [told for told in lines if not names_invoice(told.line.claim)]
    locks = {lock_of_invoice(told.line.claim) for told in about_invoices}
    locks |= {lock_of(told.line.claim) for told in about_claims}
    locks |= {lock_of_holdings(told.line.claim) for told in about_claims if told.line.kind == "recovery"}
    for _ in range(_ATTEMPTS):
        try:
            async with repository.unit() as unit:
                await unit.lock(locks)
                applied = AppliedLines(source, await unit.read_many([("Task", told.task) for told in lines]))
                families = await read_families(unit, [told.line.claim for told in about_claims])
                await _Reading(unit, families, applied).apply(about_claims)
                await answer_invoices(unit, about_invoices, applied)
                if any(isinstance(written, Met) for written in await unit.put_many(applied.puts)):
                    raise Conflict("What a return line is about was changed meanwhile; read the file again.")
                await unit.append(applied.entries)
                return applied.outcomes
        except Conflict:
            continue
    raise Conflict("Other writers kept changing what the return file is about; read it again.")


@dataclass(slots=True)
class _Reading:
    """One unit of work's worth of lines, read into the families they are about."""

    unit: UnitOfWork
    families: dict[str, FamilyRecord]
    applied: AppliedLines
    accepted: dict[tuple[str, AnswerKind, str, date], list[Answer]] = field(default_factory=dict)

    async def apply(self, lines: Sequence[ToldLine]) -> None:
        before = dict(self.families)
        for told in lines:
            self.applied.add(told, self._judged(told))
        await self._record(before)

    def _judged(self, told: ToldLine) -> LineOutcome:
        line = told.line
        root = forfait_identifier(line.claim)
        read = self.families.get(root)
        claim = read.family.named(line.claim) if read is not None else None
        if read is not None and read.unreadable is not None:
            return told.to_resolve(None, Label(read.unreadable, read.unreadable))
        if read is None or claim is None:
            reason = Label(
                f"aucune demande n'a l'identifiant {line.claim}", f"no Claim has the identifier {line.claim}"
            )
            return told.to_resolve(None, reason)
        if told.occurrence:
            return told.to_resolve(claim.reference, SAID_FURTHER_UP)
        match match_line(line, claim, read.family):
            case ToResolve(reason):
                return told.to_resolve(claim.reference, reason)
            case ReadBefore():
                return LineOutcome(line, "read_before", claim.reference)
            case Accepted(answer):
                self.families[root] = read.with_answer(claim.reference, answer)
                key = (claim.reference, answer.kind, answer.notice, answer.day)
                self.accepted.setdefault(key, []).append(answer)
                return LineOutcome(line, "applied", claim.reference)

    async def _record(self, before: dict[str, FamilyRecord]) -> None:
        """What was accepted, stored and booked: a ClaimResponse a Claim, a reconciliation a notice and insurer."""
        holdings = Holdings(self.unit)
        ranks: Counter[tuple[str, AnswerKind, str]] = Counter()
        roots = {claim: root for root, read in self.families.items() for claim in read.family.claims}
        payments: dict[tuple[str, str, date, Insurer], list[Paid]] = {}
        for (reference, kind, notice, day), answers in self.accepted.items():
            known, now = before[roots[reference]], self.families[roots[reference]]
            claim, resource = known.family.claims[reference], known.resources[reference]
            ranks[reference, kind, notice] += 1
            told = [a for a in known.family.answers_to(reference) if (a.kind, a.notice) == (kind, notice)]
            first = answers[0]
            decisions = tuple(decision for answer in answers for decision in answer.decisions)
            answer = Answer(kind, notice, day, decisions, first.reason_code, first.reason_text)
            id_ = answer_id(claim.identifier, answer, len(told) + ranks[reference, kind, notice])
            settled = not any(share.open for share in state_of(claim, now.family).shares)
            self.applied.put(claim_response(resource, answer, id_, settled=settled), expected=0, sealed=True)
            held = await holdings.of(claim) if kind == "recovery" else {}
            entries = answer_entries(claim, known.family, answer, f"ClaimResponse/{id_}/_history/1", held)
            holdings.follow(entries)
            self.applied.entries += entries
            sign = -1 if claim.kind == "credit" else 1
            items = {item.sequence: item for item in claim.items}
            for decision in decisions:
                if decision.effect == "paid":
                    cents, response = sign * decision.cents, f"ClaimResponse/{id_}"
                    payment = Paid(claim, items[decision.item], decision.insurer, cents, response)
                    payments.setdefault((claim.structure, notice, day, decision.insurer), []).append(payment)
        for (_, notice, day, _), paid in payments.items():
            one = self.families[roots[paid[0].claim.reference]].resources[paid[0].claim.reference]
            self.applied.put(
                payment_reconciliation(notice, day, one["provider"], one["insurer"], paid), expected=0, sealed=True
            )
