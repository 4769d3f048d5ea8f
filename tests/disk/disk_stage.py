"""Real small file systems, and the whole daemon in this process against the simulator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable
from unittest import SkipTest

from sorad.config.model import Config
from sorad.daemon.assembly import Daemon
from sorad.files.mp4 import check_mp4
from sorad.health.complaints import complaints
from sorad.health.facts import gather
from sorad.layout import receipt_path
from sorad.ledger.values import RootRow
from sorad.model import State, Take
from sorad.receipts.receipt import DONE, read_receipt
from sorad.simulator import KEY, Simulator


def until(condition: Callable[[], Any], what: str = "it", patience: float = 60.0) -> Any:
    """What the condition gives once that is true; fails where it never is."""
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} never came true"
        time.sleep(0.02)
    return found


class Unmountable(SkipTest):
    """Why nothing can be mounted here; a test that meets it is skipped."""


def mount(disk: Path, size: str) -> None:
    """A real file system of that size; :class:`Unmountable` where that is not permitted."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        raise Unmountable("only root on Linux can mount a small file system")
    disk.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise Unmountable(f"mounting is not permitted here: {done.stderr.decode(errors='replace').strip()}")


def unmount(disk: Path) -> None:
    """Also where something is still open on it."""
    subprocess.run(["umount", "-l", str(disk)], check=True)


@contextmanager
def small_disk(disk: Path, size: str) -> Iterator[Path]:
    """Mounted for a while."""
    mount(disk, size)
    try:
        yield disk
    finally:
        while os.path.ismount(disk):
            unmount(disk)


def remount(disk: Path, options: str) -> bool:
    """Whether it could be done: not while a file is open for writing."""
    command = ["mount", "-o", f"remount,{options}", str(disk)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def fill(disk: Path, leave: int = 0) -> Path:
    """Use up a disk but for ``leave`` bytes."""
    filler = disk / "filler.bin"
    with filler.open("wb", buffering=0) as file:
        left = shutil.disk_usage(disk).free - leave
        try:
            while left > 0:
                left -= file.write(bytes(min(left, 1 << 16)))
        except OSError:
            assert leave == 0
    return filler


class House:
    """One user's sorad, in a hurry."""

    def __init__(
        self, folder: Path, vault: Path, state: Path, *, rescan: float = 0.5, **simulator: Any
    ) -> None:
        self.vault, self.state = vault, state
        self.vault.mkdir(parents=True, exist_ok=True)
        self.simulator = Simulator(**{"task_seconds": (0.2, 0.3), "file_size": 600_000, **simulator}).start()
        key = folder / "key"
        key.write_text(KEY)
        key.chmod(0o600)
        self.config = Config.model_validate(
            {
                "state_dir": state,
                "watch": [
                    {"path": vault, "settle_seconds": 0.1, "edit_seconds": 0.1, "rescan_seconds": rescan}
                ],
                "provider": {
                    "kind": "sora_hk",
                    "base_url": self.simulator.base_url,
                    "api_key_file": key,
                    "request_timeout": 10.0,
                },
                "limits": {"jitter_seconds": [0.0, 0.05]},
                "polling": {"first_after": 0.1, "every": 0.15},
                "reconcile": {"look_every": 0.2, "window": 1.0},
                "disk": {"min_free": 0, "assumed_size": 1},
            }
        )
        self.daemon = Daemon(self.config, "run", seed=1)
        self.running = False

    def start(self) -> None:
        self.daemon.start()
        self.running = True
        until(self.daemon.vault.first_scan_done.is_set, "the first scan")

    def close(self) -> None:
        if self.running:
            self.daemon.stop(grace=10.0)
        self.simulator.close()

    def drop(self, name: str, *prompts: str) -> Path:
        path = self.vault / name
        path.parent.mkdir(parents=True, exist_ok=True)
        segments = [{"segment_index": n, "prompt_text": text} for n, text in enumerate(prompts, start=1)]
        path.write_text(json.dumps({"segments": segments}), "utf-8")
        return path

    def takes(self) -> list[Take]:
        return list(self.daemon.ledger.takes())

    def states(self) -> Counter[State]:
        return Counter(take.state for take in self.takes())

    def errors(self) -> set[str]:
        return {take.error.code for take in self.takes() if take.error is not None}

    def row(self) -> RootRow:
        return next(row for row in self.daemon.ledger.roots() if row.path == str(self.vault))

    def told(self) -> dict[str, str]:
        """What `sorad status` says, by code."""
        facts = gather(self.state / "ledger.sqlite3", time.time())
        return {one.problem.code: str(one.problem) for one in complaints(facts)}

    def partials(self) -> list[Path]:
        """The downloads under way that have something in them, wherever they grow."""
        beside = self.vault.rglob(".*.mp4.*tmp")
        return [path for path in (*beside, *self.state.glob("partial/*.mp4.tmp")) if path.stat().st_size]

    def nothing_half(self) -> bool:
        """Whatever has a video's name is a whole video."""
        return all(check_mp4(path) is None for path in self.vault.rglob("*.mp4"))

    def all_done(self, count: int) -> bool:
        return self.states() == {State.DONE: count}

    def check(self, count: int) -> None:
        """Each take was bought once and lies there once, whole, with its receipt."""
        assert self.states() == {State.DONE: count}
        bought = Counter(task.order.prompt for task in self.simulator.accepted)
        assert (len(bought), set(bought.values())) == (count, {1})
        for take in self.takes():
            video = Path(take.output)
            assert check_mp4(video) is None
            assert take.remote_id.encode() in video.read_bytes()
            receipt = until(lambda video=video: read_receipt(receipt_path(video)), "the receipt")
            assert receipt.remote_id == take.remote_id
            until(lambda video=video: read_receipt(receipt_path(video)).state == DONE, "the last receipt")
        assert [path for path in self.vault.rglob(".*.tmp") if ".sorad-" not in path.name] == []
        assert self.partials() == []
