"""The simulator's state file: JSON lines, added to, so that a killed simulator goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BEGIN = b'{"op": "'  # of every line


class Journal:
    """Lines of ``{"op": …, …}``. The caller takes care that one thread writes at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. ``ValueError``, and the file is left alone, where it is something else."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        whole = _whole_part(path)
        self._file = path.open("ab")
        self._file.truncate(whole)

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


def _whole_part(path: Path) -> int:
    """Bytes up to the last line end: a line that was being written when the simulator died is cut off."""
    whole = 0
    with path.open("rb") as lines:
        for line in lines:
            if not line.startswith(_BEGIN) and not (_BEGIN.startswith(line) and line != b"\n"):
                raise ValueError("it holds something else")
            whole += len(line) if line.endswith(b"\n") else 0
    return whole
