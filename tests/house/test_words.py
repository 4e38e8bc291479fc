"""Names say what a thing is: no pointing words in signatures, and no arguments spread from a literal."""

import ast

import pytest

POINTERS = frozenset(
    {
        "asked",
        "beside",
        "found",
        "given",
        "held",
        "known",
        "met",
        "one",
        "place",
        "said",
        "shown",
        "some",
        "told",
        "whole",
        "within",
    }
)
"""Fifteen words that point at something instead of naming it. They are fine in sentences."""


def pointing_names(name: str, source: str) -> list[str]:
    """Modules, classes, functions, parameters and fields that are called by a word of POINTERS alone."""
    names = [(1, part.removesuffix(".py")) for part in name.split("/")]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg]
            names += [(argument.lineno, argument.arg) for argument in arguments if argument is not None]
            names.append((node.lineno, node.name))
        elif isinstance(node, ast.ClassDef):
            names.append((node.lineno, node.name))
            targets = [step.target for step in node.body if isinstance(step, ast.AnnAssign)]
            names += [(target.lineno, target.id) for target in targets if isinstance(target, ast.Name)]
    return [
        f"{name}:{line} '{word}' points at something; name what it is"
        for line, word in names
        if word.strip("_").lower() in POINTERS
    ]


def spread_literals(name: str, source: str) -> list[str]:
    """Literals that are spread where they stand: `f(*(a, b))`, `[*(a, b)]`, `{**{"a": 1}}`."""
    spread = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Starred) and isinstance(node.value, ast.Tuple | ast.List):
            spread.append(node.lineno)
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            spread += [value.lineno for key, value in pairs if key is None and isinstance(value, ast.Dict)]
    return [f"{name}:{line} spreads a literal; write its parts out" for line in spread]


@pytest.mark.parametrize("rule", [pointing_names, spread_literals])
def test_no_source_uses(rule, sources: dict[str, str]) -> None:
    broken = [line for name, text in sources.items() for line in rule(name, text)]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("eval/met.py", ""),
        ("eval/rows.py", "def found(): ..."),
        ("eval/rows.py", "class Asked: ..."),
        ("eval/rows.py", "def f(*, told): ..."),
        ("eval/rows.py", "class Row:\n    place: int"),
        ("eval/rows.py", "async def _shown(): ..."),
    ],
)
def test_the_name_rule_refuses(name: str, source: str) -> None:
    assert pointing_names(name, source) != []


def test_the_name_rule_allows_sentences_and_longer_names() -> None:
    assert pointing_names("eval/rows.py", '"""What was found."""\ndef place_of(known_people): ...') == []


@pytest.mark.parametrize("source", ["f(*(a, b))", "x = [*(a, b), c]", "x = {**{'a': 1}, 'b': 2}", "f(*[a], b)"])
def test_the_spread_rule_refuses(source: str) -> None:
    assert spread_literals("a.py", source) != []


@pytest.mark.parametrize("source", ["f(*rows)", "x = [*a, *b]", "x = {**a, 'b': 2}", "f(*(g(x) for x in y))"])
def test_the_spread_rule_allows(source: str) -> None:
    assert spread_literals("a.py", source) == []
