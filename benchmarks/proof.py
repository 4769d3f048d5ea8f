"""What the proofs share: their command lines, and that a broken promise ends them with an AssertionError."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
for room in ("crash", "disk", "simulation"):
    sys.path.insert(0, str(TESTS / room))

KEPT = "every take is there once; nothing was paid for twice"


def command_line(
    description: str | None, seeded: Collection[str] = (), **numbers: float
) -> argparse.Namespace:
    """What the user asked for: ``numbers`` by name with their defaults, and one of the ``seeded`` faults."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    if seeded:
        parser.add_argument("--seeded-fault", choices=sorted(seeded), default="")
    return parser.parse_args()


def folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for the time of a proof."""
    return tempfile.TemporaryDirectory(prefix="sorad-proof-")
