"""The floors of the house: a room imports only from floors below its own, and no files import each other in a circle.

A room is a folder below ``sorad/``, or a module at its top. All imports count, wherever they stand: inside
functions, for type checking, relative ones, and those by :func:`importlib.import_module`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# From the ground up. Rooms of one floor do not know each other. ARCHITECTURE.md draws the same.
FLOORS: tuple[tuple[str, ...], ...] = (
    (
        "clock",
        "elapsed",
        "heartbeat",
        "layout",
        "logfile",
        "masking",
        "messages",
        "nested",
        "plaintext",
        "units",
        "__init__",
    ),
    ("problems",),
    ("condition", "files", "lock", "logs", "model"),
    ("config", "simulator", "storyboard"),
    ("budget", "providers", "service"),
    ("ledger",),
    ("vault",),
    ("receipts",),
    ("claim", "delivery"),
    ("engine", "intake"),
    ("health",),
    ("notify",),
    ("doctor", "http"),
    ("daemon",),
    ("cli",),
    ("__main__",),
)
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}


def modules() -> dict[str, str]:
    """The source of each module, by its name; that of a package is ``….__init__``."""
    files = (ROOT / "sorad").rglob("*.py")
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text("utf-8") for path in files}


def room_of(module: str) -> str:
    """``engine`` for ``sorad.engine.steps.kit``."""
    return module.split(".")[1]


def imports(name: str, source: str, known: Mapping[str, str]) -> Iterator[str]:
    """The modules of ``known`` that a module imports."""
    for node in ast.walk(ast.parse(source)):
        for wanted in _named(node, name):
            # ``from sorad.engine import decide`` names a module, ``from sorad.model import Take`` what is in one.
            tried = (
                wanted,
                f"{wanted}.__init__",
                wanted.rpartition(".")[0],
                f"{wanted.rpartition('.')[0]}.__init__",
            )
            found = next((one for one in tried if one in known), None)
            if found is not None:
                yield found


def _named(node: ast.AST, name: str) -> Iterator[str]:
    """Dotted names that a node imports: a module, or something in one."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = name.split(".")[: -node.level] if node.level else []
        base = ".".join([*package, *([node.module] if node.module else [])])
        yield from (base if alias.name == "*" else f"{base}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and node.args and _loads(node.func):
        yield from _literal(node.args[0])


def _loads(function: ast.expr) -> bool:
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return called in ("import_module", "__import__")


def _literal(value: ast.expr) -> Iterator[str]:
    """What a call loads; of a name that is made up as it runs, the package."""
    if isinstance(value, ast.JoinedStr):
        value = value.values[0]
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value.rstrip(".")


def upward(known: Mapping[str, str], floor_of: Mapping[str, int]) -> list[str]:
    """Imports that do not go down, as sentences."""
    found = []
    for name, source in known.items():
        here = room_of(name)
        for other in imports(name, source, known):
            there = room_of(other)
            if there != here and floor_of[there] >= floor_of[here]:
                found.append(f"{name} imports {other}")
    return found


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Nodes that lead to each other and back; empty: there is no circle."""
    left = dict(graph)
    while True:
        ends = [name for name, others in left.items() if not others & (left.keys() - {name})]
        if not ends:
            return sorted(left)
        for name in ends:
            del left[name]


def graph_of(known: Mapping[str, str]) -> dict[str, set[str]]:
    return {name: set(imports(name, source, known)) for name, source in known.items()}


def test_every_room_has_a_floor() -> None:
    assert {room_of(name) for name in modules()} == FLOOR_OF.keys()


def test_every_import_goes_down() -> None:
    assert upward(modules(), FLOOR_OF) == []


def test_no_files_import_each_other() -> None:
    assert circle(graph_of(modules())) == []


def test_the_architecture_draws_the_same_floors() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    block = re.search(r"## Floors\n.*?```\n(.*?)```", text, re.DOTALL)
    assert block is not None
    drawn = [tuple(line.split()) for line in block[1].splitlines()]
    assert [set(floor) for floor in reversed(drawn)] == [set(floor) for floor in FLOORS]


@pytest.mark.parametrize(
    "source",
    [
        "import sorad.engine.loop",
        "from sorad.engine import loop",
        "from sorad.engine.loop import Loop",
        "from sorad.engine.loop import *",
        "from ..engine import loop",
        "from ..engine.loop import Loop as Other",
        "def late():\n    from sorad.engine.loop import Loop",
        "if TYPE_CHECKING:\n    from sorad.engine.loop import Loop",
        "import importlib\nimportlib.import_module('sorad.engine.loop')",
        "import_module(f'sorad.engine.loop')",
    ],
)
def test_an_import_is_seen_wherever_it_stands(source: str) -> None:
    known = {"sorad.engine.__init__": "", "sorad.engine.loop": "", "sorad.ledger.rows": source}
    assert upward(known, FLOOR_OF) == ["sorad.ledger.rows imports sorad.engine.loop"]


def test_a_name_made_up_as_it_runs_counts_for_its_room() -> None:
    known = {"sorad.engine.__init__": "", "sorad.ledger.rows": "import_module(f'sorad.engine.{name}')"}
    assert upward(known, FLOOR_OF) == ["sorad.ledger.rows imports sorad.engine.__init__"]


def test_longer_circles_are_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == ["a", "b", "c", "d"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
