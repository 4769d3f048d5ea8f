"""Faults as data: what goes wrong, how often, at which call, for which prompts.

A fault is written ``KIND[=RATE][,OPTION=VALUE…]``, for example ``rate=0.1``, ``cut,count=3`` or
``fail,match=storm``. Whether a fault strikes is decided by a hash of the seed, the prompt or task and how
often it was asked, so that a run is the same again whichever thread comes first.
"""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sorad.messages import N_
from sorad.problems import Problem, SoradError

CALLS = ("create", "poll", "list", "account", "delete")
API_TARGETS = (*CALLS, "download", "any")  # "any": every call of the API, downloads apart

_LONGEST = 1_000_000  # seconds

# What a list may have made of a text: small letters, no @, punctuation of half width, another language, other
# words, nothing.
TEXTS = ("lower", "at", "halfwidth", "translated", "rewritten", "none")
# What may be wrong with a video: its pictures, its sound, its form, or its end.
LABELS = ("both", "aigc", "c2pa")  # which labels are in a video
FLAWS = ("black", "frozen", "doubled", "silent", "short", "small", "turned", "deep", "cut")


@dataclass(frozen=True)
class Kind:
    """What a kind of fault does when nothing else is said. The first target is the default."""

    targets: tuple[str, ...]
    about: str  # message id
    status: int = 0
    seconds: float = 0.0
    retry_after: float = 0.0  # seconds; 0: no such header
    accepted: bool = False  # whether the call takes effect all the same
    rows: int = 0
    how: str = ""


KINDS: Mapping[str, Kind] = {
    "rate": Kind(API_TARGETS, N_("429 with Retry-After"), status=429, retry_after=2.0),
    "server": Kind(API_TARGETS, N_("500, or the status that is given"), status=500),
    "reset_before": Kind(API_TARGETS, N_("the connection is cut before the call takes effect")),
    "reset_after": Kind(API_TARGETS, N_("the call takes effect, then the connection is cut"), accepted=True),
    "slow": Kind(
        API_TARGETS, N_("the call takes effect, the answer comes late"), seconds=60.0, accepted=True
    ),
    "slow_headers": Kind(
        API_TARGETS, N_("the call takes effect, the answer trickles in"), seconds=60.0, accepted=True
    ),
    "no_id": Kind(("create",), N_("a good answer without a task id"), status=200, accepted=True),
    "repeated": Kind(
        ("create",), N_("a LiteLLM in between sends the create three times, and says so"), accepted=True
    ),
    "html": Kind(API_TARGETS, N_("a web page in place of JSON"), status=200),
    "key": Kind(("any", *CALLS), N_("the key is refused"), status=401),
    "balance": Kind(("create",), N_("the balance is too low")),
    "blocked": Kind(("create",), N_("the text is refused by content rules"), status=400),
    "person": Kind(("create",), N_("the picture is refused: it shows a real person"), status=400),
    "retired": Kind(("create",), N_("the model is gone"), status=404),
    "lost_task": Kind(("poll",), N_("the task is not known"), status=404),
    "stuck": Kind(("task",), N_("a new task never ends")),
    "fail": Kind(
        ("task",), N_("a new task fails; with seconds=N only for so long: then it has ended well after all")
    ),
    "ignore_picture": Kind(("picture",), N_("the video begins with another picture than the one given")),
    "flawed": Kind(("video",), N_("the video of a new task has a flaw"), how="black"),
    "labelled": Kind(("label",), N_("the video of a new task says that it was generated"), how="both"),
    "cut": Kind(("download",), N_("the download breaks off half way")),
    "slow_download": Kind(("download",), N_("the download takes this many seconds"), seconds=60.0),
    "crawl": Kind(("download",), N_("the download takes this many seconds for each byte"), seconds=1.0),
    "redirect": Kind(("download",), N_("the download is sent on to the location that is given"), status=302),
    "expired": Kind(("download",), N_("the URL has expired"), status=403),
    "html_download": Kind(("download",), N_("a web page in place of the video"), status=200),
    "wrong_length": Kind(("download",), N_("a shortened file that calls itself whole")),
    "no_moov": Kind(("download",), N_("a file without its index")),
    "list_lag": Kind(("listing",), N_("the list shows a task only after this many seconds"), seconds=60.0),
    "list_ended": Kind(("listing",), N_("the list shows a task only once it has ended")),
    "list_forget": Kind(
        ("listing",), N_("the list forgets a task this many seconds after its create"), seconds=600.0
    ),
    "list_cap": Kind(("listing",), N_("the list shows only this many of the newest tasks"), rows=5),
    "list_repeat": Kind(("listing",), N_("each page of the list is the first one again")),
    "list_size": Kind(("listing",), N_("a page has fewer rows than were asked for"), rows=2),
    "list_more": Kind(("listing",), N_("the list never says that it ends, nor how long it is")),
    "list_empty": Kind(("listing",), N_("pages are empty after so many rows, though there are more"), rows=2),
    "list_stub": Kind(("listing",), N_("the list says for ever that there is nothing")),
    "list_dates": Kind(
        ("listing",), N_("tasks are dated back by this many seconds: another zone"), seconds=28_800.0
    ),
    "list_text": Kind(("listing",), N_("the list shows other texts than were sent"), how="lower"),
    "clock_skew": Kind(("clock",), N_("the server's clock is ahead by this many seconds"), seconds=300.0),
}


