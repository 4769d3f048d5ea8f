"""The receipt: a JSON beside the video that tells what was bought, so that the folder alone can tell it.

It is written as soon as the remote id is known, and again when the video is there. While a create is open, an
*intent* of the same form lies beside it, without a remote id. Neither holds a key or a signed URL. Members that
this version does not know (a later one's, another program's) outlive a rewrite.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sorad import __version__
from sorad.clock import iso
from sorad.files.durable import Sleep, make_folders, write_whole
from sorad.layout import intent_path, receipt_path
from sorad.model import MOST_REPEATS, Request, micros, units

SCHEMA = 1
GENERATING, DONE, FAILED = "generating", "done", "failed"
SUBMITTING = "submitting"  # of an intent: a create was sent, and no remote id is known
# A receipt has about 1 KB and a prompt; what is larger is something else.
_LARGEST = 1_000_000
_OURS = frozenset({"sorad", "fingerprint", "remote_id"})


@dataclass(frozen=True)
class Payer:
    """The machine that bought a take; an empty ``id``: not known (see :mod:`sorad.claim`)."""

    id: str = ""
    name: str = ""  # of the computer, for people
    home: str = ""  # what tells an installation that lost its identity
    generation: int = 0  # of the claim that it bought under; 0: under none
    system: str = ""  # the same for all installations of a machine


@dataclass(frozen=True)
class Receipt:
    """One bought take. Times are epoch seconds (whole ones in the file), money is micro-units."""

    request: Request
    fingerprint: str
    segment: int
    take: int
    state: str  # SUBMITTING, GENERATING, DONE, or FAILED (at the provider: the task never becomes a video)
    remote_id: str
    request_id: str = ""
    provider: str = ""
    base_url: str = ""
    account: str = ""
    cost_micros: int | None = None
    currency: str = ""
    submitted_at: float | None = None
    accepted_at: float | None = None
    finished_at: float | None = None
    size: int | None = None  # bytes of the video, once it is there
    sha256: str = ""
    source: str = ""  # the storyboard: its path from the assets folder, or its name
    payer: Payer = Payer()
    process: int = 0  # of an intent: who made it
    repeats: int = 0  # so often a gateway sent the create again by itself: each may have cost as much

    def to_bytes(self) -> bytes:
        """The file."""
        return _as_file(self.to_members())

    def to_members(self) -> dict[str, Any]:
        """The JSON object."""
        # To the microsecond, for two creates of one text may leave within a second.
        open_create = self.state == SUBMITTING
        exact = {"intent_at": self.submitted_at, "process": self.process} if open_create else {}
        return {
            **exact,
            "schema": SCHEMA,
            "sorad": __version__,
            "state": self.state,
            "source": self.source,
            "segment": self.segment,
            "take": self.take,
            "fingerprint": self.fingerprint,
            "request": {**self.request.canonical(), "image_path": self.request.image_path},
            "provider": self.provider,
            "base_url": self.base_url,
            "account": self.account,
            "remote_id": self.remote_id,
            "request_id": self.request_id,
            "cost": None if self.cost_micros is None else units(self.cost_micros),
            "currency": self.currency,
            "repeats": self.repeats,
            "times": {
                "submitted": iso(self.submitted_at),
                "accepted": iso(self.accepted_at),
                "finished": iso(self.finished_at),
            },
            "size": self.size,
            "sha256": self.sha256,
            "machine": None if not self.payer.id else asdict(self.payer),
        }


def write_receipt(
    video: Path, receipt: Receipt, *, base: Path | None = None, sleep: Sleep = time.sleep
) -> None:
    """Write the receipt of a video, whole and synced; nothing is written where it says so already.

    ``base`` is the folder that must be there, as in :func:`sorad.files.durable.make_folders`. ``OSError``
    where it cannot be written; the old one then stands as it was.
    """
    path = receipt_path(video)
    make_folders(video, base)
    before = _load(path) or {}
    members = receipt.to_members()
    if before.get("remote_id") == receipt.remote_id and before.get("machine"):
        members["machine"] = before["machine"]  # who bought it, not who fetched it
    members.update({name: value for name, value in before.items() if name not in members})
    if members != before:
        write_whole(path, _as_file(members), sleep)


def _as_file(members: Mapping[str, Any]) -> bytes:
    text = json.dumps(members, ensure_ascii=False, indent=2) + "\n"
    return text.encode("utf-8", "backslashreplace")


def read_intent(video: Path) -> Receipt | None:
    """The intent of a create that may still be open; ``None`` where there is none.

    None either where the receipt tells of that create, or of a later one: it lay there a moment too long.
    ``OSError`` as in :func:`read_receipt`.
    """
    intent = read_receipt(intent_path(video))
    if intent is None or intent.submitted_at is None or intent.remote_id:
        return None
    receipt = read_receipt(receipt_path(video))
    settled = None if receipt is None else receipt.submitted_at
    return intent if settled is None or settled < int(intent.submitted_at) else None


def read_receipt(path: Path) -> Receipt | None:
    """The receipt in a file; ``None`` where there is none, or none that can be understood.

    ``OSError`` where the file is there and cannot be read just now: a disk that is away must not look like a
    take that was never bought.
    """
    members = _load(path)
    try:
        return None if members is None else _parse(members)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return None


def is_damaged(path: Path) -> bool:
    """Whether a receipt lies there that cannot be understood: cut, emptied, half synced.

    JSON of another make, without a member of ours, is none of our receipts. ``OSError`` as above.
    """
    if read_receipt(path) is not None:
        return False
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        members = json.loads(raw)
    except (ValueError, RecursionError):
        return True
    return isinstance(members, dict) and not _OURS.isdisjoint(members)


def _load(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        members = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return members if isinstance(members, dict) else None


def _parse(members: Mapping[str, Any]) -> Receipt:
    asked, times, cost = members["request"], members.get("times") or {}, members.get("cost")
    return Receipt(
        request=Request(
            prompt=str(asked["prompt"]),
            image=str(asked.get("image", "")),
            seconds=int(asked["seconds"]),
            orientation=str(asked["orientation"]),
            pro=bool(asked["pro"]),
            image_path=str(asked.get("image_path", "")),
        ),
        fingerprint=str(members["fingerprint"]),
        segment=int(members["segment"]),
        take=int(members["take"]),
        state=str(members.get("state", GENERATING)),
        remote_id=str(members["remote_id"]),
        request_id=_text(members.get("request_id")),
        provider=_text(members.get("provider")),
        base_url=_text(members.get("base_url")),
        account=_text(members.get("account")),
        cost_micros=None if cost is None else micros(float(cost)),
        currency=_text(members.get("currency")),
        submitted_at=_exact(members.get("intent_at")) or _epoch(times.get("submitted")),
        accepted_at=_epoch(times.get("accepted")),
        finished_at=_epoch(times.get("finished")),
        size=None if members.get("size") is None else int(members["size"]),
        sha256=_text(members.get("sha256")),
        source=_text(members.get("source")),
        payer=_payer(members.get("machine")),
        process=_process(members.get("process")),
        repeats=_repeats(members.get("repeats")),
    )


def _repeats(raw: Any) -> int:
    """Bounded as in :func:`sorad.providers.headers.repeats`; what cannot be understood counts as none."""
    return min(max(raw, 0), MOST_REPEATS) if isinstance(raw, int) else 0


def _process(raw: Any) -> int:
    return raw if type(raw) is int and 0 < raw < 1 << 31 else 0


def _payer(raw: Any) -> Payer:
    """Who bought it; unknown where that is not told, or not understood: no reason to lose the rest."""
    try:
        return Payer(
            str(raw["id"]),
            str(raw.get("name", "")),
            str(raw.get("home", "")),
            int(raw.get("generation", 0)),
            str(raw.get("system", "")),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return Payer()


def _exact(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _epoch(text: Any) -> float | None:
    """Epoch seconds for ``2026-11-23T10:30:00Z``; an unreadable time is no reason to lose the rest."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
    except (TypeError, ValueError):
        return None
