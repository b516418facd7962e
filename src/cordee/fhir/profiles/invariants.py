"""Invariants in FHIRPath, each expression compiled once (R4 fhirpath.html, conformance-rules.html#constraints)."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import fhirpathpy
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models

from cordee.fhir.profiles.scope import Scope
from cordee.fhir.profiles.terminology import Terminology
from cordee.fhir.profiles.values import coded

_create_node: Callable[..., Any] = ResourceNode.create_node


@dataclass(slots=True)
class _Evaluation:
    """What the functions of one evaluation look at; `in_the_dark` once one asked for what isn't at hand."""

    scope: Scope
    terminology: Terminology
    in_the_dark: bool = False


_evaluation: ContextVar[_Evaluation] = ContextVar("evaluation")


def holds(
    expression: str, value: Any, companion: Any, place: str | None, scope: Scope, terminology: Terminology
) -> bool | None:
    """Whether an invariant holds of `value`, which stands at `place` (a definition path or a type).

    None when it can't be evaluated here (`conformsTo`, a value set that isn't known). An empty result is no breach.
    """
    evaluate = _compiled(expression)
    if evaluate is None:
        return None
    is_resource = isinstance(value, dict) and "resourceType" in value
    node = value if is_resource else _create_node(value, place, companion)
    evaluation = _Evaluation(scope, terminology)
    token = _evaluation.set(evaluation)
    try:
        result = evaluate(node, {"resource": scope.resource, "rootResource": scope.root})
    except Exception:  # the library raises nothing narrower, for what it does not know and for what has no sense alike
        return None
    finally:
        _evaluation.reset(token)
    if False not in result:
        return True
    return None if evaluation.in_the_dark else False


@cache
def _compiled(expression: str) -> Callable[[Any, Mapping[str, Any]], Sequence[Any]] | None:
    if "$this" in expression:  # which the library knows inside of a function only
        expression = f"select({expression})"
    try:
        compiled: Callable[[Any, Mapping[str, Any]], Sequence[Any]] = fhirpathpy.compile(
            expression, models["r4"], {"userInvocationTable": _FUNCTIONS, "traceFn": _untold}
        )
    except Exception:  # as above
        return None
    return compiled


def _resolve(references: Sequence[Any]) -> list[Any]:
    """What isn't found is left out (R4 fhirpath.html#functions)."""
    evaluation = _evaluation.get()
    named = [one.get("reference") if isinstance(one, dict) else one for one in references]
    found = [evaluation.scope.resolve(one) for one in named if isinstance(one, str)]
    evaluation.in_the_dark = evaluation.in_the_dark or None in found or len(found) != len(references)
    return [one for one in found if one is not None]


def _member_of(values: Sequence[Any], value_set: str) -> list[bool]:
    evaluation = _evaluation.get()
    answers = [_is_member(value, value_set, evaluation.terminology) for value in values]
    evaluation.in_the_dark = evaluation.in_the_dark or None in answers
    return [bool(answer) for answer in answers]


def _is_member(value: Any, value_set: str, terminology: Terminology) -> bool | None:
    pairs = coded(value) or ()
    answers = [terminology.contains(value_set, system, code) for system, code in pairs]
    return True if True in answers else None if None in answers else False


def _has_value(values: Sequence[Any]) -> list[bool]:
    return [len(values) == 1 and values[0] is not None and not isinstance(values[0], dict)]


def _safe_html(_values: Sequence[Any]) -> list[bool]:
    return [True]  # the structural check has judged every narrative


def _untold(*_traced: Any) -> None:
    """Traces hold personal data, and the library would print them."""


_FUNCTIONS: dict[str, dict[str, Any]] = {
    "resolve": {"fn": _resolve, "arity": {0: []}},
    "memberOf": {"fn": _member_of, "arity": {1: ["String"]}},
    "hasValue": {"fn": _has_value, "arity": {0: []}},
    "htmlChecks": {"fn": _safe_html, "arity": {0: []}},
}
