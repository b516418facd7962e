"""`_filter`: criteria combined by and, or and not (R4 search_filter.html).

Each comparison becomes the criterion that a parameter of the query would be; `and` binds more tightly than `or`.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from cordee.fhir.query_refusals import MOST_CRITERIA, malformed, too_costly, unsupported
from cordee.fhir.query_tree import Chain, Combination, Criterion, Link
from cordee.fhir.query_values import DateSearch, NumberSearch, QuantitySearch, StringSearch, Value, escape

ReadComparison = Callable[[str, str], Criterion]
"""The criterion of a parameter's path, with its modifier, and a value; raises InvalidSearch."""

_EXAMPLE = 'given eq "peter" and birthdate ge 2014-10-10'
_ORDERS = ("gt", "lt", "ge", "le", "sa", "eb", "ap")
_OPERATORS = ("eq", "ne", "co", "sw", *_ORDERS, "pr", "in", "ni", "re")
_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign>[()])|(?P<word>[^\s()"]+))')
_MOST_NESTED = 20


def read_filter(text: str, read: ReadComparison) -> Criterion:
    """The criterion of a filter; raises InvalidSearch."""
    return _Filter(text, read).criterion()


class _Filter:
    """Recursive descent; each method returns what it has read."""

    def __init__(self, text: str, read: ReadComparison) -> None:
        self._text = text
        self._read = read
        self._tokens = [*self._cut(), ""]
        self._next = 0
        self._comparisons = 0

    def criterion(self) -> Criterion:
        whole = self._any(0)
        if self._peek():
            raise self._refusal(f"{self._peek()!r} is left over")
        return Criterion("_filter", None, (), combination=Combination((whole,), "all", self._text))

    def _cut(self) -> list[str]:
        tokens: list[str] = []
        position = 0
        text = self._text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._refusal(f"{text[position : position + 20]!r} can't be read")
            position = found.end()
            tokens.append(found.group().strip())
        return tokens

    def _peek(self) -> str:
        return self._tokens[self._next]

    def _take(self, expected: str) -> str:
        token = self._peek()
        if not token or (expected in "()" and token != expected):
            raise self._refusal(f"{token or 'its end'!r} stands where {expected} should")
        self._next += 1
        return token

    def _any(self, depth: int) -> Criterion:
        return self._several("or", "any", lambda: self._all(depth))

    def _all(self, depth: int) -> Criterion:
        return self._several("and", "all", lambda: self._one(depth))

    def _several(self, word: str, holds: str, read: Callable[[], Criterion]) -> Criterion:
        found = [read()]
        while self._peek() == word:
            self._next += 1
            found.append(read())
        return found[0] if len(found) == 1 else _combined(holds, *found)

    def _one(self, depth: int) -> Criterion:
        if depth > _MOST_NESTED:
            raise too_costly(f"_filter: more than {_MOST_NESTED} parentheses inside of each other.")
        negated = self._peek() == "not"
        if negated:
            self._next += 1
        if negated or self._peek() == "(":
            self._take("(")
            inner = self._any(depth + 1)
            self._take(")")
            return _combined("none", inner) if negated else inner
        return self._comparison()

    def _comparison(self) -> Criterion:
        self._comparisons += 1
        if self._comparisons > MOST_CRITERIA:
            raise too_costly(f"_filter: more than {MOST_CRITERIA} comparisons; ask in several searches.")
        path, operator, value = self._take("a parameter"), self._take("an operator"), self._take("a value")
        if set(path) & set('[]:()"'):
            raise unsupported(f"_filter: {path!r} is not a parameter, or parameters with a point between.")
        if operator not in _OPERATORS:
            raise unsupported(f"_filter: the operator {operator!r} is not served; {', '.join(_OPERATORS)} are.")
        return self._compared(path, operator, value)

    def _compared(self, path: str, operator: str, literal: str) -> Criterion:
        value = _value(literal)
        match operator:
            case "pr":
                if value not in ("true", "false"):
                    raise self._refusal("pr is followed by true or false")
                return self._read(f"{path}:missing", "false" if value == "true" else "true")
            case "co":
                return self._read(f"{path}:contains", value)
            case "in" | "ni":
                return self._read(f"{path}:{'in' if operator == 'in' else 'not-in'}", value)
            case "eq" | "re":
                return _changed_at_end(self._read(path, value), _whole)
            case "ne":
                return _combined("none", self._compared(path, "eq", literal))
            case "sw":
                return self._required(path, value, operator, StringSearch)
        return self._required(path, operator + value, operator, DateSearch, NumberSearch, QuantitySearch)

    def _required(self, path: str, value: str, operator: str, *kinds: type[Value]) -> Criterion:
        found = self._read(path, value)
        if not isinstance(_end(found).values[0], kinds):
            raise unsupported(f"_filter: {operator} does not apply to {path}.")
        return found

    def _refusal(self, problem: str) -> Exception:
        return malformed(f"_filter: {problem}; for example _filter={_EXAMPLE}.")


def _combined(holds: str, *criteria: Criterion) -> Criterion:
    if holds == "any":
        return Criterion("_filter", None, (), combination=Combination(criteria, "any"))
    return Criterion("_filter", None, (), combination=Combination(criteria, "all" if holds == "all" else "none"))


def _value(literal: str) -> str:
    """As a parameter's value is written: nothing in it separates several."""
    if literal.startswith('"'):
        return escape(re.sub(r"\\(.)", r"\1", literal[1:-1]))
    return literal.replace(",", "\\,")


def _whole(criterion: Criterion) -> Criterion:
    return replace(criterion, modifier="equal") if isinstance(criterion.values[0], StringSearch) else criterion


def _end(criterion: Criterion) -> Criterion:
    if criterion.chain is not None:
        return _end(criterion.chain.links[0].criterion)
    return _end(criterion.reverse.criterion) if criterion.reverse is not None else criterion


def _changed_at_end(criterion: Criterion, change: Callable[[Criterion], Criterion]) -> Criterion:
    if criterion.chain is not None:
        links = (Link(link.resource_type, _changed_at_end(link.criterion, change)) for link in criterion.chain.links)
        return replace(criterion, chain=Chain(tuple(links), criterion.chain.named))
    if criterion.reverse is not None:
        end = _changed_at_end(criterion.reverse.criterion, change)
        return replace(criterion, reverse=replace(criterion.reverse, criterion=end))
    return change(criterion)
