"""``/control/…``: faults, balance and capacity changed from outside, and what was counted.

It has no key, so it only talks to this machine: to loopback addresses, under a loopback name (a web page
that points a name of its own at 127.0.0.1 is refused), and to no page of another origin.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Protocol
from urllib.parse import urlsplit

from sorad.messages import N_
from sorad.problems import Problem, SoradError
from sorad.simulator.faults import Faults, from_json
from sorad.simulator.state import Account, Task
from sorad.simulator.wire import Answer, Call, json_answer


class Controlled(Protocol):
    """What the endpoint steers."""

    account: Account
    faults: Faults

    def stats(self) -> dict[str, Any]:
        """What was counted."""
        ...


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name(authority: str) -> str:
    """The host of ``host:port``, or ``""``."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def answer(simulator: Controlled, call: Call) -> Answer:
    """The answer to a call of the control endpoint."""
    origin = call.headers.get("origin")
    allowed = is_loopback(call.peer) and is_loopback(_name(call.headers.get("host", "")))
    if not allowed or (origin is not None and not is_loopback(_name(origin.partition("//")[2]))):
        return json_answer(403, {"error": "the control endpoint only talks to this machine"})
    try:
        return _act(simulator, call)
    except SoradError as error:
        return json_answer(400, {"error": str(error)})


def _act(simulator: Controlled, call: Call) -> Answer:
    place = (call.method, *call.parts[1:])
    if place == ("GET", "stats"):
        return json_answer(200, simulator.stats())
    if place == ("GET", "tasks"):
        return json_answer(200, [_shown(task) for task in simulator.account.tasks()])
    if place == ("GET", "faults"):
        return json_answer(200, simulator.faults.as_json())
    if place == ("POST", "faults"):
        raw = call.json()
        faults = [from_json(item) for item in (raw if isinstance(raw, list) else [raw])]
        for fault in faults:
            simulator.faults.add(fault)
        return json_answer(200, simulator.faults.as_json())
    if place == ("DELETE", "faults"):
        simulator.faults.clear(call.query.get("kind", ""))
        return json_answer(200, simulator.faults.as_json())
    if place == ("POST", "balance"):
        simulator.account.balance = round(_number(call, "balance") * 100)
        return json_answer(200, {"balance": simulator.account.balance / 100})
    if place == ("POST", "capacity"):
        simulator.account.capacity = _capacity(call)
        return json_answer(200, {"capacity": simulator.account.capacity})
    return json_answer(
        404, {"error": "GET stats; GET tasks; GET, POST, DELETE faults; POST balance; POST capacity"}
    )


def _shown(task: Task) -> dict[str, Any]:
    """What a task was asked for, and with which pictures and parameters."""
    order = task.order
    return {
        "id": task.id,
        "prompt": order.prompt,
        "first_frame": order.image,
        "seconds": order.seconds,
        "orientation": order.orientation,
        "given": order.details.get("given", order.details),
    }


def _member(call: Call, name: str) -> Any:
    raw = call.json()
    return raw.get(name) if isinstance(raw, dict) else None


def _number(call: Call, name: str) -> float:
    value = _member(call, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        raise _bad(name)
    return float(value)


def _capacity(call: Call) -> int | None:
    raw = call.json()
    if isinstance(raw, dict) and raw.get("capacity", 0) is None:
        return None
    return int(_number(call, "capacity"))


def _bad(name: str) -> SoradError:
    message = N_("the body must be JSON with a number {name}.")
    return SoradError(Problem("simulate.control", message, "", {"name": name}))
