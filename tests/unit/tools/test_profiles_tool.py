import json
from pathlib import Path

import pytest
from tools import profiles

from cordee.fhir.body import accept

FILES = sorted(profiles.PROFILES.glob("**/*.json"))


def test_the_committed_files_are_what_the_code_gives() -> None:
    assert profiles.main(["--check"]) == 0


def test_a_stale_or_obsolete_file_is_told_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in profiles.PROFILES.glob("SearchParameter-*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(profiles, "PROFILES", tmp_path)
    monkeypatch.setattr(profiles, "TABLE", tmp_path / "project" / "search_parameters.json")
    assert profiles.main(["--check"]) == 1
    assert "make profiles" in capsys.readouterr().err
    (tmp_path / "OperationDefinition-gone.json").write_text("{}")
    assert profiles.main([]) == 0
    assert profiles.main(["--check"]) == 0
    assert not (tmp_path / "OperationDefinition-gone.json").exists()


def test_a_parameter_may_not_take_the_name_of_an_official_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    official = json.loads((profiles.PROFILES / "SearchParameter-claim-kind.json").read_text()) | {"code": "patient"}
    (tmp_path / "SearchParameter-x.json").write_text(json.dumps(official))
    monkeypatch.setattr(profiles, "PROFILES", tmp_path)
    with pytest.raises(ValueError, match="patient"):
        profiles.main(["--check"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_artefact_is_valid_r4_under_its_own_name(path: Path) -> None:
    incoming = accept(path.read_bytes())
    assert path.stem == f"{incoming.resource_type}-{incoming.id}"
