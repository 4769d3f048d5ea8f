"""sorad as a service: units rendered, installed, queried; and what the running daemon sees of its sandbox.

``state()`` is for `status` and `doctor`; :mod:`sorad.service.sandbox` for the daemon.
"""

from __future__ import annotations

from sorad.service.query import ServiceState, state

__all__ = ["ServiceState", "state"]
