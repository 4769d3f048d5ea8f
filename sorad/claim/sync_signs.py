# ruff: noqa: PTH116
"""Signs that a folder is on several machines: a sync service's marks, its usual names, a network share.

A sign too many costs a note in the vault and a minute; a sign too few is made good by the receipts, which
name their machine. So the lists hold what is common, not what is possible.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, Optional

from sorad.files.untrusted import Unfit, read_small
from sorad.vault.filesystem import events_work

# What services leave in the folder they sync, and whether it is a file. (In the home folder, `.dropbox` is
# a folder with settings.)
_MARKS = (
    (".stfolder", None, "Syncthing"),
    (".stversions", False, "Syncthing"),
    (".dropbox", True, "Dropbox"),
    (".dropbox.cache", False, "Dropbox"),
    (".nextcloudsync.log", True, "Nextcloud"),
    (".owncloudsync.log", True, "ownCloud"),
    (".tmp.drivedownload", False, "Google Drive"),
    (".sync/ID", True, "Resilio Sync"),
)
# Folders that services make, in lower case; or their beginning, where the account's name follows.
_NAMES = {
    "dropbox": "Dropbox",
    "onedrive": "OneDrive",
    "nextcloud": "Nextcloud",
    "owncloud": "ownCloud",
    "google drive": "Google Drive",
    "googledrive": "Google Drive",
    "mobile documents": "iCloud",
    "icloud drive": "iCloud",
    "iclouddrive": "iCloud",
    "坚果云": "坚果云",
    "我的坚果云": "坚果云",
    "nutstore": "坚果云",
    "nutstore files": "坚果云",
    "synologydrive": "Synology Drive",
    "pclouddrive": "pCloud",
    "pcloud drive": "pCloud",
    "baidusyncdisk": "百度网盘",
    "seafile": "Seafile",
    "cloudstorage": "macOS",
}
_BEGINNINGS = ("dropbox (", "onedrive - ", "onedrive-", "googledrive-", "dropbox-", "icloud~", "com~apple~")
# Obsidian's plugins that sync a vault.
_PLUGINS = ("remotely-save", "obsidian-livesync", "obsidian-git")
# What Explorer shows of a cloud drive's folder.
_ICONS = ("onedrive", "googledrive", "google drive", "dropbox", "icloud", "nutstore")
_SHARES = ("nfs", "cifs", "smb", "afs", "ceph", "lustre", "gpfs", "ncpfs")
_FUSE_SHARES = ("fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.s3fs", "fuse.juicefs", "fuse.davfs")
_LARGEST = 100_000


def sync_service(folder: Path) -> str:
    """The name of what seems to carry this folder to other machines; ``""`` where nothing does."""
    kind = events_work(str(folder))[1]
    if kind.startswith(_SHARES) or kind in _FUSE_SHARES:
        return kind
    for place in (folder, *folder.parents):
        found = _by_name(place.name.lower()) or _by_mark(place) or _by_icon(place) or _by_obsidian(place)
        if found:
            return found
    return ""


def vault_of(folder: Path) -> Path:
    """The Obsidian vault that a folder is or lies in (the nearest one), or the folder itself."""
    for place in (folder, *folder.parents):
        if next(_settings(place), None) is not None:
            return place
    return folder


def _by_name(name: str) -> str:
    if name in _NAMES:
        return _NAMES[name]
    return name if name.startswith(_BEGINNINGS) else ""


def _by_mark(place: Path) -> str:
    for name, is_file, service in _MARKS:
        mode = _mode(place / name)
        if mode is not None and (is_file is None or is_file == stat.S_ISREG(mode)):
            return service
    return ""


def _by_icon(place: Path) -> str:
    text = _read(place / "desktop.ini", lambda raw: raw.replace(b"\0", b"").decode("ascii", "replace"))
    return next((icon for icon in _ICONS if icon in text.lower()), "") if isinstance(text, str) else ""


def _by_obsidian(place: Path) -> str:
    for settings in _settings(place):
        core = _read(settings / "core-plugins.json", json.loads)
        # A list of names in older versions.
        if (isinstance(core, dict) and core.get("sync") is True) or (
            isinstance(core, list) and "sync" in core
        ):
            return "Obsidian Sync"
        for plugin in _PLUGINS:
            if _mode(settings / "plugins" / plugin) is not None:
                return plugin
    return ""


def _settings(place: Path) -> Iterator[Path]:
    """The config folders of a vault: any dot-folder that holds ``app.json`` (its name can be chosen)."""
    try:
        with os.scandir(place) as entries:
            hidden = [entry.path for entry in entries if entry.name.startswith(".")]
    except OSError:
        return
    for path in sorted(hidden):
        if _mode(Path(path, "app.json")) is not None:
            yield Path(path)


def _mode(path: Path) -> Optional[int]:
    try:
        return os.stat(path).st_mode
    except OSError:
        return None


def _read(path: Path, parse: Callable[[bytes], Any]) -> Any:
    """What a small file holds; ``None`` where there is none, or none that can be understood."""
    try:
        data = read_small(path, _LARGEST)
        return None if data is None else parse(data)
    except (OSError, Unfit, ValueError, RecursionError):
        return None
