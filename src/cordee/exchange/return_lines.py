"""The lines of a return file, from the fields of each: every rule that does not depend on the file's form."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from cordee.claims.returns import ReturnKind, ReturnLine
from cordee.exchange.file_problems import FileProblems, Problem
from cordee.exchange.return_fields import (
    ALWAYS,
    INSURERS,
    KINDS,
    OF_A_QUOTE_PART,
    QUOTE_PART_KINDS,
    REASONED_KINDS,
    FieldName,
)
from cordee.exchange.return_values import read_amount, read_code, read_currency, read_day, read_party

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """A line as it is written: the fields that are not empty."""

    number: int
    values: Mapping[FieldName, str]


def return_lines(
    written: Iterable[WrittenLine], names: Mapping[FieldName, str], faults: Iterable[Problem] = ()
) -> tuple[ReturnLine, ...]:
    """The lines, checked. `names` are the fields' names in the file, `faults` what is wrong already.

    Raises FileProblems with every problem of the file: nothing is read of a file that has one.
    """
    problems = list(faults)
    lines: dict[ReturnLine, int] = {}
    for line in written:
        reader = _LineReader(line, names)
        found = reader.read()
        problems += reader.problems
        if found is None:
            continue
        identity = replace(found, number=0)
        if identity in lines:
            problems.append(
                Problem(f"la même ligne est déjà à la ligne {lines[identity]} ; en retirer une", line.number)
            )
        lines.setdefault(identity, found.number)
    if not (lines or problems):
        problems.append(Problem("le fichier n'a aucune ligne"))
    if problems:
        raise FileProblems(problems)
    return tuple(replace(line, number=number) for line, number in lines.items())


class _LineReader:
    """Reads one line, and keeps all that is wrong with it."""

    def __init__(self, line: WrittenLine, names: Mapping[FieldName, str]) -> None:
        self._line = line
        self._names = names
        self.problems: list[Problem] = []

    def read(self) -> ReturnLine | None:
        """The line; None when it has a problem."""
        kind = self._value("kind", lambda text: read_code(text, KINDS))
        notice, day, claim = self._value("notice", str), self._value("day", read_day), self._value("claim", str)
        payee, insurer = self._value("payee", read_party), self._value("insurer", lambda t: read_code(t, INSURERS))
        cents, liable = self._value("amount", read_amount), self._value("liable", read_party)
        self._value("currency", read_currency)
        for name in ALWAYS:
            self._need(name)
        if kind is not None:
            self._check_fields(kind)
            if cents == 0 and kind in {"payment", "recovery"}:
                self._say("amount", "montant nul ; retirer la ligne, ou écrire ce qui est payé ou repris")
        if self.problems or kind is None or notice is None or day is None or claim is None:
            return None
        values = self._line.values
        return ReturnLine(
            number=self._line.number,
            kind=kind,
            notice=notice,
            day=day,
            claim=claim,
            payee=payee,
            insurer=insurer,
            cents=cents,
            reason_code=values.get("reason_code"),
            reason_text=values.get("reason_text"),
            liable=liable,
        )

    def _check_fields(self, kind: ReturnKind) -> None:
        word = KINDS[kind]
        for name in OF_A_QUOTE_PART:
            if kind in QUOTE_PART_KINDS:
                self._need(name)
            else:
                self._refuse(name, f"une ligne « {word} » porte sur toute la facture ; laisser vide")
        if kind != "recovery":
            self._refuse("liable", "seule une ligne « indu » nomme un responsable ; laisser vide")
        if kind in REASONED_KINDS and not {"reason_code", "reason_text"} & self._line.values.keys():
            self._say("reason_code", f"une ligne « {word} » donne son motif : un code, un libellé ou les deux")

    def _value(self, name: FieldName, read: Callable[[str], _Value]) -> _Value | None:
        text = self._line.values.get(name)
        if text is None:
            return None
        try:
            return read(text)
        except ValueError as fault:
            self._say(name, str(fault))
            return None

    def _need(self, name: FieldName) -> None:
        if name not in self._line.values:
            self._say(name, "manque ; le remplir")

    def _refuse(self, name: FieldName, why: str) -> None:
        if name in self._line.values:
            self._say(name, why)

    def _say(self, name: FieldName, what: str) -> None:
        self.problems.append(Problem(what, self._line.number, self._names[name]))


def fields_of(line: ReturnLine) -> dict[FieldName, Any]:
    """The fields of a line that are not empty, values as they are."""
    named: dict[FieldName, Any] = {
        "kind": line.kind,
        "notice": line.notice,
        "day": line.day,
        "claim": line.claim,
        "payee": line.payee,
        "insurer": line.insurer,
        "amount": line.cents,
        "reason_code": line.reason_code,
        "reason_text": line.reason_text,
        "liable": line.liable,
    }
    return {name: value for name, value in named.items() if value is not None}
