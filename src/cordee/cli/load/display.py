"""What the operator sees: progress while it lasts, then the table and the refusals."""

import time
from types import TracebackType
from typing import Protocol, Self

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from cordee.cli.load.report import Report

_SECONDS_BETWEEN_LINES = 5.0
_COLUMNS = (("stored", "created"), ("updated", "updated"), ("unchanged", "unchanged"), ("refused", "refused"))
_SERVERS_SHOWN = 5
_DELETED = (("deleted", "deleted"), ("not there", "absent"))


class ProgressDisplay(Protocol):
    """Shows how far a load is. `read` and `resources` are totals since the beginning."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, *, read: int, resources: int, files: int) -> None:
        """`read` in bytes of the files, `files` those that are finished."""


class Bar:
    """A bar with rate and remaining time; without a known size (standard input), what was done so far."""

    def __init__(self, console: Console, *, size: int, files: int) -> None:
        self._files = files
        self._size = size
        self._began = time.monotonic()
        remaining = TimeRemainingColumn() if size else TimeElapsedColumn()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn() if size else TextColumn(""),
            TextColumn("{task.fields[resources]:,} resources"),
            TextColumn("{task.fields[rate]:,.0f}/s"),
            remaining,
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("Loading", total=size or None, resources=0, rate=0.0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, *, read: int, resources: int, files: int) -> None:
        """Moves the bar."""
        self._progress.update(
            self._task,
            completed=min(read, self._size) if self._size else None,
            description=f"{files}/{self._files} files" if self._files > 1 else "Loading",
            resources=resources,
            rate=_rate(resources, self._began),
        )


class Lines:
    """A plain line every few seconds."""

    def __init__(self, console: Console, *, size: int, files: int) -> None:
        self._console = console
        self._size = size
        self._files = files
        self._began = self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def show(self, *, read: int, resources: int, files: int) -> None:
        """Says it, unless it was said just before."""
        now = time.monotonic()
        if now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = now
        share = f", {min(read / self._size, 1):.0%} read" if self._size else ""
        rate = _rate(resources, self._began)
        self._console.print(
            f"{resources:,} resources, {rate:,.0f}/s, {files} of {self._files} files done{share}", highlight=False
        )


def progress_display(console: Console, *, size: int, files: int) -> ProgressDisplay:
    """A bar on a terminal, lines otherwise; `size` in bytes, 0 when it is not known."""
    if console.is_terminal:
        return Bar(console, size=size, files=files)
    return Lines(console, size=size, files=files)


def print_report(console: Console, report: Report, seconds: float) -> None:
    """The table by resource type, then the first refusals with their places."""
    columns = list(_COLUMNS) + [c for c in _DELETED if any(effect == c[1] for _, effect in report.effects)]
    types = sorted({resource_type for resource_type, _ in report.effects})
    table = Table(box=box.SIMPLE_HEAD, show_footer=len(types) > 1)
    table.add_column("", footer="all")
    for title, effect in columns:
        total = sum(report.effects[type_, effect] for type_ in types)
        style = "red" if effect == "refused" and total else None
        table.add_column(title, footer=f"{total:,}", justify="right", style=style, no_wrap=True)
    for type_ in types:
        table.add_row(type_, *(f"{report.effects[type_, effect]:,}" for _, effect in columns))
    if types:
        console.print(table)
    for refusal in report.first_refusals:
        console.print(refusal.text(), markup=False, highlight=False, soft_wrap=True)
    if report.reasons > len(report.first_refusals):
        more = report.reasons - len(report.first_refusals)
        console.print(f"… and {more:,} more; --report FILE writes all of them.", highlight=False)
    for base, number in report.elsewhere.most_common(_SERVERS_SHOWN):
        told = f"{number:,} came from {base} and have the ids they have there, over what had them here."
        console.print(told, markup=False, highlight=False, soft_wrap=True)
    done = report.resources - report.refused
    rate = f" ({done / seconds:,.0f}/s)" if seconds > 0 else ""
    refused = f", {report.refused:,} refused" if report.refused else ""
    console.print(f"{done:,} resources in {seconds:,.1f} s{rate}{refused}.", highlight=False)


def _rate(resources: int, began: float) -> float:
    return resources / max(time.monotonic() - began, 0.001)
