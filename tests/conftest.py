"""How the whole run is laid out over the cores."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["cpu_times"]

# Examples have no time limit of their own: on a busy machine any of them may be slow once.
settings.register_profile(
    "sorad", deadline=None, max_examples=int(os.environ.get("SORAD_TEST_EXAMPLES", "50"))
)
settings.load_profile("sorad")

# A runner started with `nohup … &` ignores these, and so would every program that it starts. A handler that does
# nothing leaves the runner as deaf as it was, and gives its children the default.
for _name in ("SIGINT", "SIGHUP", "SIGQUIT"):
    _number = getattr(signal, _name, None)
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda _number, _frame: None)


# Ledgers and videos wait for the disk at each step, thousands of times in a run. Where memory has room and nobody chose
# a place, they lie there; what a real disk does is played on disks of its own (tests/disk, tests/crash).
_MEMORY, _ROOM = Path("/dev/shm"), 4_000_000_000
if not os.environ.get("TMPDIR") and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
    os.environ["TMPDIR"] = str(_MEMORY)  # for the workers and the programs as well
    tempfile.tempdir = None


# Processes that are killed leave the files of their locks, and who looks who buys reads all of them: each run has a
# folder of its own for them, and each worker one in it.
_LOCKS, _WORKER = "SORAD_LOCK_DIR", os.environ.get("PYTEST_XDIST_WORKER", "")
if not os.environ.get(_LOCKS):
    os.environ[_LOCKS] = tempfile.mkdtemp(prefix="sorad-locks-")
    atexit.register(shutil.rmtree, os.environ[_LOCKS], ignore_errors=True)
elif _WORKER:
    os.environ[_LOCKS] = str(Path(os.environ[_LOCKS], _WORKER))
    Path(os.environ[_LOCKS]).mkdir(exist_ok=True)
Path(os.environ[_LOCKS]).chmod(0o1777)  # for programs with fewer rights, too

sys.path.insert(0, str(Path(__file__).parent / "simulation"))
import fresh_ledger  # noqa: E402  (after the place for temporary files is chosen)

fresh_ledger.use()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Most tests wait for a daemon more than they compute: three of them keep a core busy."""
    return 3 * (os.cpu_count() or 1)


# The simulation computes for a third of the run, and asks about rules, as do the longest tests of the folder side and
# of claims: of another Python the random days tell enough.
# The layout and the documents are the same for all.
_OF_RULES = re.compile(
    r"simulation/(?!test_simulation_histories)|TestSeededFaults|^tests/(layout|docs)/"
    r"|test_claim_sync|test_intake_(carry_out|copies|situations)"
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spread the simulation, which only computes, among the tests that mostly wait."""
    if os.environ.get("SORAD_TEST_SIMULATION") == "days":
        left_out = [item for item in items if _OF_RULES.search(item.nodeid)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    place = {}
    for heavy in (True, False):
        some = [item for item in items if ("simulation" in item.path.parts) is heavy]
        place.update({item: number / len(some) for number, item in enumerate(some)})
    items.sort(key=place.__getitem__)
