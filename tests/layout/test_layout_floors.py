"""The floors of the house: a room imports only from floors below its own, and no files import each other in a circle.

A room is a folder below ``sorad/``, or a module at its top; large rooms have floors of their own. ARCHITECTURE.md draws
them all, and is read here. All imports count, wherever they stand: inside functions, for type checking, relative ones,
and those by :func:`importlib.import_module`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OTHERS = "*"  # in the drawing: what it does not name


def drawn() -> dict[str, dict[str, int]]:
    """The floors by the name of what they are in: ``sorad``, or a room. Of each inhabitant its floor, 0 the lowest."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    block = re.search(r"## Floors\n.*?```\n(.*?)```", text, re.DOTALL)
    assert block is not None
    floors: dict[str, list[list[str]]] = {}
    for line in block[1].splitlines():
        inside, _colon, names = line.rpartition(":")
        floors.setdefault(inside or "sorad", []).extend(floor.split() for floor in names.split(">"))
    return {
        inside: {name: number for number, names in enumerate(reversed(rows)) for name in names}
        for inside, rows in floors.items()
    }


FLOORS = drawn()
FLOOR_OF = FLOORS["sorad"]


def modules() -> dict[str, str]:
    """The source of each module, by its name; that of a package is ``….__init__``."""
    files = (ROOT / "sorad").rglob("*.py")
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text("utf-8") for path in files}


def room_of(module: str, depth: int = 1) -> str:
    """``engine`` for ``sorad.engine.steps.context``; ``steps`` at ``depth`` 2."""
    return module.split(".")[depth]


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


def upward(known: Mapping[str, str], floor_of: Mapping[str, int], depth: int = 1) -> list[str]:
    """Imports among ``known`` that do not go down, as sentences."""
    found = []
    for name, source in known.items():
        here = room_of(name, depth)
        for other in imports(name, source, known):
            there = room_of(other, depth)
            floors = [floor_of.get(room, floor_of.get(OTHERS)) for room in (there, here)]
            if there != here and (None in floors or floors[0] >= floors[1]):  # type: ignore[operator]
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


@pytest.mark.parametrize("room", sorted(FLOORS.keys() - {"sorad"}))
def test_every_import_inside_a_room_goes_down(room: str) -> None:
    inside = {
        name: source for name, source in modules().items() if room_of(name) == room and name.count(".") > 1
    }
    if not inside[f"sorad.{room}.__init__"]:
        del inside[f"sorad.{room}.__init__"]
    there = {room_of(name, 2) for name in inside}
    assert FLOORS[room].keys() - {OTHERS} <= there
    assert OTHERS in FLOORS[room] or there == FLOORS[room].keys()
    assert upward(inside, FLOORS[room], depth=2) == []


def test_no_files_import_each_other() -> None:
    assert circle(graph_of(modules())) == []


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


def test_the_floors_inside_a_room_are_held() -> None:
    known = {
        "sorad.engine.steps.context": "",
        "sorad.engine.decide.gate": "import sorad.engine.steps.context",
    }
    assert upward(known, FLOORS["engine"], depth=2) == [
        "sorad.engine.decide.gate imports sorad.engine.steps.context"
    ]


def test_what_is_not_drawn_stands_among_the_others() -> None:
    known = {"sorad.a.new": "import sorad.a.base", "sorad.a.base": "import sorad.a.new"}
    assert upward(known, {OTHERS: 1, "base": 0}, depth=2) == ["sorad.a.base imports sorad.a.new"]
    assert upward(known, {"base": 0}, depth=2) == [
        "sorad.a.new imports sorad.a.base",
        "sorad.a.base imports sorad.a.new",
    ]
