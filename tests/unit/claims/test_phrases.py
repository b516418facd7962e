"""Every rule the engine can apply has a sentence in both languages, that says only what the rule is given."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import cordee.claims
from cordee.claims.phrases import PHRASES
from cordee.claims.wording import sentence
from cordee.pathways.model import Label

MODULES = sorted(Path(cordee.claims.__file__).parent.rglob("*.py"))
RULE_MAKERS = {"explain": "", "lacking": "missing.", "Missing": "missing."}


def calls() -> Iterator[tuple[str, str, str, ast.Call]]:
    """Each call that makes a rule: where, what makes it, the rule as written (`*` for what is computed), the call."""
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RULE_MAKERS:
                rule = written(node.args[0]) if node.args else None
                if rule is not None:
                    yield f"{module.name}:{node.lineno}", node.func.id, RULE_MAKERS[node.func.id] + rule, node


def written(argument: ast.expr) -> str | None:
    match argument:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(part.value if isinstance(part, ast.Constant) else "*" for part in parts)
    return None


CALLS = list(calls())


def inputs_of(call: ast.Call, maker: str) -> set[str] | None:
    """The names of the inputs written in a call; None when some are computed."""
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    named = {keyword.arg for keyword in call.keywords if keyword.arg is not None} - {"because", "until", "inputs"}
    has_amount = maker == "explain" and len(call.args) > 1 and not is_none(call.args[1])
    return named | {"result_cents"} if has_amount else named


def is_none(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant) and argument.value is None


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_rules_are_found() -> None:
    assert len(CALLS) > 80


@pytest.mark.parametrize(
    ("place", "maker", "rule", "call"), CALLS, ids=[f"{rule} {place}" for place, _, rule, _ in CALLS]
)
def test_each_rule_has_a_phrase_that_says_only_what_it_is_given(
    place: str, maker: str, rule: str, call: ast.Call
) -> None:
    if "*" in rule:
        before, _, after = rule.partition("*")
        assert [known for known in PHRASES if known.startswith(before) and known.endswith(after)], place
        return
    assert rule in PHRASES, place
    given = inputs_of(call, maker)
    if given is not None and not (maker == "Missing" and len(call.args) > 2):
        assert fields(PHRASES[rule].fr) <= given, place


@pytest.mark.parametrize("rule", sorted(PHRASES))
def test_both_languages_say_the_same_things(rule: str) -> None:
    phrase = PHRASES[rule]
    assert fields(phrase.fr) == fields(phrase.en)
    inputs = [(name, Label("x", "y") if not name.endswith("_cents") else 100) for name in fields(phrase.fr)]
    assert sentence(rule, inputs, "fr")
    assert sentence(rule, inputs, "en")


def test_no_phrase_is_left_over() -> None:
    """A rule kept in a table of codes is found by its text, wherever it is written."""
    source = "\n".join(module.read_text(encoding="utf-8") for module in MODULES if module.name != "phrases.py")
    exact = {rule for _, _, rule, _ in CALLS if "*" not in rule}
    computed = [rule.partition("*") for _, _, rule, _ in CALLS if "*" in rule]
    unused = [
        rule
        for rule in PHRASES
        if rule not in exact
        and not any(rule.startswith(before) and rule.endswith(after) for before, _, after in computed)
        and f'"{rule}"' not in source
        and f'"{rule.partition(".")[2]}"' not in source
    ]
    assert unused == []
