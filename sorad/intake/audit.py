"""Do the delivered videos still lie where the ledger says, and does the ledger know all receipts there?

A video that was deleted by hand is not bought again: its take stays ``done`` and says ``take.missing``, until
the video is back. A receipt of which the ledger never heard shows that the ledger is an old copy, or that a
folder was moved in: its storyboard is read again.

One ``scandir`` a folder, and only where the folder's time of change is another than at the last look: an
unchanged storyboard costs a ``stat`` for each of its segments.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from loguru import logger

from sorad.clock import Clock
from sorad.delivery.partials import sweep
from sorad.heartbeat import beat
from sorad.layout import INTENT, receipt_path
from sorad.ledger.errors import ClaimLost
from sorad.ledger.interface import Ledger
from sorad.ledger.reused import bought_as
from sorad.ledger.values import Change, Storyboard, Want
from sorad.ledger.wants import is_known
from sorad.messages import _
from sorad.model import State, Take
from sorad.receipts.folder import SEGMENT, missing, observed, segment_folders
from sorad.receipts.intents import remove_own_intent, waits_for_foreign
from sorad.receipts.moving import move_pictures
from sorad.receipts.place import look
from sorad.receipts.places import Places
from sorad.receipts.receipt import Payer, read_intent, read_receipt
from sorad.receipts.sharing import room_at, take_over

# A folder that changed less than this ago may change again within the same tick of its clock (FAT: 2 s).
TICK = 3.0
_UNSENT = (State.QUEUED, State.HELD, State.CANCELLED)


@dataclass
class Audit:
    """Belongs to the folder side's thread."""

    ledger: Ledger
    clock: Clock
    payer: Callable[[str], Payer] = lambda root: Payer()  # who we are, in a root
    keep_free: int = 0  # bytes that stay free on a disk
    missing: dict[int, list[int]] = field(default_factory=dict)  # by storyboard, the takes of its videos
    _times: dict[int, dict[Path, int]] = field(default_factory=dict)

    def look(self, board: Storyboard, assets: Path, *, tidy: bool = True) -> bool:
        """One storyboard; whether a closer look at the receipts in its folder may tell more.

        ``tidy``: an intent that lies there still, though its create is known, is removed.
        """
        before = self._times.get(board.id)
        if before is not None and _unchanged(before):
            return False
        takes = self._takes_of(board)
        segments = [folder for _number, folder in segment_folders(assets)]
        delivered = _folders_of_delivered(takes)
        times = {folder: _changed_at(folder) for folder in {assets, *segments, *delivered}}
        names = {folder: _names(folder) for folder in {*segments, *delivered}}
        left = tidy and self._sweep(segments, names)
        missed = len(self.missing.get(board.id, ()))
        self.missing[board.id] = [take.id for take in takes if self._judge(take, assets, names)]
        self._remember(board.id, times, takes, again=left)
        # What was missed just now may lie there under other numbers, with its receipt.
        doubtful = len(self.missing[board.id]) > missed or self._has_unknown(takes, segments, names, tidy)
        return board.state == "ok" and doubtful

    def _sweep(self, segments: Iterable[Path], names: Mapping[Path, set[str] | None]) -> bool:
        """Whether half-written files of others lie there that may be left one day; old ones are removed."""
        now = self.clock.time()
        return sum(sweep(folder, names[folder] or set(), now) for folder in segments) > 0

    def _takes_of(self, board: Storyboard) -> list[Take]:
        """Its own takes; another one may have stood at its path before."""
        return [take for take in self.ledger.takes(storyboard=board.path) if take.storyboard_id == board.id]

    def met(self, storyboard: int, path: str, wants: Iterable[Want]) -> None:
        """It was read: videos that its receipts tell of, and that are not there, are told at once."""
        if any(want.state is State.DONE and want.error is not None for want in wants):
            self.missing[storyboard] = [
                take.id
                for take in self.ledger.takes(storyboard=path)
                if take.storyboard_id == storyboard
                and take.state is State.DONE
                and _says(take, "take.missing")
            ]

    def missed(self) -> list[int]:
        """All of them, sorted. From any thread."""
        return sorted(take for takes in self.missing.copy().values() for take in takes)

    def forget(self, storyboard: int) -> None:
        """It asks for nothing any more: nothing of it is missed."""
        self.missing.pop(storyboard, None)
        self._times.pop(storyboard, None)

    def _remember(
        self, storyboard: int, times: dict[Path, int], takes: Sequence[Take], *, again: bool
    ) -> None:
        """The folders need no second look until their times change; unless those may not show it yet.

        No time of a folder shows that a receipt may be read again, or that what is there is old by now (``again``).
        """
        waits = again or any(map(_waits_for_mending, takes))
        if not waits and all(at <= (self.clock.time() - TICK) * 1e9 for at in times.values()):
            self._times[storyboard] = times
        else:
            self._times.pop(storyboard, None)

    def _judge(self, take: Take, assets: Path, names: dict[Path, set[str] | None]) -> bool:
        """Whether the video of a take is missing; the ledger is told where that is news."""
        video = Path(take.output)
        there = names.get(video.parent)
        if there is None:
            return False  # it cannot be told, or there is nothing to be missed
        if _is_mended(take, there):
            self._write(take, Change(State.QUEUED, "mended", due_at=self.clock.time(), clear_error=True))
        return take.state is State.DONE and self._is_missing(take, video, assets, there)

    def _is_missing(self, take: Take, video: Path, assets: Path, there: set[str]) -> bool:
        known = _says(take, "take.missing")
        if video.name in there or f".{video.name}.icloud" in there:
            if known and look(video).verified:
                self._write(take, Change(State.DONE, "found again", clear_error=True))
                return False
            return known
        there_now = assets / f"{SEGMENT}{take.segment}" / video.name
        home = Places().of(there_now, take.take, take.fingerprint)
        if home != video and look(home).verified:
            move_pictures(video, home)
            self._write(take, Change(State.DONE, "found again", output=str(home), clear_error=True, poster=0))
            return False
        if take.reused and self._taken_again(take):
            return False
        if not known:
            problem = missing(video)
            logger.warning(_("take {id}: {problem}"), id=take.id, problem=problem.text())
            self._write(take, Change(State.DONE, "gone", error=problem))
        return True

    def _taken_again(self, take: Take) -> bool:
        """A reused video is taken again from where it was bought, if that has it still."""
        for source in bought_as(take, self.ledger.with_text(take.fingerprint)):
            try:
                if look(Path(source.output)).verified:
                    room = room_at(Path(take.output), self.keep_free)
                    take_over(take, source, self.clock.time(), room, beat, self.payer(take.root).id)
                    self._write(take, Change(State.DONE, "reused again", clear_error=True))
                    return True
            except OSError as error:
                logger.warning(_("take {id}: not reused yet: {problem}"), id=take.id, problem=str(error))
        return False

    def _write(self, take: Take, change: Change) -> None:
        try:
            self.ledger.record(take, change, self.clock.time())
        except ClaimLost:
            logger.debug("take {}: changed meanwhile", take.id)  # looked at again at the next change

    def _has_unknown(
        self,
        takes: Sequence[Take],
        segments: Sequence[Path],
        names: dict[Path, set[str] | None],
        tidy: bool,
    ) -> bool:
        known = {
            take.output
            for take in takes
            if take.state is not State.FAILED
            and (take.state not in _UNSENT or take.error is not None)
            and not _says(take, "take.unvouched")
        }
        intended = {take.output: take for take in takes if take.intent_at is not None}
        return any(
            self._tells_more(folder, name, known, intended, tidy)
            for folder in segments
            for name in names[folder] or ()
        )

    def _tells_more(
        self, folder: Path, name: str, known: set[str], intended: Mapping[str, Take], tidy: bool
    ) -> bool:
        """Whether a file is the receipt or the intent of a create of which the ledger does not know."""
        if name.endswith(INTENT) and self._is_open(folder / f"{name[: -len(INTENT)]}.mp4", intended, tidy):
            return True
        video = folder / f"{name[:-5]}.mp4"
        if not name.endswith(".json") or str(video) in known or name.startswith("."):
            return False
        receipt = read_receipt(folder / name)
        if receipt is None or not receipt.remote_id:
            return False
        return not self.ledger.owned([receipt.remote_id], receipt.place)

    def _is_open(self, video: Path, intended: Mapping[str, Take], tidy: bool) -> bool:
        """Whether the intent of a create tells more than the ledger; one that tells less is removed."""
        intent, take = read_intent(video), intended.get(str(video))
        known = set() if take is None else self.ledger.intents(take.id)
        if intent is not None and not is_known(known, intent.submitted_at or 0.0):
            return take is None or not waits_for_foreign(take)
        if tidy and take is not None and _is_settled(take):
            remove_own_intent(
                video, self.payer(take.root), () if take.intent_at is None else [take.intent_at]
            )
        return False


