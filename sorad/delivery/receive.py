"""Receive: from an open download to a verified, synced file under its own name.

What happens on the way is data: :class:`Received`, a :class:`Fault` of the provider's side, :class:`Blocked`
by this machine's side, or :class:`Stopped`. At every moment the final name shows nothing or the whole video;
what is under way lies apart or is a dot-file beside it, and is resumed where the server can tell that its file is the
same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Union

from sorad.delivery.outcome import Blocked, Received, Stopped, blocked, no_room
from sorad.delivery.partial import Partial
from sorad.delivery.place import Brought, place
from sorad.files.digest import Interrupted, Stop
from sorad.files.durable import Sleep, make_folders, remove, sync_folder
from sorad.files.mp4 import check_mp4_file
from sorad.layout import partial_path
from sorad.messages import N_
from sorad.problems import Param, Problem
from sorad.providers.base import Download, DownloadCut, Fault, Trouble
from sorad.receipts.place import look, vouched
from sorad.units import format_size

# Free space is asked for after this many bytes: often enough for 8 downloads at once to stay above what
# is to stay free by a hair, rare enough to cost nothing where each question goes over a network.
ASK_EVERY = 16_000_000

Outcome = Union[Received, Fault, Blocked, Stopped]


def receive(
    open_at: Callable[[int, str], Download | Fault],
    target: Path,
    *,
    validator: str,
    keep_free: int,
    stop: Callable[[], bool],
    started: Callable[[str], None],
    progress: Callable[[int, int | None], None],
    free: Callable[[Path], int],
    task: str = "",
    brought: Brought = lambda size, sha256: None,
    base: Path | None = None,
    booted_at: float = 0.0,
    partial: Path | None = None,
    sleep: Sleep = time.sleep,
) -> Outcome:
    """Fetch a video into ``target``, or go on where an earlier call ended. Makes at most one exchange.

    ``open_at(offset, validator)`` opens the download (:meth:`Provider.open_video`). ``validator`` is what
    ``started`` was last told for this target: the strong ETag that the partial file's bytes belong to, or ""
    where they can not be resumed. ``started`` must have kept it when it returns. ``progress`` hears bytes
    there and bytes in all (``None``: not known). ``free`` tells the free bytes under a folder, of which
    ``keep_free`` are left. ``base`` is the folder that must be there (see ``make_folders``). A partial file
    last written before ``booted_at`` (epoch seconds, the machine's start) is begun again: after a power cut
    its size may promise bytes that never reached the disk. ``partial``: where it grows; ``None``: beside the video.

    Where the file is there already, it is :class:`Received` and nothing is opened: one for which a receipt of
    ``task`` (the remote id) vouches. Any other is somebody else's. ``brought`` is told size and SHA-256 of what was
    fetched, and must have put them into that receipt when it returns.
    """
    job = _Job(
        target,
        Partial(partial or partial_path(target), validator, started),
        keep_free,
        stop,
        progress,
        free,
        sleep,
        brought,
    )
    try:
        make_folders(target, base)
        there = _already(target, task, stop)
        if there is not None:
            remove(job.partial.path)
            return there
        return job.run(open_at, booted_at)
    except Interrupted:
        return Stopped(job.partial.size)
    except OSError as error:
        return blocked(error, target.parent)
    finally:
        job.partial.close()


def _already(target: Path, task: str, stop: Stop) -> Received | None:
    found = look(target)
    told = vouched(target, found, task, stop)
    if told is None:
        return None
    sync_folder(target.parent)  # the last time may have been cut off, or refused, right before it
    size = found.size if found.size is not None else told.size
    return Received(size or 0, told.sha256)


@dataclass
class _Job:
    """One call of :func:`receive`."""

    target: Path
    partial: Partial
    keep_free: int
    stop: Callable[[], bool]
    progress: Callable[[int, int | None], None]
    free: Callable[[Path], int]
    sleep: Sleep
    brought: Brought

    def run(self, open_at: Callable[[int, str], Download | Fault], booted_at: float) -> Outcome:
        # The last byte is asked for again: a range that starts behind the end of a whole file is refused.
        offset = max(0, self.partial.resumable(booted_at) - 1)
        opened = open_at(offset, self.partial.validator if offset else "")
        if isinstance(opened, Fault):
            if offset and opened.trouble in (Trouble.REQUEST, Trouble.BAD_FILE):
                self.partial.forget()  # the range itself may be what was refused
            return opened
        with closing(opened):
            if opened.offset and (
                opened.offset > offset or opened.validator not in ("", self.partial.validator)
            ):
                self.partial.forget()
                return _fault(opened, Trouble.TRANSPORT, *_CHANGED)
            return self._fetch(opened)

    def _fetch(self, download: Download) -> Outcome:
        partial, total, outcome = self.partial, download.total, None
        try:
            partial.begin(download.offset, download.validator, self.stop)
            self.progress(partial.size, total)
            failed = self._room(total - partial.size if total is not None else 0) or self._stream(download)
            if failed is None:
                failed = self._verify(download)
            outcome = failed or place(partial, self.target, download.request_id, self.sleep, self.brought)
            return outcome
        finally:
            if not isinstance(outcome, Received) and partial.validator:
                partial.leave()
            elif not partial.whole:
                partial.forget()  # nothing can be done with it

    def _stream(self, download: Download) -> Fault | Blocked | Stopped | None:
        """All pieces into the partial file."""
        partial, total = self.partial, download.total
        asked = partial.size
        try:
            for piece in _pieces(download):
                if self.stop():
                    return Stopped(partial.size)
                if total is not None and partial.size + len(piece) > total:
                    partial.forget()
                    return _fault(download, Trouble.BAD_FILE, *_LONGER, total=format_size(total))
                if partial.size + len(piece) - asked >= ASK_EVERY:
                    asked = partial.size
                    full = self._room(len(piece))
                    if full is not None:
                        return full
                partial.write(piece)
                self.progress(partial.size, total)
        except DownloadCut as cut:
            return _fault(download, Trouble.TRANSPORT, *_CUT, got=format_size(partial.size), error=cut.reason)
        if total is not None and partial.size < total:
            return _fault(
                download, Trouble.TRANSPORT, *_SHORT, got=format_size(partial.size), total=format_size(total)
            )
        return None

    def _room(self, more: int) -> Blocked | None:
        """Whether ``more`` bytes would use the room that must stay free."""
        free = self.free(self.partial.path.parent)
        return no_room(self.target.parent, free, self.keep_free) if free - more < self.keep_free else None

    def _verify(self, download: Download) -> Fault | None:
        partial = self.partial
        problem = check_mp4_file(partial.file, partial.size)
        if problem is not None:
            partial.forget()
            return Fault(Trouble.BAD_FILE, problem, download.request_id)
        partial.sync()
        return None


def _pieces(download: Download) -> Iterator[bytes]:
    """The pieces; a socket's error is told as a cut, so that every ``OSError`` outside is the disk's."""
    try:
        yield from download.pieces
    except OSError as error:
        raise DownloadCut from error


_AGAIN = N_("Nothing to do: the download is tried again, for as long as the provider has the video.")
_CUT = ("delivery.broken_off", N_("the download broke off after {got}: {error}."))
_SHORT = ("delivery.broken_off", N_("the download ended after {got} of {total}."))
_LONGER = ("delivery.longer", N_("the server sent more than the {total} that it announced."))
_CHANGED = ("delivery.changed", N_("the server's file changed while it was downloaded in parts."))


def _fault(download: Download, trouble: Trouble, code: str, message: str, **params: Param) -> Fault:
    return Fault(trouble, Problem(code, message, _AGAIN, params), download.request_id)
