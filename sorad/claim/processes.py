"""The processes of this machine that would buy for a root: one of them does, as the others see."""

from __future__ import annotations

from typing import Optional

from loguru import logger

from sorad.claim import problems
from sorad.claim.buyers import Buyer, Buyers
from sorad.messages import _
from sorad.problems import Problem


class Processes:
    """What was last seen of the others. Not thread-safe. ``buyers``: the locks; ``None``: there is no other process."""

    def __init__(self, buyers: Optional[Buyers]) -> None:
        self._buyers = buyers
        self._elsewhere: dict[str, Buyer] = {}  # roots for which another process of this machine buys
        self._unlocked: dict[str, str] = {}  # roots for which that cannot be told, and why

    def look(self, root: str) -> tuple[bool, bool]:
        """Whether this process buys for a root, and whether what is seen is news, which is logged."""
        if self._buyers is None:
            return True, False
        first, other = self._buyers.buys(root), self._buyers.other(root)
        trouble = self._buyers.trouble(root)
        known = (self._elsewhere.pop(root, None), self._unlocked.pop(root, None))
        if other is not None:
            self._elsewhere[root] = other
        if trouble is not None:
            self._unlocked[root] = trouble.strerror or str(trouble)
        news = known != (self._elsewhere.get(root), self._unlocked.get(root))
        if news:
            told = self.problem(root)
            if told is not None:
                logger.warning("{}", told)
            elif known[0] is not None:
                logger.info(_("{path}: the other sorad on this computer ended: this one buys now"), path=root)
        return first, news

    def other(self, root: str) -> Optional[Buyer]:
        """The process that buys for a root in place of this one."""
        return self._elsewhere.get(root)

    def is_unlocked(self, root: str) -> bool:
        """Whether it cannot be told who buys for a root."""
        return root in self._unlocked

    def problem(self, root: str) -> Optional[Problem]:
        """Why this process does not buy for a root, as last seen."""
        if root in self._elsewhere:
            return problems.other_process(root, self._elsewhere[root])
        if root in self._unlocked and self._buyers is not None:
            return problems.no_lock(root, str(self._buyers.folder), self._unlocked[root])
        return None