def _unchanged(times: Mapping[Path, int]) -> bool:
    return all(_changed_at(folder) == at for folder, at in times.items())


def _folders_of_delivered(takes: Sequence[Take]) -> set[Path]:
    return {Path(take.output).parent for take in takes if take.state is State.DONE}


def _waits_for_mending(take: Take) -> bool:
    return take.state is State.HELD and _says(take, "receipt.damaged")


def _is_mended(take: Take, there: set[str]) -> bool:
    """Whether nothing lies at its place any more for which a take was held."""
    if _waits_for_mending(take):
        want = Want(take.segment, take.take, take.request, take.fingerprint, take.output)
        return observed(want).state is not State.HELD
    unvouched = take.state is State.HELD and _says(take, "take.unvouched")
    return unvouched and Path(take.output).name not in there


def _is_settled(take: Take) -> bool:
    """Whether an intent of the take tells less than what is known of it, here and in its folder: of a task that was
    accepted right before the process ended, no receipt may tell yet."""
    if take.state in (State.SUBMITTING, State.UNKNOWN):
        return False
    told = read_receipt(receipt_path(Path(take.output))) if take.remote_id else None
    return not take.remote_id or (told is not None and told.remote_id == take.remote_id)


def _says(take: Take, code: str) -> bool:
    return take.error is not None and take.error.code == code


def _changed_at(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _names(folder: Path) -> set[str] | None:
    """The names in a folder; ``None`` where that cannot be told."""
    try:
        return set(os.listdir(folder))  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError:
        return None
