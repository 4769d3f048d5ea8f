"""The receipt: a JSON beside the video that tells what was bought, so that the folder alone can tell it.

It is written as soon as the remote id is known, and again when the video is there. While a create is open, an
*intent* of the same form lies beside it, without a remote id. Neither holds a key or a signed URL. Members that
this version does not know (a later one's, another program's) outlive a rewrite.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sorad import __version__
from sorad.attempts import as_json, as_members, parse_attempts
from sorad.clock import iso
from sorad.files.durable import Sleep, make_folders, write_whole
from sorad.files.labels import NO_LABELS, Labels
from sorad.files.untrusted import Unfit, read_small
from sorad.layout import HIGHEST_SEGMENT, HIGHEST_TAKE, INTENT, intent_path, receipt_path
from sorad.model import MOST_REPEATS, Reference, Request, said_in, sent_as_json, units
from sorad.receipts import checks

SCHEMA = 1
GENERATING, DONE, FAILED = "generating", "done", "failed"
SUBMITTING = "submitting"  # of an intent: a create was sent, and no remote id is known
# A receipt has about 1 KB and a prompt; what is larger is something else.
_LARGEST = 1_000_000
_LONGEST_SENT = 20_000  # characters
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST_REFERENCES = 10_000  # a storyboard names far fewer; a stranger's file may hold any number
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",\n ", ": ")).encode
_OURS = frozenset({"sorad", "fingerprint", "remote_id"})
HIGHEST_GENERATION = 999_999_999  # of a claim: its line in the note has nine digits for it


@dataclass(frozen=True)
class Payer:
    """The machine that bought a take; an empty ``id``: not known (see :mod:`sorad.claim`)."""

    id: str = ""
    name: str = ""  # of the computer, for people
    home: str = ""  # what tells an installation that lost its identity
    generation: int = 0  # of the claim that it bought under; 0: under none
    system: str = ""  # the same for all installations of a machine


@dataclass(frozen=True)
class Source:
    """Where a reused video comes from: it was bought for another storyboard."""

    path: str  # of the video, from the assets folder of the one that reuses it
    remote_id: str
    fingerprint: str


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
    reused_from: Source | None = None  # then it has no task and no cost of its own
    process: int = 0  # of an intent: who made it
    repeats: int = 0  # so often a gateway sent the create again by itself: each may have cost as much
    chosen_at: float = 0.0  # when the user chose it for its segment; 0: not chosen
    frame: str = (
        ""  # of one that continues the shot before: the hash of its first frame, and the task that made that
    )
    frame_of: str = ""
    # what the create said beside texts and pictures, what the storyboard left unsaid included: an object, as JSON
    sent: str = ""
    own_id: str = ""  # that the create went by
    attempts: str = ""  # what was tried elsewhere before, as JSON: see :mod:`sorad.attempts`
    labels: Labels = NO_LABELS  # that the provider put into the video; written, and read of the video alone

    @property
    def place(self) -> tuple[str, str]:
        """Where its task is."""
        return self.provider, self.base_url

    @property
    def task(self) -> str:
        """The task whose video it is: its own, or the one that another storyboard has bought."""
        return self.remote_id or ("" if self.reused_from is None else self.reused_from.remote_id)

    def to_bytes(self) -> bytes:
        """The file."""
        return _as_file(self.to_members())

    def to_members(self) -> dict[str, Any]:
        """The JSON object."""
        # To the microsecond, because two creates of one text may leave within a second.
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
            "request": self.request.members(),
            **({"sent": dict(said_in(self.sent))} if self.sent else {}),
            **({"frame": {"image": self.frame, "of": self.frame_of}} if self.frame else {}),
            **({"own_id": self.own_id} if self.own_id else {}),
            **({"attempts": as_members(self.attempts)} if self.attempts else {}),
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
            **({} if self.reused_from is None else {"reused_from": asdict(self.reused_from)}),
            **({"chosen_at": self.chosen_at} if self.chosen_at else {}),
            **({"labels": self.labels.members()} if self.labels else {}),
            "machine": None if not self.payer.id else dict(vars(self.payer)),
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
    same = before.get("remote_id") == receipt.remote_id
    if same and before.get("machine"):
        members["machine"] = before["machine"]  # who bought it, not who fetched it
    told = (
        set(members)
        if same
        else {*members, "sent", "own_id", "attempts", "chosen_at", "frame", "checks", "labels"}
    )  # by another create
    members.update({name: value for name, value in before.items() if name not in told})
    if members != before:
        write_whole(path, _as_file(members), sleep, receipt.payer.id)


def write_choice(
    video: Path, task: str, chosen_at: float, owner: str = "", sleep: Sleep = time.sleep
) -> None:
    """Tell in a video's receipt when it was chosen for its segment; 0: it is chosen no longer.

    Only in that of the ``task``; nothing is written where there is none. ``owner``: see
    :func:`sorad.layout.partial_path`. ``OSError``.
    """
    _write_member(video, task, "chosen_at", chosen_at or None, owner, sleep)


def write_checks(
    video: Path, task: str, checks: Mapping[str, Any], owner: str = "", sleep: Sleep = time.sleep
) -> None:
    """Tell in a video's receipt what a look at it found; otherwise as :func:`write_choice`. ``OSError``."""
    _write_member(video, task, "checks", dict(checks), owner, sleep)


