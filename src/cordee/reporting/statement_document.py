"""A professional's statement as a PDF, one page when it fits."""

from datetime import date
from typing import Any

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table, TableStyle

from cordee.claims.claim_words import CLAIM_KINDS
from cordee.pathways.money import in_french
from cordee.reporting.printed_page import (
    AMOUNT,
    BODY,
    CELL,
    COLUMN,
    COLUMN_OF_AMOUNTS,
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

_COLUMNS = ("Forfait", "Patient", "Actes", "Part AMO", "Part AMC", "Quote-part", "Payé", "État")
_OF_AMOUNTS = range(2, 7)
_WIDTHS = [43 * mm, 19 * mm, 11 * mm, 19 * mm, 19 * mm, 20 * mm, 19 * mm]
_GRID = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        ("LINEBELOW", (0, 0), (-1, -2), 0.4, RULE),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
        ("LINEABOVE", (0, -1), (-1, -1), 0.8, INK),
    ]
)
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
        said("Forfaits de la période", HEADING),
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
    headings = [said(name, COLUMN_OF_AMOUNTS if n in _OF_AMOUNTS else COLUMN) for n, name in enumerate(_COLUMNS)]
    totals = statement.totals
    sums = [said("Total", STRONG), "", said(str(totals.acts), TOTAL)]
    sums += [said(in_french(cents), TOTAL) for cents in (totals.amo, totals.amc, totals.claimed, totals.paid)]
    rows = [headings, *(_cells(line) for line in statement.lines), [*sums, ""]]
    return Table(rows, colWidths=[*_WIDTHS, WIDTH - sum(_WIDTHS)], style=_GRID, repeatRows=1)


def _cells(line: StatementLine) -> list[Any]:
    kind = "" if line.kind == "forfait" else f"{CLAIM_KINDS[line.kind]}\n"
    return [
        [said(line.forfait, CELL), said(f"{kind}{line.pathway}\n{days(line.period)}", SMALL)],
        said(line.patient, CELL),
        said(str(line.acts), AMOUNT),
        *(said(in_french(cents), AMOUNT) for cents in (line.amo, line.amc, line.cents, line.paid)),
        [said(line.state, CELL), *([said(line.remark, SMALL)] if line.remark else [])],
    ]


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
