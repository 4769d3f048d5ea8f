"""The vaults that Obsidian knows on this machine, from its own list."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

WINDOWS_DRIVES = Path("/mnt")  # where Windows' drives are mounted in WSL, unless /etc/wsl.conf says otherwise


def known_vaults(
    home: Path, env: Mapping[str, str], platform: str = sys.platform, drives: Path = WINDOWS_DRIVES
) -> list[Path]:
    """Folders of vaults that exist, the one opened last first.

    Obsidian keeps ``{"vaults": {id: {"path": …, "ts": milliseconds}}}`` in its application folder; Flatpak and
    Snap have folders of their own. In WSL those of Windows' Obsidian count as well, by their paths here.
    """
    opened: dict[Path, float] = {}
    for file in _lists(home, env, platform):
        for path, when in _vaults(file):
            _note(opened, Path(path), when)
    distribution = env.get("WSL_DISTRO_NAME", "") if platform == "linux" else ""
    if distribution:
        for file in sorted(drives.glob("?/Users/*/AppData/Roaming/obsidian/obsidian.json")):
            for path, when in _vaults(file):
                here = seen_from_wsl(path, distribution, drives)
                if here is not None:
                    _note(opened, here, when)
    return sorted(opened, key=lambda path: (-opened[path], path))


def seen_from_wsl(path: str, distribution: str, drives: Path = WINDOWS_DRIVES) -> Path | None:
    r"""A path of Windows as it is called inside a distribution; ``None`` where it is not to be seen there.

    ``C:\Vault`` is ``/mnt/c/Vault``; ``\\wsl.localhost\Ubuntu\home\me\Vault`` is ``/home/me/Vault`` in Ubuntu.
    """
    drive = re.match(r"([A-Za-z]):[\\/](.*)", path, re.DOTALL)
    if drive:
        return drives / drive[1].lower() / drive[2].replace("\\", "/")
    share = re.match(r"\\\\wsl(?:\$|\.localhost)\\([^\\]+)(\\.*)", path, re.DOTALL | re.IGNORECASE)
    if share and share[1].lower() == distribution.lower():
        return Path(share[2].replace("\\", "/"))
    return None


def _note(opened: dict[Path, float], path: Path, when: float) -> None:
    if os.path.isdir(path):  # noqa: PTH112  (Path's raises where a folder above may not be entered)
        opened[path] = max(when, opened.get(path, 0.0))


def _lists(home: Path, env: Mapping[str, str], platform: str) -> list[Path]:
    if platform == "darwin":
        folders = [home / "Library" / "Application Support"]
    elif platform == "win32":
        folders = [Path(env.get("APPDATA") or home / "AppData" / "Roaming")]
    else:
        folders = [
            Path(env.get("XDG_CONFIG_HOME") or home / ".config"),
            home / ".var" / "app" / "md.obsidian.Obsidian" / "config",
            home / "snap" / "obsidian" / "current" / ".config",
        ]
    return [folder / "obsidian" / "obsidian.json" for folder in folders]


def _vaults(file: Path) -> list[tuple[str, float]]:
    """What one list holds; another program's file may hold anything."""
    try:
        raw = json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return []
    entries = raw.get("vaults") if isinstance(raw, dict) else None
    found = []
    for entry in entries.values() if isinstance(entries, dict) else ():
        path, when = (entry.get("path"), entry.get("ts")) if isinstance(entry, dict) else (None, None)
        if isinstance(path, str) and path and "\0" not in path:
            found.append((path, float(when) if isinstance(when, (int, float)) else 0.0))
    return found
