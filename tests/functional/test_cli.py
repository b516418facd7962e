"""The command line as its operator meets it."""

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest
from tests.functional.conftest import CORDEE

from cordee import __version__
from cordee.cli.application import COMMANDS

GROUPS = {name for name, (_, attribute, _) in COMMANDS.items() if attribute == "application"}
UNREACHABLE = "postgresql://127.0.0.1:1/nothing"


def cordee(*arguments: str, dsn: str = UNREACHABLE, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [CORDEE, *arguments],
        env=os.environ | {"CORDEE_DATABASE_URL": dsn, "COLUMNS": "200", "NO_COLOR": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """What the operator was told, in one line."""
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def test_the_version_is_told() -> None:
    assert cordee("--version").stdout == f"cordee {__version__}\n"


def test_the_first_help_lists_every_command_and_reads_none_of_them() -> None:
    done = cordee("--help", PYTHONPROFILEIMPORTTIME="1")
    listed = re.findall(r"^  ([\w-]+)  ", done.stdout.partition("Commands:")[2], re.MULTILINE)
    assert listed == list(COMMANDS)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"sqlalchemy", "asyncpg", "fastapi", "pydantic", "cordee.fhir.definitions"}


GROUPED = [
    *(f"audit {name}" for name in ("verify", "balances")),
    *(f"claim {name}" for name in ("show", "correct", "cancel", "resubmit", "repay")),
    *(f"convention {name}" for name in ("check", "sign", "distribute")),
    *(f"export {name}" for name in ("bordereau", "return-template", "statement", "sepa", "fec")),
    *(f"pathway {name}" for name in ("check", "list", "show", "publish")),
    *(f"search-parameter {name}" for name in ("list", "index")),
    *(f"tenant {name}" for name in ("create", "list", "set")),
]


@pytest.mark.parametrize("command", [*COMMANDS, *GROUPED])
def test_each_command_has_help_with_an_example_and_the_line_of_the_list(command: str) -> None:
    done = cordee(*command.split(), "--help")
    assert done.returncode == 0
    words = " ".join(done.stdout.split())
    if command in COMMANDS:
        assert COMMANDS[command][2] in words
    if command not in GROUPS:
        assert f"cordee {command}" in words.partition("Example:")[2]


def test_completion_can_be_shown() -> None:
    done = cordee("--show-completion", "bash", SHELL="/bin/bash")
    assert done.returncode == 0
    assert "_cordee_completion" in done.stdout


def test_completion_knows_the_options_of_a_command() -> None:
    done = cordee(COMP_WORDS="cordee load --t", COMP_CWORD="2", _CORDEE_COMPLETE="complete_bash")
    assert "--tenant" in done.stdout


def test_a_command_that_does_not_exist_is_told_with_the_nearest_one() -> None:
    done = cordee("lod")
    assert done.returncode == 2
    assert "Did you mean 'load'?" in done.stderr


@pytest.mark.parametrize(
    ("address", "exit_code", "said"),
    [
        (UNREACHABLE, 1, "can't be reached"),
        ("http://127.0.0.1/", 2, "must begin with postgresql://"),
        ("postgresql://127.0.0.1:port/x", 2, "CORDEE_DATABASE_URL"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_in_one_line(address: str, exit_code: int, said: str) -> None:
    done = cordee("tenant", "list", dsn=address)
    assert said in refused(done)
    assert done.returncode == exit_code


def test_a_setting_that_is_wrong_is_named() -> None:
    done = cordee("tenant", "list", CORDEE_PORT="eighty")
    assert "CORDEE_PORT" in refused(done)
    assert done.returncode == 2


def test_a_data_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = cordee("tenant", "list", "--data-dir", str(tmp_path / "file"), dsn="")
    assert done.returncode == 2  # an empty CORDEE_DATABASE_URL is a mistake, not the embedded database
    environment = {name: value for name, value in os.environ.items() if name != "CORDEE_DATABASE_URL"}
    embedded = subprocess.run(
        [CORDEE, "tenant", "list", "--data-dir", str(tmp_path / "file")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "--data-dir" in refused(embedded)
    assert embedded.returncode == 1


def test_a_port_in_use_is_said_before_the_database_is_looked_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = cordee("serve", "--port", str(port))
    assert f"port {port}" in refused(done)
    assert "--port" in done.stderr
    assert done.returncode == 1


def test_a_tenant_is_created_once_and_listed(dsn: str, tenant_name: str) -> None:
    name = f"{tenant_name}-cli"
    assert cordee("tenant", "create", name, dsn=dsn).returncode == 0
    again = cordee("tenant", "create", name, dsn=dsn)
    assert name in refused(again)
    assert again.returncode == 1
    listed = [line.split("\t")[0] for line in cordee("tenant", "list", dsn=dsn).stdout.splitlines()]
    assert {"default", name} <= set(listed)
    assert listed == sorted(listed)


@pytest.mark.parametrize("name", ["CPTS", "cpts nord", "-cpts", "cpts/nord", "é", "x" * 64])
def test_a_name_that_cannot_stand_in_an_address_is_refused(dsn: str, name: str) -> None:
    arguments = ["create", "--", name] if name.startswith("-") else ["create", name]
    done = cordee("tenant", *arguments, dsn=dsn)
    assert "lower-case letters" in refused(done)
    assert done.returncode == 2
