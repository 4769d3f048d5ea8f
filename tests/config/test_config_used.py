"""Every key of the config is read somewhere, and told of where people look for it."""

from __future__ import annotations

import ast
from pathlib import Path

from pydantic import BaseModel

import sorad
from sorad.config.errors import tables_of
from sorad.config.model import Config

PACKAGE = Path(sorad.__file__).parent
# Where keys are declared or only checked against each other: reading one there does nothing.
NO_USE = {"config/model.py", "config/checks.py", "config/errors.py", "config/template.py"}


def tables() -> dict[str, type[BaseModel]]:
    """Each table of the config by its name; ``""`` is the top."""
    return {"": Config, **tables_of(Config)}


def names_read(source: str) -> set[str]:
    """Every attribute that is read, and every name that is asked for with ``getattr``."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            found.add(node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            found.update(one.value for one in node.args if isinstance(one, ast.Constant))
    return found


def unread(keys: dict[str, type[BaseModel]], sources: list[str]) -> list[str]:
    """The keys that nobody reads. One name in two tables counts as read in both: types are not followed."""
    read = set().union(*map(names_read, sources))
    return sorted(
        f"{table}.{key}" for table, model in keys.items() for key in model.model_fields if key not in read
    )


def sources() -> list[str]:
    return [
        file.read_text("utf-8")
        for file in PACKAGE.rglob("*.py")
        if file.relative_to(PACKAGE).as_posix() not in NO_USE
    ]


def test_every_key_is_read_somewhere():
    assert unread(tables(), sources()) == []


def test_a_key_that_nobody_reads_is_found():
    class Odd(BaseModel):
        concurrency: int = 1
        nobody_reads_this: int = 1
        only_written: int = 1

    text = "def f(config, x):\n    x.only_written = 3\n    return config.limits.concurrency\n"
    assert unread({"odd": Odd}, [text]) == ["odd.nobody_reads_this", "odd.only_written"]


def test_the_reading_of_a_table_is_followed_to_its_keys():
    """Names that occur in several tables (``proxy``, ``every``) could hide one another: each table is read."""
    readers = names_read("\n".join(sources()))
    assert {name for name in tables() if name} <= readers
