"""Counts and durations of requests, by interaction and status, in the Prometheus text format."""

from collections import defaultdict


class Metrics:
    """What one process has answered since it started. Nothing in it names a patient, a resource or a query."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, int], int] = defaultdict(int)
        self._seconds: dict[str, float] = defaultdict(float)

    def count(self, interaction: str, status: int, seconds: float) -> None:
        """One more answer."""
        self._requests[interaction, status] += 1
        self._seconds[interaction] += seconds

    def text(self) -> str:
        """The exposition format of Prometheus, version 0.0.4."""
        lines = ["# TYPE cordee_requests_total counter"]
        lines += [
            f'cordee_requests_total{{interaction="{interaction}",status="{status}"}} {number}'
            for (interaction, status), number in sorted(self._requests.items())
        ]
        lines.append("# TYPE cordee_request_seconds_total counter")
        lines += [
            f'cordee_request_seconds_total{{interaction="{interaction}"}} {seconds:.6f}'
            for interaction, seconds in sorted(self._seconds.items())
        ]
        return "\n".join(lines) + "\n"
