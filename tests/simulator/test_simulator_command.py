"""`sorad simulate` as a process: what it prints, how it ends, and that a killed one goes on."""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulator_customer import NATIVE, Customer, wait_for

from sorad.cli.setup import simulate
from sorad.problems import SoradError
from sorad.simulator import Simulator
from sorad.simulator.server import APART

COMMAND = """
import argparse, sys
from sorad.cli.setup import simulate
parser = argparse.ArgumentParser()
simulate.add(parser.add_subparsers(), [])
args = parser.parse_args(sys.argv[1:])
sys.exit(args.handler(args))
"""


class Running:
    """A simulator process and its customer."""

    def __init__(self, tmp_path: Path, *arguments: str) -> None:
        self.log = tmp_path / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, "simulate", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        self.printed = [self.process.stdout.readline().rstrip("\n") for _ in range(3)]
        found = re.fullmatch(r'base_url = "http://127\.0\.0\.1:(\d+)/v1"', self.printed[2])
        assert found, self.log.read_text()
        self.port = int(found[1])
        self.customer = Customer(Simulator(port=self.port))  # never started: it only knows the address

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def processes() -> Iterator[list[Running]]:
    running: list[Running] = []
    yield running
    for one in running:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    simulate.add(parser.add_subparsers(), [])
    return parser.parse_args(["simulate", *arguments])


def test_it_prints_the_config_serves_and_ends_with_0(tmp_path: Path, processes: list[Running]) -> None:
    arguments = [
        "--port",
        "0",
        "--task-seconds",
        "0",
        "0",
        "--size",
        "20 KB",
        "--fault",
        "rate,count=1",
        "-v",
    ]
    running = Running(tmp_path, *arguments)
    processes.append(running)
    assert running.printed[:2] == ["[provider]", 'kind = "simulator"']
    customer = running.customer
    assert [customer.create(NATIVE).status for _ in range(2)] == [429, 200]
    [task] = customer.get("/tasks").json["data"]["list"]
    with urllib.request.urlopen(task["video_url"]) as video:
        assert len(video.read()) == 20_000
    lines = running.log.read_text()
    assert "429  POST /v1/create  rate" in lines
    assert "200  GET /files/" in lines
    assert "signature" not in lines
    assert running.end() == 0


def test_a_killed_simulator_goes_on_from_its_state_file(tmp_path: Path, processes: list[Running]) -> None:
    state = str(tmp_path / "state.jsonl")
    first = Running(tmp_path, "--port", "0", "--state", state, "--task-seconds", "0", "0")
    processes.append(first)
    task_id = first.customer.order(NATIVE, "一只狐狸")
    first.process.kill()
    first.process.wait(60)
    second = Running(tmp_path, "--port", str(first.port), "--files-port", "0", "--state", state)
    processes.append(second)
    assert second.customer.status(NATIVE, task_id) == "completed"
    assert second.customer.control("GET", "stats").json["accepted_by_prompt"] == {"一只狐狸": 1}
    assert second.customer.get("/balance").json["data"]["balance"] == 5000 - 3


def test_a_taken_port_is_told(processes: list[Running]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for arguments in (["--port", str(port)], ["--port", "0", "--files-port", str(port)]):
            with pytest.raises(SoradError) as error:
                simulate.make(options(*arguments))
            assert error.value.problem.code == "simulate.port"
            assert "--port" in str(error.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "example.org", ""])
def test_only_this_machine_is_served(host: str) -> None:
    with pytest.raises(SoradError) as error:
        simulate.make(options("--host", host, "--port", "0"))
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    "notes", ["my notes\n", "notes without an end", "\n", '{"op": "create"}\n', "[1]\n{"]
)
def test_a_state_file_of_something_else_is_told_and_kept(tmp_path: Path, notes: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(notes)
    with pytest.raises(SoradError) as error:
        simulate.make(options("--port", "0", "--state", str(path)))
    assert error.value.problem.code == "simulate.state"
    assert path.read_text() == notes


@pytest.mark.parametrize(
    "arguments",
    [
        ["--size", "huge"],
        ["--speed", "0"],
        ["--task-seconds", "1"],
        ["--task-seconds", "-1", "2"],
        ["--balance", "nan"],
        ["--speed", "2", "--task-seconds", "1", "2"],
    ],
)
def test_bad_flags_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        options(*arguments)
    assert error.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_the_seed_of_the_flag_makes_the_same_tasks() -> None:
    def first_id(*arguments: str) -> str:
        simulator = simulate.make(options("--port", "0", *arguments))
        try:
            return Customer(simulator).order(NATIVE)
        finally:
            simulator.close()

    assert first_id("--seed", "5") == first_id("--seed", "5")
    assert first_id() != first_id()


def test_simulators_on_neighbouring_ports_do_not_meet() -> None:
    with contextlib.ExitStack() as held:
        port, taken = taken_downloads(held)
        running = [simulate.make(options("--port", str(one))) for one in (port, port + 1)]
        ports = {one.files_port for one in running} | {port, port + 1, taken}
        assert len(ports) == 5
        for one in running:
            assert Customer(one, key="any").get("/balance").status == 200
            one.close()


def taken_downloads(held: contextlib.ExitStack) -> tuple[int, int]:
    """A port that is free, like the next one, and that of its downloads, on which somebody else listens."""
    for port in random.SystemRandom().sample(range(2_000, 9_000), 100):  # below those that clients are given
        with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
            for one in (port, port + 1):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", one))
            taken = held.enter_context(socket.socket())
            taken.bind(("127.0.0.1", port + APART))
            taken.listen()
            return port, port + APART
    raise AssertionError("no ports are free")


def test_a_port_that_was_given_is_kept_with_the_next_for_downloads(tmp_path: Path) -> None:
    port = free_port()
    simulator = simulate.make(options("--port", str(port), "--files-port", "0"))
    try:
        assert simulator.base_url == f"http://127.0.0.1:{port}/v1"
        wait_for(lambda: Customer(simulator, key="any").get("/balance").status == 200)
    finally:
        simulator.close()
