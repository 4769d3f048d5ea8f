"""Starts of sorad that cost a fork: most of a start's time is importing, and a process here has done that once.

What comes of it is a process like any other, with its own pid, environment, folder and files, which ends, is
killed and leaves an exit code in the same way. Only programs that are started as ``python -m sorad`` are warm, also
under ``setpriv``, which takes rights away; one that changes sorad first starts cold. ``SORAD_TEST_COLD=1`` starts all
of them cold.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Optional, Union

import sorad

# Not loaded: what imports much for itself, what few commands use, and what does something when it is imported.
_LEFT_OUT = (
    "sorad.__main__",
    "sorad.doctor",
    "sorad.media.child",
    "sorad.media.inspection",
    "sorad.media.joining",
    "sorad.media.lettering",
    "sorad.media.likeness",
    "sorad.media.pictures",
    "sorad.media.rendering",
    "sorad.media.sheets",
    "sorad.media.soundtrack",
    "sorad.messages.",
    "sorad.notify.send",
    "sorad.service",
    "sorad.simulator",
)
_ROOM = 1 << 17  # bytes of a message
# What Python itself reads when it starts: who wants another one starts cold.
_AT_START = ("PYTHON", "LANG", "LC_", "LD_")


class WarmStart:
    """A started program, with as much of ``subprocess.Popen`` as the stage uses."""

    def __init__(self, parent: _Parent, pid: int) -> None:
        self.pid = pid
        self.returncode: Optional[int] = None
        self._parent = parent

    def poll(self) -> Optional[int]:
        if self.returncode is None:
            self.returncode = self._parent.ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        pause = 0.0005
        while self.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(f"pid {self.pid}", timeout)
            pause = min(2 * pause, left, 0.02)
            time.sleep(pause)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:  # it keeps its pid until it was polled
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Parent:
    """The process that has imported sorad, seen from outside; one for each set of rights."""

    def __init__(self, rights: Sequence[str], env: Mapping[str, str]) -> None:
        self.env = dict(env)
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        code = f"import warm_start; warm_start.main({theirs.fileno()})"
        path = os.pathsep.join([str(Path(__file__).parent), env.get("PYTHONPATH", "")])
        with theirs:
            self._process = subprocess.Popen(
                [*rights, sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                env={**env, "PYTHONPATH": path, "LOGURU_AUTOINIT": "0"},
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self._close)

    def _close(self) -> None:
        self._socket.close()
        self._process.wait()

    def ask(self, what: Mapping[str, Any], handles: Sequence[int] = ()) -> Any:
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(what).encode()], handles)
            answer = self._socket.recv(_ROOM)
        assert answer, f"the process that starts others is gone: {self._process.poll()}"
        return json.loads(answer)

    def serves(self, env: Mapping[str, str]) -> bool:
        def at_start(values: Mapping[str, str]) -> dict[str, str]:
            return {name: value for name, value in values.items() if name.startswith(_AT_START)}

        return at_start(env) == at_start(self.env)

    def seconds(self) -> float:
        """Of computing, its own and that of all who have ended."""
        numbers = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[11:15]
        return sum(map(int, numbers)) / os.sysconf("SC_CLK_TCK")


_parents: dict[tuple[str, ...], _Parent] = {}  # by what takes rights away


def start(
    command: Sequence[str], out: BinaryIO, err: BinaryIO, folder: Path, env: Mapping[str, str]
) -> Union[WarmStart, subprocess.Popen[bytes]]:
    """The program started in that folder and environment, with nothing to read; warm where that can be."""
    parent, words = _warm(command, env)
    if parent is None:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, env=env
        )
    asked = {"words": words, "folder": str(folder), "env": dict(env)}
    return WarmStart(parent, parent.ask(asked, [out.fileno(), err.fileno()]))


def seconds() -> float:
    """Of computing in all warm programs that have ended."""
    return sum(parent.seconds() for parent in _parents.values())


def _warm(command: Sequence[str], env: Mapping[str, str]) -> tuple[Optional[_Parent], list[str]]:
    """Who starts it warm, and with which words; ``None`` where it must start cold."""
    place = list(command).index(sys.executable)
    rights, words = tuple(command[:place]), list(command[place:])
    if words[1:3] != ["-m", "sorad"] or (rights and rights[0] != "setpriv"):
        return None, []
    if sys.platform != "linux" or os.environ.get("SORAD_TEST_COLD"):
        return None, []
    if rights not in _parents:
        _parents[rights] = _Parent(rights, env)
    parent = _parents[rights]
    return (parent if parent.serves(env) else None), words[3:]


# --- in that process ---------------------------------------------------------------------------------------


def main(handle: int) -> None:
    """Import, then fork as asked, until nobody asks any more."""
    for module in pkgutil.walk_packages(sorad.__path__, "sorad."):
        if not module.name.startswith(_LEFT_OUT):
            importlib.import_module(module.name)
    importlib.import_module("filelock")
    assert threading.active_count() == 1, "a fork takes one thread along"
    gc.collect()
    gc.freeze()  # what is shared with the children stays so
    with socket.socket(fileno=handle) as asker:
        words = _serve(asker)
    if words is not None:  # in a child
        sys.argv[1:] = words
        runpy.run_module("sorad", run_name="__main__", alter_sys=True)


def _serve(asker: socket.socket) -> Optional[list[str]]:
    """``None`` at the end; what the program is called with, in a child."""
    while True:
        message, handles, _flags, _address = socket.recv_fds(asker, _ROOM, 2)
        if not message:
            return None
        asked = json.loads(message)
        if "ended" in asked:
            pid, status = os.waitpid(asked["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if not answer:
                _become(asked["folder"], asked["env"], handles)
                return list(asked["words"])
            for one in handles:
                os.close(one)
        with contextlib.suppress(BrokenPipeError):
            asker.send(json.dumps(answer).encode())


def _become(folder: str, env: Mapping[str, str], handles: Sequence[int]) -> None:
    for target, one in enumerate(handles, start=1):
        os.dup2(one, target)
        os.close(one)
    os.chdir(folder)
    sys.path[0] = folder
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
