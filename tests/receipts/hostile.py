"""What a stranger can put under the name of a file that sorad reads."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any, Callable

KINDS = ("pipe", "socket", "folder", "loop", "link", "device", "huge", "deep")


def put(kind: str, path: Path) -> None:
    """Put something of that kind there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _MAKE[kind](path)


def _socket(path: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)  # the address of a socket has little room
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


def _link(path: Path) -> None:
    outside = path.with_name("outside")
    outside.write_text(json.dumps({"sorad": "1", "secret": "of this machine"}), "utf-8")
    path.symlink_to(outside)


_MAKE: dict[str, Callable[[Path], Any]] = {
    "pipe": os.mkfifo,
    "socket": _socket,
    "folder": Path.mkdir,
    "loop": lambda path: path.symlink_to(path),
    "link": _link,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "huge": lambda path: path.write_bytes(b" " * 3_000_000),
    "deep": lambda path: path.write_bytes(b'{"sorad": "1", "x": ' + b"[" * 500 + b"]" * 500 + b"}"),
}
