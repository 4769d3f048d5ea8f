"""A real systemd on a copy of this machine that forgets: its root file system read-only, an overlay in memory on it.

Nothing is downloaded and nothing outside is touched. The overlay lives in a mount namespace of its own, which
goes with its last process; all processes live in a process namespace, whose first one the kernel kills when the
one that runs the tests dies, and all others with it.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Optional

import psutil

REPOSITORY = Path(__file__).parents[2]
TOOLS = ("systemd-nspawn", "unshare", "nsenter", "setpriv", "useradd", "mount", "systemctl", "dbus-daemon")
BOOT_WITHIN = 40.0

# $1: where the overlay is mounted; $2…: folders that every user must be able to enter. Then nspawn, booting.
_BOOT = r"""
set -e
base=$1; shift
mount -t tmpfs -o mode=755 tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" overlay "$base/root"
mount -t tmpfs -o mode=755 tmpfs /run
root=$base/root
for unit in "$root"/etc/systemd/system/*.wants; do rm -rf "$unit"; done
for folder in "$@"; do chmod o+x "$root$folder"; done
mkdir -p "$root/etc/tmpfiles.d"
ln -s /dev/null "$root/etc/tmpfiles.d/tmp.conf"  # else the boot empties /tmp, where Python may lie
export SYSTEMD_NSPAWN_TMPFS_TMP=0
exec systemd-nspawn --quiet --directory="$root" --boot --register=no --keep-unit --private-network \
  --machine=sorad-test --console=pipe systemd.unit=multi-user.target systemd.journald.forward_to_console=0
"""


def why_not() -> Optional[str]:
    """Why no machine can be booted here; ``None`` where one can."""
    if not sys.platform.startswith("linux"):
        return "systemd is a matter of Linux"
    if os.geteuid() != 0:
        return "only root can boot a container"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if not any(Path(folder, "security/pam_systemd.so").exists() for folder in _libraries()):
        return "not installed: libpam-systemd"
    device = Path("/").stat().st_dev
    apart = [str(path) for path in _needed() if path.stat().st_dev != device]
    return f"not on the root file system: {', '.join(apart)}" if apart else None


def _libraries() -> list[str]:
    return [str(path) for path in (*Path("/lib").glob("*-linux-gnu"), Path("/lib"), Path("/lib64"))]


def _needed() -> list[Path]:
    """Where Python, its packages and sorad lie."""
    found = {Path(sys.prefix), Path(sys.base_prefix), REPOSITORY, Path(sys.executable).resolve().parent}
    return sorted(path.resolve() for path in found)


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess):  # the helpers of a boot live for moments
        return process.name()
    return ""


class Machine:
    """A booted machine. ``close`` leaves nothing behind."""

    def __init__(self, folder: Path) -> None:
        folders = sorted({str(above) for path in _needed() for above in (path, *path.parents)})
        self._log = folder / "boot.log"
        with self._log.open("wb") as log:
            apart = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private"]
            apart += ["--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
            self._process = subprocess.Popen(
                [*apart, "sh", "-c", _BOOT, "boot", str(folder), *folders],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._leader = self._wait_for_leader()
            self.until(lambda: self._state() in ("running", "degraded"), BOOT_WITHIN, "the boot")
        except BaseException:
            self.close()
            raise

    def _wait_for_leader(self) -> int:
        found: list[int] = []

        def look() -> bool:
            if self._process.poll() is not None:
                raise RuntimeError(f"the machine did not boot:\n{self._log.read_text('utf-8', 'replace')}")
            children = psutil.Process(self._process.pid).children(recursive=True)
            found[:] = [child.pid for child in children if _name(child) == "systemd"]
            return bool(found)

        self.until(look, BOOT_WITHIN, "the first process")
        return found[0]

    def _state(self) -> str:
        return self.run("systemctl is-system-running", check=False).strip()

    def until(self, condition: Callable[[], object], seconds: float, what: str) -> None:
        """Wait for a condition; ``AssertionError`` with the boot's log where it does not come."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come in {seconds:g} s\n{self._words()}")
            time.sleep(0.1)

    def _words(self) -> str:
        return self.run("journalctl --no-pager -o short-monotonic -n 40", check=False)

    def run(self, command: str, *, user: str = "", check: bool = True) -> str:
        """Run a shell command in the machine; what it says. As ``user``, as if logged in with ssh."""
        inner = ["sh", "-c", command]
        if user:
            inner = [
                "runuser",
                "-u",
                user,
                "--",
                "sh",
                "-c",
                f"cd; export XDG_RUNTIME_DIR=/run/user/$(id -u); {command}",
            ]
        ended = subprocess.run(
            ["nsenter", "--target", str(self._leader), "--all", "--", "env", "--chdir=/", *inner],
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=120,
            check=False,
        )
        if check and ended.returncode != 0:
            raise AssertionError(f"{command}: exit code {ended.returncode}\n{ended.stdout}\n{self._words()}")
        return ended.stdout

    def write(self, path: str, text: str, owner: str = "") -> None:
        """Put a file into the machine."""
        quoted = shlex.quote(path)
        self.run(f"mkdir -p $(dirname {quoted}); cat > {quoted} <<'END_OF_FILE'\n{text}\nEND_OF_FILE")
        if owner:
            self.run(f"chown -R {owner}: {quoted}")

    def close(self) -> None:
        """Switch it off at once."""
        self._process.kill()
        self._process.wait(60)
