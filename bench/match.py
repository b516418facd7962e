"""How long `Patient/$match` takes over HTTP: `python -m bench.match` loads patients into a server of its own, and asks.

Names are as unequally shared as in a real town (the commonest family name is that of one in a hundred), one birth date
in fifty is 1 January. Nobody is real: names are syllables, numbers are of test. One client, one request at a time.
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import httpx
import orjson

from bench.identity import DEPARTMENTS, INS_TEST_SYSTEM, matricule
from bench.server import cordee

Patient = dict[str, Any]

_FR_CORE = "https://hl7.fr/ig/fhir/core"
_SYLLABLES = ("ba", "ber", "chau", "du", "fon", "gi", "lan", "mar", "mo", "nel", "per", "ra", "rou", "ti", "val", "ver")
_FAMILIES, _GIVEN = 20_000, 1_500
_FIRST_DAY, _DAYS = date(1935, 1, 1), 88 * 365


@cache
def _names(count: int) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Names made of syllables, with weights that add up: the n-th is n times rarer than the first."""
    written = tuple("".join(_SYLLABLES[number // 16**place % 16] for place in range(4)) for number in range(count))
    return written, tuple(accumulate(1 / (rank + 10) for rank in range(count)))


def patient(number: int) -> Patient:
    """The patient of a number: always the same."""
    draw = random.Random(f"match {number}")
    families, weights = _names(_FAMILIES)
    given, given_weights = _names(_GIVEN)
    (family,) = draw.choices(families, cum_weights=weights)
    firsts = draw.choices(given, cum_weights=given_weights, k=2)
    born = _FIRST_DAY + timedelta(days=draw.randrange(_DAYS))
    if draw.random() < 0.02:
        born = born.replace(month=1, day=1)
    department, male = draw.choice(DEPARTMENTS), draw.random() < 0.5
    ins = matricule(number, male=male, year=born.year, month=born.month, department=department)
    place = {
        "url": f"{_FR_CORE}/StructureDefinition/fr-core-address-insee-code",
        "valueCoding": {"code": f"{department}{draw.randrange(1, 500):03d}"},
    }
    status = {"system": f"{_FR_CORE}/CodeSystem/fr-core-cs-v2-0445", "code": "VALI"}
    return {
        "resourceType": "Patient",
        "id": f"{number:08d}",
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
                "valueAddress": {"extension": [place]},
            },
            {
                "url": f"{_FR_CORE}/StructureDefinition/fr-core-identity-reliability",
                "extension": [{"url": "identityStatus", "valueCoding": status}],
            },
        ],
        "identifier": [{"use": "official", "system": INS_TEST_SYSTEM, "value": ins}],
        "name": [{"use": "official", "family": family, "given": firsts}],
        "gender": "male" if male else "female",
        "birthDate": born.isoformat(),
    }


def _with_ins(whole: Patient) -> Patient:
    return whole


def _traits(whole: Patient) -> Patient:
    return {name: value for name, value in whole.items() if name != "identifier"}


def _mistyped(whole: Patient) -> Patient:
    family = whole["name"][0]["family"]
    return _traits(whole) | {"name": [whole["name"][0] | {"family": family[:3] + family[4:]}]}


def _without_date(whole: Patient) -> Patient:
    return {name: value for name, value in _traits(whole).items() if name != "birthDate"}


def _of_the_year(whole: Patient) -> Patient:
    return _traits(whole) | {"birthDate": f"{whole['birthDate'][:4]}-01-01"}


QUESTIONS: dict[str, Callable[[Patient], Patient]] = {
    "with the INS": _with_ins,
    "by the strict traits": _traits,
    "one letter of the name missing": _mistyped,
    "without the birth date": _without_date,
    "born on 1 January, they say": _of_the_year,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Loads, measures each question, prints; the exit code is 1 when a median is over the limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.match", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--patients", type=int, default=100_000, help="patients in the store")
    parser.add_argument("--requests", type=int, default=300, help="requests measured of each question")
    parser.add_argument("--limit", type=float, default=25.0, help="milliseconds a median may take")
    options = parser.parse_args(arguments)
    slowest = 0.0
    with tempfile.TemporaryDirectory(prefix="cordee-match-") as folder:
        data_dir = Path(folder) / "data"
        with cordee(data_dir, 1) as server, httpx.Client(base_url=f"{server.base}/", timeout=60) as client:
            _load(data_dir, options.patients)
            for title, question in QUESTIONS.items():
                _measure(client, question, options.patients, options.requests // 10)
                taken = sorted(_measure(client, question, options.patients, options.requests))
                median, slow = statistics.median(taken), taken[len(taken) * 95 // 100]
                slowest = max(slowest, median)
                print(f"{title}: median {median:.1f} ms, 95 % within {slow:.1f} ms")
    return 0 if slowest <= options.limit else 1


def _load(data_dir: Path, patients: int) -> None:
    """Through `cordee load`, which also counts values for PostgreSQL's plans."""
    file = data_dir.parent / "patients.ndjson"
    with file.open("wb") as written:
        for number in range(patients):
            written.write(orjson.dumps(patient(number)) + b"\n")
    command = Path(sys.executable).with_name("cordee")
    subprocess.run([command, "load", file, "--data-dir", data_dir], check=True, stdout=subprocess.DEVNULL)


def _measure(client: httpx.Client, question: Callable[[Patient], Patient], patients: int, requests: int) -> list[float]:
    """Milliseconds of each request; the patient asked for must be in the answer."""
    taken = []
    for number in range(requests):
        whole = patient(number * 7919 % patients)
        body = orjson.dumps({key: value for key, value in question(whole).items() if key != "id"})
        begun = time.perf_counter()
        answer = client.post(
            "Patient/$match?count=100", content=body, headers={"content-type": "application/fhir+json"}
        )
        taken.append((time.perf_counter() - begun) * 1000)
        cut = b"incomplete" in answer.content
        if answer.status_code != 200 or not (cut or f'/Patient/{whole["id"]}"'.encode() in answer.content):
            raise SystemExit(f"Patient/{whole['id']} was not found: {answer.text[:300]}")
    return taken


if __name__ == "__main__":
    raise SystemExit(main())
