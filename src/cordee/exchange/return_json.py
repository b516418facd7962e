"""A return file in JSON (`return.schema.json`)."""

import json
from collections.abc import Sequence
from typing import Any

from cordee.claims.returns import ReturnLine
from cordee.exchange.csv_table import trimmed
from cordee.exchange.file_problems import FileProblems, Problem
from cordee.exchange.return_fields import FIELDS, FORMAT, FieldName
from cordee.exchange.return_lines import WrittenLine, fields_of, return_lines
from cordee.pathways.money import euros

_BY_MEMBER = {field.member: field.name for field in FIELDS}
_NAMES: dict[FieldName, str] = {field.name: f"« {field.member} »" for field in FIELDS}


class _Number(str):
    """A JSON number, as it is written."""

    __slots__ = ()


class _RepeatedMember(ValueError):
    pass


def read_return_json(text: str) -> tuple[ReturnLine, ...]:
    """The lines; `number` is the place in `lines`, the first being 1. Raises FileProblems with every problem."""
    try:
        document = json.loads(text, parse_float=_Number, parse_int=_Number, object_pairs_hook=_members)
    except _RepeatedMember as fault:
        raise FileProblems([Problem(str(fault))]) from None
    except json.JSONDecodeError as fault:
        where = f"ligne {fault.lineno}, colonne {fault.colno}"
        raise FileProblems([Problem(f"ce n'est pas du JSON ({where} : {fault.msg})")]) from None
    except RecursionError:
        raise FileProblems([Problem("JSON trop imbriqué ; les lignes sont dans « lines »")]) from None
    faults: list[Problem] = []
    return return_lines(_written(document, faults), _NAMES, faults)


def write_return_json(lines: Sequence[ReturnLine]) -> bytes:
    """The file that `read_return_json` reads back as the same lines."""
    written = {"format": FORMAT, "lines": [_entry(line) for line in lines]}
    return json.dumps(written, ensure_ascii=False, indent=2).encode() + b"\n"


def _written(document: Any, faults: list[Problem]) -> list[WrittenLine]:
    """Raises FileProblems when there are no lines to look at."""
    if (
        not isinstance(document, dict)
        or document.get("format") != FORMAT
        or not isinstance(document.get("lines"), list)
    ):
        raise FileProblems([Problem(f'il faut un objet {{"format": "{FORMAT}", "lines": […]}}')])
    faults += [Problem(f"« {name} » est inconnu à côté de « lines »") for name in document.keys() - {"format", "lines"}]
    found = []
    for number, entry in enumerate(document["lines"], 1):
        if isinstance(entry, dict):
            found.append(WrittenLine(number, _values(number, entry, faults)))
        else:
            faults.append(Problem("ce n'est pas un objet", number))
    return found


def _values(number: int, entry: dict[str, Any], faults: list[Problem]) -> dict[FieldName, str]:
    values: dict[FieldName, str] = {}
    for member, value in entry.items():
        name = _BY_MEMBER.get(member)
        if name is None:
            faults.append(Problem(f"« {member} » est inconnu ; il y a {', '.join(_BY_MEMBER)}", number))
        elif value is None:
            continue
        elif not isinstance(value, str) or (isinstance(value, _Number) and name != "amount"):
            faults.append(Problem("ce n'est pas un texte ; le mettre entre guillemets", number, _NAMES[name]))
        elif trimmed(value):
            values[name] = trimmed(value)
    return values


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise _RepeatedMember(f"« {repeated} » est répété dans un objet ; en garder un")
    return found


def _entry(line: ReturnLine) -> dict[str, str]:
    values = fields_of(line) | {"day": line.day.isoformat()}
    if line.cents is not None:
        values |= {"amount": f"{euros(line.cents):f}", "currency": "EUR"}
    return {field.member: values[field.name] for field in FIELDS if field.name in values}
