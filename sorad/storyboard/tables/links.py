"""Which picture a link in a note means, as Obsidian resolves it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from sorad.files.untrusted import Unfit, read_small

_WIKI = re.compile(r"!?\[\[([^\]|#]+)[^\]]*\]\]")
_LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)>]+?)>?(?:\s+\"[^\"]*\")?\)")
_FURTHEST = 100_000  # files that are looked at


def meant_by(cell: str, note: Path, vault: Path, base: Path) -> str:
    """The path or address that a cell names, by ``[[a.png]]``, by ``![](a.png)``, or as it is.

    A path is given as seen from the folder ``base``, where the file is there.
    """
    link, wiki = _LINK.fullmatch(cell), _WIKI.fullmatch(cell)
    name = link[1].replace("%20", " ") if link else wiki[1].strip() if wiki else cell
    if "://" in name or os.path.isabs(name):  # noqa: PTH117
        return name
    found = _found(name, note.parent, vault) if wiki else note.parent / name
    if found is None or not found.is_file():
        return name
    return os.path.relpath(found, base).replace(os.sep, "/")


def _found(name: str, folder: Path, vault: Path) -> Path | None:
    """Beside the note, from the vault's top, in the folder of attachments; else the shortest path of that name."""
    for place in (folder / name, vault / name, _attachments(folder, vault) / name):
        if place.is_file():
            return place
    matching = [path for path in _files(vault) if path.name == Path(name).name and str(path).endswith(name)]
    return min(matching, key=lambda path: (len(path.parts), str(path)), default=None)


def _attachments(folder: Path, vault: Path) -> Path:
    try:
        raw = read_small(vault / ".obsidian" / "app.json", 1_000_000)
        told = json.loads(raw or b"{}").get("attachmentFolderPath", "")
    except (Unfit, OSError, ValueError, RecursionError, AttributeError):
        told = ""
    named = told if isinstance(told, str) else ""
    return folder / named if named.startswith("./") else vault / named


def _files(vault: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, files in os.walk(vault):
        folders[:] = [one for one in folders if not one.startswith(".")]
        found += [Path(place) / one for one in files]
        if len(found) > _FURTHEST:
            break
    return found