@dataclass(frozen=True)
class Fault:
    """One fault. ``None`` and ``""`` mean: as its kind says."""

    kind: str
    rate: float = 1.0  # 0..1, the share of calls that are struck
    count: int | None = None  # how many times it strikes before it is over
    target: str = ""
    match: str = ""  # only prompts that contain it
    status: int | None = None
    seconds: float | None = None
    retry_after: float | None = None
    accepted: bool | None = None
    rows: int | None = None  # of a list
    how: str | None = None  # what the list makes of texts; which flaw
    location: str = ""  # where a redirect leads

    def __post_init__(self) -> None:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise _error(N_("the simulator knows no fault {value}."), ", ".join(KINDS), value=self.kind)
        if self.target and self.target not in kind.targets:
            message = N_("the fault {kind} cannot be aimed at {value}.")
            raise _error(message, ", ".join(kind.targets), kind=self.kind, value=self.target)
        self._check_numbers()
        self._check_how()

    def _check_how(self) -> None:
        if self.how is None:
            return
        message, known = {
            "flawed": (N_("a video cannot be {value}."), FLAWS),
            "labelled": (N_("a video cannot be labelled with {value}."), LABELS),
        }.get(self.kind, (N_("a list cannot show texts as {value}."), TEXTS))
        if self.how not in known:
            raise _error(message, ", ".join(known), value=self.how)

    def _check_numbers(self) -> None:
        if not 0 <= self.rate <= 1:
            raise _error(N_("the rate {value} of a fault is no share."), "0 … 1", value=self.rate)
        if self.status is not None and not 200 <= self.status < 600:
            raise _error(N_("{value} is no status of HTTP."), "200 … 599", value=self.status)
        if not 0 <= self.setting("seconds") <= _LONGEST:
            raise _error(N_("{value} seconds are not possible."), f"0 … {_LONGEST}", value=self.seconds or 0)
        if not 0 <= self.setting("rows") <= _LONGEST:
            raise _error(N_("{value} rows are not possible."), f"0 … {_LONGEST}", value=self.rows or 0)

    def setting(self, name: str) -> Any:
        """The value of an option, or its kind's own."""
        own = getattr(self, name)
        return getattr(KINDS[self.kind], name) if own is None else own

    @property
    def aim(self) -> str:
        """The target in force."""
        return self.target or KINDS[self.kind].targets[0]

    def concerns(self, target: str, prompt: str) -> bool:
        """Whether it could strike such a call."""
        return (self.aim == target or (self.aim == "any" and target in CALLS)) and self.match in prompt

    def as_json(self) -> dict[str, Any]:
        """What is set."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value not in (None, "")}


def parse(text: str) -> Fault:
    """The fault written as ``KIND[=RATE][,OPTION=VALUE…]``; :class:`SoradError` says what is wrong."""
    first, *rest = text.split(",")
    name, _equals, rate = first.partition("=")
    given: dict[str, Any] = {"kind": name.strip()}
    if rate:
        given["rate"] = rate
    for item in rest:
        option, equals, value = item.partition("=")
        if not equals:
            raise _error(N_("{value} is no OPTION=VALUE."), _options(), value=item)
        given[option.strip()] = value.strip()
    return from_json(given)


def from_json(raw: Any) -> Fault:
    """A fault from a string or an object of its members; :class:`SoradError` says what is wrong."""
    if isinstance(raw, str):
        return parse(raw)
    if not isinstance(raw, dict) or not isinstance(raw.get("kind"), str):
        raise _error(N_("a fault is a string or an object with a kind."), ", ".join(KINDS))
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in _READERS:
            raise _error(N_("a fault has no option {value}."), _options(), value=str(name))
        try:
            values[name] = _READERS[name](value)
        except (TypeError, ValueError):
            message = N_("{value} is no value for the option {option} of a fault.")
            raise _error(message, _options(), value=str(value), option=name) from None
    return Fault(**values)


def _flag(value: Any) -> bool:
    if value in (True, "true", "yes", "1"):
        return True
    if value in (False, "false", "no", "0"):
        return False
    raise ValueError(value)


_READERS: Mapping[str, Any] = {
    "kind": str,
    "rate": float,
    "count": int,
    "target": str,
    "match": str,
    "status": int,
    "seconds": float,
    "retry_after": float,
    "accepted": _flag,
    "rows": int,
    "how": str,
    "location": str,
}


def _options() -> str:
    return ", ".join(name for name in _READERS if name != "kind")


def _error(message: str, allowed: str, **params: str | float) -> SoradError:
    fix = N_("Possible are: {allowed}.")
    return SoradError(Problem("simulate.fault", message, fix, {**params, "allowed": allowed}), exit_code=2)


class _Entry:
    """A fault in force, and what it has done."""

    def __init__(self, fault: Fault, number: int) -> None:
        self.fault = fault
        self.number = number
        self.fired = 0
        self.asked: Counter[str] = Counter()

    @property
    def over(self) -> bool:
        return self.fault.count is not None and self.fired >= self.fault.count

    def strikes(self, seed: int, subject: str) -> bool:
        """Throw the dice for one more call about ``subject``."""
        if self.fault.rate < 1:
            self.asked[subject] += 1
            name = f"{seed}/{self.number}/{self.fault.kind}/{subject}/{self.asked[subject]}"
            digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
            if int.from_bytes(digest[:8], "big") >= self.fault.rate * 2**64:
                return False
        self.fired += 1
        return True


class Faults:
    """The faults in force. Safe to use from several threads."""

    def __init__(self, seed: int = 0, faults: Iterable[Fault | str] = ()) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []
        self._added = 0
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault | str, **options: Any) -> Fault:
        """Put a fault in force: a :class:`Fault`, its text (``"rate=0.1"``), or a kind and its options."""
        found = parse(fault) if isinstance(fault, str) else fault
        if options:
            found = dataclasses.replace(found, **options)
        with self._lock:
            self._added += 1
            self._entries.append(_Entry(found, self._added))
        return found

    def clear(self, kind: str = "") -> None:
        """End the faults of a kind, or all of them."""
        with self._lock:
            self._entries = [entry for entry in self._entries if kind and entry.fault.kind != kind]

    def pick(self, target: str, subject: str, prompt: str) -> Fault | None:
        """The fault that strikes this call, if any: the first in the order they were added."""
        with self._lock:
            for entry in self._entries:
                if entry.over or not entry.fault.concerns(target, prompt):
                    continue
                if entry.strikes(self._seed, subject):
                    return entry.fault
        return None

    def standing(self, kind: str) -> Fault | None:
        """A fault of that kind that is in force for every call, if any: the first that was added."""
        with self._lock:
            return next((entry.fault for entry in self._entries if entry.fault.kind == kind), None)

    def skew(self) -> float:
        """Seconds by which the server's clock is ahead."""
        with self._lock:
            found = [entry.fault for entry in self._entries if entry.fault.kind == "clock_skew"]
        return float(sum(fault.setting("seconds") for fault in found))

    def as_json(self) -> list[dict[str, Any]]:
        """The faults in force and how often each has struck."""
        with self._lock:
            return [{**entry.fault.as_json(), "fired": entry.fired} for entry in self._entries]
