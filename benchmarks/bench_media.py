"""Looking at what was delivered: posters of 400 takes, the note of 200 segments, and what steps notice of it.

    python benchmarks/bench_media.py [--takes 400] [--runs 3] [--only note|looks|steps]

Needs the extra `sorad[media]`. The videos are of 10 s at 720p, with movement and grain. Targets on 2 cores: posters of
400 takes within 2 minutes; the note rewritten within 50 ms of computing and 1 MB; the 95th percentile of the delay of
steps, from due to done, grows by at most 100 ms while videos are looked at. With fewer takes the time is scaled.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from bench_throughput import CONFIG, simulator

from sorad.clock import SystemClock
from sorad.config.model import Config
from sorad.inspection.worker import Inspector
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Change, Storyboard, Want
from sorad.media.decoder import Decoder
from sorad.model import Request, State, Take
from sorad.notes import render
from sorad.notes.merge import merged
from sorad.notes.view import view_of
from sorad.receipts.receipt import Payer

INSIDE = "--inside"
SIZE, RATE, SECONDS = (1280, 720), 24, 10
OFF = "[media]\nposters = false\nchecks = false\nsheets = false\n"
CHECKS = json.dumps({"flaws": [{"kind": "black", "from": 0.0, "to": 2.0}]})


def film(path: Path) -> None:
    """Ten seconds of a picture that moves, with grain."""
    import av
    from PIL import Image

    rng = random.Random(1)
    width, height = SIZE
    wide = Image.frombytes("RGB", (120, 45), rng.randbytes(120 * 45 * 3))
    wide = wide.resize((width + 2 * RATE * SECONDS, height), Image.Resampling.BICUBIC)
    grain = [Image.frombytes("L", SIZE, rng.randbytes(width * height)).convert("RGB") for _number in range(3)]
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for number in range(RATE * SECONDS):
            picture = Image.blend(
                wide.crop((2 * number, 0, 2 * number + width, height)), grain[number % 3], 0.05
            )
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))


# --- posters and checks -------------------------------------------------------------------------------------------


def delivered(base: Path, video: Path, count: int) -> SqliteLedger:
    """A ledger with so many delivered takes, each with a video of its own."""
    ledger = SqliteLedger.open(base / "ledger.db")
    assets = base / "vault" / "storyboard_assets"
    wants = []
    for number in range(count):
        request = Request(f"shot {number}")
        folder = assets / f"Segment_{number}"
        folder.mkdir(parents=True)
        shutil.copy(video, folder / f"{number}.mp4")
        fingerprint = request.fingerprint()
        wants.append(
            Want(number, 1, request, fingerprint, str(folder / f"{number}.mp4"), State.DONE, finished_at=1.0)
        )
    board = Storyboard(0, str(base / "vault"), str(base / "vault" / "storyboard.json"), 1, 1, "c", "ok")
    ledger.apply(board, wants, time.time())
    return ledger


def looks(count: int) -> None:
    """Posters of all, then their checks."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        film(base / "film.mp4")
        ledger = delivered(base, base / "film.mp4", count)
        for what in ("posters", "checks"):
            media = {"posters": what == "posters", "checks": what == "checks", "sheets": False}
            config = Config.model_validate({"watch": [{"path": base / "vault"}], "media": media})
            decoder = Decoder()
            inspector = Inspector(
                config, ledger, SystemClock(), lambda root: True, lambda root: Payer(), decoder.ask
            )
            began, made = time.monotonic(), 0
            while inspector.turn():
                made += 1
            took = (time.monotonic() - began) * 400 / max(made, 1)
            used = _child_time()
            decoder.close()
            used = (_child_time() - used) * 400 / max(made, 1)
            scaled = "" if made == 400 else f", scaled from {made}"
            print(f"{what} of 400 takes: {took:.1f} s, {used:.1f} s of computing{scaled}")
        ledger.close()


def _child_time() -> float:
    """Seconds that child processes which have ended computed."""
    times = os.times()
    return times.children_user + times.children_system


# --- the note -----------------------------------------------------------------------------------------------------


