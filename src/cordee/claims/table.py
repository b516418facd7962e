"""A settlement as rows of text, for a terminal, a page or a file: no layout, no colour."""

from dataclasses import dataclass

from cordee.claims.counting import NotCounted
from cordee.claims.session_rules import OUT_OF_SCOPE
from cordee.claims.settlement import NotDue, Settlement
from cordee.claims.wording import Language, missing_sentence, reason, sentence
from cordee.pathways.money import in_english, in_french


@dataclass(frozen=True, slots=True)
class QuotePartRow:
    """One quote-part: `acts` counted, `cents`, and the same amount and its reason in words."""

    payee: str
    profession: str
    acts: int
    cents: int
    amount: str
    reason: str


@dataclass(frozen=True, slots=True)
class NotCountedRow:
    """One session, or performer of it, that does not count."""

    session: str
    performer: str
    reason: str


def quote_part_rows(settlement: Settlement, language: Language) -> tuple[QuotePartRow, ...]:
    """The rows of a settlement, in the order of its parts; their cents add up to `settlement.total`."""
    money = in_french if language == "fr" else in_english
    return tuple(
        QuotePartRow(
            payee=part.payee.name,
            profession=part.payee.profession.display if part.payee.profession else "",
            acts=len(part.acts),
            cents=part.cents,
            amount=money(part.cents),
            reason=reason(part.explanation, language),
        )
        for part in settlement.parts
    )


def not_counted_rows(
    result: Settlement | NotDue, language: Language, *, in_scope_only: bool = False
) -> tuple[NotCountedRow, ...]:
    """The sessions that don't count; with `in_scope_only`, less those of other séquences or parcours."""
    entries = (e for e in result.not_counted if not (in_scope_only and e.reason.rule in OUT_OF_SCOPE))
    return tuple(_row(entry, language) for entry in entries)


def missing_rows(result: NotDue, language: Language) -> tuple[str, ...]:
    """One sentence for each thing missing."""
    return tuple(missing_sentence(missing, language) for missing in result.missing)


def _row(entry: NotCounted, language: Language) -> NotCountedRow:
    return NotCountedRow(
        entry.session, entry.performer or "", sentence(entry.reason.rule, entry.reason.inputs, language)
    )
