"""The explanation of one Claim as a PDF, for an auditor: sentences, sessions, circle, versions, hashes."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table, TableStyle

from cordee.claims.claim_words import CLAIM_KINDS, PAYEE_MODES
from cordee.claims.evidence import CareCircle, Session
from cordee.pathways.money import in_french
from cordee.reporting.claim_explanation import ClaimExplanation, ExplainedPart
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

_PLAIN: list[Any] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]
_HEADED: list[Any] = [*_PLAIN, ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK), ("LINEBELOW", (0, 1), (-1, -1), 0.4, RULE)]


def explanation_document(
    explanation: ClaimExplanation,
    *,
    sessions: Iterable[Session] = (),
    circle: CareCircle | None = None,
    hashes: Mapping[str, str] | None = None,
) -> bytes:
    """The PDF. `sessions` are those the Claim names, `hashes` the SHA-256 of the files it goes with, by name.

    Patients appear by local reference only; the same input gives the same bytes.
    """
    record = explanation.record
    story: list[Flowable] = [
        said("Explication d'un forfait", TITLE),
        said(f"{explanation.forfait}, {days(record.period)} : {in_french(record.total)}", BODY),
        Spacer(0, 3 * mm),
        _facts(explanation),
        said("D'où vient le montant", HEADING),
        *(said(f"{text[:1].upper()}{text[1:]}.") for text in _amount(explanation)),
        said("Qui reçoit quoi, et pourquoi", HEADING),
        _parts(explanation),
    ]
    names = {reference: member.name for member in circle.members for reference in member.references} if circle else {}
    story += _sessions(explanation, tuple(sessions), names)
    if explanation.not_counted:
        rows = [(said(one.session, SMALL), said(one.reason.fr, CELL)) for one in explanation.not_counted]
        story += [said("Séances qui ne comptent pas", HEADING), _listing(("Séance", "Raison"), (58 * mm,), rows)]
    if circle is not None:
        story += [said("Cercle de soins", HEADING), _circle(circle)]
    if record.evidence_versions:
        story += [said("Versions lues", HEADING), said(" · ".join(record.evidence_versions), SMALL)]
    if hashes:
        files = [(said(name, CELL), said(digest, SMALL)) for name, digest in sorted(hashes.items())]
        story += [said("Empreintes des pièces (SHA-256)", HEADING), _listing(("Pièce", "Empreinte"), (64 * mm,), files)]
    return document(f"Explication de {record.reference}", explanation.structure, record.identifier, story)


def _facts(explanation: ClaimExplanation) -> Table:
    record = explanation.record
    facts = [
        ("Facture", f"{record.identifier}\n{record.reference}\nversion {record.version}"),
        ("Nature", CLAIM_KINDS[record.kind] + (f" de {record.original}" if record.original else "")),
        ("Structure", explanation.structure),
        ("Caisse", explanation.insurer or "non indiquée"),
        ("Parcours", f"{record.pathway}, version {record.pathway_version}"),
        ("Convention", f"{record.convention}, version {record.convention_version}"),
        ("Patient", record.patient + (f", profil {explanation.profile}" if explanation.profile else "")),
        ("Inclusion", record.care_plan),
        ("Calculé au", f"{explanation.settled_on:%d/%m/%Y}" if explanation.settled_on else "non indiqué"),
        ("Paiement", PAYEE_MODES[record.payee_mode]),
    ]
    half = (len(facts) + 1) // 2
    cells = [[said(name, COLUMN), said(value, CELL)] for name, value in facts]
    rows = [[*cells[n], *(cells[n + half] if n + half < len(cells) else ["", ""])] for n in range(half)]
    narrow = 21 * mm
    wide = WIDTH / 2 - narrow
    return Table(rows, colWidths=[narrow, wide, narrow, wide], style=TableStyle(_PLAIN))


def _amount(explanation: ClaimExplanation) -> Iterable[str]:
    if explanation.regularisation:
        yield explanation.regularisation.fr
    if explanation.price:
        yield explanation.price.fr
    if explanation.insurers:
        yield explanation.insurers.fr
    if explanation.not_billed:
        yield f"{in_french(explanation.not_billed)} ne sont pas facturés, comme la convention le veut"


def _parts(explanation: ClaimExplanation) -> Table:
    names = ("Bénéficiaire", "Part AMO", "Part AMC", "Quote-part")
    rows: list[list[Any]] = [[said(name, COLUMN_OF_AMOUNTS if n else COLUMN) for n, name in enumerate(names)]]
    style = [*_PLAIN, ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK)]
    for part in explanation.parts:
        style += [
            ("BACKGROUND", (0, len(rows)), (-1, len(rows)), SHADE),
            ("NOSPLIT", (0, len(rows)), (-1, len(rows) + 1)),
        ]
        rows += _part(part)
    style.append(("LINEABOVE", (0, len(rows)), (-1, len(rows)), 0.8, INK))
    items = explanation.record.items
    sums = (sum(i.amo for i in items), sum(i.amc for i in items), explanation.record.total)
    rows.append([said("Total", STRONG), *(said(in_french(cents), TOTAL) for cents in sums)])
    amount = 24 * mm
    return Table(rows, colWidths=[WIDTH - 3 * amount, *[amount] * 3], style=TableStyle(style), repeatRows=1)


def _part(part: ExplainedPart) -> Iterable[list[Any]]:
    item = part.item
    name = f"{item.name}, {part.role}" if part.role else item.name
    yield [
        [said(name, STRONG), said(item.payee.replace("|", " "), SMALL)],
        *(said(in_french(cents), TOTAL) for cents in (item.amo, item.amc, item.cents)),
    ]
    for step in part.steps:
        yield [said(step.sentence.fr, CELL), "", "", said(in_french(step.cents), AMOUNT)]


def _sessions(
    explanation: ClaimExplanation, sessions: tuple[Session, ...], names: Mapping[str, str]
) -> Iterable[Flowable]:
    counted = {reference for item in explanation.record.items for reference in item.sessions}
    known = sorted((s for s in sessions if s.reference in counted), key=lambda s: (s.day or date.max, s.reference))
    rows = [
        (
            said(f"{session.day:%d/%m/%Y}" if session.day else "", CELL),
            said(", ".join(code.display or code.code for code in session.codes), CELL),
            said(", ".join(names.get(performer, performer) for performer in session.performers), CELL),
            said(session.reference, SMALL),
        )
        for session in known
    ]
    unread = sorted(counted - {session.reference for session in known})
    rows += [(said("", CELL), said("", CELL), said("", CELL), said(reference, SMALL)) for reference in unread]
    if rows:
        yield said("Séances qui comptent", HEADING)
        yield _listing(("Jour", "Acte", "Intervenants", "Séance"), (20 * mm, 52 * mm, 52 * mm), rows)


def _circle(circle: CareCircle) -> Table:
    rows = [
        (
            said(member.name, CELL),
            said(member.profession.display or member.profession.code if member.profession else "", CELL),
            said(", ".join(map(days, member.intervals)), CELL),
            said(member.identifier.replace("|", " "), SMALL),
        )
        for member in sorted(circle.members, key=lambda member: member.key)
    ]
    return _listing(("Membre", "Profession", "Dans le cercle", "Identifiant"), (44 * mm, 32 * mm, 52 * mm), rows)


def _listing(names: tuple[str, ...], widths: tuple[float, ...], rows: Iterable[tuple[Any, ...]]) -> Table:
    columns = [*widths, WIDTH - sum(widths)]
    return Table(
        [[said(name, COLUMN) for name in names], *map(list, rows)],
        colWidths=columns,
        style=TableStyle(_HEADED),
        repeatRows=1,
    )
