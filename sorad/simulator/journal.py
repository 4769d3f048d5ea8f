"""The simulator's state file: JSON lines, added to, so that a killed simulator goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """Lines of ``{"op": …, …}``. The caller takes care that one thread writes at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = self._whole_part()
        self._file = path.open("ab")
        self._file.truncate(whole)

    def _whole_part(self) -> int:
        """Bytes up to the last line end: a line that was being written when the simulator died is cut off."""
        try:
            return self._path.read_bytes().rfind(b"\n") + 1
        except FileNotFoundError:
            return 0

    def read(self) -> Iterator[dict[str, Any]]:
        """All lines, oldest first."""
        with self._path.open("rb") as lines:
            for line in lines:
                yield json.loads(line)

    def write(self, op: str, data: dict[str, Any]) -> None:
        """Add a line. It outlives the process, not the machine's power."""
        self._file.write(json.dumps({"op": op, **data}, ensure_ascii=True).encode("ascii") + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