def note(runs: int) -> None:
    """The note of 200 segments with two takes each: computing, and its size."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        ledger = SqliteLedger.open(base / "ledger.db")
        assets = "/vault/storyboard_assets"
        wants = [
            Want(n // 2, 1 + n % 2, Request(f"{n // 2} " + "a rather long prompt " * 40), f"{n:064x}",
                 f"{assets}/Segment_{n // 2}/storyboard_S{n // 2:03}_T{1 + n % 2}_0f1e2d3c.mp4",
                 State.DONE, finished_at=1.0, cost=1_000_000, accepted_at=1.0)
            for n in range(400)
        ]  # fmt: skip
        ledger.apply(Storyboard(0, "/vault", "/vault/storyboard.json", 1, 1, "c", "ok"), wants, time.time())
        for take in list(ledger.takes()):
            ledger.record(take, Change(State.DONE, "looked", checks=CHECKS, poster=1), time.time())
        (board,) = ledger.storyboards()
        before, times = "---\n---\nmine\n", []
        for number in range(runs + 2):
            began = time.process_time()
            takes = list(ledger.takes(storyboard=board.path))
            takes[number] = replace(takes[number], chosen_at=1.0)
            before = _note(board, takes, before)
            times.append(time.process_time() - began)
        ledger.close()
    median = statistics.median(times[2:]) * 1000
    print(
        f"note of 200 segments, 400 takes: {median:.0f} ms of computing, {len(before.encode()) / 1e6:.2f} MB"
    )


def _note(board: Storyboard, takes: list[Take], before: str) -> str:
    boxes = {take.id: "0123456789abcdef" for take in takes}
    view = view_of(board, takes, Path("/vault/storyboard_assets/note.md"), "USD", boxes, {})
    return merged(before, render.properties_of(view, "now"), render.block(view, markdown_links=False))


# --- steps --------------------------------------------------------------------------------------------------------


def inside(config: str, out: str) -> None:
    """The daemon itself, which notes for each poll and download when it was due, and when its outcome was written."""
    from sorad.cli.main import main as program

    due: dict[int, float] = {}
    delays: list[float] = []
    claim, record, release = SqliteLedger.claim, SqliteLedger.record, SqliteLedger.release

    def claimed(self: SqliteLedger, state: State, *args: Any, **members: Any) -> list[Take]:
        takes = claim(self, state, *args, **members)
        if state in (State.GENERATING, State.DOWNLOADING):
            due.update({take.id: take.due_at for take in takes})
        return takes

    def recorded(self: SqliteLedger, take: Take, change: Change, now: float) -> Take:
        after = record(self, take, change, now)
        if not change.keep_claim and take.id in due:
            delays.append(time.time() - due.pop(take.id))
        return after

    def released(self: SqliteLedger, take: Take, due_at: float | None = None) -> None:
        release(self, take, due_at)
        due.pop(take.id, None)

    SqliteLedger.claim, SqliteLedger.record, SqliteLedger.release = claimed, recorded, released  # type: ignore
    try:
        program(["--config", config, "run"])
    finally:
        Path(out).write_text(json.dumps(delays))


@contextmanager
def running(base: Path, config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon with that config; its delays then lie in ``delays.json``."""
    command = [sys.executable, __file__, INSIDE, str(config), str(base / "delays.json")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def until(process: subprocess.Popen[bytes], base: Path, count: int, seconds: float = 60.0) -> None:
    """Wait until so many videos have come; a daemon that ends, or is too slow, ends the benchmark."""
    deadline = time.monotonic() + seconds
    while len(list((base / "vault").glob("*_assets/*/*.mp4"))) < count:
        if process.poll() is not None:
            raise SystemExit(f"the daemon ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise SystemExit("the videos did not come in time")
        time.sleep(0.2)


def drop(base: Path, name: str, count: int) -> None:
    """A storyboard with so many segments."""
    shots = [{"segment_index": n, "prompt_text": f"{name} {n}"} for n in range(1, count + 1)]
    (base / "vault" / f"storyboard_{name}.json").write_text(json.dumps({"segments": shots}))


def delay(looking: bool, before: int, count: int) -> tuple[float, int]:
    """The 95th percentile in seconds; how many posters there were then. ``before``: videos that wait for a look."""
    server, url = simulator(1.5, "400 KB")
    try:
        with tempfile.TemporaryDirectory() as folder:
            base, config = Path(folder), Path(folder, "config.toml")
            (base / "vault").mkdir()
            text = CONFIG.format(base=base, url=url, concurrency=20, first=1.0, every=0.5)
            if OFF not in text:
                raise SystemExit("the config of bench_throughput.py looks at videos: mend OFF")
            config.write_text(text)
            drop(base, "before", before)
            with running(base, config) as daemon:
                until(daemon, base, before)
            config.write_text(text.replace(OFF, "") if looking else text)
            drop(base, "now", count)
            with running(base, config) as daemon:
                until(daemon, base, before + count)
            delays = sorted(json.loads((base / "delays.json").read_text()))
            posters = len(list((base / "vault").glob("*_assets/*/*_poster.jpg")))
    finally:
        server.terminate()
        server.wait()
    return delays[int(len(delays) * 0.95)], posters


def steps(runs: int) -> None:
    """The delay of polls and downloads, with and without looks at videos, in turn."""
    found: dict[bool, list[float]] = {True: [], False: []}
    seen = 0
    for number in range(2 * runs):
        looking = number % 2 == 1
        percentile, posters = delay(looking, 60, 100)
        found[looking].append(percentile * 1000)
        seen += posters
    without, beside = (statistics.median(found[one]) for one in (False, True))
    print(
        f"95th percentile from due to done: {without:.0f} ms, {beside:.0f} ms while videos are looked at "
        f"({beside - without:+.0f} ms; {found}; {seen} posters)"
    )


def main() -> None:
    """Run all three, or one."""
    if sys.argv[1:2] == [INSIDE]:
        inside(*sys.argv[2:4])
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--takes", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=("note", "looks", "steps"))
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}")
    parts = {"note": (note, options.runs), "looks": (looks, options.takes), "steps": (steps, options.runs)}
    for name, (part, count) in parts.items():
        if options.only in (None, name):
            part(count)


if __name__ == "__main__":
    main()
