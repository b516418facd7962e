"""What one process of an import does: a piece of a file checked and stored, in one transaction, once."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from cordee.fhir.body import Incoming, accept, with_own_references_relative
from cordee.fhir.outcome import Conflict, FhirError, Issue, TooLarge, operation_outcome
from cordee.store.bulk_import.pieces import Piece
from cordee.store.connection import Connection, Database
from cordee.store.loading import Placed
from cordee.store.loading.bulk_write import write_many

_ATTEMPTS = 20
_LINE_EXTENSION = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line"
MOST_ISSUES_A_LINE = 20
MOST_ATOMIC = 200_000
"""Resources of a file that is stored whole or not at all: its transaction holds them locked until its end."""
_MOST_REFUSALS_OF_A_WHOLE = 1_000

_MARK = """
INSERT INTO import_piece (tenant, job, file, piece, effects, errors) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING 1"""


@dataclass(frozen=True, slots=True)
class Place:
    """Which piece of which file of which job."""

    tenant: int
    job: str
    file: int
    piece: int


@dataclass(frozen=True, slots=True)
class PieceOutcome:
    """What storing a piece did: `effects` by «type effect», `errors` an OperationOutcome a line."""

    effects: Counter[str] = field(default_factory=Counter)
    errors: bytes = b""

    @classmethod
    def of(cls, effects: str, errors: bytes) -> "PieceOutcome":
        """From the row of a mark."""
        return cls(Counter(orjson.loads(effects)), errors)

    def mark(self, place: Place) -> tuple[object, ...]:
        """The row of its mark."""
        effects = orjson.dumps(self.effects).decode()
        return place.tenant, place.job, place.file, place.piece, effects, self.errors


@dataclass(frozen=True, slots=True)
class Rules:
    """What is held to of a file's lines: their type, None for any; `base` is the server's own, None when not known."""

    type: str | None
    base: str | None


class StoredAlready(Exception):
    """The piece was stored by a process that was thought dead."""


class _Refused(Exception):
    """A file that is stored whole or not at all has lines that are refused."""


async def store_piece(database: Database, place: Place, piece: Piece, rules: Rules) -> PieceOutcome:
    """Stores a piece and marks it as stored, together.

    Raises `StoredAlready`, `Unavailable`, or `Conflict` when other writers kept coming first.
    """
    checked = _check(piece, rules)

    async def store(connection: Connection) -> PieceOutcome:
        return await _write(connection, database, place.tenant, checked)

    return await _marked(database, place, store)


async def store_whole(
    database: Database,
    place: Place,
    pieces: Callable[[], AsyncIterator[Piece]],
    rules: Rules,
    is_cancelled: Callable[[], bool],
) -> PieceOutcome:
    """Stores all the pieces of a file and marks it as stored, together; none of them when a line is refused.

    Raises as `store_piece` does, and InterruptedError when it is cancelled.
    """
    refused = PieceOutcome()

    async def store(connection: Connection) -> PieceOutcome:
        nonlocal refused
        effects: Counter[str] = Counter()
        errors: list[bytes] = []
        async for piece in pieces():
            if is_cancelled():
                raise InterruptedError
            outcome = await _write(connection, database, place.tenant, _check(piece, rules))
            effects += outcome.effects
            errors += outcome.errors.splitlines(keepends=True)
            if effects.total() > MOST_ATOMIC:
                sentence = (
                    f"A file of mode atomic holds at most {MOST_ATOMIC} resources; split it, or use mode best-effort."
                )
                errors = [_error_line(Issue("error", "too-costly", sentence), None)]
            if effects.total() > MOST_ATOMIC or len(errors) >= _MOST_REFUSALS_OF_A_WHOLE:
                break
        if errors:
            refused = PieceOutcome(_all_refused(effects), b"".join(errors))
            raise _Refused
        return PieceOutcome(effects)

    try:
        return await _marked(database, place, store)
    except _Refused:
        async with database.transaction() as connection:
            await connection.execute(_MARK, *refused.mark(place))
        return refused


async def _marked(database: Database, place: Place, store: Callable[[Connection], Any]) -> PieceOutcome:
    for attempt in range(_ATTEMPTS):
        try:
            async with database.transaction() as connection:
                outcome: PieceOutcome = await store(connection)
                if await connection.fetchval(_MARK, *outcome.mark(place)) is None:
                    raise StoredAlready
                return outcome
        except Conflict:  # a deadlock with another writer: PostgreSQL chose this side to begin again
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


@dataclass(frozen=True, slots=True)
class _Checked:
    accepted: list[tuple[int, Incoming]]
    refused: list[tuple[int | None, str, FhirError]]


def _check(piece: Piece, rules: Rules) -> _Checked:
    checked = _Checked([], [(line, "line", TooLarge("The line is too long.")) for line in piece.too_long])
    for line, text in piece.lines:
        try:
            own = text if rules.base is None else with_own_references_relative(text, rules.base)
            checked.accepted.append((line, accept(own, rules.type)))
        except FhirError as refusal:
            checked.refused.append((line, "line", refusal))
    if piece.damage is not None:
        checked.refused.append((None, "file", FhirError(f"{piece.damage} What stood before was read.")))
    return checked


async def _write(connection: Connection, database: Database, tenant: int, checked: _Checked) -> PieceOutcome:
    placed = [Placed(incoming, incoming.id) for _, incoming in checked.accepted]
    results = await write_many(connection, database, tenant, placed)
    effects: Counter[str] = Counter()
    refused = list(checked.refused)
    for (line, incoming), result in zip(checked.accepted, results, strict=True):
        if isinstance(result, FhirError):
            refused.append((line, incoming.resource_type, result))
        else:
            effects[f"{incoming.resource_type} {result}"] += 1
    for _, kind, _ in refused:
        effects[f"{kind} refused"] += 1
    refused.sort(key=lambda one: (one[0] is None, one[0]))
    return PieceOutcome(effects, b"".join(error_lines(line, refusal) for line, _, refusal in refused))


def _all_refused(effects: Counter[str]) -> Counter[str]:
    """What was not stored after all is not told as stored."""
    return Counter({name: number for name, number in effects.items() if name.endswith(" refused")})


def error_lines(line: int | None, refusal: FhirError) -> bytes:
    """A refusal as a line of the file that tells them; `line` None when it is of the whole file."""
    return _error_line_of(refusal.issues[:MOST_ISSUES_A_LINE], line)


def _error_line(issue: Issue, line: int | None) -> bytes:
    return _error_line_of((issue,), line)


def _error_line_of(issues: tuple[Issue, ...], line: int | None) -> bytes:
    """An OperationOutcome whose issues name the line, in their words and in HL7's extension for it."""
    outcome = operation_outcome(issues)
    if line is not None:
        for issue in outcome["issue"]:
            issue["extension"] = [{"url": _LINE_EXTENSION, "valueInteger": line}]
            issue["diagnostics"] = f"Line {line}: {issue['diagnostics']}"
    return orjson.dumps(outcome) + b"\n"
