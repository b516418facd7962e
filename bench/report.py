"""The figures, as lines of a table while they come, and as JSON at the end."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from bench.figures import Figures
from bench.processes import Memory

_COLUMNS = (
    f"{'workload':22}{'clients':>8}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}"
    f"{'errors':>8}{'resources/s':>13}  processor ms/request: "
)


@dataclass(frozen=True, slots=True)
class Row:
    """One workload with one number of clients.

    `processor_ms` is the processor time a request took, by process name; "client" is this program.
    """

    workload: str
    clients: int
    figures: Figures
    first_error: str | None
    processor_ms: dict[str, float]


def header(names: Sequence[str]) -> str:
    """The head of the table; `names` are those of the processes watched."""
    return _COLUMNS + ", ".join(("client", *names))


def line(row: Row) -> str:
    """One row of the table. A workload with errors is marked with "!", and its first error follows."""
    figures = row.figures
    mark = "! " if figures.errors else ""
    resources = f"{figures.resources_per_second:.0f}" if figures.resources_per_second else ""
    text = (
        f"{mark + row.workload:22}{row.clients:>8}{figures.requests_per_second:>12.1f}"
        f"{_time(figures.p50_ms):>9}{_time(figures.p99_ms):>9}{figures.errors:>8}{resources:>13}"
        f"  {', '.join(f'{spent:.2f}' for spent in row.processor_ms.values())}"
    )
    return f"{text}\n    first error: {row.first_error}" if row.first_error else text


def memory_table(peaks: Sequence[Memory]) -> str:
    """Peaks of memory, in MB of 10⁶ bytes."""
    lines = [f"{'peak memory, MB':22}{'processes':>10}{'RSS':>8}{'PSS':>8}{'largest RSS':>13}{'largest PSS':>13}"]
    lines += [
        f"{one.name:22}{one.processes:>10}{_megabytes(one.rss):>8}{_megabytes(one.pss):>8}"
        f"{_megabytes(one.largest_rss):>13}{_megabytes(one.largest_pss):>13}"
        for one in peaks
    ]
    return "\n".join(lines)


def write_json(path: Path, about: dict[str, object], rows: Sequence[Row], peaks: Sequence[Memory]) -> None:
    """Writes what was run, the rows, and the peaks of memory in bytes."""
    document = {
        **about,
        "results": [
            {
                "workload": row.workload,
                "clients": row.clients,
                **asdict(row.figures),
                "first_error": row.first_error,
                "processor_ms_per_request": row.processor_ms,
            }
            for row in rows
        ],
        "memory": [asdict(one) for one in peaks],
    }
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _time(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else f"{milliseconds:.2f}"


def _megabytes(size: int | None) -> str:
    return "–" if size is None else f"{size / 1e6:.0f}"
