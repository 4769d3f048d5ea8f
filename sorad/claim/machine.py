"""Which machine this is: a random id, made once, and bound to the machine it was made on.

A ``state_dir`` that was copied to another machine must not make two machines one. So the file also holds a
hash of what the system calls this machine (or of the host name, where it has no such id); where that differs,
a new id is made. Clones that share even that cannot be told apart.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from sorad.messages import _

_FILE = "machine.json"
_SYSTEM_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")


@dataclass(frozen=True)
class Machine:
    """``home`` is the same for an installation that lost its ``state_dir``: same machine, name and folder.

    ``system`` is the same for all installations of a machine. Both are empty where the system gives its machine no
    id: a host name alone proves nothing.
    """

    id: str  # 16 hex digits
    name: str  # of the computer, for people
    home: str = ""
    system: str = ""


def identify(state_dir: Path, *, name: str | None = None, system_id: str | None = None) -> Machine:
    """This machine; its file is made where there is none, or none of this machine. ``OSError``.

    ``name`` and ``system_id`` are the host name and the system's own id, asked for where ``None``.
    """
    name = platform.node() if name is None else name
    system_id = read_system_id() if system_id is None else system_id
    binding = _hash("system", system_id) if system_id else _hash("name", name)
    home = _hash("home", system_id, name, os.path.abspath(state_dir)) if system_id else ""  # noqa: PTH100
    system = _hash("machine", system_id) if system_id else ""
    path = state_dir / _FILE
    known = _known(path)
    if known is not None and known["binding"] == binding:
        return Machine(known["id"], name, home, system)
    if known is not None:
        from loguru import logger  # here: `sorad plan` need not load it

        logger.warning(
            _("{path} was made on another machine: this one gets an identity of its own"), path=str(path)
        )
    machine = Machine(secrets.token_hex(8), name, home, system)
    _write(path, {"id": machine.id, "binding": binding})
    return machine


def known_machine(state_dir: Path) -> Machine | None:
    """This machine, where it was identified before; nothing is written. ``None``: it was not, or cannot be told."""
    try:
        system_id, known = read_system_id(), _known(state_dir / _FILE)
    except OSError:
        return None
    name = platform.node()
    binding = _hash("system", system_id) if system_id else _hash("name", name)
    return (
        identify(state_dir, name=name, system_id=system_id) if known and known["binding"] == binding else None
    )


def read_system_id() -> str:
    """What the operating system calls this machine; ``""`` where it does not say."""
    if sys.platform == "darwin":
        return _mac_id()
    if sys.platform == "win32":
        return _windows_id()
    for path in _SYSTEM_IDS:
        with contextlib.suppress(OSError):
            found = Path(path).read_text("ascii", "replace").strip()
            if re.fullmatch(r"[0-9a-f]{32}", found):
                return found
    return ""


def _mac_id() -> str:
    try:
        told = subprocess.run(
            ["/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r'"IOPlatformUUID" = "([0-9A-F-]{36})"', told)
    return found[1] if found else ""


def _windows_id() -> str:
    if sys.platform != "win32":
        return ""
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    except OSError:
        return ""


def _known(path: Path) -> dict[str, str] | None:
    """The file; ``None`` where it is missing or not ours. ``OSError`` where it cannot be read just now."""
    try:
        raw = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(raw, dict) or not re.fullmatch(r"[0-9a-f]{16}", str(raw.get("id"))):
        return None
    return {"id": raw["id"], "binding": str(raw.get("binding"))}


def _write(path: Path, members: dict[str, str]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.tmp")
    with fresh.open("w", encoding="ascii") as file:
        json.dump(members, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(("sorad", *parts)).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def machine_of(state_dir: Path) -> Union[Machine, OSError]:
    """Who this machine is, or why that cannot be told."""
    try:
        return identify(state_dir)
    except OSError as error:
        return error
