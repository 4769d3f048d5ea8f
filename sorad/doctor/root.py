"""One watched folder: what is seen of it now."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Optional

from sorad.claim.sync_signs import sync_service
from sorad.config.model import Watch
from sorad.doctor.context import within
from sorad.doctor.writable import nearest, obstacle
from sorad.layout import assets_folder, partial_path, video_path
from sorad.problems import Problem
from sorad.vault.filesystem import events_work
from sorad.vault.names import fold
from sorad.vault.own import without_receipts
from sorad.vault.scan import RootOffline, Scan, scan

# A walk that takes longer is given up (100,000 files take a fifth of a second), and so is a dead share.
WALK, ANSWER = 15.0, 20.0  # seconds

# The longest names below the folder of a storyboard's videos: six digits of segment, three of take.
_LONGEST = (999_999, 999, "0" * 64)


@dataclass(frozen=True)
class Look:
    """What was seen of a root. ``offline`` is why nothing else was; ``hung``: it did not answer at all."""

    path: str
    hung: bool = False
    offline: Optional[Problem] = None
    found: Optional[Scan] = None  # None: the walk was given up
    kind: str = ""  # of its file system
    events: bool = True
    watchable: int = 0  # folders that a watcher has to watch, the ignored ones as well
    output: str = ""  # where its videos go, or the nearest folder above
    obstacle: str = ""  # why nothing can be written there
    locked: tuple[str, ...] = ()  # folders of storyboards that cannot be written
    too_long: tuple[str, ...] = ()  # storyboards whose videos would have too long a name
    case_clashes: tuple[tuple[str, str], ...] = ()  # storyboards that differ by case alone
    same_case: Optional[bool] = None  # "a" and "A" are the same file there; None: not found out
    service: str = ""  # what seems to sync it


def look(watch: Watch, others: Collection[Path]) -> Look:
    """Look at a root, with patience but not for ever. Raises nothing."""
    try:
        found = within(ANSWER, lambda: _look(watch, others))
    except OSError:
        found = None
    return found if found is not None else Look(str(watch.path), hung=True)


def _look(watch: Watch, others: Collection[Path]) -> Look:
    path = str(watch.path)
    deadline = time.monotonic() + WALK

    def tick() -> None:
        if time.monotonic() > deadline:
            raise _Enough

    try:
        seen = scan(watch.path, others, tick=tick)
        found: Optional[Scan] = replace(seen, files=without_receipts(seen.files))
        watchable = _folders(path, tick)
    except RootOffline as error:
        return Look(path, offline=error.problem)
    except _Enough:
        found, watchable = None, 0
    boards = sorted(Path(one.path) for one in found.files) if found is not None else []
    events, kind = events_work(path)
    target = watch.output_dir if watch.output_mode == "centralized" and watch.output_dir else watch.path
    output = nearest(target)
    return Look(
        path,
        found=found,
        kind=kind,
        events=events,
        watchable=watchable,
        output=str(output),
        obstacle=obstacle(output),
        locked=tuple(_locked(boards)) if watch.output_mode == "in_place" else (),
        too_long=tuple(_too_long(boards, watch)),
        case_clashes=tuple(_case_clashes(boards)),
        same_case=ignores_case(watch.path),
        service=sync_service(watch.path),
    )


class _Enough(Exception):
    """The walk takes too long."""


def _folders(path: str, tick: Callable[[], None]) -> int:
    """All folders from ``path`` down, as the watcher's library watches them: the hidden ones, too."""
    count, waiting = 0, [path]
    while waiting:
        tick()
        count += 1
        try:
            with os.scandir(waiting.pop()) as entries:
                waiting += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue  # vanished or closed to us; the scan tells of it
    return count


def _locked(boards: Collection[Path]) -> Iterator[str]:
    for folder in sorted({board.parent for board in boards}):
        if not os.access(folder, os.W_OK | os.X_OK):
            yield str(folder)


def _too_long(boards: Collection[Path], watch: Watch) -> Iterator[str]:
    for board in boards:
        try:
            assets = assets_folder(board, watch.path, watch.output_mode, watch.output_dir)
            video = partial_path(video_path(assets, *_LONGEST, watch.name))
            most_name, most_path = limits(nearest(assets.parent))
        except (OSError, ValueError):
            continue
        if len(os.fsencode(assets.name)) > most_name or len(os.fsencode(video)) > most_path:
            yield str(board)


def limits(folder: Path) -> tuple[int, int]:
    """The longest name and the longest path there, in bytes. ``OSError``."""
    if os.name == "nt":
        return 255, 259  # without the long paths that few systems have switched on
    return os.pathconf(folder, "PC_NAME_MAX"), os.pathconf(folder, "PC_PATH_MAX")


def _case_clashes(boards: Collection[Path]) -> Iterator[tuple[str, str]]:
    """Storyboards that another system takes for one file."""
    same: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for board in boards:
        same[board.parent, fold(board.name)].append(board)
    for one in same.values():
        if len(one) > 1:
            yield str(one[0]), str(one[1])


def ignores_case(folder: Path) -> Optional[bool]:
    """Whether a name in other letters leads to the same file; ``None`` where there is no name to try.

    Asked of what lies in the folder, because some file systems settle it folder by folder.
    """
    try:
        with os.scandir(folder) as entries:
            name = next((entry.name for entry in entries if entry.name.swapcase() != entry.name), None)
        if name is None:
            return None
        swapped = folder / name.swapcase()
        return swapped.exists() and swapped.samefile(folder / name)
    except OSError:
        return None
