"""The traits that tell people apart, read from a Patient and folded for comparison (FR Core, patient INS)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from cordee.fhir.text_normalization import normalize_text
from cordee.identity.ins import FR_CORE, INS_SYSTEMS, Resource, ins_in_use, is_qualified

_BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
_INSEE_CODE = f"{FR_CORE}/StructureDefinition/fr-core-address-insee-code"
_BIRTH_GIVEN_NAMES = f"{FR_CORE}/StructureDefinition/fr-core-patient-birth-list-given-name"
_OF_BIRTH = ("official", "maiden")
_OF_HOUSEHOLD = frozenset(f"urn:oid:1.2.250.1.213.1.4.{last}" for last in (13, 14))
"""The number of the insured person (NSS), which a child has of a parent: it is not one person's."""

MOST_NAMES, MOST_IDENTIFIERS, MOST_LETTERS = 20, 50, 100
"""That are looked at, of each Patient: a record with thousands would be compared for minutes."""

Identifier = tuple[str, str]
"""System and value: a number without its system is nobody's."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of a person; empty is not known.

    Names are normalised: no case, accents, hyphens. `birth_given` are the first names of birth in their order, one
    that is compound (`jean pierre`) being one name. `birth_date` is a FHIR date: a year, a month or a day. `sex` is
    male or female. `birth_place` is an INSEE code. `qualified` says that `ins` were retrieved and the person checked.
    """

    ins: frozenset[Identifier] = frozenset()
    qualified: bool = False
    identifiers: frozenset[Identifier] = frozenset()
    birth_names: frozenset[str] = frozenset()
    used_names: frozenset[str] = frozenset()
    birth_given: tuple[str, ...] = ()
    used_given: frozenset[str] = frozenset()
    birth_date: str = ""
    sex: str = ""
    birth_place: str = ""

    @property
    def names(self) -> frozenset[str]:
        """All the family names, of birth and used."""
        return self.birth_names | self.used_names

    @property
    def given(self) -> frozenset[str]:
        """All the first names, of birth and used."""
        return frozenset(self.birth_given) | self.used_given


def identity_of(patient: Resource) -> Identity:
    """The traits of a valid Patient. Where no name says that it is of birth, those that say nothing are taken to be."""
    names = [name for name in patient.get("name", ()) if name.get("use") != "anonymous"][:MOST_NAMES]
    of_birth = [name for name in names if name.get("use") in _OF_BIRTH] or [name for name in names if "use" not in name]
    used = [name for name in names if name not in of_birth]
    gender = patient.get("gender")
    return Identity(
        ins=frozenset((system, _compact(value)) for system, value in ins_in_use(patient)[:MOST_IDENTIFIERS]),
        qualified=is_qualified(patient),
        identifiers=frozenset(islice(_other_identifiers(patient), MOST_IDENTIFIERS)),
        birth_names=_families(of_birth),
        used_names=_families(used),
        birth_given=next((given for name in of_birth if (given := _birth_given(name))), ()),
        used_given=frozenset(islice((given for name in used for given in _split(name.get("given", ()))), MOST_NAMES)),
        birth_date=str(patient.get("birthDate", "")),
        sex=gender if gender in ("male", "female") else "",
        birth_place=_birth_place(patient),
    )


def _other_identifiers(patient: Resource) -> Iterator[Identifier]:
    for identifier in patient.get("identifier", ()):
        system, value = identifier.get("system"), identifier.get("value")
        personal = system and system not in INS_SYSTEMS and system not in _OF_HOUSEHOLD
        if personal and value and identifier.get("use") != "old":
            yield system, value


def _families(names: list[Resource]) -> frozenset[str]:
    return frozenset(family for name in names if (family := _folded(name.get("family") or "")))


def _birth_given(name: Resource) -> tuple[str, ...]:
    """The list of the extension where there is one, which is complete; else the first names as they are written."""
    listed = [one.get("valueString", "") for one in name.get("extension", ()) if one.get("url") == _BIRTH_GIVEN_NAMES]
    return _split(listed) or _split(name.get("given", ()))


def _split(written: list[str | None] | tuple[str, ...]) -> tuple[str, ...]:
    """First names one by one: spaces part them, hyphens join them."""
    words = (_folded(word) for text in written if text for word in text.split())
    return tuple(islice((word for word in words if word), MOST_NAMES))


def _folded(text: str) -> str:
    return normalize_text(text[:MOST_LETTERS])


def _birth_place(patient: Resource) -> str:
    for place in patient.get("extension", ()):
        if place.get("url") == _BIRTH_PLACE:
            for extension in place.get("valueAddress", {}).get("extension", ()):
                if extension.get("url") == _INSEE_CODE:
                    return str(extension.get("valueCoding", {}).get("code", "")).upper()
    return ""


def _compact(value: str) -> str:
    """A number without its spaces: `2 55 08 14 168 025 38` and `255081416802538` are one."""
    return "".join(value.split()).upper()
