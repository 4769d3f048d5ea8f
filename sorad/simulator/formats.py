"""The native formats that the simulator speaks, each in a file of its own."""

from __future__ import annotations

from collections.abc import Callable

from sorad.simulator.ark import Ark
from sorad.simulator.dashscope import DashScope
from sorad.simulator.fal import Fal
from sorad.simulator.google_omni import GoogleOmni
from sorad.simulator.kling import Kling
from sorad.simulator.minimax import MiniMax
from sorad.simulator.native import NativeFormat
from sorad.simulator.openrouter import OpenRouter
from sorad.simulator.replicate import Replicate
from sorad.simulator.route import Book
from sorad.simulator.vidu import Vidu

# The first that owns a call answers it.
NATIVE: tuple[Callable[[Book], NativeFormat], ...] = (
    Fal,
    Ark,
    DashScope,
    Kling,
    MiniMax,
    Vidu,
    Replicate,
    GoogleOmni,
    OpenRouter,
)
