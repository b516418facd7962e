"""The tree of a FHIRPath expression, made cheaper to evaluate, and of the same meaning.

Two of three nodes that the library parses only pass on what their child gives; names and literals are read anew each
time, the table of all functions is copied for each operator, and both sides of `or` are evaluated when one settles it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fhirpathpy.engine import do_eval, make_param
from fhirpathpy.engine.evaluators import evaluators
from fhirpathpy.engine.invocations import invocation_registry
from fhirpathpy.engine.util import arraify, is_nullable

Tree = Mapping[str, Any]

_TRANSPARENT: Final = frozenset({"TermExpression", "InvocationTerm", "ParenthesizedTerm", "LiteralTerm"})
_CONSTANT: Final = frozenset({"Identifier", "StringLiteral", "NumberLiteral", "BooleanLiteral"})
_SETTLED_BY: Final[Mapping[str, bool]] = {"and": False, "or": True, "implies": False}
"""What of its left side alone gives an operator's answer (FHIRPath #boolean-logic)."""

_evaluate: Callable[..., Any] = do_eval
_parameter: Callable[..., Any] = make_param
_evaluators: dict[str, Callable[..., Any]] = evaluators
_operators: Mapping[str, Any] = invocation_registry
_arraify: Callable[..., list[Any]] = arraify
_is_nullable: Callable[[Any], bool] = is_nullable


def lightened(node: Tree, *, is_parameter: bool = False) -> Tree:
    """The tree without what does nothing. A parameter stays as it is at its top, where some functions read its text."""
    kind, children = node.get("type"), node.get("children", ())
    if kind in _TRANSPARENT and len(children) == 1 and not is_parameter:
        return lightened(children[0])
    if kind in _CONSTANT:
        return {**node, "type": "Constant", "value": _evaluators[kind](None, None, node)}
    inside = [lightened(child, is_parameter=kind == "ParamList") for child in children]
    made = {**node, "children": inside} if "children" in node else dict(node)
    operator = (node.get("terminalNodeText") or [""])[0]
    if kind in _OF_OPERATORS and operator in _operators and len(inside) == 2:
        made["type"] = "Operator"
    return made


def _constant(_around: Any, _of: Any, node: Tree) -> list[Any]:
    return list(node["value"])


def _operator(around: Any, of: Any, node: Tree) -> list[Any]:
    name = node["terminalNodeText"][0]
    invocation = _operators[name]
    first, second = invocation["arity"][2]
    left, right = node["children"]
    one = _parameter(around, of, first, left)
    if one is _SETTLED_BY.get(name):
        return [one if name != "implies" else True]
    other = _parameter(around, of, second, right)
    if "nullable" in invocation and (_is_nullable(one) or _is_nullable(other)):
        return []
    return _arraify(invocation["fn"](around, one, other))


_OF_OPERATORS: Final = frozenset(
    kind for kind, evaluator in _evaluators.items() if evaluator is _evaluators["EqualityExpression"]
)
_evaluators["Constant"] = _constant  # kinds of nodes that the library itself never makes
_evaluators["Operator"] = _operator
