"""The table of hand-made faults: `mutants/*.toml`, one file a room, one fault an entry.

::

    [[mutant]]
    file = "budget.py"            # below `sorad/`
    fault = "what it breaks"
    old = "spent + price <= "     # stands there once
    new = "spent + price < "      # stands there instead
    tests = ["intake/test_intake_budget.py::test_a_day"]  # below `tests/`: each fails, or all of them together
    quick = true                  # one of those that run in CI

An entry with ``equivalent``, a sentence, has no tests: no behaviour tells it from the code as it is.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(__file__).with_name("mutants")


@dataclass(frozen=True)
class Mutant:
    """A fault in one place, and what must see it."""

    file: str
    fault: str
    old: str
    new: str
    tests: tuple[str, ...] = ()
    quick: bool = False
    equivalent: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.fault}"

    @property
    def path(self) -> Path:
        """The file that it is in."""
        return ROOT / "sorad" / self.file

    @property
    def module(self) -> str:
        """The dotted name of that file."""
        return ".".join(("sorad", *Path(self.file).with_suffix("").parts))

    def source(self) -> str:
        """The file with the fault. Raises ``ValueError`` where what it replaces is not there, or more than once."""
        text = self.path.read_text(encoding="utf-8")
        count = text.count(self.old)
        if count != 1:
            raise ValueError(f"{self}: its old text stands there {count} times, not once: {self.old!r}")
        return text.replace(self.old, self.new)


def mutants(folder: Path = FOLDER) -> list[Mutant]:
    """All faults of the table, by file. Raises ``TypeError`` for an entry with a member missing or unknown."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]:
            found.append(Mutant(**{**row, "tests": tuple(row.get("tests", ()))}))
    return found


def mistakes(mutant: Mutant) -> Iterator[str]:
    """What is wrong with an entry as such, without a test being run."""
    try:
        ast.parse(mutant.source())
    except (ValueError, SyntaxError, OSError) as error:
        yield str(error)
    if bool(mutant.tests) == bool(mutant.equivalent):
        yield f"{mutant}: has either tests that kill it, or a sentence why it is equivalent"
    if mutant.quick and mutant.equivalent:
        yield f"{mutant}: cannot be quick, nothing is run"
    for test in mutant.tests:
        if not _exists(test):
            yield f"{mutant}: there is no test {test}"


def _exists(test: str) -> bool:
    file, *names = re.sub(r"\[.*", "", test).split("::")
    path = ROOT / "tests" / file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return bool(text) and all(re.search(rf"^\s*(?:def|class) {name}\b", text, re.MULTILINE) for name in names)
