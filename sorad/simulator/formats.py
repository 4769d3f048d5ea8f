"""The native formats that the simulator speaks, each in a file of its own."""

from __future__ import annotations

from collections.abc import Callable

from sorad.simulator.native import NativeFormat
from sorad.simulator.route import Book

# The first that owns a call answers it.
NATIVE: tuple[Callable[[Book], NativeFormat], ...] = ()
