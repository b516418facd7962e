"""The return file: read whole or not at all, every problem told with its place and what to do."""

import json
from datetime import date
from typing import Any

import jsonschema
import pytest

from cordee.claims.returns import ReturnLine
from cordee.exchange.file_problems import FileProblems
from cordee.exchange.return_csv import write_return_csv
from cordee.exchange.return_file import read_returns, return_schema
from cordee.exchange.return_json import write_return_json

HEADINGS = "type;avis;date;facture;beneficiaire;assureur;montant;devise;motif_code;motif_libelle;responsable"
PAID = "paiement;AV-1;2026-09-30;s:essai:c:mois;https://rpps.esante.gouv.fr|A;AMO;70,00;EUR;;;"
PAYEE = "https://rpps.esante.gouv.fr|A"
LINES = (
    ReturnLine(2, "acknowledgement", "AR-1", date(2026, 8, 4), "s:essai:c:mois"),
    ReturnLine(
        3, "technical_refusal", "AR-2", date(2026, 8, 4), "s:essai:d:mois", reason_text="illisible ; =à refaire"
    ),
    ReturnLine(4, "payment", "AV-1", date(2026, 9, 30), "s:essai:c:mois", PAYEE, "amo", 112_600),
    ReturnLine(5, "rejection", "AV-1", date(2026, 9, 30), "s:essai:c:mois", PAYEE, "amc", 0, "droits", "=clos"),
    ReturnLine(6, "recovery", "IN-1", date(2026, 12, 1), "s:essai:c:mois", PAYEE, "amo", 1, "double", None, "x|liable"),
)


def csv_of(*rows: str, headings: str = HEADINGS) -> bytes:
    return "\r\n".join([headings, *rows, ""]).encode()


def row(**changed: str) -> str:
    """The paid line, with other cells."""
    cells = dict(zip(HEADINGS.split(";"), PAID.split(";"), strict=True)) | changed
    return ";".join(cells.values())


def problems(data: bytes) -> list[str]:
    with pytest.raises(FileProblems) as refused:
        read_returns(data)
    return [str(problem) for problem in refused.value.problems]


def test_what_is_written_in_csv_is_read_back() -> None:
    assert read_returns(write_return_csv(LINES)) == LINES


def test_what_is_written_in_json_is_read_back_and_follows_its_schema() -> None:
    written = write_return_json(LINES)
    assert [line.number for line in read_returns(written)] == [1, 2, 3, 4, 5]
    assert read_returns(write_return_csv(read_returns(written))) == LINES
    jsonschema.Draft202012Validator(json.loads(return_schema())).validate(json.loads(written))


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        ("70", 7_000),
        ("70,5", 7_050),
        ("1126.00", 112_600),
        ("1 126,00", 112_600),
        ("1\u00a0126,00\u00a0€", 112_600),
        ("1\u202f126,00 EUR", 112_600),
        ("1234567,89", 123_456_789),
    ],
)
def test_amounts_are_read_as_spreadsheets_save_them(amount: str, cents: int) -> None:
    (line,) = read_returns(csv_of(row(montant=amount)))
    assert line.cents == cents


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("12,345", "plus de deux décimales"),
        ("-70,00", "négatif"),
        ("\u221270,00", "négatif"),
        ("70,00 USD", "n'est pas en euros"),
        ("$70", "n'est pas en euros"),
        ("1,13E+05", "n'est pas un montant"),
        ("1.126,00", "n'est pas un montant"),
        ("11 26,00", "n'est pas un montant"),
        ("soixante", "n'est pas en euros"),
        ("٧٠", "n'est pas un montant"),
        ("0,00", "montant nul"),
    ],
)
def test_other_amounts_are_refused_with_what_to_write(amount: str, said: str) -> None:
    (problem,) = problems(csv_of(row(montant=amount)))
    assert problem.startswith("ligne 2, colonne montant : ")
    assert said in problem


@pytest.mark.parametrize("day", ["30/09/2026", "2026-09-30"])
def test_days_are_read_as_iso_or_as_a_french_spreadsheet_saves_them(day: str) -> None:
    (line,) = read_returns(csv_of(row(date=day)))
    assert line.day == date(2026, 9, 30)


@pytest.mark.parametrize("day", ["30/09/26", "46295", "2026-02-30", "31/09/2026", "2026-9-30"])
def test_other_days_are_refused(day: str) -> None:
    (problem,) = problems(csv_of(row(date=day)))
    assert problem.startswith(f"ligne 2, colonne date : '{day}' n'est pas un jour")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"type": "virement"},
            "colonne type : 'virement' est inconnu ; écrire accuse_reception, refus_technique, paiement",
        ),
        ({"type": ""}, "colonne type : manque"),
        ({"avis": ""}, "colonne avis : manque"),
        ({"facture": "\u00a0"}, "colonne facture : manque"),
        ({"beneficiaire": "10000000001"}, "colonne beneficiaire : '10000000001' n'est pas un identifiant"),
        ({"assureur": "CPAM"}, "colonne assureur : 'CPAM' est inconnu ; écrire AMO, AMC"),
        ({"devise": "CHF"}, "colonne devise : 'CHF' : seul l'euro"),
        ({"montant": ""}, "colonne montant : manque"),
        ({"type": "rejet"}, "colonne motif_code : une ligne « rejet » donne son motif"),
        ({"responsable": "a|b"}, "colonne responsable : seule une ligne « indu »"),
    ],
)
def test_a_wrong_cell_is_named_by_line_and_column(changed: dict[str, str], said: str) -> None:
    (problem,) = problems(csv_of(row(**changed)))
    assert problem.startswith(f"ligne 2, {said}")


