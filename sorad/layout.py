"""Where outputs go and what they are called. Pure: nothing is looked up, nothing is created.

``in_place``::

    ep1/storyboard_a.json
    ep1/storyboard_a_assets/Segment_3/storyboard_a_S003_T1_0f1e2d3c.mp4     segment 3, take 1, fingerprint
    ep1/storyboard_a_assets/Segment_3/storyboard_a_S003_T1_0f1e2d3c.json    its receipt
    ep1/storyboard_a_assets/Segment_3/storyboard_a_S003_T1_0f1e2d3c.intent.json    while its create is open
    ep1/storyboard_a_assets/Segment_3/storyboard_a_S003_T1_0f1e2d3c_last.png    its last frame, for a next shot
    ep1/storyboard_a_assets/Segment_3/storyboard_a_S003_T1_0f1e2d3c_poster.jpg    one picture of it, for notes
    ep1/storyboard_a_assets/Segment_3/.storyboard_a_S003_T1_0f1e2d3c.mp4.1a2b3c4d5e6f7a8b.tmp    while it is
        downloaded, where that cannot be done in ``state_dir``; by whom: of several sorads none writes into another's

``centralized`` puts ``Segment_3`` and what is in it under ``{output_dir}/ep1/storyboard_a/``.

What a video is called is for people, and told by ``name`` in the config. Which take it is, its receipt says, or its
intent: a name is computed for what is new alone. Earlier versions gave it ``3_v1_0f1e2d3c.mp4``; such names stay.

The names of storyboards are taken as they stand on the disk for the folder: ``_assets`` is 7 characters where ``.json``
is 5, so a storyboard whose name uses the file system's last two bytes (255 on most) has no room for its folder, and
the error of making it is shown. In the names of files they are cleaned and cut.
"""

from __future__ import annotations

import functools
import hashlib
import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

_DIGITS = 8  # of the fingerprint: 4 billion, for the few texts that one segment ever has
INTENT, POSTER = ".intent.json", "_poster.jpg"
ASSETS = "_assets"
ENDINGS = (".json", ".csv", ".md")  # of storyboards; those of one stem would share a folder
# A name with more digits is none of ours: anybody may write one, and SQLite's integers have 64 bits.
HIGHEST_SEGMENT = HIGHEST_TAKE = 9_999_999_999
DEFAULT_NAME = "{stem}_S{segment:03}_T{take}_{fingerprint8}"
OLD_NAME = "{segment}_v{take}_{fingerprint8}"
_STEM = r"(0|[1-9][0-9]{0,9})_v([1-9][0-9]{0,9})_([0-9a-f]{8})"
_VIDEO = re.compile(_STEM + r"\.mp4")
_NEW_STEM = re.compile(r"_S([0-9]{1,10})_T([1-9][0-9]{0,9})_([0-9a-f]{8})$")
_OWNER = re.compile(r"[0-9a-z]{1,32}")
_ENDING = r"(\.(mp4|json|intent\.json)|_poster\.jpg|_last\.png)"
# Ours by the owner's id, whatever ``name`` was in force; by the old name also without one.
_PARTIAL = re.compile(
    rf"\.{_STEM}{_ENDING}(\.[0-9a-z]+)?\.tmp|\..*(?<![0-9a-f])[0-9a-f]{{8}}(?![0-9a-f]).*{_ENDING}\.[0-9a-z]+\.tmp"
)

# --- what a new video is called ------------------------------------------------------------------------------------

# A file's name has 255 bytes on most disks. The longest around a video's: "." before it, ".intent.json", an owner's id
# and ".tmp" behind it, ".icloud" in their place; and 20 bytes to spare for what others add.
MOST_BYTES = 180
_MOST_STEM = 120  # of it, the name of the storyboard
_BROKEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|#^\[\].]+|%%+')  # breaks links, paths or endings somewhere
_FIELDS = ("stem", "segment", "take", "fingerprint8")
_NEEDED = frozenset(_FIELDS[1:])
_WIDTH = re.compile(r"0[1-9]")


def video_path(assets: Path, segment: int, take: int, fingerprint: str, name: str = DEFAULT_NAME) -> Path:
    """The video of a new take; ``fingerprint`` is the whole one, ``name`` a pattern that :func:`check_name` accepts."""
    values = {"segment": segment, "take": take, "fingerprint8": fingerprint[:_DIGITS]}
    stem = assets.name[: -len(ASSETS)] if assets.name.endswith(ASSETS) else assets.name
    return assets / f"Segment_{segment}" / f"{name.format(stem=clean(stem), **values)}.mp4"


def clean(stem: str, most: int = _MOST_STEM) -> str:
    """A storyboard's name as it stands in file names: what breaks links is ``_``, and at most so many bytes are left.

    Where it is cut, eight digits of a hash tell it from others that begin alike.
    """
    whole = unicodedata.normalize("NFC", stem).replace("\u00a0", " ")
    text = _BROKEN.sub("_", whole).strip(" ") or "_"
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode()
    mark = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{data[: most - 9].decode('utf-8', 'ignore').rstrip(' ')}-{mark}"


