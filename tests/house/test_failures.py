"""How code fails: with the project's own errors, out loud, and never by assert."""

import ast
import builtins
import inspect

import pytest

from penchant import errors

OURS = {name for name, value in vars(errors).items() if inspect.isclass(value)}
FOREIGN = {name for name, value in vars(builtins).items() if inspect.isclass(value) and issubclass(value, Exception)}
FOR_DUNDERS = {"TypeError", "AttributeError"}
FOR_THE_CLI = {"Exit", "Abort", "BadParameter", "SystemExit", "KeyboardInterrupt"}


def foreign_raises(name: str, source: str) -> list[str]:
    """Raised classes outside the PenchantError tree.

    A lower-case name is a caught error raised again, or a function that words one; its own source is checked too.
    """
    tree = ast.parse(source)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    dunder = {id(n) for f in functions if f.name.startswith("__") and f.name.endswith("__") for n in ast.walk(f)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
            made = getattr(node.value.func, "id", "")
            if made in FOREIGN:
                found.append(f"{name}:{node.lineno} words a {made}; use the PenchantError tree in errors.py")
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        target = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        raised = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        allowed = OURS | (FOR_DUNDERS if id(node) in dunder else set())
        allowed |= FOR_THE_CLI if name.startswith("cli/") else set()
        no_class = raised.islower()
        if raised not in allowed and not no_class:
            found.append(f"{name}:{node.lineno} raises {raised}; use the PenchantError tree in errors.py")
    return found


def silent_handlers(name: str, source: str) -> list[str]:
    """Bare excepts, and broad ones that do nothing with the failure."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            if any(ast.unparse(arg) in {"Exception", "BaseException"} for arg in node.args):
                found.append(f"{name}:{node.lineno} suppresses every exception; name one")
            continue
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = ast.unparse(node.type) if node.type else ""
        broad = "Exception" in caught.strip("()").replace(" ", "").split(",") or "BaseException" in caught
        idle = all(isinstance(step, ast.Pass | ast.Continue | ast.Break) or _constant(step) for step in node.body)
        if not caught:
            found.append(f"{name}:{node.lineno} bare except; name a type")
        elif broad and idle:
            found.append(f"{name}:{node.lineno} swallows every exception; name a type, and count or raise")
    return found


def _constant(step: ast.stmt) -> bool:
    return isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant)


def asserts(name: str, source: str) -> list[str]:
    """Assert statements; `assert_never(...)` is a call and stays allowed."""
    return [
        f"{name}:{node.lineno} asserts; python -O drops it, raise an error of the tree"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assert)
    ]


@pytest.mark.parametrize("rule", [foreign_raises, silent_handlers, asserts])
def test_no_source_breaks(rule, sources: dict[str, str]) -> None:
    found = [line for name, text in sources.items() for line in rule(name, text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "raise Exception('x')",
        "raise RuntimeError",
        "raise ValueError('x') from None",
        "def f():\n    raise NotImplementedError",  # a source that the rule must refuse, not a stub
        "def f():\n    raise TypeError('x')",
        "raise typer.Exit(2)",
        "def _wrong():\n    return ValueError('x')",
        "raise json.JSONDecodeError('x', '', 0)",
    ],
)
def test_the_raise_rule_refuses(source: str) -> None:
    assert foreign_raises("model/local.py", source) != []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("space.py", "raise SpaceError('x') from e"),
        ("space.py", "try:\n    f()\nexcept OSError as error:\n    raise error"),
        ("space.py", "try:\n    f()\nexcept OSError:\n    raise"),
        ("space.py", "def f():\n    raise _mistyped(value)"),
        ("space.py", "def __setattr__(self, n, v):\n    raise AttributeError(n)"),
        ("cli/main.py", "raise typer.Exit(2)"),
    ],
)
def test_the_raise_rule_allows(name: str, source: str) -> None:
    assert foreign_raises(name, source) == []


@pytest.mark.parametrize("caught", ["", " Exception", " BaseException as e", " (OSError, Exception)"])
@pytest.mark.parametrize("body", ["pass", "continue", "..."])
def test_the_silence_rule_refuses(caught: str, body: str) -> None:
    source = f"for i in x:\n    try:\n        f()\n    except{caught}:\n        {body}\n"
    assert silent_handlers("a.py", source) != []


def test_the_silence_rule_refuses_to_suppress_everything_and_allows_a_named_type() -> None:
    assert silent_handlers("a.py", "with contextlib.suppress(Exception):\n    f()") != []
    assert silent_handlers("a.py", "with suppress(FileNotFoundError):\n    f()") == []
    assert silent_handlers("a.py", "try:\n    f()\nexcept KeyError:\n    n += 1") == []


def test_the_assert_rule_refuses_assert_and_allows_assert_never() -> None:
    assert asserts("a.py", "def f(x):\n    assert x > 0") != []
    assert asserts("a.py", "assert_never(x)") == []
