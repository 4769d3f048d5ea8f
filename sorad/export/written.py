"""What `sorad export` wrote, and how it stood then: what somebody has worked on since is never written over."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from sorad.files.durable import Sleep, write_whole
from sorad.files.untrusted import Unfit, read_small

NAME = "exports.json"  # in ``state_dir``: by path, the hash of what was written there last
_MOST = 2000  # paths that are remembered
_LARGEST = 50_000_000  # bytes of an export that is read again


def write_beside(out: Path, content: bytes, state_dir: Path, sleep: Sleep) -> Path:
    """Write an export; where it lies: under another name where something else has this one. ``OSError``.

    An earlier export that stands as it was written is replaced.
    """
    file = state_dir / NAME
    written = _read(file)
    target = _free_name(out, content, written)
    write_whole(target, content, sleep)
    known = {path: told for path, told in written.items() if path != str(target)}
    newest = [*known.items(), (str(target), _hash(content))][-_MOST:]
    with contextlib.suppress(OSError):  # then the next one lies beside it
        write_whole(file, json.dumps(dict(newest), ensure_ascii=False, indent=1).encode(), sleep)
    return target


def _free_name(out: Path, content: bytes, written: Mapping[str, str]) -> Path:
    names = (out if number == 1 else out.with_name(f"{out.stem}-{number}{out.suffix}") for number in count(1))
    return next(one for one in names if not os.path.lexists(one) or _is_ours(one, content, written))


def _is_ours(path: Path, content: bytes, written: Mapping[str, str]) -> bool:
    """Whether a file stands as it was written, or is just what is to be written."""
    with contextlib.suppress(OSError, Unfit):
        there = read_small(path, _LARGEST)
        return there is not None and (there == content or _hash(there) == written.get(str(path)))
    return False


def _read(file: Path) -> dict[str, str]:
    """What is remembered; of a file that cannot be read nothing, and all that lies there stays."""
    with contextlib.suppress(OSError, Unfit, ValueError, RecursionError):
        told = json.loads(read_small(file, _LARGEST) or b"{}")
        return {str(path): str(one) for path, one in told.items()} if isinstance(told, dict) else {}
    return {}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
