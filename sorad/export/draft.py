"""The folder of a 剪映 draft: videos copied into it, the draft under both its names, all of it at once.

A draft that somebody has worked on since is never replaced: 剪映 saves under one of the two names alone, so that
they differ from then on.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from sorad.export import jianying
from sorad.export.timeline import Cut
from sorad.files.copying import copy_apart
from sorad.files.durable import Sleep, remove_all, rename, sync_folder, tidy, write_whole
from sorad.files.untrusted import Unfit, read_small
from sorad.layout import poster_path

Guard = Callable[[Path, int], None]  # raises where a folder's disk has no room for so many bytes more
_LARGEST = 50_000_000  # bytes of a draft that is read again
_FOLDERS = ("com.lveditor.draft", "JianyingPro Drafts")  # in which 剪映 keeps its drafts


def make(cut: Cut, out: Path, name: str, *, now: float, guard: Guard, sleep: Sleep) -> Path:
    """Make the draft ``name`` in the folder ``out``; where it lies: under another name where one was worked on.

    ``now``: epoch seconds. ``OSError``, and what ``guard`` raises.
    """
    guard(out, sum(clip.path.stat().st_size for clip in cut.clips))
    out.mkdir(parents=True, exist_ok=True)
    target = _free_name(out, name, cut)
    tidy(out, target.name, now)
    partial, former = (out / f".{target.name}.{part}{os.getpid():x}.tmp" for part in ("new", "old"))
    remove_all(partial)
    try:
        _fill(partial, target, cut, now, sleep)
        if target.exists():
            remove_all(former)
            rename(target, former, sleep)
        rename(partial, target, sleep)
        remove_all(former)
    finally:
        remove_all(partial)
    sync_folder(out)
    return target


def _fill(partial: Path, target: Path, cut: Cut, now: float, sleep: Sleep) -> None:
    media = partial / jianying.MEDIA
    media.mkdir(parents=True)
    files = _names(cut)
    for clip, file in zip(cut.clips, files):
        copy_apart(clip.path, media / file, sleep)
    # In its final place the draft may name that, which every version reads; else it can be moved there.
    kept = _is_kept_by_jianying(target.parent)
    text = jianying.content(cut, files, target.as_posix() if kept else jianying.HERE)
    listed = jianying.meta(cut, files, target.as_posix() if kept else ".", target.name, now)
    poster = poster_path(cut.clips[0].path)
    if poster.is_file():
        copy_apart(poster, partial / jianying.COVER, sleep)
    for name, content in (*((one, text) for one in jianying.NAMES), (jianying.META, listed)):
        write_whole(partial / name, content.encode("utf-8", "replace"), sleep)


def _names(cut: Cut) -> Sequence[str]:
    """What each video is called in the draft: as it is called where it was delivered, once."""
    names: list[str] = []
    for number, clip in enumerate(cut.clips, 1):
        name = clip.path.name
        names.append(f"{number}_{name}" if name in names else name)
    return names


def _is_kept_by_jianying(out: Path) -> bool:
    return out.name in _FOLDERS or (out / "root_meta_info.json").is_file()


def _free_name(out: Path, name: str, cut: Cut) -> Path:
    """Where nothing lies, or a draft of ours as it was written."""
    tried = (out / (name if number == 1 else f"{name}-{number}") for number in count(1))
    return next(one for one in tried if not os.path.lexists(one) or _is_as_written(one, cut))


def _is_as_written(folder: Path, cut: Cut) -> bool:
    with contextlib.suppress(OSError, Unfit, ValueError, RecursionError):
        one, other = (read_small(folder / name, _LARGEST) for name in jianying.NAMES)
        if one is not None and one == other:
            told = json.loads(one)
            return isinstance(told, dict) and told.get("id") == jianying.id_of(cut)
    return False
