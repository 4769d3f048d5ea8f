"""剪映 (Jianying) drafts: the two files of a draft's folder, as plain JSON. Pure.

What is the same in every draft stands in ``jianying.json``. A writer of our own: pyJianYingDraft (0.3.1) writes the old
one of the two file names alone, leaves the list of media empty and videos without an id (newer versions then ask for
the media again), and reads each video once more with MediaInfo, which many machines lack. Tests read drafts with it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from sorad.export.timeline import Clip, Cut
from sorad.plaintext import one_line

# Stands for the draft's own folder, wherever that lies: 剪映 writes it so itself.
HERE = "##_draftpath_placeholder_0E685133-18CE-45ED-8CB8-2904A212EC80_##"
MEDIA = "Resources"
# One text under the name that version 5 reads and the one of 6 and later; and the list of media beside it.
NAMES = ("draft_content.json", "draft_info.json")
META, COVER = "draft_meta_info.json", "draft_cover.jpg"

_TEMPLATE = Path(__file__).with_name("jianying.json")
_MICROS = 1_000_000
_OURS = uuid.UUID("5f0b3c52-6f0c-4a86-9f1b-9a4f2ab1f3c5")
_GROUPS = (0, 1, 2, 3, 6, 7, 8)  # of the list of media; the first one has what was brought in


def content(cut: Cut, files: Sequence[str], folder: str) -> str:
    """The draft. ``files``: of each clip its file in ``folder``, which is :data:`HERE` or an absolute path."""
    starts = [_micros(cut, frames) for frames in cut.starts()]
    numbers = range(1, len(cut.clips) + 1)
    videos = [
        _video(cut, number, clip, f"{folder}/{MEDIA}/{name}")
        for number, clip, name in zip(numbers, cut.clips, files)
    ]
    segments = [
        _segment(cut, number, start, end - start) for number, start, end in zip(numbers, starts, starts[1:])
    ]
    same, first = _same(), cut.clips[0]
    speeds = [{**same["speed"], "id": _id(cut, "speed", number)} for number in numbers]
    draft = {
        **same["draft"],
        "canvas_config": {"height": first.height, "ratio": "original", "width": first.width},
        "duration": starts[-1],
        "fps": float(cut.rate),
        "id": id_of(cut),
        "materials": {**same["draft"]["materials"], "speeds": speeds, "videos": videos},
        "tracks": [{**same["track"], "id": _id(cut, "track", 1), "segments": segments}],
    }
    return json.dumps(draft, ensure_ascii=False, indent=1)


def meta(cut: Cut, files: Sequence[str], folder: str, name: str, now: float) -> str:
    """The list of media: what is not in it counts as lost. ``folder``: absolute, or ``"."``; ``now``: epoch seconds."""
    moment = int(now * _MICROS)
    media = [
        _listed(cut, number, clip, f"{folder}/{MEDIA}/{file}", moment)
        for number, (clip, file) in enumerate(zip(cut.clips, files), 1)
    ]
    known = "" if folder == "." else folder
    listed = {
        **_same()["meta"],
        "draft_fold_path": known,
        "draft_id": _id(cut, "draft", 1),
        "draft_materials": [{"type": kind, "value": [] if kind else media} for kind in _GROUPS],
        "draft_name": name,
        "draft_root_path": known.rpartition("/")[0],
        "tm_draft_create": moment,
        "tm_draft_modified": moment,
        "tm_duration": _micros(cut, cut.starts()[-1]),
    }
    return json.dumps(listed, ensure_ascii=False, indent=1)


def id_of(cut: Cut) -> str:
    """What the draft of a cut is known by: the same for every draft of one storyboard's name."""
    return _id(cut, "draft", 0)


@lru_cache(maxsize=1)
def _same() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(_TEMPLATE.read_text("utf-8"))
    return found


def _micros(cut: Cut, frames: int) -> int:
    return round(frames / cut.rate * _MICROS)


def _id(cut: Cut, kind: str, number: int) -> str:
    """The same for the same cut, so that the same draft has the same bytes."""
    return str(uuid.uuid5(_OURS, f"{cut.name}\n{kind}\n{number}")).upper()


def _length(clip: Clip) -> int:
    return int(clip.seconds * _MICROS)


def _segment(cut: Cut, number: int, start: int, length: int) -> Mapping[str, Any]:
    return {
        **_same()["segment"],
        "extra_material_refs": [_id(cut, "speed", number)],
        "id": _id(cut, "segment", number),
        "material_id": _id(cut, "video", number),
        "source_timerange": {"duration": min(length, _length(cut.clips[number - 1])), "start": 0},
        "target_timerange": {"duration": length, "start": start},
    }


def _video(cut: Cut, number: int, clip: Clip, path: str) -> Mapping[str, Any]:
    return {
        **_same()["video"],
        "duration": _length(clip),
        "has_audio": clip.sound,
        "height": clip.height,
        "id": _id(cut, "video", number),
        "local_material_id": _id(cut, "media", number).replace("-", ""),
        "material_id": _id(cut, "video", number),
        "material_name": one_line(clip.name),
        "path": path,
        "width": clip.width,
    }


def _listed(cut: Cut, number: int, clip: Clip, path: str, moment: int) -> Mapping[str, Any]:
    return {
        **_same()["listed"],
        "create_time": moment // _MICROS,
        "duration": _length(clip),
        "extra_info": one_line(clip.name),
        "file_Path": path,
        "height": clip.height,
        "id": _id(cut, "media", number),
        "import_time": moment // _MICROS,
        "import_time_ms": moment,
        "width": clip.width,
    }
