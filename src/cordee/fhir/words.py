"""The words of a resource, for `_text` and `_content`, and what is looked for among them (R4 search.html#content).

A word is compared by its stem (Snowball's, for French) without accents, whichever way it is written: with its accents
stemmed and then folded, and folded and then stemmed; and as it is but for the mark of the plural, since some words
(cancer) look like another form (a verb) to the stemmer. `_text` looks at the narrative, `_content` at every text of the
resource but its id, its meta, addresses (URIs) and what is not made of words. Both sides go through the same functions;
the store keeps what they give.

A query is words, all of which must be there in any order; "words between quotation marks", one after the other; `or`,
`and`, `not`, and parentheses.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Union
from unicodedata import normalize

from snowballstemmer.french_stemmer import FrenchStemmer

from cordee.fhir.text_normalization import normalize_text

WORD_PARAMETERS: Final = ("_text", "_content")

MOST_POSITIONS: Final = 16_000
"""Words of a resource that are looked at: PostgreSQL tells no farther places apart."""
MOST_PLACES: Final = 200
"""Places of one word that are kept; PostgreSQL keeps 255."""
MOST_BYTES: Final = 200_000
"""Of the words that are looked at, together: PostgreSQL holds a megabyte."""
MOST_WANTED: Final = 50
"""Words of a query."""
MOST_NESTED: Final = 20
_OF_THE_SERVER: Final = ("resourceType", "id", "meta")
_LONGEST: Final = 64
_SHORT: Final = 3
_LONGEST_UNBROKEN: Final = 1_000

_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<[^>]*>")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.\-]*://|urn:)\S*", re.IGNORECASE)
_TOKEN = re.compile(r'"(?P<phrase>[^"]*)"|(?P<sign>[()])|(?P<word>[^\s()"]+)')
_stem = FrenchStemmer().stemWord

Alternatives = tuple[str, ...]
"""The stems by which one word is found: one is enough."""


@dataclass(frozen=True, slots=True)
class Words:
    """The stems of a resource, each with its places in order; words of different texts are never next to each other."""

    places: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words one after the other; one alone is a word."""

    words: tuple[Alternatives, ...]


@dataclass(frozen=True, slots=True)
class AllWords:
    """Each of the parts."""

    parts: tuple["Wanted", ...]


@dataclass(frozen=True, slots=True)
class AnyWords:
    """One of the parts at least."""

    parts: tuple["Wanted", ...]


@dataclass(frozen=True, slots=True)
class NoWords:
    """Not the part."""

    part: "Wanted"


Wanted = Union[Phrase, AllWords, AnyWords, NoWords]  # noqa: UP007 - recursive


def words_of(resource: Mapping[str, Any], code: str) -> Words | None:
    """The words that `_text` or `_content` looks at; None when there are none."""
    places: dict[str, list[int]] = {}
    position = size = 0
    own = {name: value for name, value in resource.items() if name not in _OF_THE_SERVER}
    for text in _narrative(resource) if code == "_text" else _texts(own):
        position += 1
        for word in _WORD.findall(text):
            position += 1
            stems = alternatives(word)
            size += sum(len(stem.encode()) for stem in stems if stem not in places)
            if position > MOST_POSITIONS or size > MOST_BYTES:
                return _words(places)
            for stem in stems:
                held = places.setdefault(stem, [])
                if len(held) < MOST_PLACES:
                    held.append(position)
    return _words(places)


def _words(places: Mapping[str, list[int]]) -> Words | None:
    return Words({stem: tuple(held) for stem, held in places.items()}) if places else None


@lru_cache(maxsize=65_536)
def alternatives(word: str) -> Alternatives:
    """The stems of a word, sorted."""
    lowered = normalize("NFC", word[:_LONGEST].lower())
    folded = _folded(lowered)
    singular = folded[:-1] if len(folded) > _SHORT and folded[-1] in "sx" else folded
    found = {_folded(_stem(lowered)), _folded(_stem(folded)), singular}
    return tuple(sorted(stem for stem in found if stem))


