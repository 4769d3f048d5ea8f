"""A generation API on this machine, for tests, demos and rehearsals: no key, no network, no money."""

from __future__ import annotations

from sorad.simulator.faults import Fault, Faults
from sorad.simulator.server import KEY, Simulator
from sorad.simulator.state import Order, Task

__all__ = ["KEY", "Fault", "Faults", "Order", "Simulator", "Task"]
