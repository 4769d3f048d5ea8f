"""What a fault makes of a call."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from sorad.simulator.faults import Fault
from sorad.simulator.route import Route
from sorad.simulator.wire import Answer, Reply, Reset, Stream, html_answer

# The kinds that are answered in the words of the format.
_IN_WORDS = ("rate", "server", "key", "balance", "blocked", "person", "retired", "lost_task", "no_id")


def strike(fault: Fault, route: Route, refusal: Callable[[str, int | None], Answer]) -> Reply:
    """The reply to a call that a fault strikes. Where the fault says "accepted", the call takes effect.

    ``refusal`` words a kind of error, over a status where the fault names one.
    """
    kind = fault.kind
    if kind == "repeated":
        return _repeated(route)
    done = route.act() if fault.setting("accepted") else None
    if kind in ("reset_before", "reset_after"):
        return Reset(note=kind)
    if kind in ("slow", "slow_headers"):
        return _late(fault, done)
    if kind == "html":
        return html_answer(fault.setting("status"), note=kind)
    if kind not in _IN_WORDS:
        return route.act()  # a fault of the file itself: who serves it knows
    answer = refusal(kind, fault.status)
    wait = fault.setting("retry_after")
    headers = {**answer.headers, "retry-after": f"{wait:g}"} if wait else answer.headers
    return dataclasses.replace(answer, headers=headers, note=kind)


def _repeated(route: Route) -> Answer:
    """A gateway sent it three times, and answers with what came last."""
    answer = [route.act() for _time in range(3)][-1]
    told = {"x-litellm-version": "simulated", "x-litellm-attempted-retries": "2"}
    return dataclasses.replace(answer, headers={**answer.headers, **told}, note="repeated")


def _late(fault: Fault, done: Answer | None) -> Reply:
    """An answer that comes late or slowly; none at all where the call took no effect."""
    seconds = float(fault.setting("seconds"))
    if done is None:
        return Reset(seconds, note=fault.kind)
    if fault.kind == "slow" or isinstance(done.body, Stream):
        return dataclasses.replace(done, delay=seconds, note=fault.kind)
    return dataclasses.replace(done, trickle=seconds, note=fault.kind)
