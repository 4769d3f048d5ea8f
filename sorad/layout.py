"""Where outputs go and what they are called. Pure: nothing is looked up, nothing is created.

``in_place``::

    ep1/storyboard_a.json
    ep1/storyboard_a_assets/Segment_3/3_v1_0f1e2d3c.mp4     the video: segment 3, take 1, fingerprint
    ep1/storyboard_a_assets/Segment_3/3_v1_0f1e2d3c.json    its receipt
    ep1/storyboard_a_assets/Segment_3/3_v1_0f1e2d3c.intent.json    while its create is open
    ep1/storyboard_a_assets/Segment_3/3_v1_0f1e2d3c_last.png    its last frame, where another shot continues it
    ep1/storyboard_a_assets/Segment_3/.3_v1_0f1e2d3c.mp4.1a2b3c4d5e6f7a8b.tmp    while it is downloaded, where that
        cannot be done in ``state_dir``; by whom: of several sorads none writes into another's

``centralized`` puts ``Segment_3`` and what is in it under ``{output_dir}/ep1/storyboard_a/``.

Names are taken as they stand on the disk: neither normalised nor shortened. ``_assets`` is 7 characters
where ``.json`` is 5, so a storyboard whose name uses the file system's last two bytes (255 on most) has no
room for its folder, and the error of making it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_DIGITS = 8  # of the fingerprint: 4 billion, for the few texts that one segment ever has
INTENT = ".intent.json"
# A name with more digits is none of ours: anybody may write one, and SQLite's integers have 64 bits.
HIGHEST_SEGMENT = HIGHEST_TAKE = 9_999_999_999
_STEM = r"(0|[1-9][0-9]{0,9})_v([1-9][0-9]{0,9})_([0-9a-f]{8})"
_VIDEO = re.compile(_STEM + r"\.mp4")
_OWNER = re.compile(r"[0-9a-z]{1,32}")
_PARTIAL = re.compile(r"\." + _STEM + r"\.(mp4|json|intent\.json)(\.[0-9a-z]+)?\.tmp")


def assets_folder(storyboard: Path, root: Path, output_mode: str, output_dir: Path | None) -> Path:
    """The folder of all outputs of a storyboard.

    ``output_mode`` is ``"in_place"`` or ``"centralized"``; the latter needs ``output_dir``, and a storyboard
    below ``root``. ``ValueError`` where one of them is missing.
    """
    if output_mode == "in_place":
        return storyboard.parent / f"{storyboard.stem}_assets"
    if output_dir is None:
        raise ValueError("centralized without output_dir")
    return output_dir / storyboard.parent.relative_to(root) / storyboard.stem


def video_path(assets: Path, segment: int, take: int, fingerprint: str) -> Path:
    """The video of a take; ``fingerprint`` is the whole one."""
    return assets / f"Segment_{segment}" / f"{segment}_v{take}_{fingerprint[:_DIGITS]}.mp4"


def receipt_path(video: Path) -> Path:
    """The receipt of a video, beside it."""
    return video.with_suffix(".json")


def intent_path(video: Path) -> Path:
    """The note that a create for it was sent, beside it, while nobody knows what came of it."""
    return video.with_suffix(INTENT)


def last_frame_path(video: Path) -> Path:
    """The last frame of a video, beside it, where another shot continues it."""
    return video.with_name(f"{video.stem}_last.png")


def partial_path(path: Path, owner: str = "") -> Path:
    """What a file is called while it is written: in the same folder, so that a rename ends it.

    ``owner``: the id of the installation that writes; "" where no other one can meet it. What is none counts as "":
    it may come from a receipt that anybody wrote.
    """
    return path.with_name(f".{path.name}.{owner}.tmp" if _OWNER.fullmatch(owner) else f".{path.name}.tmp")


def is_partial(name: str) -> bool:
    """Whether a name is one that a video, its receipt or its intent has while it is written, by whomever."""
    return _PARTIAL.fullmatch(name) is not None


def parse_video_name(name: str) -> tuple[int, int, str] | None:
    """``(segment, take, first 8 digits of the fingerprint)``; ``None`` for a name that sorad never gives."""
    found = _VIDEO.fullmatch(name)
    return (int(found[1]), int(found[2]), found[3]) if found else None


def below(path: str, roots: Iterable[str], *, named: bool = False) -> str:
    """``path`` as it is called below that one of ``roots`` which is nearest to it; as it is where it lies in none.

    ``named``: with the root's own name before it, to tell several roots apart.
    """
    for root in sorted(map(Path, roots), key=lambda one: len(one.parts), reverse=True):
        if root in Path(path).parents:
            return str(Path(path).relative_to(root.parent if named and root.name else root))
    return path
