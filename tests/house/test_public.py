"""What a user of the library meets: names, docstrings, and a light import."""

import ast
import inspect
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

import penchant
from penchant import errors

HEAVY = ("torch", "transformers", "trl", "fastapi", "pyarrow", "scipy", "sentence_transformers")


def undocumented(name: str, source: str) -> list[str]:
    """Public modules, classes, functions and methods without a docstring."""
    tree = ast.parse(source)
    missing = [] if ast.get_docstring(tree) else [f"{name}: the module does not say what it is"]
    todo: list[ast.stmt] = list(tree.body)
    while todo:
        node = todo.pop(0)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node) and "overload" not in [ast.unparse(d) for d in node.decorator_list]:
            missing.append(f"{name}:{node.lineno} {node.name} has no docstring")
        if isinstance(node, ast.ClassDef):
            todo += node.body
    return missing


def badly_exported(module: types.ModuleType) -> list[str]:
    """Names missing from `__all__`, names there that do not exist, and a wrong order."""
    listed = list(module.__all__)
    prefix = f"{module.__name__}."
    # a submodule becomes an attribute when somebody imports it; it is no export
    submodules = {name.removeprefix(prefix) for name in sys.modules if name.startswith(prefix)}
    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not (isinstance(value, types.ModuleType) and name in submodules)
    }
    wrong = [f"{name} is public and not in __all__" for name in sorted(public - set(listed))]
    wrong += [f"{name} is in __all__ and does not exist" for name in listed if not hasattr(module, name)]
    return wrong + ([] if listed == sorted(set(listed)) else ["__all__ is not sorted, or names something twice"])


def test_the_public_names_are_sorted_and_complete() -> None:
    assert badly_exported(penchant) == []


def test_every_error_is_public() -> None:
    tree = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    assert tree - set(penchant.__all__) == set()


def test_every_public_name_is_documented(sources: dict[str, str]) -> None:
    found = [line for name, text in sources.items() for line in undocumented(name, text)]
    assert not found, "\n".join(found)


def test_the_version_is_that_of_the_project_file(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert penchant.__version__ == project["project"]["version"]


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_penchant_loads_nothing_heavy() -> None:
    assert loaded_by("import penchant") == set()


def test_the_light_import_rule_sees_a_heavy_one() -> None:
    assert loaded_by("import penchant, pyarrow") == {"pyarrow"}


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        '"""Module."""\ndef f(): ...',
        '"""Module."""\nclass A:\n    x = 1',
        '"""Module."""\nclass A:\n    """A."""\n    def f(self): ...',
    ],
)
def test_the_documentation_rule_refuses(source: str) -> None:
    assert undocumented("a.py", source) != []


def test_the_documentation_rule_leaves_private_names_alone() -> None:
    assert undocumented("a.py", '"""Module."""\ndef _f(): ...\nclass _A:\n    def f(self): ...') == []


def test_the_export_rule_refuses_missing_unknown_and_unsorted_names() -> None:
    module = types.ModuleType("sample")
    module.a, module.b, module.__all__ = 1, 2, ["a", "b"]
    assert badly_exported(module) == []
    module.__all__ = ["b", "a"]
    assert badly_exported(module) != []
    module.__all__ = ["a"]
    assert badly_exported(module) != []
    module.__all__ = ["a", "b", "c"]
    assert badly_exported(module) != []
