"""The faults, a row each: its name, how it strikes and is lifted, and what `sorad status` must say meanwhile."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import logging
import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable
from unittest import mock

from daemon_stage import wait_for
from disk_stage import mount, unmount
from fault_stage import Inside, free_port

from sorad.claim.note import NAME, Claim, write
from sorad.engine.run.channel import FETCHERS
from sorad.engine.steps import fetch
from sorad.health import pulse
from sorad.http.server import _Server
from sorad.model import State
from sorad.simulator import sora_hk
from sorad.simulator.state import Pace
from sorad.vault import observer as library

Strike = Callable[[Inside], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Fault:
    """One row. ``strike(patient)`` strikes as its block begins, and is lifted as it ends."""

    name: str
    strike: Strike
    problems: str = ""  # codes of level "problem": these and no others, exit code 1; "": exit code 0
    notes: str = ""  # codes of level "note" that are there, too
    doctor: str = ""  # a code of level "problem" in `sorad doctor`


Row = Callable[..., Iterator[None]]


def strikes(row: Row, *args: Any) -> Strike:
    """A generator function as a strike: what comes before its ``yield`` strikes, what comes after lifts."""
    return lambda patient: contextlib.contextmanager(row)(patient, *args)


# --- threads ----------------------------------------------------------------------------------------------


def place(patient: Inside, name: str) -> tuple[Any, str]:
    """What a part does again and again: the object, and the name of its method."""
    daemon = patient.daemon
    if name in ("notify", "ping"):
        return patient.thread(name)._main.__self__, "_turn"  # type: ignore[attr-defined]
    return {
        "engine": (daemon.engine, "turn"),
        "vault": (daemon.vault, "turn"),
        "housekeeping": (daemon.parts._ledger, "look"),
        "watchman": (daemon.watchman, "turn"),
        "http": (_Server, "end_overdue"),
        "submit": (daemon.parts.provider, "create"),
        "poll": (daemon.parts.provider, "poll"),
        "fetch": (daemon.parts.provider, "open_video"),
    }[name]


def nothing(*_args: Any) -> int:
    return 0


def raises(error: BaseException) -> Callable[..., Any]:
    def die(*_args: Any, **_more: Any) -> Any:
        raise error

    return die


def dies(patient: Inside, name: str) -> Iterator[None]:
    """An exception at the root of its thread, again and again."""
    with mock.patch.object(*place(patient, name), raises(RuntimeError("a mistake"))):
        yield


def is_killed(patient: Inside, name: str) -> Iterator[None]:
    """Its thread ends without a word, past all that could catch it."""
    thread = patient.thread(name)
    dead, end = thread._thread, raises(SystemExit())
    with mock.patch.object(thread, "_note_failure", end), mock.patch.object(*place(patient, name), end):
        wait_for(lambda: not dead.is_alive())  # type: ignore[union-attr]
    yield


def hangs(patient: Inside, name: str) -> Iterator[None]:
    """It waits for something that does not come."""
    comes = threading.Event()
    what, method = place(patient, name)
    real = getattr(what, method)

    def wait(*args: Any, **more: Any) -> Any:
        comes.wait(60)
        return real(*args, **more)

    with mock.patch.object(what, method, wait):
        if name in ("submit", "poll", "fetch"):
            patient.buy()
        try:
            yield
        finally:
            comes.set()


def hangs_over_a_reload(patient: Inside) -> Iterator[None]:
    """A download that hangs while the config is read again: the old parts end, but for it."""
    comes, stuck = threading.Event(), threading.Event()
    provider = patient.daemon.parts.provider
    real = provider.open_video

    def wait(*args: Any, **more: Any) -> Any:
        stuck.set()
        comes.wait(60)
        return real(*args, **more)

    with mock.patch.object(provider, "open_video", wait):
        patient.buy()
        assert stuck.wait(60)
        patient.reload()
        try:
            yield
        finally:
            comes.set()


def step_crashes(patient: Inside, name: str, error: BaseException) -> Iterator[None]:
    """A mistake in sorad itself, while it works on a take."""
    with mock.patch.object(*place(patient, name), raises(error)):
        patient.buy()
        yield


def lane_dies(patient: Inside) -> Iterator[None]:
    """Past the root of the step."""
    patient.daemon.engine.channels[0].fetching.run(raises(SystemExit()))
    yield


def pulse_unwritable(patient: Inside) -> Iterator[None]:
    """The memory that the pulse lies in is full."""
    with mock.patch.object(pulse, "_write_private", raises(OSError(errno.ENOSPC, "full"))):
        yield


# --- what watches the folders -----------------------------------------------------------------------------


def touch(patient: Inside) -> None:
    patient.count += 1
    (patient.stage.vault / f"note {patient.count}.md").touch()


def inside_watcher(patient: Inside, name: str) -> list[tuple[Any, str]]:
    """What a thread of the library calls for each event."""
    observer = patient.observer()
    if name == "dispatcher":
        return [(observer, "dispatch_events")]
    if name == "emitter":
        return [(emitter, "queue_event") for emitter in observer.emitters]
    names = ("_group_events", "handle_event")
    return [(one, name) for one in library.readers(observer) for name in names if hasattr(one, name)]


def watcher_dies(patient: Inside, name: str) -> Iterator[None]:
    for what, method in inside_watcher(patient, name):
        setattr(what, method, raises(KeyError(7)))
    touch(patient)
    yield


def watcher_hangs(patient: Inside, name: str) -> Iterator[None]:
    comes, stuck = threading.Event(), threading.Event()

    def wait(*_args: Any, **_more: Any) -> Any:
        stuck.set()
        comes.wait(60)
        return []

    for what, method in inside_watcher(patient, name):
        setattr(what, method, wait)
    touch(patient)
    assert stuck.wait(60)
    touch(patient)  # waits behind the first
    touch(patient)
    try:
        yield
    finally:
        comes.set()


def watch_limit(patient: Inside, number: int) -> Iterator[None]:
    """The kernel's limit of watched folders is met by a new one."""
    from watchdog.observers import inotify_c

    def refused(*_args: Any) -> int:
        ctypes.set_errno(number)
        return -1

    name = "inotify_add_watch" if number == errno.ENOSPC else "inotify_init"
    with mock.patch.object(inotify_c, name, refused):
        if number != errno.ENOSPC:
            for what, method in inside_watcher(patient, "dispatcher"):
                setattr(what, method, raises(KeyError(7)))
        patient.count += 1
        (patient.stage.vault / f"new {patient.count}").mkdir()
        yield


