"""Which picture a link in a note means, as Obsidian resolves it."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional
from urllib.parse import unquote

from sorad.files.untrusted import Unfit, read_small
from sorad.layout import POSTER

_WIKI = re.compile(r"!?\[\[([^\]|#]+)[^\]]*\]\]")
_LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)>]+?)>?(?:\s+\"[^\"]*\")?\)")
_EACH = re.compile(rf"{_WIKI.pattern}|{_LINK.pattern}")
_BETWEEN = re.compile(r"[\s、；;，,]*")
_FURTHEST = 100_000  # files that are looked at


def several(cell: str) -> list[str]:
    """The links of a cell that has nothing but links, however they are set apart; ``[]``: it has other words, too."""
    if _BETWEEN.fullmatch(_EACH.sub("", cell)) is None:
        return []
    return [found[0] for found in _EACH.finditer(cell)]


@dataclass
class Links:
    """The links of one note. The vault is walked through once, and only where a link says no more than a name."""

    note: Path
    vault: Path
    base: Path  # paths are given as seen from this folder
    _by_name: Optional[dict[str, list[str]]] = field(default=None)  # paths from the vault's top

    def meant_by(self, cell: str) -> str:
        """The path or address that a cell names, by ``[[a.png]]``, by ``![](a.png)``, or as it is.

        A path is given as seen from ``base``, where the file is there.
        """
        link, wiki = _LINK.fullmatch(cell), _WIKI.fullmatch(cell)
        name = link[1] if link else wiki[1].strip() if wiki else cell
        if "://" in name or os.path.isabs(name):  # noqa: PTH117
            return name
        name = unquote(name) if link else name
        found = self._found(name) if link or wiki else self.note.parent / name
        if found is None or not found.is_file():
            return name
        return os.path.relpath(found, self.base).replace(os.sep, "/")

    def _found(self, name: str) -> Path | None:
        """From the vault's top, beside the note, in the folder of attachments; else the shortest path of that name."""
        folder = self.note.parent
        places = (folder,) if name.startswith(("./", "../")) else (self.vault, folder, self._attachments())
        for place in places:
            if (place / name).is_file():
                return place / name
        wanted = "/" + _folded(name).lstrip("./")
        same = self._names().get(Path(wanted).name, ())
        matching = [path for path in same if _folded(f"/{path}").endswith(wanted)]
        best = min(matching, key=lambda path: (path.count("/"), len(path), path), default=None)
        return None if best is None else self.vault / best

    def _attachments(self) -> Path:
        try:
            raw = read_small(self.vault / ".obsidian" / "app.json", 1_000_000)
            told = json.loads(raw or b"{}").get("attachmentFolderPath", "")
        except (Unfit, OSError, ValueError, RecursionError, AttributeError):
            told = ""
        named = told if isinstance(told, str) else ""
        return self.note.parent / named if named.startswith("./") else self.vault / named.lstrip("/")

    def _names(self) -> dict[str, list[str]]:
        """The files of the vault, by their folded names."""
        if self._by_name is not None:
            return self._by_name
        found: dict[str, list[str]] = {}
        count, top = 0, str(self.vault)
        for place, folders, files in os.walk(top):
            folders[:] = [one for one in folders if not one.startswith(".")]
            within = place[len(top) :].replace(os.sep, "/").lstrip("/")
            for name in _of_people(files):
                found.setdefault(_folded(name), []).append(f"{within}/{name}" if within else name)
            count += len(files)
            if count > _FURTHEST:
                break
        self._by_name = found
        return found


def _folded(name: str) -> str:
    """In small letters, and composed ones: a Mac takes é apart."""
    return unicodedata.normalize("NFC", name).lower()


def _of_people(names: Collection[str]) -> Iterator[str]:
    """Without the posters that lie beside their videos."""
    there = set(names)
    for name in names:
        if not name.endswith(POSTER) or f"{name[: -len(POSTER)]}.mp4" not in there:
            yield name
