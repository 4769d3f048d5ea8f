"""The seam between the engine and a generation API.

A provider makes exactly one HTTP attempt per call and tells what came of it as data; when to try again,
and whether, is decided by the engine. Nothing here raises for what a server does: only a bug raises.
Any method may be called from several threads at once.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional, Protocol, Union

from sorad.messages import N_
from sorad.model import Request
from sorad.problems import Param, Problem
from sorad.providers.finding import BY_TEXT, Finding
from sorad.slotted import slotted


@dataclass(frozen=True)
class Capabilities:
    """What the API takes; storyboards are checked against it before anything is bought."""

    seconds: tuple[int, ...]  # allowed durations of a normal take
    seconds_pro: tuple[int, ...]  # and of a pro take; empty: there is no pro
    prompt_max: int  # characters
    local_images: bool  # a local picture can be sent inline
    lists_tasks: bool  # recent tasks can be listed, so unknown creates can be reconciled
    has_balance: bool
    finding: Finding = BY_TEXT  # how a create is found whose answer was lost


class Trouble(str, enum.Enum):
    """What kind of trouble an answer shows; the engine decides by it."""

    RATE = "rate"  # 429: too many, later
    SERVER = "server"  # 5xx
    TRANSPORT = "transport"  # name, connect, cut, time-out
    SETUP = "setup"  # of this machine: certificates, proxy; stays so until the user mends it
    KEY = "key"  # 401, 403: refused or disabled
    BALANCE = "balance"  # 1012, 402
    RETIRED = "retired"  # the model or the interface is gone, for every take
    REQUEST = "request"  # bad parameters or moderation: this take cannot get better
    EXPIRED = "expired"  # the download URL is too old: poll for a new one
    BAD_FILE = "bad_file"  # what came is no video
    PAGE = "page"  # a web page in place of an answer: a wrong address, or a proxy that lets nothing through


@dataclass(frozen=True)
class Fault:
    """Trouble with one exchange."""

    trouble: Trouble
    problem: Problem
    request_id: str = ""
    retry_after: Optional[float] = None  # seconds, where the server said so


# --- create: one of four outcomes -------------------------------------------------------------------


@dataclass(frozen=True)
class Accepted:
    """The provider has the task and will charge for it."""

    remote_id: str
    request_id: str = ""
    cost: Optional[int] = None  # micro-units, where the answer says
    repeats: int = 0  # so often a gateway says that it sent the create again by itself: each may be paid for


@dataclass(frozen=True)
class Refused:
    """The provider clearly did not take the task: nothing is charged."""

    fault: Fault


@dataclass(frozen=True)
class NotSent:
    """The request surely never left (name or connect failure): nothing is charged."""

    fault: Fault


@dataclass(frozen=True)
class Unknown:
    """The task may or may not exist (time-out, cut, 5xx, an answer without an id): never resend blindly.

    ``answer``: what came, masked and bounded, where it is a whole answer that says yes and names no task.
    """

    fault: Fault
    answer: str = ""
    repeats: int = 0  # as in :class:`Accepted`


Created = Union[Accepted, Refused, NotSent, Unknown]


# --- poll -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Video:
    """Where a finished video can be had. ``url`` is a secret (signed): never logged, never stored."""

    url: str = field(repr=False)
    needs_key: bool = False  # only ever true for the provider's own host
    # Where its last frame is, as a picture; "": the provider gives none. As secret as ``url``.
    frame: str = field(default="", repr=False, compare=False)
    # Where else it may lie: tried one after the other where nothing is there, or no video.
    others: tuple[Video, ...] = field(default=(), repr=False, compare=False)
    # What to tell where nothing is there: for an address that no answer named.
    guessed: Optional[Problem] = field(default=None, compare=False)

    def next(self) -> Optional[Video]:
        """The next place to look at; ``None`` after the last."""
        return replace(self.others[0], others=self.others[1:]) if self.others else None


@dataclass(frozen=True)
class Running:
    """Not finished yet."""

    progress: Optional[float] = None  # 0..100
    poll_after: Optional[float] = None  # seconds, where the server asks for it
    request_id: str = ""


@dataclass(frozen=True)
class Finished:
    """There is a video to fetch."""

    video: Video
    request_id: str = ""
    cost: Optional[int] = None
    names: str = (
        ""  # the task that the answer is about, where it does not mention the one that was asked after
    )


@dataclass(frozen=True)
class TaskFailed:
    """The provider gave the task up; its own words are in the problem.

    ``final``: its code is one that the provider's table calls terminal and unpaid. ``cost``: what it is known to have
    cost all the same, in micro-units (0: nothing); ``None``: that is not known.
    """

    problem: Problem
    request_id: str = ""
    final: bool = False
    cost: Optional[int] = None
    names: str = ""  # as in Finished


@dataclass(frozen=True)
class Missing:
    """The provider says that it does not know the task."""

    problem: Problem
    request_id: str = ""


Polled = Union[Running, Finished, TaskFailed, Missing, Fault]


# --- download ---------------------------------------------------------------------------------------


@dataclass
class Download:
    """An open answer. Read ``pieces`` to the end or call ``close``.

    ``offset`` is where the bytes really start (0 where the server ignored the range or the file changed);
    ``total`` is the size of the whole file, ``None`` where the server does not say. ``pieces`` raises
    :class:`DownloadCut` where the connection breaks or the body is shorter than announced.
    """

    offset: int
    total: Optional[int]
    validator: str  # strong ETag, or ""
    content_type: str
    request_id: str
    pieces: Iterator[bytes]
    ranges: bool = False  # the server says, or has shown, that it can begin anywhere

    def close(self) -> None:
        """Give the connection back."""
        close = getattr(self.pieces, "close", None)
        if close is not None:
            close()


class DownloadCut(Exception):
    """The body ended early or the connection broke while it was read; ``reason`` says how, in a few words."""

    def __init__(self, reason: str = N_("the connection was cut"), **params: Param) -> None:
        super().__init__(reason)
        self.reason = Problem("download.cut", reason, "", params)


@slotted
@dataclass(frozen=True)
class RemoteTask:
    """One row of the provider's own list of tasks."""

    remote_id: str
    prompt: str
    created_at: Optional[float]  # epoch seconds
    seconds: Optional[int] = None
    orientation: Optional[str] = None
    pro: Optional[bool] = None
    image: Optional[str] = None
    other_model: str = (
        ""  # as told, where it is none that the config names: another one, or the gateway's own name
    )
    own_id: Optional[str] = None  # the id that its create brought; None: this list shows none
    # Of the shape that was asked for, what the row shows: by the names of :data:`sorad.providers.finding.SHAPE`.
    shown: Mapping[str, Any] = field(default_factory=dict)
    running: bool = False  # it has not ended: what it does not show yet may come


