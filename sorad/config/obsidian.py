"""The vaults that Obsidian knows on this machine, from its own list."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path


def known_vaults(home: Path, env: Mapping[str, str], platform: str = sys.platform) -> list[Path]:
    """Folders of vaults that exist, the one opened last first.

    Obsidian keeps ``{"vaults": {id: {"path": …, "ts": milliseconds}}}`` in its application folder;
    Flatpak and Snap have folders of their own.
    """
    opened: dict[Path, float] = {}
    for file in _lists(home, env, platform):
        for path, when in _vaults(file):
            if path.is_dir():
                opened[path] = max(when, opened.get(path, 0.0))
    return sorted(opened, key=lambda path: (-opened[path], path))


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


def _vaults(file: Path) -> list[tuple[Path, float]]:
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
            found.append((Path(path), float(when) if isinstance(when, (int, float)) else 0.0))
    return found