def check_name(name: str) -> str:
    """What is wrong with a pattern for names; ``""``: nothing. One of ``"form"``, ``"field"``, ``"lacks"``,
    ``"sign"``, ``"long"``."""
    try:
        parts = list(string.Formatter().parse(name))
    except ValueError:
        return "form"
    if not all(_is_field(field, spec, turn) for _literal, field, spec, turn in parts):
        return "field"
    if not _NEEDED.issubset(field for _literal, field, _spec, _turn in parts):
        return "lacks"
    return _check_text(name, "".join(literal for literal, _field, _spec, _turn in parts))


def _check_text(name: str, literals: str) -> str:
    if _BROKEN.search(literals) or set(literals) & set("{}~") or name != name.strip():
        return "sign"
    longest = name.format(stem="s" * _MOST_STEM, segment=999_999, take=999, fingerprint8="0" * _DIGITS)
    return "long" if len(longest.encode("utf-8", "replace")) > MOST_BYTES else ""


def _is_field(field: str | None, spec: str | None, turn: str | None) -> bool:
    """``{segment:03}`` and ``{take:02}`` may have a width, the others nothing; ``None``: text alone."""
    if field is None:
        return True
    if field not in _FIELDS or turn:
        return False
    return not spec or (field in ("segment", "take") and _WIDTH.fullmatch(spec) is not None)


# --- folders and names beside a video ------------------------------------------------------------------------------


def assets_folder(storyboard: Path, root: Path, output_mode: str, output_dir: Path | None) -> Path:
    """The folder of all outputs of a storyboard.

    ``output_mode`` is ``"in_place"`` or ``"centralized"``; the latter needs ``output_dir``, and a storyboard
    below ``root``. ``ValueError`` where one of them is missing.
    """
    if output_mode == "in_place":
        return storyboard.parent / f"{storyboard.stem}{ASSETS}"
    if output_dir is None:
        raise ValueError("centralized without output_dir")
    return output_dir / storyboard.parent.relative_to(root) / storyboard.stem


@functools.lru_cache(maxsize=512)  # of few videos at a time, and asked for dozens of times for each
def video_at(output: str) -> Path:
    """The video of a take, by the ``output`` that the ledger has."""
    return Path(output)


@functools.lru_cache(maxsize=512)
def receipt_path(video: Path) -> Path:
    """The receipt of a video, beside it."""
    return video.with_suffix(".json")


@functools.lru_cache(maxsize=512)
def intent_path(video: Path) -> Path:
    """The note that a create for it was sent, beside it, while nobody knows what came of it."""
    return video.with_suffix(INTENT)


def last_frame_path(video: Path) -> Path:
    """The last frame of a video, beside it, where another shot continues it."""
    return video.with_name(f"{video.stem}_last.png")


def poster_path(video: Path) -> Path:
    """The poster of a video, beside it."""
    return video.with_name(f"{video.stem}{POSTER}")


@functools.lru_cache(maxsize=512)
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
    """``(segment, take, first 8 digits of the fingerprint)`` of a name of old; ``None`` for any other."""
    found = _VIDEO.fullmatch(name)
    return (int(found[1]), int(found[2]), found[3]) if found else None


def hint_of(name: str) -> tuple[int | None, frozenset[str]]:
    """What a name may tell where nothing else does: a take's number (``None``: any), and digits of fingerprints.

    ``name`` is that of a video, without its ending.
    """
    old = parse_video_name(f"{name}.mp4")
    if old is not None:
        return old[1], frozenset({old[2]})
    new = _NEW_STEM.search(name)
    if new is not None:
        return int(new[2]), frozenset({new[3]})
    return None, frozenset(re.findall(r"(?<![0-9a-f])[0-9a-f]{8}(?![0-9a-f])", name))


def video_names(names: Iterable[str]) -> Iterator[str]:
    """The names of videos, without their endings, that names in a segment's folder belong to: each once, sorted."""
    stems = set()
    for name in names:
        for ending in (INTENT, ".json", ".mp4"):
            if name.endswith(ending) and not name.startswith("."):
                stems.add(name[: -len(ending)])
                break
    yield from sorted(stems)


def below(path: str, roots: Iterable[str], *, named: bool = False) -> str:
    """``path`` as it is called below that one of ``roots`` which is nearest to it; as it is where it lies in none.

    ``named``: with the root's own name before it, to tell several roots apart.
    """
    for root in sorted(map(Path, roots), key=lambda one: len(one.parts), reverse=True):
        if root in Path(path).parents:
            return str(Path(path).relative_to(root.parent if named and root.name else root))
    return path
