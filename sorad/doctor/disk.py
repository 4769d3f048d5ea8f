"""Room on the disks: for the videos, and for the ledger and the log."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

from sorad.doctor.context import Context, within
from sorad.doctor.finding import Finding, ok, problem, warning
from sorad.doctor.writable import nearest
from sorad.messages import N_
from sorad.units import format_size

ANSWER = 5.0  # seconds
# What state_dir should have: the log grows to 110 MB, a ledger of 100,000 takes to about as much.
STATE_LEAST, STATE_BETTER = 20_000_000, 300_000_000
# Below this many times what must be free it is told in time.
SOON = 1.5


@dataclass(frozen=True)
class Room:
    """One disk, by the first folder of ours on it. ``nodes``: files that may still be made, where it tells."""

    path: str
    free: int
    nodes: Optional[int]
    for_videos: bool
    for_state: bool


def check(context: Context) -> Iterator[Finding]:
    """Look and judge."""
    if context.config is None:
        return
    yield from judge(look(context), context.config.disk.min_free, needed(context))


def look(context: Context) -> list[Room]:
    """The disks that sorad writes to, each once; those that do not answer, or are away, are left out."""
    folders: list[tuple[Path, Optional[Path]]] = [
        (
            watch.output_dir if watch.output_mode == "centralized" and watch.output_dir else watch.path,
            watch.path,
        )
        for watch in context.watches
    ]
    if context.state_dir is not None:
        folders.append((context.state_dir, None))
    rooms: dict[int, Room] = {}
    for folder, root in folders:
        for_videos = root is not None
        try:
            seen = within(ANSWER, lambda folder=folder, root=root: _room(folder, root))  # type: ignore[misc]
        except OSError:
            continue
        if seen is not None:
            device, free, nodes = seen
            known = rooms.get(device, Room(str(folder), free, nodes, for_videos=False, for_state=False))
            rooms[device] = replace(
                known,
                free=free,
                nodes=nodes,
                for_videos=for_videos or known.for_videos,
                for_state=not for_videos or known.for_state,
            )
    return list(rooms.values())


def _room(folder: Path, root: Optional[Path]) -> tuple[int, int, Optional[int]]:
    """:class:`OSError` where ``root`` is away: of another disk in its place nothing is to be told."""
    if root is not None:
        root.stat()
    place = nearest(folder)
    nodes = None
    if hasattr(os, "statvfs"):
        found = os.statvfs(place)
        nodes = found.f_favail if found.f_files else None  # btrfs makes them as it goes
    return place.stat().st_dev, shutil.disk_usage(place).free, nodes


def needed(context: Context) -> int:
    """Bytes that the running daemon wants free before it buys, for the fullest of its disks; 0: not known."""
    rows: Sequence[Mapping[str, Any]] = context.facts.disk if context.facts and context.running else ()
    return max((row["needed"] for row in rows), default=0)


def judge(rooms: Sequence[Room], min_free: int, needed: int) -> Iterator[Finding]:
    """Is there room on each?"""
    for room in rooms:
        least = max(min_free, needed) if room.for_videos else STATE_LEAST
        better = max(int(SOON * least) if room.for_videos else 0, STATE_BETTER if room.for_state else 0)
        params = {"path": room.path, "free": format_size(room.free), "least": format_size(least)}
        if room.free < least:
            yield problem(
                "disk",
                "disk.full",
                N_("{path} has {free} free, and {least} must be: nothing is bought for it.")
                if room.for_videos
                else N_("{path} has {free} free, and the ledger needs {least}."),
                N_("Make room there; {then}."),
                **params,
            )
        elif room.nodes == 0:
            yield problem(
                "disk",
                "disk.files",
                N_("{path} has room, but no more files can be made there."),
                N_("Delete files that nobody needs; `df -i` shows how many there are."),
                **params,
            )
        elif room.free < better:
            message = N_("{path} has {free} free; below {least} nothing works there.")
            yield warning("disk", "disk.low", message, N_("Make room there in time."), **params)
        else:
            yield ok("disk", "disk.ok", N_("{path} has {free} free."), **params)
