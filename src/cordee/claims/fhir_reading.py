"""Typed values out of a resource of the project; what is missing or ill-formed is refused by place, with the fix."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from cordee.claims.fhir_evidence import EvidenceError

Part = Mapping[str, Any]
T = TypeVar("T", bound=str)


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads the resource called `reference`; every method raises EvidenceError naming the place."""

    reference: str

    def refusal(self, place: str, problem: str, fix: str) -> EvidenceError:
        """The error to raise for a place."""
        return EvidenceError(f"{self.reference}: {place} {problem}: {fix}")

    def text(self, place: str, text: object) -> str:
        """A text, not empty."""
        if not isinstance(text, str) or not text:
            raise self.refusal(place, "is missing", "a text is expected")
        return text

    def day(self, place: str, text: object) -> date:
        """The day of a date or time, as written."""
        try:
            return date.fromisoformat(str(text)[:10])
        except ValueError:
            raise self.refusal(place, f"is {text}", "a day is expected, as in 2026-07-31") from None

    def cents(self, place: str, money: Part | None) -> int:
        """An amount in euros as cents; it must have been parsed as a Decimal, never as a float."""
        value = (money or {}).get("value")
        if money is None or value is None:
            raise self.refusal(place, "is missing", "an amount in EUR is expected")
        if money.get("currency") != "EUR":
            raise self.refusal(place, f"is in {money.get('currency')}", "amounts are in EUR")
        if not isinstance(value, Decimal | int):
            raise self.refusal(place, "was read as a binary float", "parse the Claim with claim_resource")
        cents = Decimal(value).scaleb(2)
        if cents != cents.to_integral_value():
            raise self.refusal(place, f"is {value}", "an amount has at most two decimals")
        return int(cents)

    def coded(self, place: str, concept: Part | None, system: str) -> str:
        """The code a concept has in a system."""
        code = code_in(concept, system)
        if code is None:
            raise self.refusal(place, "is missing", f"a code of {system} is expected")
        return code

    def one_of(self, place: str, found: str | None, known: tuple[T, ...]) -> T:
        """One of the known codes."""
        for value in known:
            if value == found:
                return value
        raise self.refusal(place, f"is {found}", f"one of {', '.join(known)} is expected, once")

    def referenced(self, place: str, reference: Part | None) -> str:
        """The stored resource a Reference names."""
        return self.text(f"{place}.reference", (reference or {}).get("reference"))

    def identified(self, place: str, reference: Part | None) -> str:
        """The business identifier of a Reference, `system|value`."""
        identifier = (reference or {}).get("identifier") or {}
        if not identifier.get("system") or not identifier.get("value"):
            raise self.refusal(f"{place}.identifier", "is missing", "a system and a value are expected")
        return f"{identifier['system']}|{identifier['value']}"


def code_in(concept: Part | None, system: str) -> str | None:
    """The first code of a concept in a system, None when it has none."""
    codings = (concept or {}).get("coding", ())
    return next((coding.get("code") for coding in codings if coding.get("system") == system), None)
