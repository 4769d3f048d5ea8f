"""A clock moved by hand, and a customer of the simulator who speaks plain HTTP."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from sorad.simulator import KEY, Simulator

NATIVE, VIDEOS = "sora_hk", "openai_videos"


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


class Answered:
    """An answer read to its end."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Customer:
    """Speaks to a simulator over a socket, in either format; a new connection for each call."""

    def __init__(self, simulator: Simulator, key: str = KEY, timeout: float = 60.0) -> None:
        self.simulator = simulator
        self.key = key
        self.timeout = timeout

    def call(self, method: str, url: str, body: Any = None, **headers: str) -> Answered:
        """One call to a path below the base URL, or to a whole URL. In header names _ is -."""
        own = url.startswith("/")
        parts = urlsplit(self.simulator.base_url + url if own else url)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if own and self.key:
            sent.setdefault("authorization", f"Bearer {self.key}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        connection = http.client.HTTPConnection(parts.netloc, timeout=self.timeout)
        try:
            connection.request(
                method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, sent
            )
            return Answered(connection.getresponse())
        finally:
            connection.close()

    def get(self, url: str, **headers: str) -> Answered:
        return self.call("GET", url, **headers)

    def post(self, url: str, body: Any, **headers: str) -> Answered:
        return self.call("POST", url, body, **headers)

    def control(self, method: str, name: str, body: Any = None, **headers: str) -> Answered:
        return self.call(method, f"{self.simulator.control_url}/{name}", body, **headers)

    def create(self, wire: str, prompt: str = "a lighthouse") -> Answered:
        """A create that is in order, in the format named."""
        if wire == NATIVE:
            return self.post("/create", {"prompt": prompt})
        return self.post("/videos", {"prompt": prompt, "model": "sim-1", "seconds": "4", "size": "1280x720"})

    def order(self, wire: str, prompt: str = "a lighthouse") -> str:
        """Create a task and return its id."""
        answer = self.create(wire, prompt).json
        return str(answer["data"]["task_id"] if wire == NATIVE else answer["id"])

    def poll(self, wire: str, task_id: str) -> Answered:
        return self.get(
            f"/tasks/{quote(task_id)}" if wire == NATIVE else f"/videos/{quote(task_id, safe='')}"
        )

    def status(self, wire: str, task_id: str) -> str:
        answer = self.poll(wire, task_id).json
        return str((answer["data"] if wire == NATIVE else answer)["status"])

    def list(self, wire: str) -> Answered:
        return self.get("/tasks" if wire == NATIVE else "/videos")

    def video_url(self, wire: str, task_id: str) -> str:
        """Where a finished task's video is."""
        if wire == NATIVE:
            return str(self.poll(wire, task_id).json["data"]["video_url"])
        return f"/videos/{quote(task_id, safe='')}/content"


Start = Callable[..., Customer]


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until a condition holds; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.005)