def events_are_lost(patient: Inside) -> Iterator[None]:
    """The system's queue runs over: a storyboard comes, and nobody is told."""
    with mock.patch.object(patient.daemon.vault._watcher, "_hint", nothing):
        name = str(patient.buy())
    known = {take.storyboard for take in patient.stage.takes()}
    logging.getLogger("watchdog").warning("the queue overflowed")
    wait_for(lambda: name in {take.storyboard for take in patient.stage.takes()}, f"{name} not in {known}")
    yield


# --- folders ----------------------------------------------------------------------------------------------


def deleted(patient: Inside) -> Iterator[None]:
    vault = patient.stage.vault
    kept = vault.with_name("kept")
    shutil.copytree(vault, kept)
    shutil.rmtree(vault)
    yield
    kept.rename(vault)


def replaced(patient: Inside, by: Callable[[Path], Any]) -> Iterator[None]:
    """Renamed away; something else lies there."""
    vault = patient.stage.vault
    away = vault.with_name("away")
    vault.rename(away)
    by(vault)
    yield
    if vault.is_dir():
        shutil.rmtree(vault)
    else:
        vault.unlink(missing_ok=True)
    away.rename(vault)


def folder_with_a_note(path: Path) -> None:
    path.mkdir()
    (path / "note.md").touch()


