import os

import pytest
from bench.options import parse
from bench.processes import parse as parse_processes
from bench.processes import used
from bench.workloads import WORKLOADS


def test_every_workload_runs_at_1_8_and_32_clients_unless_asked_otherwise() -> None:
    options = parse([])
    assert options.only == tuple(one.name for one in WORKLOADS)
    assert options.clients == (1, 8, 32)
    assert options.target is None


def test_the_start_of_a_name_stands_for_all_its_workloads() -> None:
    assert parse(["--only", "create,read"]).only == (
        "read",
        "create-patient",
        "create-encounter",
        "create-claim",
    )


def test_synthea_alone_runs_synthea_alone() -> None:
    assert parse(["--synthea", "folder"]).only == ("synthea",)
    assert parse(["--synthea", "folder", "--only", "read,synthea"]).only == ("read", "synthea")


def test_resources_are_rounded_up_to_whole_records() -> None:
    assert parse(["--resources", "100001"]).patients == 1001


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "reed"], "'reed' is no workload"),
        (["--clients", "0"], "at least 1"),
        (["--base", "localhost"], "not a FHIR base"),
        (["--header", "no colon"], "not a header"),
        (["--processes", "x"], "not a process"),
        (["--processes", "999999999"], "no process 999999999 runs"),
        (["--seed", "1000"], "--seed is between 0 and 999"),
        (["--seconds", "0"], "--seconds must be more"),
        (["--base", "http://a/fhir", "--data-dir", "d"], "leave it out"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_by_name(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_process_is_named_by_its_number_alone_or_with_a_name() -> None:
    pid = os.getpid()
    one, other = parse_processes(f"server={pid}, {pid}")
    assert (one.name, one.pid) == ("server", pid)
    assert other.name


def test_processor_time_counts_processes_that_began_meanwhile_in_full() -> None:
    assert used({"db": {1: 5.0, 2: 1.0}}, {"db": {1: 5.5, 3: 0.25}}) == {"db": 0.75}
