"""The heartbeat of the thread this runs in.

Whoever owns a long-lived thread lends it a heartbeat (:func:`lent`); what works deep inside (a walk through
folders, a wait for bytes) says with :func:`beat` that it makes progress, without knowing whose thread it is.
In a thread that nobody watches, that does nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable, Optional

_of_thread = threading.local()


def beat(ahead: float = 0.0) -> None:
    """Progress was made, or all is well while there is nothing to do.

    ``ahead``: a wait begins that may well take so many seconds, and ends by itself; no sign of life is missed
    before it is over.
    """
    heard: Optional[Callable[[float], None]] = getattr(_of_thread, "heard", None)
    if heard is not None:
        heard(ahead)


@contextmanager
def lent(heard: Callable[[float], None]) -> Iterator[None]:
    """Inside the block, ``heard`` is called at each :func:`beat` of this thread."""
    before = getattr(_of_thread, "heard", None)
    _of_thread.heard = heard
    try:
        yield
    finally:
        _of_thread.heard = before