def other_device(patient: Inside) -> Iterator[None]:
    """Another disk lies over it, an empty one: a mount point whose own disk is away looks the same."""
    mount(patient.stage.vault, "1m")
    yield
    unmount(patient.stage.vault)


def unreadable(patient: Inside, name: str) -> Iterator[None]:
    """Without the right to read it; to root, who may, it is refused all the same."""
    folder = patient.stage.vault / name
    folder.mkdir(exist_ok=True)
    real = os.scandir

    def refuse(path: Any = ".") -> Any:
        if os.fspath(path) == str(folder):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        return real(path)

    with mock.patch.object(os, "scandir", refuse):
        folder.chmod(0)
        if name != ".":
            patient.command("scan")
        yield
    folder.chmod(0o755)
    patient.command("scan")


def file_in_vault(patient: Inside, name: str, text: str) -> Iterator[None]:
    path = patient.stage.vault / name
    path.write_text(text, "utf-8")
    yield
    path.unlink()


@contextlib.contextmanager
def storyboard_whose_reading_fails(patient: Inside, name: str, error: Exception) -> Iterator[None]:
    """A storyboard is there, and each try to read it raises ``error``."""
    path = patient.stage.vault / name
    intake = patient.daemon.parts.intake
    real = intake.read

    def fail(watch: Any, seen: Any, known: Any) -> None:
        if seen.path == str(path):
            raise error
        real(watch, seen, known)

    with mock.patch.object(intake, "read", fail):
        path.write_text("{}", "utf-8")
        yield
    path.unlink()


def file_unreadable(patient: Inside) -> Iterator[None]:
    """A storyboard without the right to read it; to root, who may, it is refused all the same."""
    refusal = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    with storyboard_whose_reading_fails(patient, "storyboard_dark.json", refusal):
        yield


def one_bad_input(patient: Inside) -> Iterator[None]:
    """A storyboard over which sorad stumbles each time; the others go on."""
    with storyboard_whose_reading_fails(patient, "storyboard_odd.json", ZeroDivisionError()):
        patient.names("vault.mistake")
        patient.buy()
        patient.until_all_done()
        yield


def name_that_is_no_text(patient: Inside) -> Iterator[None]:
    path = os.fsencode(patient.stage.vault) + b"/storyboard_\xff.json"
    with open(path, "w") as file:  # noqa: PTH123
        file.write("{}")
    patient.command("scan")
    yield
    os.unlink(path)  # noqa: PTH108
    patient.command("scan")


def link_to_nothing(patient: Inside) -> Iterator[None]:
    path = patient.stage.vault / "storyboard_link.json"
    path.symlink_to("nowhere.json")
    patient.command("scan")
    yield
    path.unlink()
    patient.command("scan")


def name_too_long(patient: Inside) -> Iterator[None]:
    path = patient.stage.vault / f"storyboard_{'x' * 239}.json"
    path.write_text(
        '{"segments": [{"segment_index": 1, "prompt_text": "long", "duration_seconds": 10}]}', "utf-8"
    )
    yield
    path.unlink()


def file_in_place_of_outputs(patient: Inside) -> Iterator[None]:
    patient.count += 1
    file = patient.stage.vault / f"storyboard_{patient.count}_assets"
    file.write_text("mine", "utf-8")
    patient.count -= 1
    patient.buy()
    yield
    file.unlink()
    patient.until_all_done()


def copied(patient: Inside) -> Iterator[None]:
    original = next(patient.stage.vault.glob("storyboard_*.json"))
    path = patient.stage.vault / "storyboard_twin.json"
    shutil.copyfile(original, path)
    yield
    path.unlink()


def video_deleted(patient: Inside) -> Iterator[None]:
    video = patient.stage.videos()[0]
    aside = patient.stage.folder / "aside.bin"
    video.rename(aside)
    patient.command("scan")
    yield
    aside.rename(video)
    patient.command("scan")


def damaged_claim(patient: Inside) -> Iterator[None]:
    """A sync mangled the note that says which computer buys."""
    note = patient.stage.vault / NAME
    note.write_text(write("", Claim("1" * 16, 7, "pc", "1" * 16)).replace("generation=7", "generation=8"))
    yield
    note.unlink()


