"""Which take lies where in a segment's folder. What receipts and intents say counts, not what they are called.

``name`` in the config and the names of storyboards change; what was bought keeps its name. So before anything is said
about the place of a take, the folder is asked whether it lies there under another name.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from sorad.layout import INTENT, hint_of, intent_path, parse_video_name, receipt_path, video_names
from sorad.receipts.receipt import Receipt, read_judged
from sorad.vault.names import conflict_copy, marked_conflict, original_of


@dataclass(frozen=True)
class FolderEntry:
    """What one name in a segment's folder stands for."""

    video: Path
    there: bool  # the video
    receipt: Optional[Receipt]
    intent: Optional[Receipt]
    unclear: bool  # nothing that can be read tells what it is: a video alone, a damaged receipt or intent

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """Its receipt and its intent, as far as they can be read."""
        return tuple(one for one in (self.receipt, self.intent) if one is not None)

    def is_of(self, take: int, fingerprint: str) -> bool:
        """Whether it is, or may be, the take of that number and text."""
        for one in self.receipts:
            if one.fingerprint == fingerprint and number_of(self.video, one) == take:
                return True
        if not self.unclear:
            return False
        number, digits = hint_of(self.video.stem)
        return fingerprint[:8] in digits and number in (None, take)


@dataclass
class Places:
    """Segments' folders, each read once: for one look at a storyboard, not to be kept."""

    _folders: dict[Path, list[FolderEntry]] = field(default_factory=dict)

    def of(self, video: Path, take: int, fingerprint: str) -> Path:
        """Where a take lies: ``video``, unless something else in its folder is that take. ``OSError``."""
        if is_occupied(video):
            return video
        found = [one for one in self.entries(video.parent) if one.is_of(take, fingerprint)]
        # With its video before without, told before unclear, and of copies that somebody made the shorter name.
        best = min(
            found, key=lambda one: (not one.receipts, not one.there, len(one.video.name)), default=None
        )
        return video if best is None else best.video

    def entries(self, folder: Path) -> list[FolderEntry]:
        """All that lies in a segment's folder, by name. ``OSError`` where it cannot be looked into just now."""
        if folder not in self._folders:
            names = set(names_in(folder))
            self._folders[folder] = [_look(folder, name, names) for name in own_names(names)]
        return self._folders[folder]


def beside(video: Path) -> Iterator[FolderEntry]:
    """What lies beside a video's place in its folder, under other names. ``OSError``."""
    names = set(names_in(video.parent))
    for name in own_names(names):
        if f"{name}.mp4" != video.name:
            yield _look(video.parent, name, names)


def is_bare(folder: Path) -> bool:
    """Whether there is nothing in a folder, or no such folder, for sure."""
    try:
        return not os.listdir(folder)  # noqa: PTH208
    except FileNotFoundError:
        return True
    except OSError:
        return False


def has_receipts(folder: Path) -> bool:
    """Whether something in a folder has the name of a receipt. ``OSError``."""
    return any(name.endswith(".json") and not name.endswith(INTENT) for name in names_in(folder))


def own_names(names: Collection[str]) -> Iterator[str]:
    """The names of takes in a segment's folder, without endings: not those of copies that a sync or somebody made.

    What a conflict copy of a receipt tells is a matter of :mod:`sorad.claim.arrivals`.
    """
    for name in video_names(names):
        file = f"{name}.json"
        aside = "." in name or conflict_copy(file) or marked_conflict(file) is not None
        if not aside and original_of(file, names) is None:
            yield name


def number_of(video: Path, told: Receipt) -> int:
    """The number of a take. A name of old tells it (the folder may have been sorted anew), else the receipt."""
    parsed = parse_video_name(video.name)
    return told.take if parsed is None else parsed[1]


def is_occupied(video: Path) -> bool:
    """Whether the place of a video holds it, or its receipt or intent; or what iCloud leaves in its stead."""
    parts = (video, receipt_path(video), intent_path(video), video.with_name(f".{video.name}.icloud"))
    return any(os.path.lexists(path) for path in parts)


def names_in(folder: Path | str) -> list[str]:
    """The names in a folder, none where there is no folder. ``OSError``."""
    try:
        return os.listdir(folder)  # noqa: PTH208  (names are wanted, not paths)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link that leads to itself
            return []
        raise


def _look(folder: Path, name: str, names: set[str]) -> FolderEntry:
    video = folder / f"{name}.mp4"
    paths = (receipt_path(video), intent_path(video))
    read = [read_judged(path) if path.name in names else (None, False) for path in paths]
    (receipt, damaged), (intent, intent_damaged) = read
    there = video.name in names
    unclear = there and receipt is None and intent is None
    return FolderEntry(video, there, receipt, intent, unclear or damaged or intent_damaged)
