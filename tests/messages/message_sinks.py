"""Finds texts on their way to a person that never pass through the catalog. Reads source, runs nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MARKS = ("_", "N_", "ngettext")

# Functions whose arguments people read: by name, the positions that count (None: all) and the keywords.
SINKS: dict[str, tuple[tuple[int, ...] | None, tuple[str, ...]]] = {
    "print": (None, ()),
    "say": (None, ()),
    "complain": (None, ()),
    "common.complain": (None, ()),
    "input": ((0,), ()),
    "getpass": ((0,), ("prompt",)),
    "confirm": ((0,), ("question",)),
    "choose": (None, ()),
    "yes": ((0,), ("question",)),
    "line": ((0,), ("question",)),
    "until_good": ((0,), ("question",)),
    "Problem": ((1, 2), ("message", "fix")),
    "add_argument": ((), ("help",)),
    "add_argument_group": (None, ("title", "description")),
    "add_parser": ((), ("help", "description", "epilog")),
    "ArgumentParser": ((), ("description", "epilog")),
    "add_subparsers": ((), ("title", "description", "help", "metavar")),
    "ArgumentTypeError": (None, ()),
    "SystemExit": (None, ()),
    "Row": ((2,), ("help",)),
    **{f"logger.{level}": ((0,), ()) for level in ("info", "warning", "error", "critical", "success", "exception")},
    "stdout.write": (None, ()),
    "stderr.write": (None, ()),
}  # fmt: skip

# Not language: commands and their words, keys of the config, formats, names.
_NO_LANGUAGE = re.compile(
    r"`[^`]*`|https?://\S+|--[a-z-]+|\{[^{}]*\}|%\(\w+\)s|\$\w+|\w+[_=./]\w[\w./=]*|\b[A-Z][A-Z_]+\b"
    r"|\b(?:sorad|bash|zsh|fish|simulate|doctor|demo|json|toml|pip|install|run|status|openai|sora)\b"
)
_WORD = re.compile(r"[A-Za-z]{3}|[\u3400-\u9fff]")


def untranslated(source: str) -> list[tuple[int, str]]:
    """Line and text of each literal that a sink is given and that no mark stands around."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            for argument in _read(node):
                for text in _texts(argument):
                    if _WORD.search(_NO_LANGUAGE.sub("", text.value)):
                        found.append((text.lineno, text.value))
    return sorted(set(found))


def in_package(package: Path) -> list[str]:
    """The same for all files below a folder, as ``file:line: text``."""
    return [
        f"{file.relative_to(package.parent)}:{line}: {text!r}"
        for file in sorted(package.rglob("*.py"))
        for line, text in untranslated(file.read_text("utf-8"))
    ]


def _read(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that people read."""
    name = _name(call.func)
    last = name.rpartition(".")[2]
    # the daemon's complain() takes the name of a trouble
    found = SINKS.get(name) or (SINKS.get(last) if last != "complain" else None)
    positions, keywords = found or ((), ())
    for number, argument in enumerate(call.args):
        if positions is None or number in positions:
            yield argument
    yield from (keyword.value for keyword in call.keywords if keyword.arg in keywords)


def _name(func: ast.expr) -> str:
    """``logger.info``, ``say``: the last two names at most; of ``logger.opt(…).info`` as of ``logger.info``."""
    if isinstance(func, ast.Name):
        return func.id
    if isinstance(func, ast.Attribute):
        owner = func.value
        while isinstance(owner, ast.Call) and isinstance(owner.func, ast.Attribute):
            owner = owner.func.value
        before = (
            owner.id
            if isinstance(owner, ast.Name)
            else owner.attr
            if isinstance(owner, ast.Attribute)
            else ""
        )
        return f"{before}.{func.attr}"
    return ""


def _texts(node: ast.AST) -> Iterator[ast.Constant]:
    """The literals in an expression that end in its value: not keys, conditions, or arguments of other calls."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join", "rstrip", "strip"):
            yield from _texts(node.func.value)
            for argument in node.args:
                yield from _texts(argument)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _texts(value)
    elif isinstance(node, (ast.JoinedStr, ast.BinOp, ast.FormattedValue, ast.List, ast.Tuple, ast.BoolOp)):
        for below in ast.iter_child_nodes(node):
            yield from _texts(below)
    elif isinstance(node, (ast.GeneratorExp, ast.ListComp)):
        yield from _texts(node.elt)


# --- the wide net -----------------------------------------------------------------------------------------

_SENTENCE = re.compile(r"[a-z]+ [a-z]+ [a-z]+")
_STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|FROM|WHERE|WITH|AND|\()")


def sentences(source: str) -> list[tuple[int, str]]:
    """Line and text of each literal anywhere that reads like a sentence and is neither marked nor a docstring."""
    tree = ast.parse(source)
    passed: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            passed.update(ast.walk(node))
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node not in passed
        and _SENTENCE.search(node.value)
        and not _STATEMENT.match(node.value)
    ]