# --- the provider -----------------------------------------------------------------------------------------


def provider(patient: Inside, *faults: str) -> Iterator[None]:
    """The provider does this, with a take to be bought."""
    for fault in faults:
        patient.stage.simulator.faults.add(fault)
    patient.buy()
    yield
    patient.stage.simulator.faults.clear()
    patient.until_all_done()


def account_blocked(patient: Inside) -> Iterator[None]:
    words = {**sora_hk._REFUSALS, "key": (403, 403, "账户已被冻结")}
    with mock.patch.object(sora_hk, "_REFUSALS", words):
        yield from provider(patient, "key")


def balance_empty(patient: Inside) -> Iterator[None]:
    account = patient.stage.simulator.account
    before, account.balance = account.balance, 0
    patient.buy()
    yield
    account.balance = before
    patient.until_all_done()


def key_file_gone(patient: Inside) -> Iterator[None]:
    key = patient.stage.key_file
    key.rename(key.with_name("key.away"))
    patient.buy()
    yield
    key.with_name("key.away").rename(key)
    patient.until_all_done()


def proxy_broken(patient: Inside) -> Iterator[None]:
    patient.reload(provider={"proxy": f"http://127.0.0.1:{free_port()}"})
    patient.buy()
    yield
    patient.reload()
    patient.until_all_done()


def network_away(patient: Inside) -> Iterator[None]:
    """A take is under way, and no exchange comes to an answer any more."""
    simulator = patient.stage.simulator
    with mock.patch.object(simulator.account, "_pace", Pace((1.0, 1.0))):
        patient.buy()
        wait_for(lambda: patient.stage.takes(State.GENERATING))
    simulator.faults.add("reset_before,target=any")
    yield
    simulator.faults.clear()
    patient.until_all_done()


def clocks_apart(patient: Inside) -> Iterator[None]:
    patient.stage.simulator.faults.add("clock_skew,seconds=7200")
    patient.buy()
    patient.until_all_done()
    yield
    patient.stage.simulator.faults.clear()
    patient.buy()
    patient.until_all_done()


def task_fails(patient: Inside) -> Iterator[None]:
    """What the provider refuses waits for the user, who puts it aside."""
    patient.stage.simulator.faults.add("fail,count=1")
    patient.buy()
    yield
    take = patient.stage.takes(State.FAILED)[0]
    assert patient.command("cancel", str(take.id)) == 0


def downloads_crawl(patient: Inside) -> Iterator[None]:
    """Every place of the lane is taken by a download that gets a byte now and then."""
    patient.stage.simulator.faults.add("crawl,seconds=0.3")
    patient.count += 1
    shots = [f"shot {patient.count}, {number}" for number in range(FETCHERS)]
    patient.bought.append(patient.stage.drop(f"storyboard_{patient.count}.json", *shots))
    wait_for(lambda: patient.daemon.engine.channels[0].fetching.free == 0)
    yield
    patient.stage.simulator.faults.clear()
    patient.reload()  # what is under way crawls on; asked for again, the rest comes at once
    patient.until_all_done()


def unknown_waits(patient: Inside) -> Iterator[None]:
    """Nobody knows whether a create was accepted, and the config leaves it to the user."""
    patient.reload(reconcile={"on_unknown": "hold"})
    patient.stage.simulator.faults.add("reset_before,target=create,count=1")
    patient.buy()
    yield
    take = patient.stage.takes(State.UNKNOWN)[0]
    assert patient.command("resolve", str(take.id), "--resend", "--yes") == 0
    patient.until_all_done()
    patient.reload()


def list_broken(patient: Inside) -> Iterator[None]:
    """An answer was lost, and the provider's list cannot be had for now."""
    yield from provider(patient, "server,target=list", "reset_after,target=create,count=1")


