"""The tree: tests mirror src, recipes parse, and nothing names a place on somebody's machine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PLACE = re.compile(r"(?<![\w.~-])/(?:work|opt|root|home|farm|Users)(?![\w-])")
"""An absolute path of one machine; this pattern does not match itself."""
TEXT_LIMIT = 2_000_000


def missing_tests(modules: list[str], tests: set[str]) -> list[str]:
    """Source modules without a test of their own; the suite of a seam stands for its `base`."""
    missing = []
    for name in modules:
        path = Path(name)
        if path.name in {"__init__.py", "__main__.py"}:
            continue
        accepted = [(path.parent / f"test_{path.name}").as_posix()]
        if path.name == "base.py":
            accepted.append(f"contracts/test_{path.parent.name}.py")
        if not tests.intersection(accepted):
            missing.append(f"src/penchant/{name}: no test; write tests/{' or tests/'.join(accepted)}")
    return missing


def machine_paths(name: str, text: str) -> list[str]:
    return [
        f"{name}:{i} names a place on one machine: {line.strip()[:80]}"
        for i, line in enumerate(text.splitlines(), 1)
        if PLACE.search(line)
    ]


def unparsed(name: str, text: str) -> list[str]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return [f"{name}: {error}"]
    return [] if isinstance(content, dict) and content else [f"{name}: not a mapping of settings"]


def tracked(root: Path) -> list[str]:
    """Files that git has, or would take."""
    listing = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in names if name and (root / name).is_file()]


def test_every_source_module_has_its_test(root: Path, sources: dict[str, str]) -> None:
    tests = {path.relative_to(root / "tests").as_posix() for path in (root / "tests").rglob("test_*.py")}
    found = missing_tests(list(sources), tests)
    assert not found, "\n".join(found)


def test_every_recipe_parses(root: Path) -> None:
    recipes = sorted((root / "src" / "penchant" / "recipes").glob("*.yaml"))
    assert len(recipes) >= 9
    found = [line for path in recipes for line in unparsed(path.name, path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


def test_no_tracked_file_names_a_place_on_one_machine(root: Path) -> None:
    names = tracked(root)
    assert "pyproject.toml" in names
    found = []
    for name in names:
        raw = (root / name).read_bytes()
        if b"\0" not in raw[:8192] and len(raw) < TEXT_LIMIT:
            found += machine_paths(name, raw.decode("utf-8", errors="replace"))
    assert not found, "\n".join(found)


def test_the_mirror_rule_refuses_a_module_without_a_test() -> None:
    assert missing_tests(["model/tree.py"], {"test_tree.py", "model/test_local.py"}) != []
    assert missing_tests(["model/tree.py", "model/__init__.py"], {"model/test_tree.py"}) == []
    assert missing_tests(["model/base.py"], {"contracts/test_model.py"}) == []
    assert missing_tests(["model/base.py"], {"contracts/test_store.py"}) != []


@pytest.mark.parametrize("place", ["work/x", "opt/wheels", "root/.cache", "home/me", "farm", "Users/me"])
def test_the_place_rule_refuses(place: str) -> None:
    assert machine_paths("a.py", f'path = "/{place}"') != []


@pytest.mark.parametrize("text", ["tests/work/x", "https://example.org/home/x", "a /workload", "and/or", "../opt/x"])
def test_the_place_rule_allows(text: str) -> None:
    assert machine_paths("a.py", text) == []


@pytest.mark.parametrize("text", ["a: [1", "- a\n- b", "", "just words"])
def test_the_recipe_rule_refuses(text: str) -> None:
    assert unparsed("a.yaml", text) != []


def test_the_page_of_commands_is_what_the_commands_say(root: Path) -> None:
    script = root / "docs" / "generate_cli.py"
    printed = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    assert printed == (root / "docs" / "cli.md").read_text(encoding="utf-8"), "run make docs"
