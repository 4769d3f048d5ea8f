"""How fast a video comes in, with all checks and its hash, against `curl -o` of the same file.

    python benchmarks/bench_download.py [--size "200 MB"] [--rounds 9]

A server in another process sends the file over loopback (sendfile). curl and sorad take turns; sorad's fsync
is measured apart, since curl does none. Prints medians, spreads and the ratio. Needs curl. Everything is
written below the temporary folder and removed again.
"""

from __future__ import annotations

import argparse
import http.server
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Union

from sorad.delivery.outcome import Received
from sorad.delivery.receive import receive
from sorad.engine.state.disk import free_bytes
from sorad.layout import video_path
from sorad.providers.base import Download, Fault, Video
from sorad.providers.wire.download import open_video
from sorad.providers.wire.http import Wire
from sorad.simulator.mp4 import movie
from sorad.units import parse_size


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends one file, whatever is asked for."""

    protocol_version = "HTTP/1.1"
    path_to_send = ""

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Headers, then the file straight from the kernel."""
        with Path(self.path_to_send).open("rb") as file:
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(os.fstat(file.fileno()).st_size))
            self.send_header("ETag", '"bench"')
            self.end_headers()
            self.wfile.flush()
            self.connection.sendfile(file)


def serve(path: str) -> None:
    """The server's process: prints its port, then serves until it is ended."""
    Handler.path_to_send = path
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


class TimedSync:
    """Stands in for ``os.fsync`` and adds up what it takes, in seconds."""

    def __init__(self) -> None:
        self._real = os.fsync
        self.spent = 0.0

    def __call__(self, handle: int) -> None:
        start = time.perf_counter()
        self._real(handle)
        self.spent += time.perf_counter() - start


def by_curl(url: str, folder: Path) -> float:
    """Seconds."""
    target = folder / "curl.mp4"
    start = time.perf_counter()
    subprocess.run(["curl", "--silent", "--fail", "--noproxy", "*", "-o", target, url], check=True)
    spent = time.perf_counter() - start
    target.unlink()
    return spent


def by_sorad(url: str, folder: Path, sync: TimedSync) -> tuple[float, float]:
    """Seconds without and of fsync."""
    wire = Wire(url, lambda: "", 30.0, "none", "none")
    target = video_path(folder / "story_assets", 1, 1, "0a1b2c3d")

    def open_at(offset: int, validator: str) -> Union[Download, Fault]:
        return open_video(wire, Video(url), offset, validator)

    sync.spent = 0.0
    start = time.perf_counter()
    outcome = receive(
        open_at,
        target,
        validator="",
        keep_free=0,
        stop=lambda: False,
        started=lambda validator: None,
        progress=lambda got, total: None,
        free=free_bytes,
    )
    spent = time.perf_counter() - start
    if not isinstance(outcome, Received):
        sys.exit(f"the download failed: {outcome}")
    target.unlink()
    return spent - sync.spent, sync.spent


def show(name: str, seconds: list[float], size: int) -> float:
    """Print one line; the median speed in MB/s."""
    median = statistics.median(seconds)
    low, high = min(seconds) * 1000, max(seconds) * 1000
    print(f"{name:16} {median * 1000:5.0f} ms ({low:.0f} to {high:.0f})  {size / 1e6 / median:6.0f} MB/s")
    return median


def measure(size: int, rounds: int) -> None:
    """Both ways in turn, then the figures."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = folder / "source.mp4"
        with source.open("wb") as file:
            for piece in movie("bench", "", seconds=10, orientation="horizontal", size=size).pieces():
                file.write(piece)
        command = [sys.executable, __file__, "--serve", str(source)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/video.mp4"
        os.fsync = sync = TimedSync()  # type: ignore[assignment]
        curl, ours, synced = [], [], []
        try:
            for number in range(rounds + 1):
                os.sync()  # neither pays for the other's dirty pages
                seconds = by_curl(url, folder)
                os.sync()
                own, fsync = by_sorad(url, folder, sync)
                if number:  # the first round warms up
                    curl.append(seconds)
                    ours.append(own)
                    synced.append(fsync)
        finally:
            server.terminate()
            server.wait()
    print(f"{size / 1e6:.0f} MB from loopback, {rounds} rounds each, in turn")
    ratio = show("curl -o", curl, size) / show("sorad", ours, size)
    show("  and its fsync", synced, size)
    print(f"sorad is {ratio:.2f} times as fast as curl (fsync apart; with MP4 check and SHA-256)")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=parse_size, default=200_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve)
    elif shutil.which("curl") is None:
        sys.exit("curl is not installed")
    else:
        measure(args.size, args.rounds)


if __name__ == "__main__":
    main()
