"""Invariants in FHIRPath, each expression compiled once (R4 fhirpath.html, conformance-rules.html#constraints)."""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models

from cordee.fhir.fhirpath import Evaluate, OutOfBounds, compiled, counting
from cordee.fhir.profiles.element_rules import Source
from cordee.fhir.profiles.findings import Finding
from cordee.fhir.profiles.scope import Scope
from cordee.fhir.profiles.terminology import Terminology
from cordee.fhir.profiles.values import coded
from cordee.fhir.validation.problems import quoted

NOT_EVALUATED: Final = frozenset({
    "checkModifiers", "comparable", "conformsTo", "defineVariable", "elementDefinition", "escape", "getValue",
    "hasTemplateIdOf", "highBoundary", "lastIndexOf", "lowBoundary", "matchesFull", "precision", "slice", "subsumedBy",
    "subsumes", "unescape",
})  # fmt: skip
"""Functions of FHIRPath and of FHIR that the library lacks."""

_LACKING: Final = "Not implemented: "

_create_node: Callable[..., Any] = ResourceNode.create_node


class Unevaluated(NamedTuple):
    """Why an invariant could not be evaluated; `is_fault` when its expression can't be anywhere."""

    reason: str
    is_fault: bool


@dataclass(slots=True)
class _Evaluation:
    """What the functions of one evaluation look at; `missing` is what one asked for that isn't at hand."""

    scope: Scope
    terminology: Terminology
    missing: str | None = None


_evaluation: ContextVar[_Evaluation] = ContextVar("evaluation")


def holds(
    expression: str, value: Any, companion: Any, place: str | None, scope: Scope, terminology: Terminology
) -> bool | Unevaluated:
    """Whether an invariant holds of `value`, which stands at `place` (a definition path or a type).

    An empty result is no breach. What is true whatever isn't at hand (a reference's target, a value set) holds.
    """
    evaluate = _compiled(expression)
    if isinstance(evaluate, Unevaluated):
        return evaluate
    is_resource = isinstance(value, dict) and "resourceType" in value
    node = value if is_resource else _create_node(value, place, companion)
    evaluation = _Evaluation(scope, terminology)
    token = _evaluation.set(evaluation)
    try:
        with counting(scope.steps):
            result = evaluate(node, {"resource": scope.resource, "rootResource": scope.root})
    except Exception as error:  # the library raises nothing narrower, for what it lacks and for what has no sense alike
        return _why(error)
    finally:
        _evaluation.reset(token)
    if False not in result:
        return True
    return False if evaluation.missing is None else Unevaluated(f"{evaluation.missing} is not at hand", False)


def unevaluated(held: Unevaluated, rule: str, expression: str, source: Source | None = None) -> Finding:
    """What is told of it: information, but a warning when the fault is the expression's."""
    told = f"the rule {rule} could not be evaluated, {held.reason}: {expression}"
    if held.is_fault:
        return Finding("", "warning", "processing", told, source)
    return Finding("", "information", "not-supported", told, source)


def _why(error: Exception) -> Unevaluated:
    if isinstance(error, OutOfBounds):
        return Unevaluated(str(error), True)
    if type(error) is not Exception:  # what it raises itself is nothing narrower: this is a failure of its own
        return Unevaluated(f"the FHIRPath library fails on it ({type(error).__name__})", False)
    function = str(error).removeprefix(_LACKING)
    if function in NOT_EVALUATED:
        return Unevaluated(f"the function {function} is not evaluated here", False)
    if function != str(error):
        return Unevaluated(f"there is no function {function}", True)
    return Unevaluated(f"its expression makes no sense of this value: {quoted(str(error))}", True)


@cache
def _compiled(expression: str) -> Evaluate | Unevaluated:
    if "$this" in expression:  # which the library knows inside of a function only
        expression = f"select({expression})"
    try:
        return compiled(expression, models["r4"], _FUNCTIONS, _untold)
    except Exception:  # as above
        return Unevaluated("its expression is not FHIRPath", True)


def _resolve(references: Sequence[Any]) -> list[Any]:
    """What isn't found is left out (R4 fhirpath.html#functions)."""
    evaluation = _evaluation.get()
    named = [one.get("reference") if isinstance(one, dict) else one for one in references]
    found = {one: evaluation.scope.resolve(one) for one in named if isinstance(one, str)}
    for one, target in found.items():
        if target is None:
            evaluation.missing = one
    if len(found) < len(set(map(str, named))):
        evaluation.missing = "what an identifier refers to"
    return [target for one in named if isinstance(one, str) and (target := found[one]) is not None]


def _member_of(values: Sequence[Any], value_set: str) -> list[bool]:
    evaluation = _evaluation.get()
    answers = [_is_member(value, value_set, evaluation.terminology) for value in values]
    if None in answers:
        evaluation.missing = f"the value set {value_set}"
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