def too_dear(patient: Inside) -> Iterator[None]:
    patient.reload(budget={"approve_above": 0.0001})
    board = patient.buy()
    yield
    assert patient.command("approve", str(board), "--yes") == 0
    patient.until_all_done()
    patient.reload()


def paused(patient: Inside) -> Iterator[None]:
    assert patient.command("pause") == 0
    yield
    assert patient.command("resume") == 0


# --- disk and ledger --------------------------------------------------------------------------------------


def disk_full(patient: Inside) -> Iterator[None]:
    with mock.patch.object(patient.daemon.parts._rooms, "_free", nothing):
        yield


def no_room_for_a_video(patient: Inside) -> Iterator[None]:
    with mock.patch.object(fetch, "free_bytes", nothing):
        patient.buy()
        yield
    patient.until_all_done()


def ledger_disk_full(patient: Inside) -> Iterator[None]:
    with mock.patch.object(patient.daemon.parts._ledger, "_free", nothing):
        yield


def ledger_locked(patient: Inside) -> Iterator[None]:
    other = sqlite3.connect(patient.stage.state / "ledger.sqlite3", isolation_level=None, timeout=20)
    other.execute("BEGIN IMMEDIATE")
    patient.buy()
    yield
    other.execute("ROLLBACK")
    other.close()
    patient.until_all_done()


def ledger_readonly(patient: Inside) -> Iterator[None]:
    """As SQLite has it on a disk that became read-only."""
    db = patient.daemon.ledger._db
    with db.held():
        db._db.execute("PRAGMA query_only = ON")  # type: ignore[union-attr]
    patient.buy()
    yield
    with db.held():
        db._db.execute("PRAGMA query_only = OFF")  # type: ignore[union-attr]
    patient.until_all_done()


def ledger_gone(patient: Inside) -> Iterator[None]:
    path = patient.stage.state / "ledger.sqlite3"
    path.rename(path.with_name("elsewhere"))
    yield
    path.with_name("elsewhere").rename(path)


# --- time -------------------------------------------------------------------------------------------------


def clock_set(patient: Inside, seconds: float) -> Iterator[None]:
    patient.clock.ahead += seconds
    yield
    patient.clock.ahead -= seconds


def sleep_of_a_week(patient: Inside) -> Iterator[None]:
    """All clocks go on, but for the monotonic one."""
    week = 7 * 86_400.0
    times, faults = patient.daemon.parts.standings[0].times, patient.stage.simulator.faults
    faults.add(f"clock_skew,seconds={week:.0f}")
    with times._lock:
        patient.clock.ahead += week
        patient.clock.slept += week
    yield
    patient.buy()
    patient.until_all_done()
    with times._lock:  # back in our own time, without a jump
        patient.clock.ahead -= week
        faults.clear()
        times._seen = times._read()


# --- the config, and who is told --------------------------------------------------------------------------


def bad_config(patient: Inside) -> Iterator[None]:
    assert not patient.reload(limits={"concurency": 3})
    yield
    assert patient.reload()


def config_unread(patient: Inside) -> Iterator[None]:
    patient.configure(limits={"concurrency": 7})
    yield
    assert patient.reload()


def port_taken(patient: Inside) -> Iterator[None]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        patient.port = other.getsockname()[1]
        patient.reload()
        yield


def ping_fails(patient: Inside) -> Iterator[None]:
    before, patient.box.answer = patient.box.answer, lambda _post: (500, b"")
    yield
    patient.box.answer = before


def message_unsent(patient: Inside) -> Iterator[None]:
    """A trouble that nobody can be told of; the trouble is over before the way is free."""
    patient.unsent = "refused"
    with mock.patch.object(patient.daemon.parts._rooms, "_free", nothing):
        wait_for(lambda: "notify.unsent" in patient.asked().notes, lambda: str(patient.asked().report))
    yield
    patient.unsent = ""


# --- a sick disk, under a daemon of its own (see sickdisk.c) -----------------------------------------------


