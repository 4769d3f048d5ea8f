"""What this machine is like, as far as a service is concerned, and the one way commands are run on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional

NOT_FOUND, TIMED_OUT = 127, 124
# systemctl and launchctl answer at once; what waits is done by looking again.
PATIENCE = 30.0


@dataclass(frozen=True)
class Outcome:
    """How a command ended. Codes 127 and 124: it is not there; it did not end in time."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return self.code == 0

    def said(self) -> str:
        """Its own last words, on one line."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return lines[-1].strip() if lines else f"exit code {self.code}"


Run = Callable[[Sequence[str], Mapping[str, str]], Outcome]


def run(argv: Sequence[str], env: Mapping[str, str]) -> Outcome:
    """Run a command with ``env`` and nothing on its stdin."""
    try:
        ended = subprocess.run(
            list(argv),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except FileNotFoundError:
        return Outcome(NOT_FOUND, "", f"{argv[0]}: not found")
    except subprocess.TimeoutExpired:
        return Outcome(TIMED_OUT, "", f"{argv[0]}: no answer in {PATIENCE:g} s")
    except OSError as error:
        return Outcome(NOT_FOUND, "", f"{argv[0]}: {error.strerror or error}")
    return Outcome(ended.returncode, _text(ended.stdout), _text(ended.stderr))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


@dataclass(frozen=True)
class Host:
    """Where and as whom sorad runs. ``root`` is ``/``, or a folder that stands for it in tests."""

    platform: str  # as sys.platform
    uid: int  # in effect; -1 on Windows
    home: Path  # of the user whose vaults are served
    user: str  # their name
    env: Mapping[str, str] = field(repr=False)
    root: Path = Path("/")
    run: Run = run

    def path(self, absolute: str) -> Path:
        """A path of the system."""
        return self.root / absolute.lstrip("/")

    def call(self, *argv: str, **extra: str) -> Outcome:
        """Run a command in this host's environment, in plain English and without a pager."""
        env = {**self.env, "LC_ALL": "C", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0", **extra}
        return self.run(argv, env)


def here() -> Host:
    """This machine and this user."""
    uid = os.geteuid() if hasattr(os, "geteuid") else -1
    return Host(sys.platform, uid, Path.home(), user_name(uid), dict(os.environ))


def user_name(uid: int) -> str:
    """The name of a user; the number where it has none."""
    if sys.platform == "win32":
        import getpass

        return getpass.getuser()
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def home_of(name: str) -> Optional[Path]:
    """The home of another user; ``None`` where there is no such user."""
    if sys.platform == "win32":
        return None
    import pwd

    try:
        return Path(pwd.getpwnam(name).pw_dir)
    except KeyError:
        return None
