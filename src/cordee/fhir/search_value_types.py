"""The kinds of values that a resource gives to its search parameters (R4 search.html, data types)."""

from dataclasses import dataclass
from decimal import Decimal

from cordee.fhir.temporal import DateRange


@dataclass(frozen=True, slots=True)
class Token:
    """A code in a system; either may be missing, not both.

    `system` None: not stated. `exact` is true for the value of an Identifier, which is compared with its
    case because a wrong match would take one patient for another; codes are compared without
    (`str.casefold`). `types` are the (system, code) of an Identifier's kind, for `:of-type`.
    """

    system: str | None
    code: str | None
    exact: bool = False
    types: tuple[tuple[str | None, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TokenText:
    """A text that stands beside a code (its display, the concept's text, the kind of an identifier), for `:text`."""

    text: str


@dataclass(frozen=True, slots=True)
class StringValue:
    """A text as written; `text_normalization.normalize_text` gives what it is compared by."""

    text: str


@dataclass(frozen=True, slots=True)
class ReferenceValue:
    """A reference: `type` and `id` (and `version`) of a resource of this server, or a `url`.

    A `url` is another server's address (then `type` may be known, and `id` is None), a `urn:`, or a
    canonical; a canonical with a version gives two values, with `|version` and without. `identifier` is the
    logical reference that stands beside a literal one or alone; it is always `exact`.
    """

    type: str | None = None
    id: str | None = None
    url: str | None = None
    identifier: Token | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Numbers from `low` to `high`, both included; equal for a plain number; None is an open end."""

    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class QuantityValue:
    """As `NumberRange`, with its unit: `system` and `code` (UCUM; ISO 4217 for Money), and its text."""

    low: Decimal | None
    high: Decimal | None
    system: str | None
    code: str | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class UriValue:
    """A URI as written; a canonical with a version gives two, with `|version` and without."""

    uri: str


@dataclass(frozen=True, slots=True)
class CompositeValue:
    """One combination of values found together in one element, in the order of the components."""

    components: tuple["SearchValue", ...]


SearchValue = (
    Token
    | TokenText
    | StringValue
    | ReferenceValue
    | DateRange
    | NumberRange
    | QuantityValue
    | UriValue
    | CompositeValue
)
