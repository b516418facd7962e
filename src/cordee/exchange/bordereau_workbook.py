"""A bordereau as an XLSX workbook, for people: the invoices, the quote-parts, the total of each payee."""

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Literal

import xlsxwriter

from cordee.claims.claim_words import CLAIM_KINDS, PAYEE_KINDS, PAYEE_MODES
from cordee.exchange.bordereau import Bordereau, BordereauError, added
from cordee.exchange.french_csv import Amount, Cell
from cordee.pathways.money import euros

_TITLE_ROWS = 3
_CURRENCY = "#,##0.00 [$€-40C];[Red]-#,##0.00 [$€-40C]"

Column = tuple[str, int]
"""A heading and its width in characters."""

_CLAIMS: tuple[Column, ...] = (
    ("Facture", 46),
    ("Nature", 18),
    ("Rectifie", 18),
    ("Parcours", 28),
    ("Forfait", 34),
    ("Du", 11),
    ("Au", 11),
    ("Patient", 26),
    ("INS", 24),
    ("Convention", 34),
    ("Version", 9),
    ("Paiement", 16),
    ("Part AMO", 14),
    ("Part AMC", 14),
    ("Total", 14),
)
_QUOTE_PARTS: tuple[Column, ...] = (
    ("Facture", 46),
    ("Ligne", 7),
    ("Bénéficiaire", 40),
    ("Nom", 30),
    ("Type", 24),
    ("Séances", 9),
    ("Part AMO", 14),
    ("Part AMC", 14),
    ("Quote-part", 14),
)
_PAYEES: tuple[Column, ...] = (
    ("Bénéficiaire", 40),
    ("Nom", 30),
    ("Type", 24),
    ("Quotes-parts", 13),
    ("Part AMO", 14),
    ("Part AMC", 14),
    ("Total", 14),
)


def bordereau_workbook(bordereau: Bordereau) -> bytes:
    """The workbook: amounts and days are typed cells, texts are never formulas, every sheet has its totals.

    Made in memory; the same bordereau gives the same bytes.
    """
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True}) as workbook:
        workbook.set_properties(
            {
                "title": f"Bordereau {bordereau.number}",
                "author": bordereau.structure.name,
                "created": datetime.combine(bordereau.issued_on, datetime.min.time()),
            }
        )
        formats = _formats(workbook)
        sheets: tuple[tuple[str, Sequence[Column], Iterable[Sequence[Cell]]], ...] = (
            ("Factures", _CLAIMS, _claim_rows(bordereau)),
            ("Quotes-parts", _QUOTE_PARTS, _quote_part_rows(bordereau)),
            ("Bénéficiaires", _PAYEES, _payee_rows(bordereau)),
        )
        for name, columns, rows in sheets:
            _write_sheet(workbook.add_worksheet(name), bordereau, columns, tuple(rows), formats)
    return written.getvalue()


Style = Literal["title", "heading", "text", "count", "day", "amount", "total", "total_amount"]


def _formats(workbook: Any) -> dict[Style, Any]:
    edge = {"top": 1, "bold": True}
    styles: dict[Style, dict[str, Any]] = {
        "title": {"bold": True, "font_size": 14},
        "heading": {"bold": True, "bg_color": "#E7EDF3", "bottom": 1, "text_wrap": True, "valign": "top"},
        "text": {"num_format": "@", "valign": "top"},
        "count": {"num_format": "0", "valign": "top"},
        "day": {"num_format": "dd/mm/yyyy", "align": "left", "valign": "top"},
        "amount": {"num_format": _CURRENCY, "valign": "top"},
        "total": edge,
        "total_amount": edge | {"num_format": _CURRENCY},
    }
    return {name: workbook.add_format(style) for name, style in styles.items()}


def _write_sheet(
    sheet: Any,
    bordereau: Bordereau,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    formats: dict[Style, Any],
) -> None:
    sheet.write_string(0, 0, f"Bordereau {bordereau.number}", formats["title"])
    parties = f"{bordereau.structure.name} → {bordereau.insurer.name}, émis le {bordereau.issued_on:%d/%m/%Y}"
    sheet.write_string(1, 0, parties)
    for number, (heading, width) in enumerate(columns):
        sheet.set_column(number, number, width)
        sheet.write_string(_TITLE_ROWS, number, heading, formats["heading"])
    first = _TITLE_ROWS + 1
    for row, cells in enumerate(rows, first):
        for column, cell in enumerate(cells):
            _write(sheet, row, column, cell, formats)
    last = first + len(rows)
    sheet.write_string(last, 0, "Total", formats["total"])
    for column in range(1, len(columns)):
        amounts = [row[column] for row in rows]
        if all(isinstance(amount, Amount) for amount in amounts):
            total = sum(amount for amount in amounts if isinstance(amount, Amount))
            sheet.write_number(last, column, euros(total), formats["total_amount"])
        else:
            sheet.write_blank(last, column, None, formats["total"])
    sheet.freeze_panes(first, 1)
    sheet.autofilter(_TITLE_ROWS, 0, last - 1, len(columns) - 1)
    _make_printable(sheet, bordereau.number)


def _make_printable(sheet: Any, number: str) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_TITLE_ROWS)
    sheet.set_footer(f"&LBordereau {number.replace('&', '&&')}&R&P / &N")


def _write(sheet: Any, row: int, column: int, cell: Cell, formats: dict[Style, Any]) -> None:
    match cell:
        case None:
            return
        case Amount():
            sheet.write_number(row, column, euros(cell), formats["amount"])
        case date():
            sheet.write_datetime(row, column, cell, formats["day"])
        case int():
            sheet.write_number(row, column, cell, formats["count"])
        case str():
            if sheet.write_string(row, column, cell, formats["text"]) != 0:
                # Left out without an error by the library: a text of over 32,767 characters, or a row over 1,048,576.
                raise BordereauError((f"ligne {row + 1} : plus que ce qu'un tableur accepte ; choisir CSV ou JSON",))


def _claim_rows(bordereau: Bordereau) -> Iterable[Sequence[Cell]]:
    for claim in bordereau.claims:
        record, total = claim.record, added(claim.record.items)
        yield (
            record.identifier,
            CLAIM_KINDS[record.kind],
            record.original,
            record.pathway,
            claim.label,
            record.period.first,
            record.period.last,
            record.patient,
            claim.ins,
            record.convention,
            record.convention_version,
            PAYEE_MODES[record.payee_mode],
            Amount(total.amo),
            Amount(total.amc),
            Amount(total.cents),
        )


def _quote_part_rows(bordereau: Bordereau) -> Iterable[Sequence[Cell]]:
    for claim in bordereau.claims:
        for item in claim.record.items:
            yield (
                claim.record.identifier,
                item.sequence,
                item.payee,
                item.name,
                PAYEE_KINDS[item.kind],
                len(item.sessions),
                Amount(item.amo),
                Amount(item.amc),
                Amount(item.cents),
            )


def _payee_rows(bordereau: Bordereau) -> Iterable[Sequence[Cell]]:
    for total in bordereau.payees:
        yield (
            total.payee,
            total.name,
            PAYEE_KINDS[total.kind],
            total.parts,
            Amount(total.sum.amo),
            Amount(total.sum.amc),
            Amount(total.sum.cents),
        )