@dataclass(frozen=True)
class Sickness:
    """One row: what fails, whether something is bought meanwhile, and what `sorad status` must say."""

    orders: tuple[str, ...]
    problem: str
    buys: bool = True

    @property
    def name(self) -> str:
        return f"{' '.join(self.orders)}{'' if self.buys else ', idle'}".replace("/", "").replace(" ", "_")


CALLS = ("open", "write", "fsync", "rename")
LEDGER, RECEIPT = "*/ledger.sqlite3*", "*_T*_????????.json"
SICKNESSES = (
    *(
        Sickness((f"{call} {LEDGER}",), "ledger.disk", buys)
        for call in ("write", "fsync")
        for buys in (False, True)
    ),
    *(Sickness((f"{call} */ledger.sqlite3",), "ledger.disk", buys=False) for call in ("write", "fsync")),
    *(Sickness((f"{call} */vault/*",), "delivery.disk_error") for call in CALLS),
    *(Sickness((f"{call} */partial/*.mp4.tmp",), "delivery.disk_error") for call in CALLS[:3]),
    Sickness(("rename */vault/*.mp4",), "delivery.disk_error"),
    *(Sickness((f"{call} */vault/{RECEIPT}.*tmp",), "delivery.disk_error") for call in CALLS[:3]),
    Sickness((f"rename */vault/{RECEIPT}",), "delivery.disk_error"),
)


# --- the table --------------------------------------------------------------------------------------------

SUPERVISED = ("engine", "vault", "housekeeping", "notify", "ping", "http")
LANES = ("submit", "poll", "fetch")
WATCHER = ("reader", "emitter", "dispatcher")

