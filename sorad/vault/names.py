"""What a name tells: storyboard, conflict copy, duplicate, or none of our business. Pure.

Names are compared NFC-normalised and without case: macOS may hand out decomposed names, and the file
systems of macOS and Windows do not tell ``A`` from ``a``.
"""

from __future__ import annotations

import fnmatch
import functools
import re
import unicodedata
from collections.abc import Callable, Collection

PREFIX = "storyboard"
_SUFFIX = ".json"
_SUFFIXES = (_SUFFIX, ".csv")
NOTE = ".md"
_TAKES = "_takes.md"  # what the notes of sorad itself end in, beside videos
_ASSETS = "_assets"

_IGNORED_FOLDERS = frozenset({"node_modules"})  # .trash, .git, .stversions, .stfolder start with a dot
_TEMPORARY = ("~$*", "*.tmp", "*.part", "~syncthing~*", ".*")

# What sync services call a conflict copy inside brackets: Obsidian Sync and Nextcloud in English, Dropbox
# in the language of the account.
_CONFLICT_PHRASES = (
    "conflicted copy",
    "case conflict",
    "selective sync conflict",
    "unicode encoding conflict",
    "in konflikt stehende kopie",
    "konfliktkopie",
    "copie en conflit",
    "copia en conflicto",
    "copia in conflitto",
    "cópia em conflito",
    "conflicterende kopie",
    "kopia powodująca konflikt",
    "kopia w konflikcie",
    "конфликтующая копия",
    "конфликтная копия",
    "冲突副本",
    "冲突的副本",
    "衝突複本",
    "衝突的複本",
    "競合コピー",
    "충돌된 사본",
    "충돌하는 사본",
)
_CONFLICT = re.compile(
    r"[(（][^)）]*(?:" + "|".join(map(re.escape, _CONFLICT_PHRASES)) + r")[^)）]*[)）]"
    r"|\.sync-conflict-\d{8}-\d{6}"  # Syncthing
    r"|-nsconflict|-conflict-"  # Nutstore on macOS and Linux; on Windows
    r"|_conflict-\d{8}-\d{6}"  # ownCloud
)

# What Finder, Explorer and cloud drives put behind the stem of a duplicate.
_COPY_WORDS = "copy|kopie|copie|copia|cópia|копия|副本|拷贝|複本|拷貝|コピー"
_DUPLICATE = re.compile(
    r"(?:"
    r" \d+"  # name 2
    r"| ?[(（]\d+[)）]"  # name (1)
    rf"|(?: -)? ?(?:的|の)?(?:{_COPY_WORDS})(?: ?\d+| ?[(（]\d+[)）])?"  # name copy 2, name - Copy (2)
    r")$"
)
# What is read, but not bought by itself: names that a person might give, too.
_MARKED = re.compile(r" ?[(（](?:sf)?conflict(?:[ _-][^)）]*)?[)）]$| ?[(（](?:冲突|衝突)[^)）]*[)）]$")
# What Windows calls a computer, in a name that OneDrive gives a second content: NAME-HOST.json, NAME-HOST-2.json.
_COMPUTER = re.compile(r"(?:DESKTOP|LAPTOP|WIN)-[A-Z0-9]{4,}|[A-Z]{2,}[A-Z0-9]*-(?=[A-Z]*[0-9])[A-Z0-9]{4,}")
_COUNTED = re.compile(r"-\d{1,2}$")
_MEANT = re.compile("分镜|分鏡|story[ _-]?board")
_HOST = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def fold(name: str) -> str:
    """A name as it is compared: NFC, lower case."""
    return unicodedata.normalize("NFC", name).lower()


def is_storyboard(name: str) -> bool:
    """Whether a file of that name is looked at: ``storyboard*.json``, ``storyboard*.csv``. Conflict copies match, too.

    Of notes the name tells nothing: see :mod:`sorad.vault.notes`.
    """
    folded = fold(name)
    return folded.startswith(PREFIX) and folded.endswith(_SUFFIXES)


def is_note(name: str) -> bool:
    """Whether a file of that name is a note of the user's, which may be a storyboard by its properties."""
    if name[-len(NOTE) :].lower() != NOTE:
        return False
    return not is_temporary(name) and not name.lower().endswith(_TAKES)


def may_be_one(name: str) -> bool:
    """Whether a file of that name is a storyboard, or a note that may be one."""
    return is_storyboard(name) or is_note(name)


