"""A disk whose power can be cut: a small ext4 on a loop device, shut down by ioctl. Needs root on Linux.

``FS_IOC_SHUTDOWN`` with NOLOGFLUSH stops the file system where it stands: nothing more reaches the device,
not even the journal's open transaction. What was not synced before is gone after the next mount; ext4's own
mercy for programs that forget to sync (``auto_da_alloc``) is switched off.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN: _IOR('X', 125, __u32)
_NOLOGFLUSH = 2
# Seconds until a disk that another one holds is given up.
PATIENCE = 60.0


class Unavailable(Exception):
    """Why there can be no such disk here."""


class Disk:
    """An ext4 of 96 MB, mounted at ``path``."""

    def __init__(self, folder: Path) -> None:
        """Raises :class:`Unavailable`."""
        if sys.platform != "linux" or os.geteuid() != 0:
            raise Unavailable("only root on Linux can mount a loop device")
        if shutil.which("mkfs.ext4") is None:
            raise Unavailable("there is no mkfs.ext4 on this machine")
        self.path = folder / "disk"
        self.path.mkdir(parents=True)
        self._image = folder / "disk.img"
        with self._image.open("wb") as file:
            file.truncate(96_000_000)
        _run("mkfs.ext4", "-q", "-F", str(self._image))
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", "loop,noauto_da_alloc", "-t", "ext4", str(self._image), str(self.path))

    def sync(self) -> None:
        """All that was written so far lasts."""
        _run("sync", "-f", str(self.path))

    def cut(self) -> None:
        """The power goes."""
        import fcntl

        handle = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, _SHUTDOWN, struct.pack("I", _NOLOGFLUSH))
        finally:
            os.close(handle)

    def back(self) -> None:
        """The power comes back: mounted again, its journal replayed. Nobody may have a file open there.

        A mount namespace of another test may hold the disk that has no power; then it is that one which is mounted.
        """
        until = time.monotonic() + PATIENCE
        while True:
            _run("umount", str(self.path))
            self._mount()
            if self._has_power():
                return
            if time.monotonic() > until:
                raise Unavailable("something else holds the disk")
            time.sleep(0.1)

    def _has_power(self) -> bool:
        probe = self.path / "probe"
        try:
            probe.touch()
            probe.unlink()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Unmount, whoever still holds on to it."""
        subprocess.run(["umount", "--lazy", str(self.path)], check=False, capture_output=True)


@contextlib.contextmanager
def power_disk(folder: Path) -> Iterator[Disk]:
    """A disk that is unmounted whatever happens."""
    disk = Disk(folder)
    try:
        yield disk
    finally:
        disk.close()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise Unavailable(f"{command[0]}: {(done.stderr or done.stdout).strip()}")
