"""No function has more branches than a reader can hold: twelve at most, by McCabe's count."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

MOST = 12
PACKAGE = Path(__file__).parents[2] / "sorad"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def branches(node: ast.AST) -> int:
    """The decisions below a node: boolean operators, comprehensions and their conditions count; functions do not."""
    count = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            continue
        if isinstance(child, (ast.If, ast.IfExp, ast.Assert, ast.Lambda)):
            count += 1
        elif isinstance(child, (ast.For, ast.AsyncFor, ast.While)):
            count += 1 + bool(child.orelse)
        elif isinstance(child, ast.Try):
            count += len(child.handlers) + bool(child.orelse)
        elif isinstance(child, ast.BoolOp):
            count += len(child.values) - 1
        elif isinstance(child, ast.comprehension):
            count += 1 + len(child.ifs)
        count += branches(child)
    return count


def long_ones() -> Iterator[tuple[str, str]]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, _FUNCTIONS) and 1 + branches(node) > MOST:
                yield path.relative_to(PACKAGE).as_posix(), node.name


def test_no_function_is_too_long() -> None:
    assert list(long_ones()) == []


def test_the_count_is_that_of_mccabe() -> None:
    code = "def f(a, b):\n    return [x for x in a if x and b or None] if a else b"
    assert 1 + branches(ast.parse(code).body[0]) == 6
