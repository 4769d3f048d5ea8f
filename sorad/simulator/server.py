"""The simulator put together: one account, every format, downloads on a host of their own."""

from __future__ import annotations

import dataclasses
import itertools
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from sorad.clock import Clock, SystemClock
from sorad.simulator import control, downloads
from sorad.simulator.faults import Fault, Faults
from sorad.simulator.formats import NATIVE
from sorad.simulator.last_frame import last_frame
from sorad.simulator.native import KEY_HEADERS
from sorad.simulator.openai_videos import OpenaiVideos
from sorad.simulator.route import Book, Format, Route
from sorad.simulator.script import Script
from sorad.simulator.scripted import Play
from sorad.simulator.sora_hk import SoraHk
from sorad.simulator.state import Account, Pace, Task, stage
from sorad.simulator.strike import strike
from sorad.simulator.wire import Answer, Call, Exchange, Reply, Server

KEY = "sk-simulator"
# Downloads are served so far above the API, that simulators on neighbouring ports do not meet, and a restarted one
# serves the addresses that it gave.
APART = 10_000


class Simulator:
    """A generation API on loopback, with money, believable times and faults on request.

    Example::

        with Simulator(task_seconds=(0.1, 0.2)) as simulator:
            simulator.faults.add("rate", count=3)
            ...  # speak to simulator.base_url
            assert simulator.creates("a prompt") == 1
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        task_seconds: tuple[float, float] | None = (1.0, 2.0),
        speed: float = 1.0,
        file_size: int = 2_000_000,
        balance: float = 1_000.0,
        prices: tuple[int, int] = (3, 30),
        capacity: int | None = None,
        faults: Iterable[Fault | str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        files_port: int | None = 0,
        key: str | None = KEY,
        url_seconds: float = 172_800.0,
        list_shape: str = "list",
        persist: str | Path | None = None,
        clock: Clock | None = None,
        watch: Callable[[Exchange], None] | None = None,
        script: Script | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Nothing is opened before :meth:`start`.

        ``task_seconds``: how long tasks take, evenly between the two; ``None``: believably (3 to 30
        minutes), ``speed`` times as fast. ``file_size``: bytes of a video. ``balance``: dollars;
        ``prices``: cents for a normal and a pro task. ``capacity``: tasks at once before creates get 429;
        ``None``: any number. Ports of 0 are chosen by the system at the first start and kept. ``files_port`` of
        ``None``: :data:`APART` above ``port``, or any where that is taken. ``key``: the one that is taken;
        ``None``: any. ``url_seconds``: how long a download URL is good. ``list_shape``:
        the member of ``data`` that holds a page of tasks ("list", "items", "tasks"), or "data". ``persist``:
        a file that keeps the tasks over restarts. ``watch`` is told of every exchange, from the threads.
        ``script``: what is answered to creates, polls and downloads in place of the simulator's own answers;
        then ``/files/*.mp4`` of the API's own address is a video, whatever its name. ``tls``: the API is served
        over TLS, for clients that speak nothing else.
        """
        self._clock = clock or SystemClock()
        self.faults = Faults(seed, faults)
        self.account = Account(
            clock=self._clock,
            faults=self.faults,
            pace=Pace(task_seconds, speed),
            balance=round(balance * 100),
            prices=prices,
            capacity=capacity,
            seed=seed,
            persist=Path(persist) if persist is not None else None,
        )
        self._book = Book(self.account, self._clock, self.faults, file_size, url_seconds)
        hk = SoraHk(self._book, list_shape)
        self._formats: tuple[Format, ...] = (
            *(one(self._book) for one in NATIVE),
            OpenaiVideos(self._book),
            hk,
        )
        self._play = Play(script, self._book, self._authority) if script is not None else None
        self._address = (host, port)
        self._files_address = (host, _apart(port) if files_port is None else files_port)
        self._any_files_port = files_port is None
        self._key = key
        self._watch = watch
        self._tls = tls
        self._number = itertools.count(1)
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._answers: Counter[str] = Counter()
        self._keys_at_wrong_host = 0
        self._servers: tuple[Server, ...] = ()

    # --- its life ----------------------------------------------------------------------------------

    def start(self) -> Simulator:
        """Open the ports and serve; ``OSError`` where a port is taken."""
        api = self._listen(self._address, self._answer)
        try:
            files = self._listen_for_files()
        except OSError:
            api.server_close()
            raise
        self._address = (self._address[0], api.port)
        self._files_address = (self._files_address[0], files.port)
        self._book.files_url = _url(self._files_address)
        self._book.api_url = self._api_url
        if self._tls is not None:
            api.socket = self._tls.wrap_socket(api.socket, server_side=True, do_handshake_on_connect=False)
        self._servers = (api, files)
        for server in self._servers:
            server.start()
        return self

    def _listen(self, address: tuple[str, int], answer: Callable[[Call], Reply]) -> Server:
        return Server(address, answer, self._note, self._time_shown, self._request_id)

    def _listen_for_files(self) -> Server:
        try:
            return self._listen(self._files_address, self._answer_file)
        except OSError:
            if not self._any_files_port:
                raise
            return self._listen((self._files_address[0], 0), self._answer_file)

    def _time_shown(self) -> float:
        return self._clock.time() + self.faults.skew()

    def _request_id(self) -> str:
        return f"sim-{next(self._number):08x}"

    def stop(self) -> None:
        """Cut every connection and close the ports; :meth:`start` opens the same ones again."""
        for server in self._servers:
            server.stop()
        self._servers = ()

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self.account.close()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def file_size(self) -> int:
        """Bytes of a video; may be changed at any time."""
        return self._book.file_size

    @file_size.setter
    def file_size(self, size: int) -> None:
        self._book.file_size = size

    def _authority(self) -> str:
        return _url(self._address).partition("//")[2]

    @property
    def base_url(self) -> str:
        """What goes into ``base_url`` of the config, for sora.hk and the format of OpenAI."""
        return self._api_url + "/v1"

    def base_url_of(self, kind: str) -> str:
        """The same for any kind of provider."""
        base = next((one.base for one in self._formats if one.wire == kind), "/v1")
        return self._api_url + base

    @property
    def files_port(self) -> int:
        """Where downloads are served, or will be; 0: the system chooses."""
        return self._files_address[1]

    @property
    def control_url(self) -> str:
        """Where faults and figures are."""
        return self._api_url + "/control"

    @property
    def _api_url(self) -> str:
        return _url(self._address).replace("http:", "http:" if self._tls is None else "https:", 1)

    # --- what was counted --------------------------------------------------------------------------

    @property
    def accepted(self) -> list[Task]:
        """Every create that was accepted, in order."""
        return list(self.account.accepted)

    def creates(self, prompt: str) -> int:
        """How many creates were accepted for a prompt."""
        return sum(task.order.prompt == prompt for task in self.accepted)

    @property
    def keys_at_wrong_host(self) -> int:
        """How many requests brought a key to the host of the downloads. Must stay 0."""
        with self._lock:
            return self._keys_at_wrong_host

    def stats(self) -> dict[str, Any]:
        """Counts since the start, as ``GET /control/stats`` tells them. Money in dollars."""
        accepted = self.accepted
        with self._lock:
            calls, answers, misdirected = dict(self._calls), dict(self._answers), self._keys_at_wrong_host
        return {
            "requests": calls,
            "answers": answers,
            "accepted": len(accepted),
            "accepted_by_prompt": dict(Counter(task.order.prompt for task in accepted)),
            "accepted_by_fingerprint": dict(Counter(task.order.fingerprint for task in accepted)),
            "running": self.account.running(),
            "most_running": self.account.peak,
            "capacity": self.account.capacity,
            "balance": self.account.balance / 100,
            "keys_at_wrong_host": misdirected,
            "faults": self.faults.as_json(),
        }

    def _count(self, target: str) -> None:
        with self._lock:
            self._calls[target] += 1

    def _note(self, exchange: Exchange) -> None:
        with self._lock:
            self._answers[str(exchange.status) if exchange.status else "cut"] += 1
        if self._watch is not None:
            self._watch(exchange)

    # --- answering ---------------------------------------------------------------------------------

    def _answer(self, call: Call) -> Reply:
        """The reply of the API's own port."""
        if call.parts[:1] == ("control",):
            return control.answer(self, call)
        if self._play is not None and call.parts[:1] == ("files",):
            return self._play.video(call)
        api = next(one for one in self._formats if one.owns(call))
        if not call.path.startswith(f"{api.base}/"):
            return api.refusal("path")
        key = api.key(call)
        if not key or self._key not in (None, key):
            self._count("refused")
            return api.refusal("key")
        route = api.route(call)
        return api.refusal("path") if route is None else self._act(call, api, route)

    def _act(self, call: Call, api: Format, route: Route) -> Reply:
        """What comes of a call with a key that is good, at a path that there is."""
        self._count(route.target)
        if self._play is not None:
            if route.target == "download":
                return self._play.content(call, route.subject)
            route = self._play.route(call, api, route)
        fault = self.faults.pick(route.target, route.subject or route.target, route.prompt)
        if route.target == "download":
            return self._content(call, api, route, fault)
        return strike(fault, route, api.refusal) if fault is not None else route.act()

    def _content(self, call: Call, api: Format, route: Route, fault: Fault | None) -> Reply:
        """A video on the API's own host, as ``/videos/ID/content``."""
        task = api.downloadable(route.subject)
        if task is None:
            return route.act()
        whole = dataclasses.replace(route, act=lambda: self._serve(call, task, fault))
        if fault is not None and fault.kind == "expired":
            return api.refusal("expired")
        return strike(fault, whole, api.refusal) if fault is not None else whole.act()

    def _task_of_file(self, call: Call) -> Task | None:
        name = call.parts[1] if len(call.parts) == 2 and call.parts[0] == "files" else ""
        return self._book.find(name[:-4]) if name.endswith((".mp4", ".png")) else None

    def _answer_file(self, call: Call) -> Reply:
        """The reply of the host that serves downloads."""
        if any(name in call.headers for name in KEY_HEADERS):
            with self._lock:
                self._keys_at_wrong_host += 1
        task = self._task_of_file(call)
        if task is None or call.method not in ("GET", "HEAD"):
            return Answer(404, b"", {"content-type": "application/xml"})
        if call.parts[-1].endswith(".png"):
            return self._frame(call, task)
        self._count("download")
        fault = self.faults.pick("download", task.id, task.order.prompt)
        if fault is not None and fault.kind == "expired":
            return downloads.denied(fault.setting("status"))
        if not self._book.may_fetch(task.id, call):
            return downloads.denied()
        if stage(task, self._clock.time()).status != "completed":
            return Answer(404, b"", {"content-type": "application/xml"})
        found = task
        route = Route("download", task.id, task.order.prompt, lambda: self._serve(call, found, fault))
        return strike(fault, route, downloads.refusal) if fault is not None else route.act()

    def _frame(self, call: Call, task: Task) -> Answer:
        """The last frame of a task; no fault strikes it."""
        if not self._book.may_fetch(task.id, call):
            return downloads.denied()
        return Answer(200, last_frame(task.id), {"content-type": "image/png"})

    def _serve(self, call: Call, task: Task, fault: Fault | None) -> Answer:
        return downloads.serve(call, self._book.movie(task), fault)


def _apart(port: int) -> int:
    """The usual port of the downloads beside an API on ``port``; 0 where that is the system's choice."""
    if port == 0:
        return 0
    return port + APART if port + APART < 65_536 else port - APART


def _url(address: tuple[str, int]) -> str:
    host, port = address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