def is_never_read(name: str) -> bool:
    """Whether a file was probably meant as a storyboard, and its name keeps it from being one.

    ``storyboard_1.json.txt``, ``分镜_01.json``, ``my storyboard.json``.
    """
    folded = fold(name)
    if is_temporary(name) or is_storyboard(name) or conflict_copy(name):
        return False
    if folded.startswith(PREFIX):
        ends = (".txt", ".jsonc", ".json5")
        return folded.endswith(ends) or any(f"{one}." in folded for one in _SUFFIXES)
    return folded.endswith(_SUFFIX) and _MEANT.search(folded) is not None


def is_temporary(name: str) -> bool:
    """Whether the name is that of a hidden, temporary or half-written thing."""
    folded = fold(name)
    return any(fnmatch.fnmatchcase(folded, pattern) for pattern in _TEMPORARY)


def is_ignored_folder(name: str, parent_has: Callable[[str], bool]) -> bool:
    """Whether nothing inside a folder of that name counts.

    ``parent_has`` tells whether the folder above holds a file of a given name (a note: one that is a storyboard):
    ``X_assets`` is sorad's own output where ``X.json`` or ``X.md`` is its neighbour, or X is called like a storyboard.
    """
    folded = fold(name)
    if is_temporary(name) or folded in _IGNORED_FOLDERS:
        return True
    if not folded.endswith(_ASSETS):
        return False
    stem = name[: -len(_ASSETS)]
    return folded.startswith(PREFIX) or parent_has(stem + _SUFFIX) or parent_has(stem + NOTE)


@functools.lru_cache(maxsize=4096)
def is_never_watched(name: str) -> bool:
    """Whether nothing inside a folder of that name counts, whatever lies beside it; outputs above all.

    ``X_assets`` beside an ``X.json`` that is no storyboard by its name stays watched: the neighbour may go.
    """
    return is_ignored_folder(name, lambda _neighbour: False)


def conflict_copy(name: str) -> bool:
    """Whether a sync service made this file because two devices wrote at once. Never a storyboard."""
    return _CONFLICT.search(fold(name)) is not None


def marked_conflict(name: str) -> str | None:
    """``name.json`` for ``name (conflict …).json``, ``name (SFConflict …).json``, ``name (冲突).json``."""
    stem, dot, suffix = unicodedata.normalize("NFC", name).rpartition(".")
    cut = _MARKED.search(stem.lower())
    return stem[: cut.start()] + dot + suffix if cut is not None and cut.start() > 0 else None


def host_conflicts(name: str, hosts: Collection[str]) -> list[str]:
    """``name.json`` for ``name-HOST.json``, for each way to read it so; its content tells whether it is one.

    HOST is a name that Windows makes up for a computer, or one of ``hosts``, in capital or small letters.
    """
    stem, dot, suffix = unicodedata.normalize("NFC", name).rpartition(".")
    known = {fold(host) for host in hosts if host}
    found = []
    for at in (at for at, letter in enumerate(stem) if letter == "-" and at > 0):
        ends = {stem[at + 1 :], _COUNTED.sub("", stem[at + 1 :])}
        if any(_COMPUTER.fullmatch(end) or fold(end) in known for end in ends):
            found.append(stem[:at] + dot + suffix)
    return found


def stub_target(name: str) -> str | None:
    """``name.json`` for ``.name.json.icloud``, the stand-in of an evicted file; else ``None``."""
    if name.startswith(".") and name.lower().endswith(".icloud"):
        return name[1 : -len(".icloud")]
    return None


def original_of(name: str, siblings: Collection[str]) -> str | None:
    """The sibling that a duplicate's name points to, or ``None``.

    ``name 2.json``, ``name copy.json``, ``name (1).json``, ``name - 副本.json`` and ``name-HOSTNAME.json``
    point to ``name.json``, if it is among ``siblings``. Only the content tells whether it is a copy.
    """
    folded = fold(name)
    if not folded.endswith(_SUFFIX):
        return None
    there = {fold(sibling): sibling for sibling in siblings}
    for stem in _originals(folded[: -len(_SUFFIX)]):
        if stem + _SUFFIX in there:
            return there[stem + _SUFFIX]
    return None


def _originals(stem: str) -> list[str]:
    """The stems that a stem may repeat, nearest first."""
    found = []
    cut = _DUPLICATE.search(stem)
    if cut is not None and cut.start() > 0:
        found.append(stem[: cut.start()])
    dashes = [at for at, letter in enumerate(stem) if letter == "-" and at > 0]
    found += [stem[:at] for at in reversed(dashes) if _HOST.fullmatch(stem[at + 1 :])]
    return found


def is_text(path: str) -> bool:
    """Whether a path can be kept as text: a name that is no UTF-8 cannot."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
