"""Files that could not be read: how often, why, and when they are tried again."""

from __future__ import annotations

import errno
import os

from loguru import logger

from sorad.messages import _
from sorad.problems import Problem
from sorad.vault.problems import mistake, not_read

RETRY_FIRST, RETRY_LAST = 0.5, 30.0  # seconds until a file that could not be read is tried again
PATIENCE = 5  # tries after which nobody waits for a file
# What no waiting mends, so that nobody waits. (Windows says so of a file that a program holds for a moment.)
_LASTING = (errno.ENAMETOOLONG, *(() if os.name == "nt" else (errno.EACCES, errno.EPERM, errno.ENOTDIR)))


class Attempts:
    """Of one root. Belongs to the folder side's thread."""

    def __init__(self) -> None:
        self._tries: dict[str, int] = {}  # path: reads that failed
        self._failed: dict[str, Problem] = {}  # path: why it could not be read

    def failed(self, path: str, error: OSError) -> float:
        """A file could not be read: seconds until it is tried again."""
        lasting = error.errno in _LASTING
        tries = self._tries[path] = self._tries.get(path, PATIENCE - 1 if lasting else 0) + 1
        if lasting or tries > 1:  # a file may be held for a moment by the program that writes it
            self._failed[path] = not_read(path, error)
        if tries == (PATIENCE if lasting else 1):
            told = _("{path} cannot be read just now ({reason}); it is tried again")
            logger.warning(told, path=path, reason=os.strerror(error.errno or 0))
        return min(RETRY_LAST, RETRY_FIRST * 2.0 ** (tries - 1))

    def stumbled(self, path: str, error: Exception) -> float:
        """Reading a file met a mistake in sorad itself: seconds until it is tried again."""
        if path not in self._failed:
            logger.opt(exception=error).error(_("{path} could not be read"), path=path)
        self._failed[path] = mistake(path, error)
        self._tries[path] = PATIENCE
        return RETRY_LAST

    def forget(self, path: str) -> None:
        """It was read, or is gone."""
        self._tries.pop(path, None)
        self._failed.pop(path, None)

    def hopeless(self) -> int:
        """How many files nobody waits for any more."""
        return sum(1 for tries in self._tries.values() if tries >= PATIENCE)

    def problems(self) -> list[Problem]:
        """Why files could not be read, by path."""
        return [problem for _path, problem in sorted(self._failed.items())]
