"""The words of sorad as types: request, take, state. Pure data, no I/O.

Money is held in micro-units of the provider's currency (1 USD = 1_000_000), so that sums are exact.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from sorad.elapsed import Moment
from sorad.messages import N_
from sorad.problems import Problem

# No gateway repeats a create more often by itself; what says so is believed no further.
MOST_REPEATS = 20
SEEDS = 2**31  # so many there are, from 0 on: what all APIs take that know any
BY_USER, BY_FALLBACK = "user", "fallback"  # who moved a take to another provider
# In units of whatever currency: nobody asks so much for a take. What says so is not believed: SQLite's integers have
# 64 bits, and millions of such costs still fit into their sum.
LARGEST_COST = 10_000_000


@dataclass(frozen=True)
class Reference:
    """A picture of somebody or something that is to be seen; ``image`` and ``path`` as in :class:`Request`."""

    image: str
    name: str = ""
    kind: str = ""  # "character", "scene", "prop", "style"; "": not said
    path: str = ""

    def canonical(self) -> dict[str, str]:
        """The members that count in a fingerprint: those that were said."""
        members = {"image": self.image, "name": self.name, "kind": self.kind}
        return {name: value for name, value in members.items() if value}


@dataclass(frozen=True)
class Look:
    """What a local picture is. Sides in pixels; 0: they cannot be told."""

    bytes: int
    form: str  # "jpeg", "png", "webp"
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Request:
    """What is sent for a take, whoever the provider is.

    A picture is ``""``, an ``http(s)`` URL, a vendor's own id (``asset://…``), or ``"sha256:<hex>"`` of a local
    picture, which then lies at the path beside it (no part of the fingerprint: moving a picture changes no video).
    """

    prompt: str
    image: str = ""  # the first frame
    seconds: int = 10
    orientation: str = (
        "horizontal"  # or "vertical": 16:9 and 9:16; other ratios as they are: "1:1", "adaptive"
    )
    pro: bool = False
    image_path: str = ""
    last_frame: str = ""
    last_frame_path: str = ""
    references: tuple[Reference, ...] = ()
    resolution: str = ""  # "480p", "720p", "1080p", "2k", "4k"; "": not said
    audio: Optional[bool] = None  # None: not said
    negative_prompt: str = ""
    seed: Optional[int] = None
    model: str = ""  # by its name in the config; "": the default one, or the pro one
    provider: str = ""  # by its name in the config; "": the default. Who generates makes no other video
    # The first frame is the last one of the shot before. Which shot, and which frame, is no part of the fingerprint.
    continues: bool = False
    # What its local pictures are, by their hashes, as its storyboard was read: to be judged, and not kept.
    looks: tuple[tuple[str, Look], ...] = field(default=(), compare=False, repr=False)
    rules: int = field(default=0, compare=False)  # by which its storyboard was read; 0: older ones than 3

    def canonical(self) -> dict[str, object]:
        """The members that make the fingerprint. What was not said is absent, so that new ones change no old one."""
        said: dict[str, object] = {
            "last_frame": self.last_frame,
            "references": [one.canonical() for one in self.references],
            "resolution": self.resolution,
            "audio": self.audio,
            "negative_prompt": self.negative_prompt,
            "seed": self.seed,
            "model": self.model,
            "continue": self.continues or None,
        }
        return {
            "image": self.image,
            "orientation": self.orientation,
            "pro": self.pro,
            "prompt": self.prompt,
            "seconds": self.seconds,
            **{name: value for name, value in said.items() if value not in (None, "", [])},
        }

    def members(self) -> dict[str, object]:
        """All members, as the ledger and receipts keep them."""
        kept: dict[str, object] = {
            "last_frame_path": self.last_frame_path,
            "reference_paths": [one.path for one in self.references],
            "provider": self.provider,
            "rules": self.rules,
        }
        used = {name: value for name, value in kept.items() if value not in (0, "", [])}
        return {**self.canonical(), "image_path": self.image_path, **used}

    def fingerprint(self) -> str:
        """SHA-256, in hex, of the canonical JSON: sorted keys, no white space, UTF-8."""
        text = json.dumps(self.canonical(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def of_take(self, number: int) -> Request:
        """The request of take ``number`` where this is the one of take 1: each has a seed of its own."""
        return self if self.seed is None else replace(self, seed=(self.seed + number - 1) % SEEDS)

    def unseeded(self) -> str:
        """The fingerprint without the seed: the takes of a segment have it in common."""
        return self.fingerprint() if self.seed is None else replace(self, seed=None).fingerprint()

    def pictures(self) -> tuple[tuple[str, str], ...]:
        """Every picture with its path: first frame, last frame, references."""
        frames = ((self.image, self.image_path), (self.last_frame, self.last_frame_path))
        return (*(one for one in frames if one[0]), *((one.image, one.path) for one in self.references))

    def seen(self, looks: Mapping[str, Look]) -> Request:
        """The request with what is known of its pictures."""
        found = tuple((image, looks[image]) for image, _path in self.pictures() if image in looks)
        return replace(self, looks=found) if found != self.looks else self

    def to_json(self) -> str:
        """All members, for the ledger; half of a surrogate pair is escaped, because SQLite cannot hold it."""
        text = json.dumps(self.members(), ensure_ascii=False)
        return text.encode("utf-8", "backslashreplace").decode("utf-8")

    @classmethod
    def from_json(cls, text: str) -> Request:
        """The reverse of :meth:`to_json`. Those last read are kept: each step of a take reads its own again."""
        return _request_of(text)

    @classmethod
    def _read(cls, text: str) -> Request:
        members = json.loads(text)
        paths = members.pop("reference_paths", [])
        told = members.pop("references", [])
        continues = bool(members.pop("continue", False))
        references = tuple(Reference(**one, path=path) for one, path in zip(told, paths or [""] * len(told)))
        return cls(**members, references=references, continues=continues)


@functools.lru_cache(maxsize=256)
def _request_of(text: str) -> Request:
    return Request._read(text)


class State(str, enum.Enum):
    """Where a take stands. ``ledger.states`` holds the moves between them."""

    QUEUED = "queued"
    HELD = "held"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    GENERATING = "generating"
    DOWNLOADING = "downloading"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    def __str__(self) -> str:
        return self.value


# Message ids: what people read of each.
STATE_NAMES = {
    State.QUEUED: N_("queued"),
    State.HELD: N_("held"),
    State.SUBMITTING: N_("submitting"),
    State.UNKNOWN: N_("unknown"),
    State.GENERATING: N_("generating"),
    State.DOWNLOADING: N_("downloading"),
    State.DONE: N_("done"),
    State.FAILED: N_("failed"),
    State.CANCELLED: N_("cancelled"),
}


@dataclass(frozen=True)
class Take:
    """A row of the ledger: one generation of one segment."""

    id: int
    storyboard_id: int
    root: str  # the watch root, an absolute path
    storyboard: str  # absolute path of the JSON file
    segment: int
    take: int
    fingerprint: str
    request: Request
    state: State
    output: str  # absolute path of the video to be
    due_at: float  # epoch seconds of the next step
    # Failures in a row of the current kind of step, which drive the backoff; of a queued take: refusals in a row.
    attempt: int = 0
    creates: int = 0  # creates that left and were not clearly refused
    claim: str = ""  # the fence: who may write an outcome
    provider: str = ""  # kind, set with the intent
    base_url: str = ""
    account: str = ""  # short hash of kind, base URL and key
    remote_id: str = ""
    request_id: str = ""
    validator: str = ""  # ETag of the download under way, for If-Range
    cost: Optional[int] = None  # micro-units; None: not known
    told: bool = False  # that is what the provider says it cost, and not the estimate
    error: Optional[Problem] = None
    created_at: float = 0.0
    updated_at: float = 0.0
    intent_at: Optional[float] = None  # when the intent of the last create was committed; names that create
    moment: Optional[Moment] = None  # the same, by a clock that nobody can set; None: the folder told of it
    ahead: Optional[float] = None  # seconds that our clock was ahead of the provider's then; None: not known
    accepted_at: Optional[float] = None
    finished_at: Optional[float] = None  # when it was delivered
    approved: bool = False  # the user approved its price
    extra: bool = False  # asked for by `redo`, beyond what the storyboard says
    parked: bool = False  # past give_up_after: polled slowly, holds no slot
    watched: float = 0.0  # seconds that the last create's task was waited for between looks at it
    wanted: bool = True  # its storyboard, or `redo`, asks for it; kept by the folder side
    newer: Optional[Request] = (
        None  # bought with the text of an earlier version of sorad: what it would be now
    )
    mount: str = ""  # where the disk under its storyboard is mounted below the root; "": it is the root's own
    rebuy: bool = False  # `retry` asks after its failed task first: bought again if it still says failed
    repeats: int = 0  # so often a gateway sent the last create again by itself: each may be paid for
    reused: str = ""  # the task whose video, bought for another storyboard, serves it, too
    target: str = ""  # the provider that it is wanted from, by its name in the config; "": the first
    currency: str = ""  # of the cost; "": not known
    own_id: str = (
        ""  # that the last create went by; a new purchase gets a new one, the same one sent again keeps it
    )
    sent: str = (
        ""  # what the last create said beside texts and pictures, as JSON: `Provider.sent`; "": not known
    )
    chosen_at: float = 0.0  # when the user chose it for its segment; 0: not chosen

    follows: Optional[int] = (
        None  # the segment before it in its storyboard; None: it is the first, or not known
    )
    # Of one that continues it, pinned at its first intent: the last frame ("sha256:<hex>"), where that lies, and whose
    # it is (the task that made it).
    frame: str = ""
    frame_path: str = ""
    frame_of: str = ""

    checks: str = ""  # what its video looks like, as JSON: `sorad.media.flaws`; "": nobody has looked yet
    poster: int = 0  # 1: its poster is there; 2: none can be made of it; 0: nobody has tried
    # Where it was moved to another provider than its storyboard names (``target`` is where to): by whom ("user",
    # "fallback"; "": it was not), the target that the storyboard named then, and what is asked for otherwise there:
    # members of the request, as JSON.
    moved_by: str = ""
    moved_from: str = ""
    moved_as: str = ""
    attempts: str = ""  # what was tried elsewhere before, as JSON: see :mod:`sorad.attempts`

    @property
    def effective_request(self) -> Request:
        """Its request as it is asked for where it is wanted from."""
        return replace(self.request, **json.loads(self.moved_as)) if self.moved_as else self.request

    @property
    def to_send(self) -> Request:
        """The same with the first frame that was pinned."""
        request = self.effective_request
        return replace(request, image=self.frame, image_path=self.frame_path) if self.frame else request

    @property
    def place(self) -> tuple[str, str]:
        """Where its task is: an id is that of one task within a kind and a base URL."""
        return self.provider, self.base_url

    @property
    def said(self) -> Mapping[str, Any]:
        """What the last create said; empty where that is not known."""
        return said_in(self.sent)

    @classmethod
    def made_of(cls, members: Iterable[tuple[str, Any]]) -> Take:
        """One of all its members. Each step makes several, and ``__init__`` would set dozens of members one by one."""
        made = object.__new__(cls)
        vars(made).update(members)
        return made

    def altered(self, **members: Any) -> Take:
        """As ``replace`` of dataclasses, for the same reason."""
        return self.made_of({**vars(self), **members}.items())


def sent_as_json(said: Mapping[str, Any]) -> str:
    """What a create said, as it is kept."""
    text = json.dumps(dict(said), ensure_ascii=False, sort_keys=True)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def said_in(sent: str) -> Mapping[str, Any]:
    """What a create said, from the JSON that is kept of it; empty for what is none."""
    try:
        found = json.loads(sent) if sent else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def may_be_one(place: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two places (kind and base URL) are one, as far as they are known."""
    return place == other or not place[0] or not other[0]


def micros(amount: float) -> int:
    """Micro-units for an amount in units of the currency."""
    return round(amount * 1_000_000)


def plausible_cost(amount: object, size: int = 1_000_000) -> Optional[int]:
    """Micro-units for what somebody else says that a take costs, in units of ``size`` micro-units.

    ``None`` for what is no number, negative, not finite, or above :data:`LARGEST_COST`.
    """
    if isinstance(amount, bool) or not isinstance(amount, (int, float)):
        return None
    # Compared before anything is computed: an int may be too large for a float. NaN is below nothing.
    return round(amount * size) if 0 <= amount <= LARGEST_COST * 1_000_000 / size else None


def units(amount: int) -> float:
    """Units of the currency for an amount in micro-units."""
    return amount / 1_000_000
