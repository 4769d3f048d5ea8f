"""What `once` and `demo` show while they work: a live screen for a person, plain lines for a pipe."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Optional, Protocol

from sorad.cli.shared.columns import cut, fold, width
from sorad.cli.shared.common import say
from sorad.engine.state.progress import Fetching
from sorad.layout import below
from sorad.messages import _
from sorad.model import STATE_NAMES, State
from sorad.plaintext import one_line, printable
from sorad.units import format_size

if TYPE_CHECKING:
    from rich.console import RenderableType

# Piped, a line is written when something has changed, and no more often than this (seconds).
PLAIN_EVERY = 2.0


@dataclass(frozen=True)
class Snapshot:
    """One moment of the work. ``done`` and ``elapsed`` (seconds) count from its start; bytes likewise."""

    counts: Mapping[State, int]
    done: int
    moving: int
    fetched: int
    downloads: Sequence[Fetching]
    elapsed: float
    notes: Sequence[str] = ()  # what stands in the way
    latest: Sequence[str] = ()  # the last few videos that were delivered, by their paths

    @property
    def left(self) -> Optional[float]:
        """Seconds left, at the pace so far; ``None`` while there is none."""
        return self.elapsed / self.done * self.moving if self.done else None

    @property
    def speed(self) -> float:
        """Bytes a second, so far."""
        return self.fetched / self.elapsed if self.elapsed > 0 else 0.0


class Screen(Protocol):
    """Shows snapshots."""

    def show(self, snapshot: Snapshot) -> None:
        """Show one."""
        ...

    def __enter__(self) -> Screen: ...

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None: ...


def make_screen(looked_at: bool) -> Screen:
    """The live screen where a person looks, plain lines elsewhere."""
    return _Live() if looked_at else _Plain()


def counts_line(counts: Mapping[State, int]) -> str:
    """``queued 3 · generating 20 · done 7``: the states that have any."""
    return " · ".join(_counts(counts))


def _counts(counts: Mapping[State, int]) -> list[str]:
    return [f"{_(STATE_NAMES[state])} {counts[state]}" for state in STATE_NAMES if counts.get(state)]


def _flow(parts: Sequence[str], columns: int) -> list[str]:
    """The parts in a row, and in further rows where they do not fit; none is broken."""
    lines: list[str] = []
    for part in parts:
        if lines and width(lines[-1]) + 3 + width(part) <= columns:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return lines


def _pace(snapshot: Snapshot) -> str:
    left = snapshot.left
    time_left = (
        _("about {time} left").format(time=duration(left)) if left is not None and snapshot.moving else ""
    )
    parts = (duration(snapshot.elapsed), f"{format_size(snapshot.speed)}/s", time_left)
    return "  ".join(part for part in parts if part)


def duration(seconds: float) -> str:
    """``1:02:03`` or ``2:03``."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


class _Plain:
    def __init__(self) -> None:
        self._last: Mapping[State, int] = {}
        self._notes: Sequence[str] = ()
        self._at = float("-inf")

    def show(self, snapshot: Snapshot) -> None:
        if snapshot.notes != self._notes:
            self._notes = snapshot.notes
            for note in snapshot.notes:
                say(f"! {note}", flush=True)
        now = time.monotonic()
        if snapshot.counts == self._last or (now - self._at < PLAIN_EVERY and snapshot.moving):
            return
        self._last, self._at = dict(snapshot.counts), now
        if line := counts_line(snapshot.counts):
            say(f"{line}  {_pace(snapshot)}", flush=True)

    def __enter__(self) -> _Plain:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        return None


class _Live:
    def __init__(self) -> None:
        from rich.live import Live

        self._live = Live(refresh_per_second=8, transient=False)

    def show(self, snapshot: Snapshot) -> None:
        self._live.update(_render(snapshot, self._live.console.width))

    def __enter__(self) -> _Live:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._live.stop()


def _render(snapshot: Snapshot, columns: int) -> RenderableType:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    total = snapshot.done + snapshot.moving
    head = Table.grid(padding=(0, 1), expand=False)
    share = f"{snapshot.done}/{total}"
    head.add_row(ProgressBar(total=max(total, 1), completed=snapshot.done, width=30), share, _pace(snapshot))
    rows: list[RenderableType] = [head]
    rows += [Text(line, style="dim") for line in _flow(_counts(snapshot.counts), columns)]
    for fetching in list(snapshot.downloads)[:8]:
        row = Table.grid(padding=(0, 1))
        total_text = format_size(fetching.total) if fetching.total else "?"
        row.add_row(
            ProgressBar(total=fetching.total or None, completed=fetching.got, width=20),
            f"{format_size(fetching.got)} / {total_text}",
            f"{fetching.got / fetching.total:.0%}" if fetching.total else "",
            Text(cut(one_line(Path(fetching.output).name), max(columns - 48, 12)), no_wrap=True),
        )
        rows.append(row)
    names = (cut(one_line(Path(video).name), columns - 2) for video in snapshot.latest)
    rows += [Text(f"✓ {name}", style="green") for name in names]
    for note in snapshot.notes:
        first, *more = fold(one_line(note), columns - 2)
        rows += [Text(f"! {first}", style="yellow"), *(Text(f"  {line}", style="yellow") for line in more)]
    return Group(*rows)


def in_turn(takes: Sequence[dict[str, Any]], roots: Sequence[str]) -> str:
    """A sentence that names takes (``id``, ``storyboard``, ``segment``, ``take``) in the order of their turns."""
    named = [
        _("{segment}_v{take} of {storyboard}").format(
            segment=one["segment"],
            take=one["take"],
            storyboard=printable(below(one["storyboard"], roots, named=len(roots) > 1)),
        )
        for one in takes
    ]
    return _("next in turn: {takes}").format(takes=_(", ").join(named))
