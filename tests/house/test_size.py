"""Files, functions, pages and the command line stay small: taste shows in the worst file."""

import ast
from pathlib import Path
from statistics import median

FILE_MARK, FILE_CAP, FUNCTION_CAP = 400, 600, 80
MEDIAN_FUNCTION, COMMAND_LINE_CAP = 8, 1900
PAGES = {"README.md": 90, "docs/results.md": 150}
"""Page -> the most lines it may have."""
OVER_THE_MARK: set[str] = set()
"""Files between mark and cap, each with a reason behind it; keep this list empty."""


def oversized_file(name: str, source: str, allowed: set[str]) -> list[str]:
    lines = len(source.splitlines())
    if lines > FILE_CAP:
        return [f"{name}: {lines} lines, never over {FILE_CAP}; split it by idea"]
    if lines > FILE_MARK and name not in allowed:
        return [f"{name}: {lines} lines, the mark is {FILE_MARK}; split it by idea"]
    return []


def oversized_functions(name: str, source: str) -> list[str]:
    return [
        f"{name}:{node.lineno} {node.name}: {length} lines, never over {FUNCTION_CAP}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_CAP
    ]


def lengths(source: str) -> list[int]:
    """Lines of each function."""
    functions = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return [(node.end_lineno or node.lineno) - node.lineno + 1 for node in functions]


def test_the_median_function_is_short(sources: dict[str, str]) -> None:
    assert median(length for text in sources.values() for length in lengths(text)) <= MEDIAN_FUNCTION


def test_the_command_line_only_parses_calls_and_prints(sources: dict[str, str]) -> None:
    lines = sum(len(text.splitlines()) for name, text in sources.items() if name.startswith("cli/"))
    assert lines <= COMMAND_LINE_CAP


def test_the_first_pages_are_short(root: Path) -> None:
    counts = {page: len((root / page).read_text(encoding="utf-8").splitlines()) for page in PAGES}
    assert {page: count for page, count in counts.items() if count > PAGES[page]} == {}


def test_every_file_is_within_its_size(root: Path) -> None:
    files = [path for top in ("src", "tests", "benchmarks", "docs") for path in sorted((root / top).rglob("*.py"))]
    texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}
    found = [line for name, text in texts.items() for line in oversized_file(name, text, OVER_THE_MARK)]
    assert not found, "\n".join(found)


def test_every_function_is_within_its_size(sources: dict[str, str]) -> None:
    found = [line for name, text in sources.items() for line in oversized_functions(name, text)]
    assert not found, "\n".join(found)


def test_the_file_rule_refuses_401_lines_unless_listed_and_601_always() -> None:
    assert oversized_file("a.py", "x\n" * 400, set()) == []
    assert oversized_file("a.py", "x\n" * 401, set()) != []
    assert oversized_file("a.py", "x\n" * 401, {"a.py"}) == []
    assert oversized_file("a.py", "x\n" * 601, {"a.py"}) != []


def test_lengths_count_every_line_of_every_function() -> None:
    assert sorted(lengths("def f():\n    x = 1\n    y = 2\n\nclass A:\n    async def g(self): ...\n")) == [1, 3]


def test_the_function_rule_refuses_81_lines_and_takes_80() -> None:
    assert oversized_functions("a.py", "def f():\n" + "    x = 1\n" * 79) == []
    assert oversized_functions("a.py", "class A:\n  async def f():\n" + "    x = 1\n" * 80) != []