def _folded(word: str) -> str:
    return "".join(_WORD.findall(normalize_text(word)))[:_LONGEST]


def _narrative(resource: Mapping[str, Any]) -> Iterator[str]:
    div = resource.get("text", {}).get("div")
    if div:
        yield _plain(div)


def _plain(div: str) -> str:
    return html.unescape(_TAG.sub(" ", div))


def _texts(node: Any, name: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value, name)
    elif isinstance(node, str):
        text = _plain(node) if name == "div" else node
        if not (len(text) > _LONGEST_UNBROKEN and " " not in text):  # base64: pictures, documents
            yield _ADDRESS.sub(" ", text)


def match_words(wanted: Wanted, held: Words) -> bool:
    """Whether what is wanted is among the words held."""
    match wanted:
        case AllWords(parts):
            return all(match_words(part, held) for part in parts)
        case AnyWords(parts):
            return any(match_words(part, held) for part in parts)
        case NoWords(part):
            return not match_words(part, held)
        case Phrase(words):
            begins = [_places(alternative, held) for alternative in words]
            return any(all(at + i in places for i, places in enumerate(begins)) for at in begins[0])


def _places(word: Alternatives, held: Words) -> set[int]:
    return {place for stem in word for place in held.places.get(stem, ())}


def parse_wanted(text: str) -> Wanted:
    """What a query looks for; raises ValueError for one without a word, or that can't be read."""
    return _Reader(text).wanted()


class _Reader:
    """Recursive descent; each method gives what it has read."""

    def __init__(self, text: str) -> None:
        self._tokens = [*_TOKEN.finditer(text)]
        if text.count('"') % 2:
            raise ValueError("a quotation mark is not closed")
        self._next = 0
        self._count = 0

    def wanted(self) -> Wanted:
        found = self._any(0)
        if self._next < len(self._tokens):
            raise ValueError("a parenthesis is closed that was not opened")
        return found

    def _any(self, depth: int) -> Wanted:
        if depth > MOST_NESTED:
            raise ValueError(f"at most {MOST_NESTED} parentheses inside of each other")
        parts = [self._all(depth)]
        while self._word() == "or":
            self._next += 1
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else AnyWords(tuple(parts))

    def _all(self, depth: int) -> Wanted:
        parts = [self._one(depth)]
        while self._next < len(self._tokens) and self._word() != "or" and self._sign() != ")":
            if self._word() == "and":
                self._next += 1
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else AllWords(tuple(parts))

    def _one(self, depth: int) -> Wanted:
        negated = self._word() == "not"
        if negated:
            self._next += 1
        if self._next == len(self._tokens) or self._sign() == ")" or self._word() in ("or", "and", "not"):
            raise ValueError('expected words, "words one after the other", and, or, not, parentheses')
        if self._sign() == "(":
            self._next += 1
            found = self._any(depth + 1)
            if self._sign() != ")":
                raise ValueError("a parenthesis is not closed")
            self._next += 1
        else:
            found = self._phrase()
        return NoWords(found) if negated else found

    def _phrase(self) -> Phrase:
        token = self._tokens[self._next]
        self._next += 1
        words = [alternatives(word) for word in _WORD.findall(token["phrase"] or token["word"] or "")]
        words = [word for word in words if word]
        self._count += len(words)
        if not words:
            raise ValueError("expected at least one letter or digit in each word")
        if self._count > MOST_WANTED:
            raise ValueError(f"at most {MOST_WANTED} words are looked for at once")
        return Phrase(tuple(words))

    def _word(self) -> str:
        return (self._tokens[self._next]["word"] or "").lower() if self._next < len(self._tokens) else ""

    def _sign(self) -> str:
        return self._tokens[self._next]["sign"] or "" if self._next < len(self._tokens) else ""
