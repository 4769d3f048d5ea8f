"""Do the tests see a fault in the code that decides about money? `python benchmarks/proof_mutants.py [--quick]`.

Each fault of `benchmarks/mutants/` is put into the code for one process, which runs the tests that must see it. Prints
the faults that no test killed; exit 1 if there are any, 2 where the table does not fit the code. Linux and macOS.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.abc
import importlib.util
import os
import signal
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import NamedTuple, Optional

from mutant_table import ROOT, Mutant, mistakes, mutants

# What tests import anyhow and no fault is in: imported once, before the processes are forked.
SHARED = (
    "pytest",
    "hypothesis.stateful",
    "requests",
    "pydantic",
    "loguru",
    "psutil",
    "watchdog.observers",
    "rich.console",
)
# Seconds after which tests hang, and tell nothing; they take about one.
PATIENCE = 120.0
PASSED, FAILED = 0, 1  # exit codes of pytest


class Ended(NamedTuple):
    """How tests ended."""

    code: int  # pytest's; below 0: a signal's
    took: float  # seconds
    words: str  # the last of its output


class Faulty(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module with its fault; what is compiled of it is kept nowhere."""

    def __init__(self, mutant: Mutant) -> None:
        self.name, self.path, self.text = mutant.module, str(mutant.path), mutant.source()

    def find_spec(
        self, fullname: str, path: object, target: Optional[ModuleType] = None
    ) -> Optional[ModuleSpec]:
        """The spec of that module; ``None`` of all others."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def get_source(self, fullname: str) -> str:
        """Its text, with the fault."""
        return self.text

    def get_code(self, fullname: str) -> CodeType:
        """The same, compiled."""
        return self.source_to_code(self.text, self.path)


class Run:
    """Tests in a process of their own, with a fault or without."""

    def __init__(self, tests: Sequence[str], mutant: Optional[Mutant] = None) -> None:
        self.began = time.monotonic()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process runs
        finder = None if mutant is None else Faulty(mutant)
        self._child = os.fork()
        if not self._child:
            _become_pytest(tests, finder, self._output.fileno())

    def ended(self) -> Optional[Ended]:
        """How it ended; ``None``: not yet."""
        took = time.monotonic() - self.began
        done, status = os.waitpid(self._child, os.WNOHANG)
        if done:
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
        elif took > PATIENCE:
            os.killpg(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            code = -signal.SIGKILL
        else:
            return None
        self._output.seek(0)
        return Ended(code, took, self._output.read()[-2_000:].decode(errors="replace"))


def _become_pytest(tests: Sequence[str], finder: Optional[Faulty], output: int) -> None:
    code = 3  # as pytest says of a mistake in itself
    try:
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        if finder is not None:
            sys.meta_path.insert(0, finder)
        import pytest

        options = ["-x", "-q", "--tb=line", "-p", "no:cacheprovider", "-n", "0", "-o", "addopts="]
        code = int(pytest.main([*options, *(f"tests/{test}" for test in tests)]))
    finally:
        os._exit(code)


def run_all(chosen: Sequence[Mutant], jobs: int) -> Iterator[tuple[Mutant, Ended]]:
    """Each fault, as its tests end."""
    waiting, running = list(chosen), list[tuple[Mutant, Run]]()
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop(0)
            running.append((mutant, Run(mutant.tests, mutant)))
        time.sleep(0.01)
        for pair in list(running):
            ended = pair[1].ended()
            if ended is not None:
                running.remove(pair)
                yield pair[0], ended


def pass_without(tests: Collection[str]) -> bool:
    """Whether the tests pass without any fault; if not, it is printed which do not."""
    ended, run = None, Run(sorted(tests))
    while ended is None:
        time.sleep(0.05)
        ended = run.ended()
    if ended.code != PASSED:
        print(f"{ended.words}\nThese tests fail without a fault, so they tell nothing of one.")
    return ended.code == PASSED


def report(mutant: Mutant, ended: Ended) -> bool:
    """Print how it ended; whether the fault was seen."""
    if ended.code == FAILED:
        print(f"{ended.took:5.1f} s  {mutant}", flush=True)
    elif ended.code == PASSED:
        print(f"NOT KILLED  {mutant}", flush=True)
    else:
        print(f"{ended.words}\nCANNOT BE TRIED (pytest: {ended.code})  {mutant}", flush=True)
    return ended.code == FAILED


def main() -> int:
    """Run the faults that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="only those that run in CI")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only those with this text in file or fault"
    )
    parser.add_argument(
        "--tested", action="store_true", help="the tests have just passed: not run them without a fault first"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    began, table = time.monotonic(), [one for one in mutants() if not one.equivalent]
    chosen = [one for one in table if one.quick >= options.quick and options.only in str(one)]
    wrong = [mistake for one in chosen for mistake in mistakes(one)]
    if wrong:
        print(*wrong, sep="\n")
        return 2
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    sys.dont_write_bytecode = False  # else each process compiles sorad and the tests anew
    for name in SHARED:
        importlib.import_module(name)
    if not options.tested and not pass_without({test for one in chosen for test in one.tests}):
        return 1
    alive = [mutant for mutant, ended in run_all(chosen, options.jobs) if not report(mutant, ended)]
    print(f"{len(chosen)} faults, {len(alive)} not killed, {time.monotonic() - began:.0f} s")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
