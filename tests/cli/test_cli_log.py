"""`sorad log`: the end of the log, one take's lines, and what is added, through rotations."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sorad.model import State


def write(house, *lines: str, name: str = "sorad.log", mode: str = "a") -> Path:
    path = house.state_dir / "logs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open(mode, encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in lines)
    return path


def test_the_end_is_shown_across_files(house):
    write(house, *(f"old {number}" for number in range(30)), name="sorad.log.1")
    write(house, *(f"new {number}" for number in range(30)))
    assert house.sorad("log", "-n", "3").out.splitlines() == ["new 27", "new 28", "new 29"]
    shown = house.sorad("log").out.splitlines()
    assert (len(shown), shown[0], shown[-1]) == (50, "old 10", "new 29")
    assert len(house.sorad("log", "-n", "500").out.splitlines()) == 60
    assert house.sorad("log", "-n", "0").out == ""


def test_no_log_is_a_sentence(house):
    ran = house.sorad("log")
    assert ran.code == 3
    assert "There is no log yet" in ran.err


def test_lines_of_one_take_in_either_language_and_by_its_ids(house):
    takes = house.takes(2, State.GENERATING, request_id="req-5")
    assert takes[0].id == 1
    write(
        house,
        "t | INFO | take 1: step",
        "    with more of it",
        "t | INFO | take 12: step",
        "    of another",
        "t | INFO | 条目 1：一步",
        "t | INFO | answered [request_id=req-5]",
        "t | INFO | task-1 is done",
        "t | INFO | task-12 and req-55 are others",
        "t | INFO | fetched /videos/storyboard.json/1.mp4",
        "t | INFO | unrelated",
    )
    assert house.sorad("log", "--take", "1").out.splitlines() == [
        "t | INFO | take 1: step",
        "    with more of it",
        "t | INFO | 条目 1：一步",
        "t | INFO | answered [request_id=req-5]",
        "t | INFO | task-1 is done",
        "t | INFO | fetched /videos/storyboard.json/1.mp4",
    ]


def test_lines_of_a_take_are_found_though_the_ledger_cannot_be_read(house):
    house.takes(1)
    house.close()
    write(house, "t | INFO | take 1: step", "t | INFO | unrelated")
    (house.state_dir / "ledger.sqlite3").write_bytes(b"no database at all" * 300)
    ran = house.sorad("log", "--take", "1")
    assert (ran.code, ran.out) == (0, "t | INFO | take 1: step\n")


def test_the_log_of_a_take_that_is_not_there(house):
    house.takes(1)
    write(house, "x")
    assert "There is no take 9." in house.sorad("log", "--take", "9").err


@pytest.mark.parametrize("there", [True, False])
def test_follow_shows_what_is_added_through_a_rotation(house, there):
    if there:
        write(house, "first")
    process = subprocess.Popen(
        [sys.executable, "-m", "sorad", "--config", str(house.config), "log", "-f"],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    assert process.stdout is not None
    try:
        if there:
            assert process.stdout.readline() == "first\n"
        path = write(house, "second")
        assert process.stdout.readline() == "second\n"
        with path.open("a", encoding="utf-8") as stream:
            stream.write("half a ")
            stream.flush()
            stream.write("line\nlast of the old\n")
        path.replace(path.with_name("sorad.log.1"))
        write(house, "new file")
        assert process.stdout.readline() == "half a line\n"
        assert process.stdout.readline() == "last of the old\n"
        assert process.stdout.readline() == "new file\n"
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
