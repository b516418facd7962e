"""`cordee pathway` as a structure's coordinator meets it, and what a server then serves."""

from pathlib import Path

import httpx
import pytest
from tests.functional.conftest import Server, serving
from tests.functional.test_cli import cordee, refused

from cordee.pathways.shipped import pathway_directory, shipped_pathways, shipped_texts

OWN = (
    shipped_texts()["gpso.yaml"]
    .replace('version: "2021-03-16"', 'version: "2027-01-01"')
    .replace("minimum_age: 18", "minimum_age: 21")
)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "gpso.yaml"
    file.write_text(OWN, encoding="utf-8")
    return file


def test_every_shipped_file_is_sound_and_says_what_the_convention_must_state() -> None:
    done = cordee("pathway", "check", *(str(path) for path in sorted(pathway_directory().glob("*.yaml"))))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("sans erreur") == len(shipped_pathways())
    assert "le montant du forfait forfait-annuel" in done.stdout
    assert "deux pages donnent 528 € et 529 €" in done.stdout


def test_each_problem_is_told_with_file_line_path_and_fix(tmp_path: Path) -> None:
    file = tmp_path / "parcours.yaml"
    text = shipped_texts()["pco-tnd.yaml"].replace("140.00 EUR", "140.00 USD")
    text = text.replace("includes: [bilan]", "includes: [b]")
    file.write_text(text, encoding="utf-8")
    done = cordee("pathway", "check", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    currency, included = done.stderr.splitlines()
    line = 1 + text[: text.index("140.00 USD")].count("\n")
    assert currency.startswith(f"{file}:{line}: forfaits[0].amounts[0].amount: '140.00 USD' is in USD")
    assert included.endswith("unknown forfait 'b': define it, or use one of bilan, bilan-et-sequence")


def test_a_sound_file_beside_a_wrong_one_is_told_too(own: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("- a\n")
    done = cordee("pathway", "check", str(own), str(wrong))
    assert done.returncode == 1
    assert "gpso version 2027-01-01, sans erreur" in done.stdout
    assert "keys and values are expected here" in done.stderr


def test_a_file_that_can_not_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("label: é".encode("latin-1"))
    told = refused(cordee("pathway", "check", str(latin)))
    assert told == f"cordee: {latin}: byte 7 is not UTF-8: save the file in UTF-8."
    assert "No such file" in refused(cordee("pathway", "check", str(tmp_path / "none.yaml")))


def test_the_shipped_parcours_are_listed() -> None:
    done = cordee("pathway", "list")
    assert done.returncode == 0
    assert all(code in done.stdout for code in shipped_pathways())
    assert "économies partagées" in done.stdout


def test_a_parcours_is_shown_with_its_amounts_their_source_and_what_is_not_public() -> None:
    words = " ".join(cordee("pathway", "show", "pcr-obesite-complexe-adulte").stdout.split())
    assert "de 1 126,00 € à 1 769,00 €" in words
    assert "majoration outre-mer : 20 %" in words
    assert "avis sur un projet" in words
    assert "la durée et les actes exigés de la séquence phase-1" in words
    assert "constituée en SISA" in words


def test_an_unknown_parcours_is_told_with_those_there_are() -> None:
    done = cordee("pathway", "show", "gpos")
    assert done.returncode == 2
    assert "«gpos» is not a parcours known here; there are: cime, equip-addict, gpso" in refused(done)


def test_a_structures_own_version_is_published_once_and_shown(dsn: str, tenant_name: str, own: Path) -> None:
    to_tenant = ("--tenant", tenant_name)
    assert cordee("pathway", "publish", *to_tenant, dsn=dsn).stdout.count(": publié\n") == len(shipped_pathways())
    assert cordee("pathway", "publish", str(own), *to_tenant, dsn=dsn).stdout == "gpso 2027-01-01 : publié\n"
    assert cordee("pathway", "publish", str(own), *to_tenant, dsn=dsn).stdout == "gpso 2027-01-01 : déjà publié\n"
    again = cordee("pathway", "publish", *to_tenant, dsn=dsn).stdout
    assert "gpso 2021-03-16 : non publié : la structure a sa propre version, plus récente" in again
    assert "à partir de 21 ans" in cordee("pathway", "show", "gpso", *to_tenant, dsn=dsn).stdout
    assert "2027-01-01" in cordee("pathway", "list", *to_tenant, dsn=dsn).stdout


def test_another_content_under_the_same_version_is_refused(dsn: str, tenant_name: str, own: Path) -> None:
    own.write_text(OWN.replace("2027-01-01", "2021-03-16"), encoding="utf-8")
    done = cordee("pathway", "publish", str(own), "--tenant", tenant_name, dsn=dsn)
    assert done.returncode == 1
    assert "gpso is at version 2021-03-16 here" in refused(done)


def test_a_file_with_problems_publishes_nothing(dsn: str, tenant_name: str, own: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(OWN.replace("minimum_age: 21", "minimum_age: old"), encoding="utf-8")
    done = cordee("pathway", "publish", str(own), str(wrong), "--tenant", tenant_name, dsn=dsn)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{wrong}:" in done.stderr
    assert "2027-01-01" not in cordee("pathway", "list", "--tenant", tenant_name, dsn=dsn).stdout


def test_an_unknown_tenant_is_told(dsn: str) -> None:
    assert "nobody" in refused(cordee("pathway", "publish", "--tenant", "nobody", dsn=dsn))


def test_a_server_serves_the_shipped_parcours(server_url: str) -> None:
    with httpx.Client(base_url=f"{server_url}/fhir/") as fhir:
        topic = "https://cordee.example/fhir/CodeSystem/definition-topic|parcours"
        found = fhir.get("PlanDefinition", params={"topic": topic, "_elements": "url", "_count": "100"}).json()
        assert {entry["resource"]["id"] for entry in found["entry"]} >= set(shipped_pathways())
        url = "https://cordee.example/fhir/PlanDefinition/pco-tnd"
        (entry,) = fhir.get("PlanDefinition", params={"url": url}).json()["entry"]
        assert entry["resource"]["version"] == shipped_pathways()["pco-tnd"].version
        assert '"value":140.00' in fhir.get("ChargeItemDefinition/pco-tnd.bilan").text
        assert fhir.get("ActivityDefinition/pco-tnd.bilan-psychomoteur").json()["title"] == "bilan psychomoteur"


def test_a_server_that_starts_again_writes_nothing(dsn: str, server: Server, tmp_path: Path) -> None:
    def versions() -> set[tuple[str, str]]:
        bundle = httpx.get(f"{server.url}/fhir/PlanDefinition/_history", params={"_count": "100"}).json()
        return {(e["resource"]["id"], e["resource"]["meta"]["versionId"]) for e in bundle["entry"]}

    before = versions()
    with serving(dsn, tmp_path / "log"):
        assert versions() == before


def test_a_new_tenant_has_the_shipped_parcours_at_once(dsn: str, server_url: str, tenant_name: str) -> None:
    name = f"{tenant_name}-new"
    assert cordee("tenant", "create", name, dsn=dsn).returncode == 0
    assert httpx.get(f"{server_url}/t/{name}/fhir/PlanDefinition/gpso").status_code == httpx.codes.OK
