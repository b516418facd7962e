"""From the Claims billed to the money paid: what the demo's caisse answers, and the files that go out."""

from pathlib import Path

from cordee.cli.output_files import write_whole
from demo.team import BY_ID, STRUCTURE

SUBMITTED_ON = "2026-09-02"
PAID_ON = "2026-09-20"
REJECTED = ("patient-15:mois-2", BY_ID["dieteticienne-4"].rpps)
"""The forfait and the professional whose quote-part the caisse rejects."""


def outgoing(folder: Path) -> tuple[tuple[str, ...], ...]:
    """The commands that submit what is ready, and write the bordereau and a return file to begin from."""
    of_the_day = ("--structure", STRUCTURE, "--on", SUBMITTED_ON)
    return (
        ("submit", *of_the_day),
        ("export", "bordereau", *of_the_day, "--output", str(folder / "bordereau.xlsx")),
        (
            *("export", "return-template", *of_the_day, "--paid-on", PAID_ON),
            *("--output", str(folder / "retour.csv")),
        ),
    )


def reject_one_part(returns: Path) -> None:
    """Turns one payment of the caisse's file into a rejection."""
    forfait, rpps = REJECTED
    lines = returns.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [
        line.replace("paiement;", "rejet;", 1).replace(";EUR;;;", ";EUR;droits;droits clos à la date des soins;", 1)
        if line.startswith("paiement;") and f":{forfait};" in line and f"|{rpps};" in line
        else line
        for line in lines
    ]
    write_whole(returns, "".join(changed).encode())


def after_the_answers(folder: Path, claim: str | None) -> tuple[tuple[str, ...], ...]:
    """The commands that read what the caisse answered, and show what became of it."""
    statements = folder / "releves"
    statements.mkdir(exist_ok=True)
    shown = (("claim", "show", claim.removeprefix("Claim/")),) if claim else ()
    period = ("--from", "2026-06-01", "--to", "2026-09-30")
    return (
        ("returns", str(folder / "retour.csv")),
        *shown,
        ("export", "statement", "--structure", STRUCTURE, *period, "--output", str(statements)),
        ("audit", "report", "--structure", STRUCTURE, "--by", "professional"),
        ("audit", "verify"),
    )
