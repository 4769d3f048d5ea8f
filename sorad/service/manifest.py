"""What an installation wrote, so that it can be undone exactly, and what a person changed since is kept."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Optional

from sorad.messages import N_
from sorad.problems import Problem, SoradError

CHANGED = ".old"  # behind the name of a file that a person had changed when it was written again


@dataclass
class Manifest:
    """``files`` are paths with the SHA-256 of what was written there; ``folders`` were made for it."""

    unit: str
    config: str = ""
    files: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    writable: list[str] = field(default_factory=list)  # what the drop-in lets the service write; empty: all
    linger: bool = False  # whether lingering was switched on for it


def load(path: Path) -> Optional[Manifest]:
    """The manifest; ``None`` where nothing is installed. :class:`SoradError` where it cannot be read."""
    try:
        raw = json.loads(path.read_text("utf-8"))
        return Manifest(**raw)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise _unusable(path, error) from None


def save(manifest: Manifest, path: Path) -> None:
    """Keep it. ``OSError``."""
    make_folder(path.parent, manifest)  # before it is written, because it stands in it
    write(path, json.dumps(asdict(manifest), indent=1, ensure_ascii=False).encode("utf-8"), manifest)


def put(files: Mapping[Path, bytes], manifest: Manifest) -> list[Path]:
    """Write ``files``; the copies that were kept of those that a person had changed.

    :class:`SoradError` where a file is there that sorad never wrote: nothing is written then.
    """
    for path, content in files.items():
        if not _ours(path, content, manifest):
            raise _foreign(path)
    kept = []
    for path, content in files.items():
        if is_changed(path, manifest) and _hash_of(path) != _hash(content):
            copy = path.with_name(path.name + CHANGED)
            path.replace(copy)
            kept.append(copy)
        write(path, content, manifest)
        manifest.files[str(path)] = _hash(content)
    return kept


def _ours(path: Path, content: bytes, manifest: Manifest) -> bool:
    """Whether a file may be written: it is not there, or was written by sorad, whoever asked for it then."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return True
    return str(path) in manifest.files or found.split(b"\n")[:4] == content.split(b"\n")[:4]


def is_changed(path: Path, manifest: Manifest) -> bool:
    """Whether a person changed a file since it was written."""
    return _hash_of(path) not in (None, manifest.files.get(str(path)))


def remove(manifest: Manifest, *, exclude: frozenset[str] = frozenset()) -> list[Path]:
    """Take away the files that were written; those that were kept, because a person changed them."""
    kept = []
    for name in manifest.files:
        path = Path(name)
        if name in exclude:
            continue
        if is_changed(path, manifest):
            kept.append(path)
        else:
            path.unlink(missing_ok=True)
    return kept


def tidy(manifest: Manifest) -> None:
    """Take away the folders that were made, as far as they are empty."""
    for name in sorted(manifest.folders, key=len, reverse=True):
        with contextlib.suppress(OSError):  # not empty, or gone
            Path(name).rmdir()


def write(path: Path, content: bytes, manifest: Manifest) -> None:
    """Put a file there, whole or not at all; the folders that are made for it are noted. ``OSError``."""
    make_folder(path.parent, manifest)
    fresh = path.with_name(f".{path.name}.tmp")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def make_folder(path: Path, manifest: Manifest) -> None:
    """Make a folder and those above it, and note which."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    manifest.folders += [str(folder) for folder in missing if str(folder) not in manifest.folders]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hash_of(path: Path) -> Optional[str]:
    try:
        return _hash(path.read_bytes())
    except FileNotFoundError:
        return None


def _foreign(path: Path) -> SoradError:
    return SoradError(
        Problem(
            "service.foreign",
            N_("{path} is there already, and sorad did not write it."),
            N_("Stop and disable that service, move the file away, and try again."),
            {"path": str(path)},
        )
    )


def _unusable(path: Path, error: Exception) -> SoradError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return SoradError(
        Problem(
            "service.manifest",
            N_("The note of what was installed, {path}, cannot be read: {reason}."),
            N_("Remove it, and run `sorad service install` again: it writes everything anew."),
            {"path": str(path), "reason": reason},
        )
    )