def _write_member(video: Path, task: str, name: str, value: Any, owner: str, sleep: Sleep) -> None:
    """One member of a receipt; ``None``: without it. Nothing is written where it says so already."""
    path = receipt_path(video)
    told, members = read_receipt(path), _load(path)
    if told is None or members is None or told.task != task or members.get(name) == value:
        return
    members.pop(name, None)
    write_whole(path, _as_file({**members, **({} if value is None else {name: value})}), sleep, owner)


def _as_file(members: Mapping[str, Any]) -> bytes:
    """A member a line; not with ``indent``, which takes the slow encoder."""
    return f"{_dumps(members)}\n".encode("utf-8", "backslashreplace")


def read_intent(video: Path) -> Receipt | None:
    """The intent of a create that may still be open; ``None`` where there is none.

    None either where the receipt tells of that create, or of a later one: it lay there a moment too long.
    ``OSError`` as in :func:`read_receipt`.
    """
    intent = read_receipt(intent_path(video))
    if intent is None or not _is_intent(intent) or intent.submitted_at is None:
        return None
    receipt = read_receipt(receipt_path(video))
    settled = None if receipt is None else receipt.submitted_at
    return intent if settled is None or settled < int(intent.submitted_at) else None


def read_receipt(path: Path) -> Receipt | None:
    """The receipt in a file; ``None`` where there is none, or none that can be understood and believed.

    ``OSError`` where the file is there and cannot be read just now: a disk that is away must not look like a
    take that was never bought.
    """
    return read_judged(path)[0]


def is_damaged(path: Path) -> bool:
    """Whether what has the name of a receipt or an intent cannot be understood: see :func:`read_judged`."""
    return read_judged(path)[1]


def read_judged(path: Path) -> tuple[Receipt | None, bool]:
    """The receipt in a file, and whether what has the name cannot be understood, or holds what none can hold.

    It was cut, emptied, half synced; or written by somebody else, who may want anything. A pipe, a folder or a link is
    damaged, too. JSON of another make, without a member of ours, is none of our receipts. ``OSError`` as in
    :func:`read_receipt`.
    """
    try:
        members = _members(path)
    except (Unfit, ValueError):
        return None, True
    if members is None:
        return None, False
    try:
        told = _parse(members)
    except (KeyError, ValueError):
        return None, not _OURS.isdisjoint(members)
    return told, path.name.endswith(INTENT) and not _is_intent(told)


def _is_intent(told: Receipt) -> bool:
    return told.submitted_at is not None and not told.remote_id


def _load(path: Path) -> dict[str, Any] | None:
    try:
        return _members(path)
    except (Unfit, ValueError):
        return None


def _members(path: Path) -> dict[str, Any] | None:
    """The members of the object in a file; ``None`` where nothing has the name. ``ValueError``: it holds none."""
    raw = read_small(path, _LARGEST)
    if raw is None:
        return None
    members = checks.load(raw)
    if not isinstance(members, dict):
        raise ValueError
    return members


def _parse(members: Mapping[str, Any]) -> Receipt:
    """``KeyError`` and ``ValueError``: see :mod:`sorad.receipts.checks`."""
    times = _object(members.get("times") or {})
    return Receipt(
        request=_request(_object(members["request"])),
        fingerprint=checks.text(members["fingerprint"], checks.LONGEST_NAME),
        segment=checks.whole(members["segment"], 0, HIGHEST_SEGMENT),
        take=checks.whole(members["take"], 1, HIGHEST_TAKE),
        state=checks.optional(members, "state", checks.LONGEST_NAME) or GENERATING,
        remote_id=checks.text(members["remote_id"], checks.LONGEST_ID),
        request_id=checks.optional(members, "request_id", checks.LONGEST_ID),
        provider=checks.optional(members, "provider", checks.LONGEST_NAME),
        base_url=checks.optional(members, "base_url", checks.LONGEST_ID),
        account=checks.optional(members, "account", checks.LONGEST_NAME),
        cost_micros=checks.cost(members.get("cost")),
        currency=checks.optional(members, "currency", checks.LONGEST_NAME),
        submitted_at=checks.moment(members.get("intent_at")) or _epoch(times.get("submitted")),
        accepted_at=_epoch(times.get("accepted")),
        finished_at=_epoch(times.get("finished")),
        size=None if members.get("size") is None else checks.whole(members["size"], 0, checks.LARGEST_NUMBER),
        sha256=checks.optional(members, "sha256", checks.LONGEST_NAME),
        source=checks.optional(members, "source", checks.LONGEST_PATH),
        payer=_payer(members.get("machine")),
        process=_process(members.get("process")),
        repeats=_repeats(members.get("repeats")),
        reused_from=_source(members),
        chosen_at=checks.moment(members.get("chosen_at")) or 0.0,
        sent=_sent(members.get("sent")),
        labels=NO_LABELS,
        **_frame(members),
        own_id=_own_id(members.get("own_id")),
        attempts=as_json(parse_attempts(members.get("attempts"))),
    )


