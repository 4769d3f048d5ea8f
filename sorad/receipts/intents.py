"""Whose an intent is. Of all sorads that see a folder, who makes the intent of a take is the one that may buy it.

An intent is one's own where its maker says so (the same installation), or where the ledger knows its moment. Any other
one, also one that is empty or cannot be read, is another's: it is never replaced, removed or timed out, until the
receipt of its create comes, or the user takes it over.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from sorad.files.durable import Sleep, make_folders, remove, rename
from sorad.files.exclusive import make, write_spare
from sorad.layout import intent_path, partial_path, receipt_path
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.receipts.places import beside, number_of
from sorad.receipts.receipt import Payer, Receipt, read_receipt

CODE = "take.other_intent"
_TRIES = 5
_NOBODY = Payer()


@dataclass(frozen=True)
class ForeignIntent:
    """The intent of another sorad. ``receipt``: what it tells; ``None``: it cannot be read."""

    at: float  # epoch seconds: when it was made
    receipt: Optional[Receipt] = None

    def problem(self) -> Problem:
        """Why the take is not bought."""
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.at))
        mend = N_(
            "Nothing needs to be done while that one runs: its receipt ends this. If it is gone for good, `sorad claim "
            "FOLDER` looks up what came of it, or `sorad resolve ID --adopt TASK_ID`, `--resend` or `--drop`."
        )
        if self.receipt is None or not self.receipt.payer.id:
            told = N_(
                "another sorad has announced since {since} that it buys it, and what came of that is not known."
            )
            return Problem(CODE, told, mend, {"since": since})
        told = N_(
            "another sorad ({name}, process {process}) has announced since {since} that it buys it, and what came of "
            "that is not known."
        )
        payer = self.receipt.payer
        name = payer.name or payer.id
        return Problem(CODE, told, mend, {"since": since, "name": name, "process": self.receipt.process})


def waits_for_foreign(take: Take) -> bool:
    """Whether a take is held because another sorad has announced that it buys it."""
    return take.state is State.HELD and take.error is not None and take.error.code == CODE


def foreign_intent(
    video: Path, me: Payer, known: Collection[Optional[float]] = ()
) -> Optional[ForeignIntent]:
    """The intent of another sorad at the place of a video; ``None`` where there is none, or it is settled.

    ``me``: who we are. ``known``: the moments of creates of the ledger. ``OSError`` where that cannot be told now.
    """
    path = intent_path(video)
    told = read_receipt(path)
    if told is None or told.submitted_at is None or told.remote_id:
        try:
            return ForeignIntent(path.lstat().st_mtime)
        except (FileNotFoundError, NotADirectoryError):
            return None
    if _is_own(told, me, known):
        return None
    settled = read_receipt(receipt_path(video))
    if settled is None or not settled.remote_id or settled.payer.id != told.payer.id:
        return ForeignIntent(told.submitted_at, told)
    if (settled.submitted_at or 0.0) >= int(told.submitted_at):
        return None
    return ForeignIntent(told.submitted_at, told)


def create_intent(
    video: Path, intent: Receipt, base: Optional[Path], sleep: Sleep = time.sleep
) -> Optional[ForeignIntent]:
    """Make the intent of a create, whole and synced, over an earlier one of our own; or tell whose is there.

    ``intent.payer`` tells who we are; ``base`` as in :func:`sorad.files.durable.make_folders`. ``OSError``.
    """
    make_folders(video, base)
    path = intent_path(video)
    content = intent.to_bytes()
    spare = partial_path(path, intent.payer.id or "own")
    try:
        write_spare(spare, content)
        for _try in range(_TRIES):
            if make(spare, path, content):
                return _yielded(video, intent)
            found = foreign_intent(video, intent.payer)
            if found is not None:
                return found
            if path.exists():  # our own, or settled
                rename(spare, path, sleep)
                return None
        return ForeignIntent(intent.submitted_at or 0.0)  # it comes and goes: somebody is at work
    finally:
        remove(spare)


def _yielded(video: Path, intent: Receipt) -> Optional[ForeignIntent]:
    """Another sorad may use other names, and make its intent at the same moment: who sees the other gives way."""
    for one in beside(video):
        other = one.intent
        if other is None or other.fingerprint != intent.fingerprint:
            continue
        found = (
            foreign_intent(one.video, intent.payer) if number_of(one.video, other) == intent.take else None
        )
        if found is not None:
            remove(intent_path(video))
            return found
    return None


def replace_intent(video: Path, intent: Receipt, sleep: Sleep = time.sleep) -> None:
    """On the user's word another's intent becomes our own. ``OSError``."""
    make_folders(video)
    path = intent_path(video)
    spare = partial_path(path, intent.payer.id or "own")
    try:
        write_spare(spare, intent.to_bytes())
        rename(spare, path, sleep)
    finally:
        remove(spare)


def remove_own_intent(video: Path, me: Payer, known: Collection[Optional[float]]) -> None:
    """Remove our own intent, and what a death left while it was made; that they stay is no harm."""
    intent = intent_path(video)
    remove(partial_path(intent, me.id or "own"))
    try:
        told = read_receipt(intent)
    except OSError:
        return
    if told is not None and _is_own(told, me, known):
        remove(intent)


def _is_own(told: Receipt, me: Payer, known: Collection[Optional[float]]) -> bool:
    return told.payer.id == me.id or (told.submitted_at is not None and told.submitted_at in known)