def test_a_line_about_a_whole_claim_has_no_quote_part() -> None:
    said = problems(csv_of(row(type="accuse_reception")))
    assert [problem.partition(" : ")[0] for problem in said] == [
        "ligne 2, colonne beneficiaire",
        "ligne 2, colonne assureur",
        "ligne 2, colonne montant",
    ]


def test_every_problem_is_told_at_once() -> None:
    said = problems(csv_of(row(montant="1,234", assureur="x"), PAID, row(date="hier"), PAID))
    assert [problem.partition(" : ")[0] for problem in said] == [
        "ligne 2, colonne assureur",
        "ligne 2, colonne montant",
        "ligne 4, colonne date",
        "ligne 5",
    ]
    assert "déjà à la ligne 3" in said[-1]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_separator_is_that_of_the_headings(delimiter: str) -> None:
    cells = [f'"{cell}"' for cell in PAID.split(";")]
    data = csv_of(delimiter.join(cells), headings=HEADINGS.replace(";", delimiter))
    assert read_returns(data)[0].cents == 7_000


def test_excels_habits_count_for_nothing() -> None:
    text = f"sep=;\r\n{HEADINGS.upper()};;\r\n;;;;;;;;;;;;\r\n{PAID};;\r\n\r\n"
    (line,) = read_returns(b"\xef\xbb\xbf" + text.encode())
    assert (line.number, line.cents) == (4, 7_000)


def test_headings_may_have_their_accents() -> None:
    headings = HEADINGS.replace("beneficiaire", "Bénéficiaire").replace("motif_code", "Motif code")
    assert read_returns(csv_of(PAID, headings=headings))[0].payee == PAYEE


@pytest.mark.parametrize(
    ("headings", "said"),
    [
        (HEADINGS.replace("assureur", "asureur"), "colonne inconnue « asureur » ; est-ce « assureur » ?"),
        (HEADINGS.replace("devise", "montant"), "la colonne « montant » y est deux fois"),
        (HEADINGS.replace("facture;", "x;"), "colonnes absentes : facture"),
        ("", "le fichier est vide"),
    ],
)
def test_wrong_headings_are_told(headings: str, said: str) -> None:
    assert any(said in problem for problem in problems(csv_of(headings=headings)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "le fichier est vide"),
        (csv_of(), "le fichier n'a aucune ligne"),
        (csv_of(PAID).decode().encode("utf-16"), "UTF-16"),
        (csv_of(row(motif_libelle="refusé")).decode().encode("cp1252"), "ligne 2 : un octet n'est pas de l'UTF-8"),
        (b"PK\x03\x04", "c'est un classeur"),
        (csv_of(row(motif_libelle="\0")), "octet nul"),
        (csv_of(row(motif_libelle='"ouvert')), "guillemets"),
        (csv_of(PAID + ";de trop"), "12 cellules pour 11 colonnes"),
    ],
)
def test_a_file_that_is_not_readable_says_why(data: bytes, said: str) -> None:
    assert said in problems(data)[0]


def of_json(**changed: Any) -> bytes:
    line = {
        "kind": "payment",
        "notice": "AV-1",
        "day": "2026-09-30",
        "claim": "s:essai:c:mois",
        "payee": PAYEE,
        "insurer": "amo",
        "amount": "70.00",
    }
    return json.dumps({"format": "cordee.return/1", "lines": [line | changed]}).encode()


def test_a_json_number_keeps_its_written_form() -> None:
    data = of_json().replace(b'"70.00"', b"70.10")
    assert read_returns(data)[0].cents == 7_010


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (of_json(amount="70.001"), "ligne 1, « amount » : '70.001' a plus de deux décimales"),
        (of_json(day=20260930), "ligne 1, « day » : ce n'est pas un texte"),
        (of_json(amount=["70"]), "ligne 1, « amount » : ce n'est pas un texte"),
        (of_json(motif="x"), "ligne 1 : « motif » est inconnu"),
        (of_json(claim=None), "ligne 1, « claim » : manque"),
        (b'{"format": "cordee.return/1", "lines": [1]}', "ligne 1 : ce n'est pas un objet"),
        (b'{"format": "cordee.return/2", "lines": []}', "cordee.return/1"),
        (b'{"format": "cordee.return/1", "lines": []}', "aucune ligne"),
        (b"[]", "il faut un objet"),
        (b'{"format": "cordee.return/1", "lines": [}', "ligne 1, colonne 41"),
        (b'{"format": "cordee.return/1", "format": "x", "lines": []}', "« format » est répété"),
        (b'{"format": "cordee.return/1", "lines": ' + b"[" * 100_000, "trop imbriqué"),
    ],
)
def test_wrong_json_is_told_with_its_place(data: bytes, said: str) -> None:
    assert any(said in problem for problem in problems(data))
