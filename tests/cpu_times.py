"""Names at the end what costs most computing, so that the whole run stays short: time on the clock tells little of it.

Counted is what the tests' own process and the programs that it started took, from the set-up to the end of each test.
``SORAD_TEST_CPU=FILE`` writes the seconds of all tests there.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePath

import pytest

LONG = 3.0  # seconds; a test that takes more is worth a thought
_SECONDS = pytest.StashKey[float]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.stash[_SECONDS] = _seconds()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if call.when == "teardown":
        report.user_properties.append(("cpu", round(_seconds() - item.stash[_SECONDS], 2)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    took: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, seconds in getattr(report, "user_properties", ()):
                if name == "cpu" and report.when == "teardown":
                    took[report.nodeid] += seconds
    if os.environ.get("SORAD_TEST_CPU"):
        lines = [f"{seconds:.2f} {test}\n" for test, seconds in took.most_common()]
        Path(os.environ["SORAD_TEST_CPU"]).write_text("".join(lines), "utf-8")
    folders: Counter[str] = Counter()
    for test, seconds in took.items():
        folders[PurePath(test.partition("::")[0]).parent.name] += seconds
    long = [(test, seconds) for test, seconds in took.most_common(15) if seconds > LONG]
    if long:
        terminalreporter.section(f"tests of more than {LONG:.0f} s of computing")
        for test, seconds in long:
            terminalreporter.write_line(f"{seconds:6.1f} s  {test}")
        told = ", ".join(f"{folder} {seconds:.0f}" for folder, seconds in folders.most_common(8))
        terminalreporter.write_line(f"seconds by folder, {sum(folders.values()):.0f} in all: {told}")


def _seconds() -> float:
    times = os.times()
    warm = sys.modules.get("warm_start")  # its programs are no children of this process
    return sum(times[:4]) + (warm.seconds() if warm is not None else 0.0)
