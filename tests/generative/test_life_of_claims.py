"""Whatever happens to a forfait's Claims, in whatever order, the books say who was paid what, and who owes what.

The model beside the ledger knows only cash: what the insurers paid and took back, what each payee got.
"""

from collections import defaultdict
from datetime import date
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.claim_families import STRUCTURE, STRUCTURE_IDENTIFIER, claim, item, mirrored, payee
from tests.claim_families import family as family_of

from cordee.claims.booking import answer_entries, credit_entry, submission_entry
from cordee.claims.claim_record import ClaimRecord
from cordee.claims.fhir_corrections import forfait_identifier
from cordee.claims.lifecycle import Answer, Decision, Family, is_refused, shares_of
from cordee.claims.return_matching import Accepted, match_line
from cordee.claims.returns import ReturnLine
from cordee.ledger.model import Account, Event, LedgerEntry
from cordee.ledger.postings import redistributed

DAY = date(2026, 11, 30)
PAYEES = [payee(1), payee(2), STRUCTURE_IDENTIFIER]
CENTS = st.integers(0, 300)


class LifeOfClaims(RuleBasedStateMachine):
    """Claims, answers, credits, replacements, indus and redistributions in any order."""

    @initialize(amounts=st.lists(st.tuples(CENTS, CENTS), min_size=3, max_size=3), via_structure=st.booleans())
    def submits(self, amounts: list[tuple[int, int]], via_structure: bool) -> None:
        self.mode = "via_structure" if via_structure else "direct_by_caisse"
        self.family: Family = family_of()
        self.books: list[LedgerEntry] = []
        self.cash: dict[str, int] = defaultdict(int)
        self.insurers = 0
        self.notices = 0
        self._submit(amounts, "structure:essai:plan-1:seq-1", "forfait", None)

    def _submit(self, amounts: list[tuple[int, int]], identifier: str, kind: str, original: str | None) -> None:
        items = [
            item(n, *amounts[n - 1], who=PAYEES[n - 1], kind="structure" if n == 3 else "member") for n in (1, 2, 3)
        ]
        new = claim(*items, identifier=identifier, kind=kind, original=original, payee_mode=self.mode)  # type: ignore[arg-type]
        self.family = self.family.with_claim(new)
        if new.total:
            self.books.append(submission_entry(new, DAY, "1"))

    def _claims(self) -> list[ClaimRecord]:
        return sorted(self.family.claims.values(), key=lambda one: one.reference)

    def _held(self) -> dict[str, int]:
        held = {who: self._balance(Account.BANK, who) for who in PAYEES}
        return held if self.mode == "via_structure" else {}

    def _balance(self, account: Account, who: str | None, liable: str | None = None) -> int:
        return sum(
            line.debit - line.credit
            for entry in self.books
            for line in entry.lines
            if line.account is account and line.payee == who and (liable is None or line.liable == liable)
        )

    def _receive(self, about: ClaimRecord, answer: Answer) -> None:
        self.books += answer_entries(
            about, self.family, answer, f"ClaimResponse/{len(self.books)}/_history/1", self._held()
        )
        for decision in answer.decisions:
            item_of = next(i for i in about.items if i.sequence == decision.item)
            through_structure = self.mode == "via_structure" or item_of.kind == "structure"
            who = "bank" if through_structure else item_of.payee
            if decision.effect == "paid":
                sign = -1 if about.kind == "credit" else 1
                self.insurers += sign * decision.cents
                self.cash[who] += sign * decision.cents
            if decision.effect == "repaid":
                if decision.liable is not None:
                    who = "bank" if decision.liable in self.family.structure else decision.liable
                self.insurers -= decision.cents
                self.cash[who] -= decision.cents
        self.family = self.family.with_answer(about.reference, answer)

    @rule(
        which=st.integers(0, 9),
        kind=st.sampled_from(["payment", "payment", "rejection", "recovery", "recovery"]),
        share=st.integers(0, 9),
        cents=st.one_of(st.just("all"), st.just("half"), st.none(), CENTS),
        liable=st.sampled_from([None, None, STRUCTURE_IDENTIFIER, payee(2)]),
        again=st.booleans(),
    )
    def the_caisse_says_of_a_share(
        self, which: int, kind: str, share: int, cents: int | str | None, liable: str | None, again: bool
    ) -> None:
        claims = self._claims()
        about = claims[which % len(claims)]
        shares = shares_of(about, self.family.answers_to(about.reference))
        if not shares:
            return
        chosen = shares[share % len(shares)]
        self.notices += 0 if again else 1
        if isinstance(cents, str):
            most = chosen.kept if kind == "recovery" else chosen.open
            cents = most if cents == "all" else most // 2
        told = {"payee": chosen.item.payee, "insurer": chosen.insurer, "cents": cents}
        self._read(about, kind, **told, liable=liable if kind == "recovery" else None)

    @rule(which=st.integers(0, 9), kind=st.sampled_from(["technical_refusal", "acknowledgement"]))
    def the_caisse_says_of_the_whole(self, which: int, kind: str) -> None:
        claims = self._claims()
        self._read(claims[which % len(claims)], kind)

    def _read(self, about: ClaimRecord, kind: str, **told: Any) -> None:
        fields = {"number": 1, "kind": kind, "notice": str(self.notices), "day": DAY, "claim": about.identifier}
        line = ReturnLine(**(fields | told))
        found = match_line(line, about, self.family)
        if isinstance(found, Accepted):
            self._receive(about, found.answer)
            assert not isinstance(match_line(line, about, self.family), Accepted)

    @rule(
        which=st.integers(0, 9),
        replaced=st.booleans(),
        amounts=st.lists(st.tuples(CENTS, CENTS), min_size=3, max_size=3),
    )
    def corrects(self, which: int, replaced: bool, amounts: list[tuple[int, int]]) -> None:
        claims = [one for one in self._claims() if one.kind != "credit"]
        about = claims[which % len(claims)]
        family = self.family
        refused = is_refused(family.answers_to(about.reference))
        if family.credit_of(about.reference) or family.followers(about.reference, "replacement"):
            return
        number = family.next_number()
        root = forfait_identifier(about.identifier)
        if not refused:
            credit = mirrored(about, f"{root}:{number}:credit")
            entry = credit_entry(credit, family, DAY, "1", self._held())
            self.books += [entry] if entry else []
            self.family = family.with_claim(credit)
        if replaced or refused:
            self._submit(amounts, f"{root}:{number}", "replacement", about.reference)

    @rule(which=st.integers(0, 9), share=st.integers(0, 9))
    def a_rejected_share_is_claimed_again(self, which: int, share: int) -> None:
        claims = self._claims()
        about = claims[which % len(claims)]
        answers = self.family.answers_to(about.reference)
        rejected = [s for s in shares_of(about, answers) if s.rejected == s.claimed]
        if about.kind == "credit" or not rejected or self.family.followers(about.reference, "resubmission"):
            return
        chosen = rejected[share % len(rejected)]
        amo, amc = (chosen.claimed, 0) if chosen.insurer == "amo" else (0, chosen.claimed)
        number = self.family.next_number()
        again = claim(
            item(chosen.item.sequence, amo, amc, who=chosen.item.payee, kind=chosen.item.kind),
            identifier=f"{forfait_identifier(about.identifier)}:{number}:{chosen.item.payee}",
            kind="resubmission",
            original=about.reference,
            payee_mode=about.payee_mode,
        )
        self.family = self.family.with_claim(again)
        self.books.append(submission_entry(again, DAY, "1"))

    @rule(which=st.integers(0, 9), share=st.integers(0, 9))
    def an_indu_is_given_back(self, which: int, share: int) -> None:
        claims = self._claims()
        about = claims[which % len(claims)]
        answers = self.family.answers_to(about.reference)
        due = [d for answer in answers if answer.kind == "recovery" for d in answer.decisions]
        if not due:
            return
        chosen = due[share % len(due)]
        done = [d for answer in answers if answer.kind == "repayment" for d in answer.decisions]
        if any((d.item, d.insurer, d.liable) == (chosen.item, chosen.insurer, chosen.liable) for d in done):
            return
        cents = sum(
            d.cents for d in due if (d.item, d.insurer, d.liable) == (chosen.item, chosen.insurer, chosen.liable)
        )
        back = Decision(chosen.item, chosen.insurer, "repaid", cents, liable=chosen.liable)
        self._receive(about, Answer("repayment", f"r{len(self.books)}", DAY, (back,)))

    @precondition(lambda self: self.mode == "via_structure")
    @rule(who=st.sampled_from(PAYEES[:2]))
    def the_structure_redistributes(self, who: str) -> None:
        held = self._balance(Account.BANK, who)
        lines = redistributed(who, held=held, recoverable=self._balance(Account.RECOVERABLE, who, who))
        if not lines:
            return
        entry = LedgerEntry(
            STRUCTURE, DAY, Event.REDISTRIBUTION, f"r{len(self.books)}", "Redistribution", None, (), lines
        )
        before = self._bank()
        self.books.append(entry)
        sent = before - self._bank()
        assert 0 <= sent <= held
        self.cash["bank"] -= sent
        self.cash[who] += sent

    def _bank(self) -> int:
        return sum(self._balance(Account.BANK, who) for who in (*PAYEES, None))

    @invariant()
    def the_trial_balance_is_zero(self) -> None:
        for entry in self.books:
            assert sum(line.debit for line in entry.lines) == sum(line.credit for line in entry.lines) > 0
            assert all(min(line.debit, line.credit) == 0 < max(line.debit, line.credit) for line in entry.lines)

    @invariant()
    def nobody_is_owed_less_than_nothing(self) -> None:
        for who in PAYEES[:2]:
            payable = -self._balance(Account.PAYABLE, who)
            assert payable >= self._balance(Account.BANK, who) >= 0

    @invariant()
    def the_insurers_owe_what_is_claimed_and_neither_paid_nor_refused(self) -> None:
        expected = 0
        for one in self._claims():
            answers = self.family.answers_to(one.reference)
            stands = one.kind != "credit" and not is_refused(answers) and not self.family.credit_of(one.reference)
            expected += sum(share.open for share in shares_of(one, answers)) if stands else 0
        assert expected == sum(self._balance(a, None) for a in (Account.AMO_RECEIVABLE, Account.AMC_RECEIVABLE))

    @invariant()
    def what_the_insurers_paid_is_what_the_payees_and_the_structure_have(self) -> None:
        assert self.insurers == sum(self.cash.values())
        assert self._bank() == self.cash["bank"]

    @invariant()
    def each_payee_is_owed_what_stands_less_what_they_got(self) -> None:
        for who in PAYEES[:2]:
            entitled = sum(self._entitled(one, who) for one in self._claims())
            owed = -self._balance(Account.PAYABLE, who) - self._balance(Account.RECOVERABLE, who, who)
            assert owed == entitled - self.cash[who] + self._borne_for_others(who)

    def _entitled(self, one: ClaimRecord, who: str) -> int:
        """What stands for `who`; what was claimed back and somebody else bears is theirs, even of a Claim withdrawn."""
        answers = self.family.answers_to(one.reference)
        shares = [share for share in shares_of(one, answers) if share.item.payee == who]
        own = {share.item.sequence for share in shares}
        recovered = [
            decision
            for answer in answers
            for decision in answer.decisions
            if decision.effect == "recovered" and decision.item in own
        ]
        if one.kind == "credit" or is_refused(answers) or self.family.credit_of(one.reference):
            return sum(decision.cents for decision in recovered if decision.liable not in {None, who})
        borne = sum(decision.cents for decision in recovered if decision.liable in {None, who})
        return sum(share.claimed - share.rejected for share in shares) - borne

    def _borne_for_others(self, who: str) -> int:
        """What `who` gave back to the caisse of the parts of others: out of their pocket, not of their own parts."""
        return -sum(
            decision.cents
            for one in self._claims()
            for answer in self.family.answers_to(one.reference)
            for decision in answer.decisions
            if decision.effect == "repaid"
            and decision.liable == who
            and next(i.payee for i in one.items if i.sequence == decision.item) != who
        )


LifeOfClaims.TestCase.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)
TestLifeOfClaims = LifeOfClaims.TestCase
