"""Where downloads grow: in ``state_dir`` where that is on the disk of the video, as a sync service carries what lies
beside a video. Else beside it, under a name that no other sorad has."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from sorad.files.durable import Sleep, remove, rename
from sorad.heartbeat import beat
from sorad.layout import is_partial, partial_path

# A partial file that nobody wrote to for so long (seconds) is nobody's: a signed URL lasts two days.
LEFT = 3 * 86_400.0


@dataclass(frozen=True)
class Partials:
    """Those of one installation. ``folder``: its own, made when it is needed; ``owner``: its id, "" for none."""

    folder: Path
    owner: str = ""

    def path(self, video: Path, task: str) -> Path:
        """That of a video to be. ``task`` names its task among all: it stays the same wherever the video moves."""
        apart = self._apart(task)
        return apart if self._is_near(video.parent) else partial_path(video, self.owner)

    def forget(self, video: Path, task: str) -> None:
        """The video is there: what other tries may have left of it is not needed."""
        remove(self._apart(task))
        remove(partial_path(video, self.owner))

    def tidy(self, now: float) -> None:
        """Remove from the folder what was left long ago. ``now``: epoch seconds."""
        for path in _files(self.folder):
            if is_left(path, now):
                remove(path)

    def _apart(self, task: str) -> Path:
        digits = hashlib.sha256(task.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        return self.folder / f"{digits}.mp4.tmp"

    def _is_near(self, folder: Path) -> bool:
        """Whether a rename brings a file from here into a folder, which may be yet to be made."""
        there = next((one for one in (folder, *folder.parents) if one.is_dir()), folder)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.folder.stat().st_dev != there.stat().st_dev:
                return False
        except OSError:
            return False
        try:
            # Two mounts of one disk (a container, a service with ReadWritePaths=) have one number, and no rename
            # between them: that is told before it is seen that there is nothing to be renamed.
            os.rename(self.folder / ".none", there / ".none.tmp")  # noqa: PTH104
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True


def partials_in(state_dir: Path, owner: str = "") -> Partials:
    """Those of the installation with that ``state_dir``."""
    return Partials(state_dir / "partial", owner)


def sweep(folder: Path, names: frozenset[str] | set[str], now: float) -> bool:
    """Remove what any sorad, maybe one of another computer that is gone, left of writing in an output folder.

    ``names``: of the files there; ``now``: epoch seconds. Whether there is more, which is too young.
    """
    young = False
    for name in names:
        if is_partial(name):
            old = is_left(folder / name, now)
            young = young or not old
            if old:
                remove(folder / name)
    return young


def is_left(partial: Path, now: float) -> bool:
    """Whether nobody wrote to it for long. A clock that is wrong keeps it."""
    try:
        return now - partial.lstat().st_mtime > LEFT
    except OSError:
        return False


def bring(partial: Path, video: Path, sleep: Sleep) -> None:
    """Give a partial file, which may lie apart, its name. ``OSError``; it then stays."""
    try:
        rename(partial, video, sleep)
    except OSError as error:
        if error.errno != errno.EXDEV:  # one disk, and yet none: quotas of projects, subvolumes
            raise
        near = partial_path(
            video, secrets.token_hex(8)
        )  # of this copy alone: another sorad may bring its own
        try:
            with partial.open("rb") as old, near.open("xb") as new:
                while piece := old.read(1 << 20):
                    beat()
                    new.write(piece)
                new.flush()
                os.fsync(new.fileno())
            rename(near, video, sleep)
        except OSError:
            remove(near)
            raise
        remove(partial)


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
