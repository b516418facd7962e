"""A professional's statement as a PDF, one page when it fits."""

from datetime import date
from itertools import groupby
from typing import Any

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table, TableStyle

from cordee.claims.claim_words import CLAIM_KINDS
from cordee.pathways.model import Validity
from cordee.pathways.money import in_french
from cordee.reporting.printed_page import (
    AMOUNT,
    BODY,
    CELL,
    COLUMN,
    COLUMN_OF_AMOUNTS,
    FINE,
    HEADING,
    INK,
    RULE,
    SHADE,
    SMALL,
    STRONG,
    TITLE,
    TOTAL,
    WIDTH,
    days,
    document,
    said,
)
from cordee.reporting.statement import Statement, StatementLine

_COLUMNS = (
    ("Forfait", 28 * mm),
    ("Période", 28 * mm),
    ("Patient", 22 * mm),
    ("Actes", 9 * mm),
    ("AMO", 16 * mm),
    ("AMC", 16 * mm),
    ("Quote-part", 17 * mm),
    ("Payé", 16 * mm),
    ("État", None),
)
_OF_AMOUNTS = range(3, 8)
_GRID: list[Any] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
    ("LINEBELOW", (0, 0), (-1, -2), 0.4, RULE),
    ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
    ("LINEABOVE", (0, -1), (-1, -1), 0.8, INK),
]
_BOXES = TableStyle(
    [
        ("BACKGROUND", (0, 0), (-1, -1), SHADE),
        ("LEFTPADDING", (0, 0), (-1, -1), 6),
        ("TOPPADDING", (0, 0), (-1, 0), 5),
        ("BOTTOMPADDING", (0, 0), (-1, 0), 0),
        ("BOTTOMPADDING", (0, 1), (-1, 1), 6),
        ("LINEAFTER", (0, 0), (-2, -1), 2, "white"),
    ]
)
_FIGURE = ParagraphStyle("figure", parent=STRONG, fontSize=12, leading=15)


def statement_document(statement: Statement) -> bytes:
    """The PDF; amounts are what `statement` says, nothing is computed here but its totals."""
    who = statement.professional
    title = f"Relevé de quotes-parts, {days(statement.period)}"
    story: list[Flowable] = [
        said("Relevé de quotes-parts", TITLE),
        said(f"{days(statement.period)}, établi le {_day(statement.issued_on)}", BODY),
        Spacer(0, 4 * mm),
        _parties(statement),
        Spacer(0, 4 * mm),
        _summary(statement),
        Spacer(0, 3 * mm),
        said("Forfaits de la période, en euros", HEADING),
    ]
    story += [_lines(statement)] if statement.lines else [said("Aucune quote-part sur cette période.")]
    story += [Spacer(0, 3 * mm), KeepTogether(_notes(statement))]
    return document(title, statement.structure.name, f"{statement.structure.name} · {who.name}", story)


def _parties(statement: Statement) -> Table:
    who, structure = statement.professional, statement.structure
    name = f"{who.name}, {statement.profession}" if statement.profession else who.name
    left = [said("Professionnel", COLUMN), said(name, STRONG), said(_number(who.identifier), SMALL)]
    right = [said("Structure", COLUMN), said(structure.name, STRONG), said(_number(structure.identifier), SMALL)]
    return Table([[left, right]], colWidths=[WIDTH / 2] * 2, style=[("LEFTPADDING", (0, 0), (-1, -1), 0)])


def _summary(statement: Statement) -> Table:
    totals = statement.totals
    figures = [
        ("Demandé", totals.claimed),
        ("Payé", totals.paid),
        ("Rejeté", totals.rejected),
        ("Repris (indus)", totals.claimed_back),
        ("En attente", totals.awaited),
    ]
    return Table(
        [[said(name, COLUMN) for name, _ in figures], [said(in_french(cents), _FIGURE) for _, cents in figures]],
        colWidths=[WIDTH / len(figures)] * len(figures),
        style=_BOXES,
    )


def _lines(statement: Statement) -> Table:
    """The lines under the name of their pathway, one row each where their words are short."""
    style = [*_GRID]
    rows: list[list[Any]] = [
        [said(name, COLUMN_OF_AMOUNTS if n in _OF_AMOUNTS else COLUMN) for n, (name, _) in enumerate(_COLUMNS)]
    ]
    for pathway, lines in groupby(statement.lines, key=lambda line: line.pathway):
        style += [
            ("SPAN", (0, len(rows)), (-1, len(rows))),
            ("BACKGROUND", (0, len(rows)), (-1, len(rows)), SHADE),
            ("NOSPLIT", (0, len(rows)), (-1, len(rows) + 1)),
        ]
        rows.append([said(pathway, STRONG), *[""] * (len(_COLUMNS) - 1)])
        rows += map(_cells, lines)
    totals = statement.totals
    amounts = (totals.amo, totals.amc, totals.claimed, totals.paid)
    sums = [said(text, TOTAL) for text in (str(totals.acts), *map(_plain, amounts))]
    rows.append([said("Total", STRONG), "", "", *sums, ""])
    return Table(rows, colWidths=_widths(), style=TableStyle(style), repeatRows=1)


def _widths() -> list[float]:
    stated = [width for _, width in _COLUMNS if width is not None]
    return [*stated, WIDTH - sum(stated)]


def _cells(line: StatementLine) -> list[Any]:
    forfait = line.forfait if line.kind == "forfait" else f"{line.forfait}, {CLAIM_KINDS[line.kind]}"
    return [
        said(forfait, CELL),
        said(_dates(line.period), FINE),
        said(line.patient, FINE),
        said(str(line.acts), AMOUNT),
        *(said(_plain(cents), AMOUNT) for cents in (line.amo, line.amc, line.cents, line.paid)),
        [said(line.state, CELL), *([said(line.remark, SMALL)] if line.remark else [])],
    ]


def _plain(cents: int) -> str:
    """An amount without the sign of the euro, which the line above the table has."""
    return in_french(cents).removesuffix("€").strip()


def _dates(period: Validity) -> str:
    """Both days, the year once when it is the same."""
    if period.last is None:
        return days(period)
    first = f"{period.first:%d/%m}" if period.first.year == period.last.year else _day(period.first)
    return f"{first} – {_day(period.last)}"


def _notes(statement: Statement) -> list[Flowable]:
    notes: list[Flowable] = []
    balance = statement.balance
    if balance is not None:
        said_of_it = f"Reste à vous payer : {in_french(balance.owed)}."
        if balance.recoverable:
            said_of_it += f" À rendre par vous : {in_french(balance.recoverable)}."
        notes += [said(f"Solde au {_day(balance.on)}", HEADING), said(said_of_it)]
    payer = (
        "La caisse paie la structure, qui vous reverse vos quotes-parts."
        if statement.payee_mode == "via_structure"
        else "La caisse vous paie directement vos quotes-parts."
    )
    own = "Un avoir annule une facture déjà transmise : ses montants sont négatifs."
    return [*notes, Spacer(0, 2 * mm), said(f"{payer} {own}", SMALL)]


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _number(identifier: str) -> str:
    """The number by which a person or structure is known, with the name of its register when it is a usual one."""
    system, _, value = identifier.rpartition("|")
    registers = {"https://rpps.esante.gouv.fr": "RPPS", "https://finess.esante.gouv.fr": "FINESS"}
    return f"{registers[system]} {value}" if system in registers else f"n° {value}"
