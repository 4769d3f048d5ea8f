"""Which process of this machine buys for a root. The first one does; the others only read there until it ends.

A root is told by the identity of its folder (device and inode), so that links and other spellings of its path
lead to the same lock. A root that lies inside another one's collides with it, too, because both would buy the same
storyboards: who buys for a root holds its lock alone, and those of all folders above together with others.

Containers that share a folder and not the folder of locks, and machines over a share, do not see each other here:
between them stand the intents (:mod:`sorad.receipts.intent`).
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Optional

from sorad.claim.locks import SHARES, Locked, lock, notes_in, read_note, shared_folder, sweep
from sorad.clock import Clock
from sorad.lock import birth_of

# Seconds for which what was found out holds.
HOLDS = 1.0
_PREFIX = "sorad-"
_LONGEST = 4_096  # characters of a path in a note


@dataclass(frozen=True)
class Buyer:
    """A process that buys for a root. ``pid`` 0: it cannot be told which one it is."""

    pid: int = 0
    command: str = ""  # run, once, demo
    state_dir: str = ""


@dataclass
class _Root:
    """A root of ours, or one that we would buy for."""

    path: str
    chain: tuple[str, ...] = ()  # the identities of its folder and of all above; (): it is away
    ours: bool = False
    buyer: Optional[Buyer] = None  # who buys there instead
    trouble: Optional[OSError] = None  # why nothing can be locked
    looked: Optional[float] = None  # monotonic


@dataclass
class Buyers:
    """The locks of this process. Thread-safe; outlives a reload. ``folder``: where the lock files lie."""

    me: Buyer
    clock: Clock
    folder: Path = field(default_factory=shared_folder)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._roots: dict[str, _Root] = {}
        self._held: dict[str, Locked] = {}  # by the identity of a folder

    def buys(self, root: str) -> bool:
        """Whether this process may buy for a root, as far as others of this machine are concerned.

        Where no lock can be made it may: see :meth:`trouble`. Not for a root that is away.
        """
        with self._lock:
            found = self._looked(root)
            return found.ours or found.trouble is not None

    def other(self, root: str) -> Optional[Buyer]:
        """Who buys there instead of this process; ``None``: nobody, as far as can be told."""
        with self._lock:
            return self._looked(root).buyer

    def trouble(self, root: str) -> Optional[OSError]:
        """Why it cannot be told whether another process buys there."""
        with self._lock:
            return self._looked(root).trouble

    def follow(self, roots: Sequence[str]) -> None:
        """These are the roots from now on: others are given back."""
        with self._lock:
            self._roots = {path: root for path, root in self._roots.items() if path in roots}
            self._give_back()

    def tidy(self) -> None:
        """Remove the lock files that killed processes have left: all are read where somebody is looked for."""
        sweep(self.folder, _PREFIX, self.clock.time())

    def close(self) -> None:
        """Give all back."""
        self.follow(())

    # --- taking and giving back --------------------------------------------------------------------

    def _looked(self, path: str) -> _Root:
        now = self.clock.monotonic()
        root = self._roots.setdefault(path, _Root(path))
        if root.looked is not None and now - root.looked < HOLDS:
            return root
        root.looked, root.buyer, root.trouble = now, None, None
        chain = chain_of(path)
        stands = root.ours and chain == root.chain and all(self._stands(key) for key in self._needed(chain))
        if not stands:
            root.ours, root.chain = False, chain
            self._give_back()
            self._take(root)
        return root

    def _stands(self, key: str) -> bool:
        held = self._held.get(key)
        return held is not None and held.stands()

    def _needed(self, chain: tuple[str, ...]) -> tuple[str, ...]:
        return chain if SHARES else chain[:1]

    def _take(self, root: _Root) -> None:
        """Lock its folder alone, and those above with others; all or nothing."""
        if not root.chain:
            return
        try:
            for key in self._needed(root.chain):
                if not self._has(key, alone=key == root.chain[0]):
                    root.buyer = self._holder(root, key)
                    break
            else:
                root.ours = True
                self._held[root.chain[0]].write(self._note(root))
        except OSError as error:
            root.trouble = error
        if not root.ours:
            self._give_back()

    def _has(self, key: str, *, alone: bool) -> bool:
        """Whether this process has, or just got, the lock of a folder."""
        held = self._held.get(key)
        if held is not None and not held.stands():
            self._held.pop(key).close()
            held = None
        if held is None:
            held = lock(self._file(key), exclusive=alone)
            if held is None:
                return False
            self._held[key] = held
            return True
        if held.exclusive or not alone:
            return True
        if held.relock(exclusive=True):  # of a root of ours above another one of ours
            return True
        if not held.relock(exclusive=False):
            self._held.pop(key).close()  # the root of ours inside notices it at its next look
        return False

    def _give_back(self) -> None:
        """Close what no root of ours needs."""
        needed = {key for root in self._roots.values() if root.ours for key in self._needed(root.chain)}
        for key in set(self._held).difference(needed):
            with contextlib.suppress(OSError):
                self._held.pop(key).close()

    def _file(self, key: str) -> Path:
        return _file(self.folder, key)

    # --- who it is ---------------------------------------------------------------------------------

    def _note(self, root: _Root) -> bytes:
        told = {**asdict(self.me), "birth": birth_of(self.me.pid), "root": root.path, "chain": root.chain}
        return json.dumps(told).encode("ascii")

    def _holder(self, root: _Root, key: str) -> Buyer:
        """Who holds the lock of a folder: its owner; or, of our root itself, who buys for one inside it."""
        owner = _living(read_note(self._file(key)))
        if owner is None and key == root.chain[0]:
            owner = next(_inside(self.folder, key, self.me.pid), None)
        return Buyer() if owner is None else _buyer(owner)


def glance(root: str, state_dir: str, folder: Optional[Path] = None) -> Optional[Buyer]:
    """Who buys for a root by the notes, for readers: takes no lock. ``None``: nobody, or the sorad of ``state_dir``."""
    folder = shared_folder() if folder is None else folder
    chain = chain_of(root)
    found = [_living(read_note(_file(folder, key))) for key in chain]
    if chain:
        found += _inside(folder, chain[0], 0)
    buyers = [_buyer(one) for one in found if one is not None]
    return next((one for one in buyers if one.state_dir != state_dir), None)


def chain_of(path: str) -> tuple[str, ...]:
    """The identities of a folder and of all above it, links resolved; nothing where it is away."""
    place = Path(os.path.realpath(path))
    try:
        found = [os.stat(folder) for folder in (place, *place.parents)]  # noqa: PTH116
    except OSError:
        return ()
    return tuple(dict.fromkeys(f"{one.st_dev:x}-{one.st_ino:x}" for one in found))


def _file(folder: Path, key: str) -> Path:
    return folder / f"{_PREFIX}{key}.lock"


def _inside(folder: Path, key: str, exclude: int) -> Iterator[dict[str, Any]]:
    """Who buys for a root that lies inside a folder; not the process ``exclude``.

    Processes that were killed leave their notes until another one is started (:meth:`Buyers.tidy`): what does not even
    name the folder is passed over before it is looked into.
    """
    named = json.dumps(key).encode("ascii")
    for raw in notes_in(folder, _PREFIX):
        note = _living(raw) if named in raw else None
        if note is not None and key in note["chain"] and note["pid"] != exclude:
            yield note


def _living(raw: bytes) -> Optional[dict[str, Any]]:
    """A note whose process lives. Anybody may have written it: nothing is believed but its form."""
    try:
        note = json.loads(raw)
        pid, birth, chain = note["pid"], note["birth"], note["chain"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not (type(pid) is int and 0 < pid < 1 << 31 and isinstance(birth, str) and isinstance(chain, list)):
        return None
    return note if birth and birth_of(pid) == birth else None


def _buyer(note: dict[str, Any]) -> Buyer:
    command, state_dir = (str(note.get(name, ""))[:_LONGEST] for name in ("command", "state_dir"))
    plain = [text if text.isprintable() else "?" for text in (command, state_dir)]
    return Buyer(note["pid"], *plain)
