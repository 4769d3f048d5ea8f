"""Which root a path belongs to: the deepest one, whatever links lead there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from loguru import logger

from sorad.config.model import Watch
from sorad.messages import _


class Roots:
    """The watched folders, each once. Paths are strings, roots are written as in the config."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self.watches: dict[str, Watch] = {}
        self._real: dict[str, str] = {}
        for watch in watches:
            root, real = str(watch.path), os.path.realpath(watch.path)
            if real in self._real.values():
                logger.warning(_("{path} is watched already; it counts once"), path=root)
                continue
            self.watches[root] = watch
            self._real[root] = real

    def refresh(self, root: str) -> None:
        """Look again where a root's links lead."""
        self._real[root] = os.path.realpath(root)

    def others(self, root: str) -> list[Path]:
        """All roots but one."""
        return [Path(one) for one in self.watches if one != root]

    def real_paths(self) -> list[str]:
        """Where all roots really are."""
        return list(self._real.values())

    def locate(self, path: str) -> tuple[str, str] | None:
        """The root that a path belongs to, and the path as written below it; ``None`` outside of all."""
        best: tuple[int, str, str] | None = None
        for real in {real for real in map(self._to_real, self.watches, [path] * len(self.watches)) if real}:
            for root, real_root in self._real.items():
                relative = _relative(real, real_root)
                if relative is not None and (best is None or len(real_root) > best[0]):
                    best = (len(real_root), root, root if relative == "" else str(Path(root, relative)))
        return (best[1], best[2]) if best is not None else None

    def _to_real(self, root: str, path: str) -> str | None:
        """The path with the root's own links resolved, if it lies in that root, written either way."""
        for base in (root, self._real[root]):
            relative = _relative(path, base)
            if relative is not None:
                return self._real[root] if relative == "" else str(Path(self._real[root], relative))
        return None


def _relative(path: str, base: str) -> str | None:
    if path == base:
        return ""
    prefix = base.rstrip(os.sep) + os.sep
    return path[len(prefix) :] if path.startswith(prefix) else None
