"""What is wrong with a query, in GraphQL's form (GraphQL specification, Response; R4 graphql.html#errors)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cordee.fhir.outcome import FhirError, Issue, operation_outcome

Place = tuple[int, int]
"""Line and column in the query, from 1."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `code` is of the value set issue-type, `path` the keys of the answer down to it."""

    message: str
    code: str
    place: Place | None = None
    path: tuple[str | int, ...] = ()


class GraphqlRefusal(FhirError):
    """The query is not carried out; asked by itself, it is answered in GraphQL's form (`errors`)."""

    def __init__(self, problems: Sequence[Problem], status: int = 400) -> None:
        super().__init__(problems[0].message, issues=[_issue(problem) for problem in problems])
        self.problems = tuple(problems)
        self.status = status

    def with_issues(self, issues: Sequence[Issue]) -> FhirError:
        """Of an entry of a Bundle: the Bundle is not answered in GraphQL's form."""
        told = FhirError(str(self), issues=issues)
        told.status = self.status
        return told


def refused(
    message: str, code: str, place: Place | None = None, path: Sequence[str | int] = (), status: int = 400
) -> GraphqlRefusal:
    """A refusal for one reason."""
    return GraphqlRefusal([Problem(message, code, place, tuple(path))], status)


def refused_as(error: FhirError, place: Place | None = None, path: Sequence[str | int] = ()) -> GraphqlRefusal:
    """The same refusal as FHIR's, in GraphQL's form."""
    problems = [Problem(issue.diagnostics, issue.code, place, tuple(path)) for issue in error.issues]
    return GraphqlRefusal(problems, error.status)


def errors(refusal: GraphqlRefusal) -> dict[str, Any]:
    """The JSON answered: each error with an OperationOutcome of one issue."""
    return {"data": None, "errors": [_error(problem) for problem in refusal.problems]}


def _error(problem: Problem) -> dict[str, Any]:
    error: dict[str, Any] = {"message": problem.message}
    if problem.place is not None:
        error["locations"] = [{"line": problem.place[0], "column": problem.place[1]}]
    if problem.path:
        error["path"] = list(problem.path)
    return error | {"extensions": {"resource": operation_outcome([_issue(problem)])}}


def _issue(problem: Problem) -> Issue:
    where = "" if problem.place is None else f" (line {problem.place[0]}, column {problem.place[1]})"
    return Issue("error", problem.code, problem.message + where)
