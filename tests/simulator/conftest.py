"""Simulators that are started for a test and stopped after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from simulator_customer import Customer, HandClock, Start

from sorad.simulator import Simulator


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def start(clock: HandClock) -> Iterator[Start]:
    """Starts a simulator on the hand clock, whose tasks take ten seconds of it."""
    running: list[Simulator] = []

    def make(**settings: Any) -> Customer:
        settings = {"task_seconds": (10.0, 10.0), "file_size": 50_000, "clock": clock, **settings}
        running.append(Simulator(**settings).start())
        return Customer(running[-1])

    yield make
    for simulator in running:
        simulator.close()


@pytest.fixture
def customer(start: Start) -> Customer:
    return start()
