"""A disk that fails at will: the library beside this, compiled for the tests and loaded into a daemon."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest import SkipTest

SOURCE = Path(__file__).with_name("sickdisk.c")


def compiled(folder: Path) -> Path:
    """The library; ``SkipTest`` where it cannot be had."""
    if sys.platform != "linux":
        raise SkipTest("libraries are loaded into a program so on Linux alone")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SkipTest("no C compiler is there to make a disk that fails")
    library = folder / "sickdisk.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", os.fspath(library), os.fspath(SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SkipTest(f"the C compiler here makes no library: {done.stderr.strip()}")
    return library


class SickDisk:
    """``env`` is for the program; ``strikes`` and ``heals`` take effect at its next call."""

    def __init__(self, folder: Path) -> None:
        self._orders = folder / "sick"
        self.env = {"LD_PRELOAD": os.fspath(compiled(folder)), "SICK_DISK": os.fspath(self._orders)}

    def strikes(self, *orders: str) -> None:
        """``"write */ledger.sqlite3*"``: see the library."""
        fresh = self._orders.with_name("sick.new")
        fresh.write_text("".join(f"{order}\n" for order in orders), "utf-8")
        fresh.replace(self._orders)

    def heals(self) -> None:
        self._orders.unlink(missing_ok=True)
