"""Memory is given back to the system: not only from the end of a heap."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sorad.daemon import memory

PROGRAM = """
import psutil
from sorad.daemon import memory

def rss():
    return psutil.Process().memory_info().rss

assert memory.bound_heaps()
held = [bytes(2_000) for _number in range(20_000)]  # too large for Python's own pools
last = bytes(2_000)
before = rss()
held.clear()
assert memory.give_back()
print(before - rss())
"""


@pytest.mark.skipif(memory._libc() is None, reason="this C library has no such call")
def test_what_is_free_in_the_middle_of_a_heap_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 20_000_000


def test_where_the_c_library_is_another_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_libc", lambda: None)
    assert not memory.bound_heaps()
    assert not memory.give_back()