def _own_id(raw: Any) -> str:
    """It is asked for at a provider: what a stranger wrote must not become several ids, or something else."""
    return raw if isinstance(raw, str) and _ID.fullmatch(raw) else ""


def _sent(raw: Any) -> str:
    """An object of any kind, within bounds; what is none, or too large, is no reason to lose the rest."""
    if not isinstance(raw, dict) or not raw:
        return ""
    text = sent_as_json(raw)
    return text if len(text) <= _LONGEST_SENT else ""


def _frame(members: Mapping[str, Any]) -> dict[str, str]:
    """The frame that it was bought with. ``KeyError`` and ``ValueError`` as above."""
    if members.get("frame") is None:
        return {}
    told = _object(members["frame"])
    image = checks.text(told["image"], checks.LONGEST_PATH)
    return {"frame": image, "frame_of": checks.text(told["of"], checks.LONGEST_ID)}


def _source(members: Mapping[str, Any]) -> Source | None:
    """Only of a receipt without a task of its own. ``KeyError`` and ``ValueError`` as above."""
    if members.get("reused_from") is None or members.get("remote_id"):
        return None
    told = _object(members["reused_from"])
    task = checks.text(told["remote_id"], checks.LONGEST_ID)
    if not task:
        raise ValueError
    return Source(
        checks.text(told["path"], checks.LONGEST_PATH),
        task,
        checks.text(told["fingerprint"], checks.LONGEST_NAME),
    )


def _request(asked: Mapping[str, Any]) -> Request:
    prompt = asked["prompt"]
    if not isinstance(prompt, str):
        raise ValueError
    return Request(
        prompt=prompt,  # with half of a surrogate pair in it, too, as far as a storyboard may have one
        image=checks.optional(asked, "image", checks.LONGEST_PATH),
        seconds=checks.whole(asked["seconds"], 0, checks.LARGEST_NUMBER),
        orientation=checks.text(asked["orientation"], checks.LONGEST_NAME),
        pro=checks.yes(asked["pro"]),
        image_path=checks.optional(asked, "image_path", checks.LONGEST_PATH),
        last_frame=checks.optional(asked, "last_frame", checks.LONGEST_PATH),
        last_frame_path=checks.optional(asked, "last_frame_path", checks.LONGEST_PATH),
        references=_references(asked),
        resolution=checks.optional(asked, "resolution", checks.LONGEST_NAME),
        audio=None if asked.get("audio") is None else checks.yes(asked["audio"]),
        negative_prompt=checks.optional(asked, "negative_prompt", checks.LONGEST_PROMPT),
        seed=None if asked.get("seed") is None else checks.whole(asked["seed"], -1, checks.LARGEST_NUMBER),
        continues=checks.yes(asked.get("continue", False)),
        model=checks.optional(asked, "model", checks.LONGEST_PATH),
        provider=checks.optional(asked, "provider", checks.LONGEST_PATH),
        rules=checks.whole(asked.get("rules", 0), 0, checks.LARGEST_NUMBER),
    )


def _references(asked: Mapping[str, Any]) -> tuple[Reference, ...]:
    told, paths = asked.get("references", []), asked.get("reference_paths", [])
    if not isinstance(told, list) or not isinstance(paths, list) or len(told) > _MOST_REFERENCES:
        raise ValueError
    paths = [*paths, *[""] * len(told)]
    return tuple(
        Reference(
            checks.text(_object(one)["image"], checks.LONGEST_PATH),
            checks.optional(one, "name", checks.LONGEST_PATH),
            checks.optional(one, "kind", checks.LONGEST_NAME),
            checks.text(path, checks.LONGEST_PATH),
        )
        for one, path in zip(told, paths)
    )


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError
    return value


def _repeats(raw: Any) -> int:
    """Bounded as in :func:`sorad.providers.wire.headers.repeats`; what cannot be understood counts as none."""
    return min(max(raw, 0), MOST_REPEATS) if isinstance(raw, int) else 0


def _process(raw: Any) -> int:
    return raw if type(raw) is int and 0 < raw < 1 << 31 else 0


def _payer(raw: Any) -> Payer:
    """Who bought it; unknown where that is not told, or not understood: no reason to lose the rest."""
    try:
        told = _object(raw)
        return Payer(
            checks.text(told["id"], checks.LONGEST_NAME),
            checks.optional(told, "name", checks.LONGEST_NAME),
            checks.optional(told, "home", checks.LONGEST_NAME),
            checks.whole(told.get("generation", 0), 0, HIGHEST_GENERATION),
            checks.optional(told, "system", checks.LONGEST_NAME),
        )
    except (KeyError, ValueError):
        return Payer()


def _epoch(text: Any) -> float | None:
    """Epoch seconds for ``2026-11-23T10:30:00Z``; an unreadable time is no reason to lose the rest."""
    try:
        told = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except (TypeError, ValueError):
        return None
    return checks.moment(told.timestamp())
