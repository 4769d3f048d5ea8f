"""Ctrl+C and SIGTERM at any moment: the process ends with a code of its own, never by the signal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals, and no fork")

# For each line that the program runs in its own root, and at its very end: a child that is sent the signal there.
AT_EACH_LINE = """
import atexit, json, os, signal, sys
import sorad.cli.main
import sorad.__main__ as program

number = int(sys.argv[1])
sys.argv = ["sorad", "--version"]
sys.stdout = open(os.devnull, "w")
left = 0

class Last:
    def __del__(self, kill=os.kill, pid=os.getpid, number=number):
        kill(pid(), number)

def trace(frame, event, _value):
    global left
    if frame.f_code.co_filename != program.__file__ and frame.f_code is not sorad.cli.main.main.__code__:
        return None
    # before Python holds a signal, nothing can be done about it
    if event == "line" and callable(signal.getsignal(signal.SIGTERM)):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)
    return trace

def child(moment):
    global left
    left = moment
    if moment == 0:  # once Python has taken its own handlers away
        program.last = Last()
    sys.settrace(trace)
    program.start()

codes, moment, sent = [], 0, True
while sent:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        atexit.register(lambda: os.write(writer, b"x") if left > 0 else None)
        child(moment)
    os.close(writer)
    codes.append(os.waitpid(pid, 0)[1])
    sent = not os.read(reader, 1)  # else it had ended before that line came
    os.close(reader)
    moment += 1
sys.__stdout__.write(json.dumps(codes))
"""


@pytest.mark.parametrize("number", [2, 15])
def test_no_line_of_the_root_lets_a_signal_end_the_process(number: int, tmp_path: Path) -> None:
    command = [sys.executable, "-c", AT_EACH_LINE, str(number)]
    env = {**os.environ, "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(command, capture_output=True, timeout=120, env=env, cwd=tmp_path, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    statuses = json.loads(ran.stdout)
    assert len(statuses) > 15
    assert [status for status in statuses if os.WIFSIGNALED(status)] == []
    assert {os.WEXITSTATUS(status) for status in statuses} == {0, 130}