@dataclass(frozen=True)
class Listed:
    """What a list of tasks showed, and what can be said for it as a proof that a task is not there.

    What is not on the list is not there, where the list reaches back behind the moment (``back_to``). That it holds
    as many as it tells of (``counted``), or that it ``ended``, is less: a list that shows only its newest tasks ends,
    too, and may count only these.
    """

    tasks: tuple[RemoteTask, ...]  # since the moment that was asked for, newest first
    ids: frozenset[str] = frozenset()  # of all that came, older ones included
    dates: Mapping[str, float] = field(default_factory=dict)  # of those of them that it dates, by id
    counted: bool = False  # as many came as the answers say there are
    ended: bool = False  # nothing follows, and nothing that it says speaks against that
    said_so: bool = False  # that nothing follows, it said itself
    back_to: Optional[float] = (
        None  # newest first, without gaps: every task since then came (provider's clock)
    )
    doubt: Optional[Problem] = None  # why not all may have come, where that was seen


@dataclass(frozen=True)
class Balance:
    """Money left, in micro-units."""

    amount: int


class Provider(Protocol):
    """One generation API and one account at it."""

    kind: str
    base_url: str
    currency: str
    capabilities: Capabilities

    @property
    def account(self) -> str:
        """Short hash of kind, base URL and key: names the account without showing the key.

        :class:`~sorad.problems.SoradError` where no key is set: it is asked for here first.
        """
        ...

    def validate(self, request: Request) -> list[Problem]:
        """What this API would refuse in the request; empty when it is fine. No I/O."""
        ...

    def price(self, request: Request) -> Optional[int]:
        """What the take costs, in micro-units; ``None`` where it is not known. May ask once and remember."""
        ...

    def price_trouble(self) -> Optional[Problem]:
        """Why :meth:`price` could not tell, where it may another time; ``None``: asking again is no use. No I/O."""
        ...

    def sent(self, request: Request) -> Mapping[str, Any]:
        """What a create says beside texts and pictures: model, length, size, sound. No I/O.

        What the API's list shows again has the names of :data:`sorad.providers.finding.SHAPE`, all else its own.
        """
        ...

    def create(self, request: Request, own_id: str = "") -> Created:
        """Buy a take: exactly one HTTP attempt, on a connection of its own, never redirected.

        ``own_id`` names the purchase, and goes along where the API has a field for it.
        """
        ...

    def poll(self, remote_id: str) -> Polled:
        """Ask how a task stands."""
        ...

    def open_video(self, remote_id: str, video: Video, offset: int, validator: str) -> Union[Download, Fault]:
        """Open the video at ``offset`` (``If-Range: validator``). The key goes to the provider's host only."""
        ...

    def recent(self, since: float, own_id: str = "") -> Union[Listed, Fault]:
        """The tasks created since ``since`` (epoch seconds, the provider's clock); only where ``lists_tasks``.

        A list that could not be read to its end, or back to ``since``, is told as far as it came, and says so.
        Where tasks can be asked for by ``own_id``, those that have it are among them.
        """
        ...

    def balance(self) -> Union[Balance, Fault]:
        """Money left; only where ``has_balance``."""
        ...

    def check(self) -> Union[Fault, None]:
        """A free call that shows whether the key is good; ``None`` when it is."""
        ...
