"""`make demo`: loads the fictitious maison de santé, bills three months, follows the money, serves until Ctrl-C.

`PORT` and `DATA_DIR` of the environment say where. A second run finds everything there, and bills nothing twice.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cordee.claims.billing import Billed, BillingOrder, Outcome, Unreadable, bill
from cordee.cli.bill import BillingReport, report_console, show_report, show_split
from cordee.cli.database import ready_database
from cordee.cli.logging import configure_logging
from cordee.cli.serve import run_server
from cordee.pathways.publication import tenant_pathways
from cordee.settings import Settings
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.repository import Repository
from demo import life
from demo.bundles import write_bundles
from demo.patients import BILLED_UNTIL
from demo.team import PATHWAY, STRUCTURE

_ELIGIBILITY = "act=seance-apa&performer=PractitionerRole/enseignant-8&date=2026-09-15"
_SHOWN = "CarePlan/patient-15"
"""Whose first forfait is shown in full: a member came back, one has no RPPS, one is outside the split."""


def main() -> int:
    """Runs the demo; returns the exit status."""
    settings = Settings(
        port=int(os.environ.get("PORT", "8080")),
        data_dir=Path(os.environ.get("DATA_DIR", ".data")),
        log_level="warning",
    )
    configure_logging(settings.log_level)
    console = report_console()
    console.rule("Cordée, démonstration : une maison de santé fictive")
    with ready_database(settings) as dsn:
        folder = settings.data_dir / "demo-bundles"
        write_bundles(folder)
        loaded = _run(console, "load", str(folder), "--data-dir", str(settings.data_dir))
        if loaded != 0:
            return loaded
        outcomes = asyncio.run(_bill(dsn))
        console.rule(f"Facturation des séquences terminées le {BILLED_UNTIL.isoformat()}")
        report = BillingReport(most=8)
        for outcome in outcomes:
            report.add(outcome)
        show_report(console, report)
        shown = _shown(outcomes)
        if shown is not None and shown.settlement is not None:
            console.rule("Le partage d'un forfait, et la raison de chaque centime")
            show_split(console, shown.settlement, shown.claim)
        if any(isinstance(outcome, Unreadable) for outcome in outcomes):
            return 1
        failed = _live(console, settings.data_dir, shown.claim if shown else None)
        if failed:
            return failed
        console.rule("À essayer")
        for line in addresses(settings.port, shown.claim if shown else None):
            console.print(line, soft_wrap=True, highlight=False, markup=False)
        console.print(f"\nServi sur http://{settings.host}:{settings.port}/fhir ; Ctrl-C pour arrêter.")
        sys.stdout.flush()
        run_server(settings, dsn)
    return 0


def _live(console: Console, data_dir: Path, claim: str | None) -> int:
    """From the Claims to the money: submitted, answered, told to each professional, verified."""
    console.rule("Des factures à l'argent : transmission, réponse de la caisse, relevés, vérification")
    folder = data_dir / "demo-files"
    folder.mkdir(exist_ok=True)
    at = ("--data-dir", str(data_dir))
    for command in life.outgoing(folder):
        if failed := _run(console, *command, *at):
            return failed
    life.reject_one_part(folder / "retour.csv")
    for command in life.after_the_answers(folder, claim):
        if failed := _run(console, *command, *at):
            return failed
    return 0


def addresses(port: int, claim: str | None) -> Sequence[str]:
    """Command lines that work against the running demo."""
    base = f"http://127.0.0.1:{port}"
    fhir = f"{base}/fhir"
    return (
        f"curl '{fhir}/{claim or 'Claim'}?_pretty=true'",
        f"curl '{fhir}/Claim?patient=Patient/patient-02&_include=Claim:patient&_pretty=true'",
        f"curl '{fhir}/Claim?care-team=PractitionerRole/enseignant-8&_total=accurate&_count=2'",
        f"curl '{fhir}/Claim?created={BILLED_UNTIL.isoformat()}&_summary=count'",
        f"curl '{fhir}/Encounter?patient=Patient/patient-02&date=ge2026-07-01&_sort=date'",
        f"curl '{fhir}/CareTeam?participant=PractitionerRole/dieteticien-5&_elements=name,participant'",
        f"curl '{fhir}/Patient?family=patient-0&_sort=-family&_count=3'",
        f"curl '{fhir}/CarePlan/patient-07/_history'",
        f"curl '{fhir}/CarePlan/patient-15/$settle?as-of={BILLED_UNTIL.isoformat()}&_pretty=true'",
        f"curl '{fhir}/CarePlan/patient-15/$eligibility?{_ELIGIBILITY}&_pretty=true'",
        f"curl '{fhir}/$forecast?structure=Organization/{STRUCTURE}&from=2026-09-01&to=2027-08-31&_pretty=true'",
        f"curl '{fhir}/{claim or 'Claim/1'}/$explain?_pretty=true'",
        f"curl -OJ '{fhir}/{claim or 'Claim/1'}/$proof'",
        f"curl '{fhir}/Claim?quote-part=gt90&state=submitted&_total=accurate&_count=1'",
        f"curl '{fhir}/metadata'",
        f"{base}/docs",
    )


async def _bill(dsn: str) -> list[Outcome]:
    database = Database(dsn)
    await database.open()
    try:
        repository = Repository(database, await database.tenant(DEFAULT_TENANT))
        order = BillingOrder(PATHWAY.code, BILLED_UNTIL, STRUCTURE, anew=True)
        return [outcome async for outcome in bill(repository, order, await tenant_pathways(repository))]
    finally:
        await database.close()


def _shown(outcomes: Sequence[Outcome]) -> Billed | None:
    billed = [outcome for outcome in outcomes if isinstance(outcome, Billed)]
    of_plan = [outcome for outcome in billed if outcome.care_plan == _SHOWN]
    return next(iter(of_plan or billed), None)


def _run(console: Console, *arguments: str) -> int:
    """Runs `cordee …` as a user would, shown as typed."""
    console.print(f"$ cordee {' '.join(arguments)}", style="bold", soft_wrap=True)
    return subprocess.run([Path(sys.executable).with_name("cordee"), *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
