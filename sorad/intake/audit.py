"""Do the delivered videos still lie where the ledger says, and does the ledger know all receipts there?

A video that was deleted by hand is not bought again: its take stays ``done`` and says ``take.missing``, until
the video is back. A receipt of which the ledger never heard shows that the ledger is an old copy, or that a
folder was moved in: its storyboard is read again.

One ``scandir`` a folder, and only where the folder's time of change is another than at the last look: an
unchanged storyboard costs a ``stat`` for each of its segments.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, NamedTuple

from loguru import logger

from sorad.clock import Clock
from sorad.delivery.partials import sweep
from sorad.layout import INTENT, intent_path, receipt_path
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
from sorad.receipts.sharing import take_over_again

# A folder that changed less than this ago may change again within the same tick of its clock (FAT: 2 s).
TICK = 3.0
_UNSENT = (State.QUEUED, State.HELD, State.CANCELLED)
_BEHIND = "\0"  # no name has it


class _Times(NamedTuple):
    """When the folders of a storyboard had changed; small, for there may be a hundred thousand segments."""

    assets: str
    names: str  # of the folders, as seen from there, behind one another
    at: Sequence[int]  # nanoseconds

    def are_as_before(self) -> bool:
        """Whether none has changed since."""
        return all(
            _changed_at(os.path.join(self.assets, name)) == at  # noqa: PTH118  (hundreds a second)
            for name, at in zip(self.names.split(_BEHIND), self.at)
        )


@dataclass
class _Folders:
    """What lies in folders: each is read once, and before that asked when it had changed."""

    times: dict[Path, int] = field(default_factory=dict)
    _names: dict[Path, set[str] | None] = field(default_factory=dict)

    def read(self, folder: Path) -> set[str] | None:
        """The names in a folder; ``None`` where that cannot be told."""
        if folder not in self._names:
            self.times[folder] = _changed_at(folder)
            self._names[folder] = _names(folder)
        return self._names[folder]

    def known(self, folder: Path) -> set[str] | None:
        """The same of a folder that was read; ``None`` also for any other."""
        return self._names.get(folder)

    def as_seen(self, assets: Path) -> _Times:
        """When each had changed."""
        names = [folder.name if folder.parent == assets else str(folder) for folder in self.times]
        return _Times(str(assets), _BEHIND.join(names), array("q", self.times.values()))


@dataclass
class _Takes:
    """What was seen of the takes of a storyboard, of which there may be a hundred thousand."""

    missing: list[int] = field(default_factory=list)
    known: set[str] = field(default_factory=set)  # outputs of which receipts tell nothing new
    intended: dict[str, Take] = field(default_factory=dict)  # by output, those whose intent lies there still
    waits: bool = False  # for a receipt that may be read again


@dataclass
class Audit:
    """Belongs to the folder side's thread."""

    ledger: Ledger
    clock: Clock
    payer: Callable[[str], Payer] = lambda root: Payer()  # who we are, in a root
    keep_free: int = 0  # bytes that stay free on a disk
    missing: dict[int, list[int]] = field(default_factory=dict)  # by storyboard, the takes of its videos
    _times: dict[int, _Times] = field(default_factory=dict)

    def look(self, board: Storyboard, assets: Path, *, tidy: bool = True) -> bool:
        """One storyboard; whether a closer look at the receipts in its folder may tell more.

        ``tidy``: an intent that lies there still, though its create is known, is removed.
        """
        before = self._times.get(board.id)
        if before is not None and before.are_as_before():
            return False
        folders = _Folders({assets: _changed_at(assets)})
        segments = [folder for _number, folder in segment_folders(assets)]
        for folder in segments:
            folders.read(folder)
        left = tidy and self._sweep(segments, folders)
        missed = len(self.missing.get(board.id, ()))
        takes = self._look_at_takes(board, assets, folders)
        self.missing[board.id] = takes.missing
        self._remember(board.id, folders, assets, again=left or takes.waits)
        # What was missed just now may lie there under other numbers, with its receipt.
        doubtful = len(takes.missing) > missed or self._has_unknown(takes, segments, folders, tidy)
        return board.state == "ok" and doubtful

    def _sweep(self, segments: Iterable[Path], folders: _Folders) -> bool:
        """Whether half-written files of others lie there that may be left one day; old ones are removed."""
        now = self.clock.time()
        return sum(sweep(folder, folders.known(folder) or set(), now) for folder in segments) > 0

    def _look_at_takes(self, board: Storyboard, assets: Path, folders: _Folders) -> _Takes:
        """All takes, one after the other; those that are held are judged last, when all folders of videos were read."""
        found, held = _Takes(), list[Take]()
        for take in self._takes_of(board):
            if take.state is State.HELD and take.error is not None:
                held.append(take)
            elif take.state is State.DONE and self._judge(take, assets, folders):
                found.missing.append(take.id)
            self._note(take, folders, found)
        for take in held:
            self._judge_held(take, folders)
        return found

    def _note(self, take: Take, folders: _Folders, found: _Takes) -> None:
        """What its storyboard's folder is compared with."""
        untold = take.state in _UNSENT and take.error is None
        if take.state is not State.FAILED and not untold and not _says(take, "take.unvouched"):
            found.known.add(take.output)
        if take.intent_at is not None and _has_intent(Path(take.output), folders):
            found.intended[take.output] = take
        found.waits = found.waits or _waits_for_mending(take)

    def _takes_of(self, board: Storyboard) -> Iterator[Take]:
        """Its own takes; another one may have stood at its path before."""
        takes = self.ledger.takes(storyboard=board.path)
        return (take for take in takes if take.storyboard_id == board.id)

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

    def _remember(self, storyboard: int, folders: _Folders, assets: Path, *, again: bool) -> None:
        """The folders need no second look until their times change; unless those may not show it yet.

        No time of a folder shows that a receipt may be read again, or that what is there is old by now (``again``).
        """
        still = (self.clock.time() - TICK) * 1e9
        if not again and all(at <= still for at in folders.times.values()):
            self._times[storyboard] = folders.as_seen(assets)
        else:
            self._times.pop(storyboard, None)

    def _judge(self, take: Take, assets: Path, folders: _Folders) -> bool:
        """Whether the video of a take that is done is missing; the ledger is told where that is news."""
        video = Path(take.output)
        there = folders.read(video.parent)
        if there is not None and video.name not in there:
            there = _names(video.parent)  # it may have been delivered since
        # Without names it cannot be told.
        return there is not None and self._is_missing(take, video, assets, there)

    def _judge_held(self, take: Take, folders: _Folders) -> None:
        """Queue it where nothing lies at its place any more for which it was held."""
        folder = Path(take.output).parent
        there = None if folders.known(folder) is None else _names(folder)
        if there is not None and _is_mended(take, there):
            self._write(take, Change(State.QUEUED, "mended", due_at=self.clock.time(), clear_error=True))

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
        sources, machine = bought_as(take, self.ledger.with_text(take.fingerprint)), self.payer(take.root).id
        again = take_over_again(take, sources, self.clock.time(), self.keep_free, machine)
        if again is not None:
            self._write(take, again)
        return again is not None

    def _write(self, take: Take, change: Change) -> None:
        try:
            self.ledger.record(take, change, self.clock.time())
        except ClaimLost:
            logger.debug("take {}: changed meanwhile", take.id)  # looked at again at the next change

    def _has_unknown(self, takes: _Takes, segments: Iterable[Path], folders: _Folders, tidy: bool) -> bool:
        return any(
            self._tells_more(folder, name, takes.known, takes.intended, tidy)
            for folder in segments
            for name in folders.known(folder) or ()
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


def _has_intent(video: Path, folders: _Folders) -> bool:
    return intent_path(video).name in (folders.known(video.parent) or ())


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


def _changed_at(folder: Path | str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116
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