FAULTS = (
    *(Fault(f"{name} dies", strikes(dies, name), "daemon.thread") for name in SUPERVISED),
    *(Fault(f"{name} is killed", strikes(is_killed, name), "daemon.thread") for name in SUPERVISED),
    *(
        Fault(f"{name} hangs", strikes(hangs, name), "daemon.hung", doctor="daemon.hung")
        for name in SUPERVISED
    ),
    *(Fault(f"{name} hangs", strikes(hangs, name), "daemon.hung") for name in LANES),
    *(Fault(f"{name} crashes", strikes(step_crashes, name, ValueError()), "daemon.step") for name in LANES),
    *(Fault(f"{name} is left", strikes(step_crashes, name, SystemExit()), "daemon.step") for name in LANES),
    Fault("fetch hangs over a reload", strikes(hangs_over_a_reload), "daemon.hung"),
    Fault("a lane's thread dies", strikes(lane_dies), "daemon.thread"),
    Fault("watchman dies", strikes(dies, "watchman"), "daemon.frozen", doctor="daemon.frozen"),
    Fault("watchman hangs", strikes(hangs, "watchman"), "daemon.frozen"),
    Fault("the pulse cannot be written", strikes(pulse_unwritable), "daemon.no_pulse"),
    *(Fault(f"the watcher's {name} dies", strikes(watcher_dies, name), "watch.broken") for name in WATCHER),
    *(Fault(f"the watcher's {name} hangs", strikes(watcher_hangs, name), "watch.broken") for name in WATCHER),
    Fault("the watch limit is met", strikes(watch_limit, errno.ENOSPC), "watch.limit"),
    Fault("the limit of watchers is met", strikes(watch_limit, errno.EMFILE), "watch.instances"),
    Fault("events are lost", strikes(events_are_lost)),
    Fault("the root is deleted", strikes(deleted), "root.missing", doctor="root.missing"),
    Fault("the root is renamed", strikes(replaced, lambda path: None), "root.missing"),
    Fault("the root is a file", strikes(replaced, Path.touch), "root.not_folder"),
    Fault("the root is empty", strikes(replaced, Path.mkdir), "root.empty", doctor="root.empty"),
    Fault("the root is another", strikes(replaced, folder_with_a_note), "root.replaced"),
    Fault("the root is another device", strikes(other_device), "root.empty"),
    Fault("the root is unreadable", strikes(unreadable, "."), "root.unreadable", doctor="root.unreadable"),
    Fault("a folder is unreadable", strikes(unreadable, "dark"), notes="vault.unreadable"),
    Fault("a storyboard is wrong", strikes(file_in_vault, "storyboard_bad.json", "{"), "storyboard.json"),
    Fault("a storyboard is unreadable", strikes(file_unreadable), "vault.file"),
    Fault("a storyboard that sorad stumbles over", strikes(one_bad_input), "vault.mistake"),
    Fault("a name is no text", strikes(name_that_is_no_text), "vault.name"),
    Fault("a link leads nowhere", strikes(link_to_nothing), "vault.link"),
    Fault("a name is too long for its outputs", strikes(name_too_long), "vault.long"),
    Fault("a file in place of the outputs", strikes(file_in_place_of_outputs), "delivery.no_folder"),
    Fault(
        "a conflict copy",
        strikes(file_in_vault, "storyboard (conflicted copy).json", "{}"),
        notes="vault.conflict",
    ),
    Fault(
        "a file in the cloud",
        strikes(file_in_vault, ".storyboard_far.json.icloud", ""),
        notes="vault.placeholder",
    ),
    Fault("a copied storyboard", strikes(copied), notes="storyboard.copy"),
    Fault("a video is missing", strikes(video_deleted), notes="take.missing"),
    Fault("a damaged claim", strikes(damaged_claim), "claim.conflict"),
    Fault("the key is revoked", strikes(provider, "key"), "provider.key", doctor="provider.key"),
    Fault("the key file is gone", strikes(key_file_gone), "key.unreadable", doctor="key.unreadable"),
    Fault("the account is blocked", strikes(account_blocked), "provider.account"),
    Fault("the balance is empty", strikes(balance_empty), "provider.balance", doctor="balance.empty"),
    Fault("the model is retired", strikes(provider, "retired"), "provider.retired"),
    Fault("a storm of refusals", strikes(provider, "rate,retry_after=0.1"), "breaker.safe"),
    Fault("the network is away", strikes(network_away), "provider.away"),
    Fault("the proxy is broken", strikes(proxy_broken), "provider.away breaker.safe"),
    Fault("a lane full of downloads that crawl", strikes(downloads_crawl), "download.crawls"),
    Fault("a task fails", strikes(task_fails), "provider.moderation"),
    Fault("an unknown create", strikes(unknown_waits), "take.unknown"),
    Fault("a create is looked up", strikes(list_broken), notes="take.looked_up"),
    Fault("a storyboard is too dear", strikes(too_dear), "budget.approve"),
    Fault("paused", strikes(paused), notes="paused"),
    Fault("the disk is full", strikes(disk_full), "disk.full"),
    Fault("no room for a video", strikes(no_room_for_a_video), "delivery.disk_full"),
    Fault("the ledger's disk is full", strikes(ledger_disk_full), "ledger.full"),
    Fault("the ledger is locked", strikes(ledger_locked), "ledger.locked"),
    Fault("the ledger is read-only", strikes(ledger_readonly), "ledger.readonly"),
    Fault("the ledger is gone", strikes(ledger_gone), "ledger.missing ledger.replaced", doctor="ledger.gone"),
    Fault("the clock goes back an hour", strikes(clock_set, -3600.0), notes="clock.back clock.apart"),
    Fault("the clock goes on an hour", strikes(clock_set, 3600.0), notes="clock.forward clock.apart"),
    Fault("a week of sleep", strikes(sleep_of_a_week), notes="clock.woke"),
    Fault("the clocks are apart", strikes(clocks_apart), notes="clock.apart"),
    Fault("a bad config", strikes(bad_config), "config.refused", doctor="config.unknown_key"),
    Fault("a config not read", strikes(config_unread), notes="config.changed"),
    Fault("the port is taken", strikes(port_taken), "http.port"),
    Fault("the ping fails", strikes(ping_fails), notes="ping.failed"),
    Fault("a message is not sent", strikes(message_unsent), notes="notify.unsent"),
)
