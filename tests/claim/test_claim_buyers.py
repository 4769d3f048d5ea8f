"""One process of a machine buys for a root: locks by the identity of folders."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Callable

import pytest

from sorad.claim.buyers import Buyer, Buyers, glance
from sorad.claim.claims import Claims
from sorad.claim.locks import lock, shared_folder
from sorad.claim.machine import Machine
from sorad.config.model import Watch
from sorad.ledger.sqlite import SqliteLedger

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no locks that several may hold")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Callable[..., Buyers]:
    """Another sorad of this machine; the locks are those of this test."""
    folder = tmp_path / "locks"
    folder.mkdir()

    def made(name: str = "one", folder: Path = folder) -> Buyers:
        return Buyers(Buyer(os.getpid(), "run", name), clock, folder)  # type: ignore[arg-type]

    return made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "vault" / "inner"
    path.mkdir(parents=True)
    return path.parent


def test_the_second_one_learns_who_buys_and_takes_over_when_that_one_ends(
    make: Callable[..., Buyers], clock: Clock, root: Path
) -> None:
    one, two = make("first"), make("second")
    assert one.buys(str(root))
    assert not two.buys(str(root))
    assert two.other(str(root)) == Buyer(os.getpid(), "run", "first")
    assert one.other(str(root)) is None
    one.close()
    clock.now += 2
    assert two.buys(str(root))
    assert two.other(str(root)) is None


@pytest.mark.parametrize("inner_first", [True, False])
def test_a_root_inside_another_ones_collides_with_it(
    make: Callable[..., Buyers], clock: Clock, root: Path, inner_first: bool
) -> None:
    places = [root / "inner", root] if inner_first else [root, root / "inner"]
    one, two = make("first"), make("second")
    assert one.buys(str(places[0]))
    assert not two.buys(str(places[1]))
    one.close()
    clock.now += 2
    assert two.buys(str(places[1]))


def test_roots_beside_each_other_do_not(make: Callable[..., Buyers], tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    one, two = make(), make()
    assert one.buys(str(tmp_path / "a"))
    assert two.buys(str(tmp_path / "b"))


def test_a_link_and_its_folder_exclude_each_other(
    make: Callable[..., Buyers], tmp_path: Path, root: Path
) -> None:
    (tmp_path / "link").symlink_to(root, target_is_directory=True)
    one, two = make(), make()
    assert one.buys(str(tmp_path / "link"))
    assert not two.buys(str(root))


@pytest.mark.parametrize("inner_first", [True, False])
def test_one_process_may_buy_for_a_root_and_one_inside_it(
    make: Callable[..., Buyers], root: Path, inner_first: bool
) -> None:
    one, two = make(), make()
    places = [str(root / "inner"), str(root)]
    assert all(one.buys(place) for place in (places if inner_first else places[::-1]))
    assert not any(two.buys(place) for place in places)


def test_a_lock_file_that_was_removed_is_made_again(
    make: Callable[..., Buyers], clock: Clock, tmp_path: Path, root: Path
) -> None:
    one, two = make(), make()
    assert one.buys(str(root))
    for file in (tmp_path / "locks").iterdir():
        file.unlink()
    clock.now += 2
    assert one.buys(str(root))
    assert not two.buys(str(root))


def test_what_killed_processes_left_is_removed_and_nothing_else(
    make: Callable[..., Buyers], clock: Clock, tmp_path: Path, root: Path
) -> None:
    one = make()
    assert one.buys(str(root))
    folder = tmp_path / "locks"
    ours = set(folder.iterdir())
    for name in ("sorad-1-1.lock", "other.lock"):
        (folder / name).write_text("left")
    (folder / "sorad-1-2.lock").symlink_to(folder / "other.lock")
    clock.now = time.time()
    make().tidy()  # it may be about to be locked
    assert (folder / "sorad-1-1.lock").exists()
    clock.now += 2 * 3600
    make().tidy()
    assert set(folder.iterdir()) == {*ours, folder / "other.lock", folder / "sorad-1-2.lock"}
    assert one.buys(str(root))
    assert not make().buys(str(root))


def test_a_root_that_is_replaced_is_locked_anew(
    make: Callable[..., Buyers], clock: Clock, root: Path
) -> None:
    one, two = make(), make()
    assert one.buys(str(root))
    root.rename(root.with_name("aside"))
    clock.now += 2
    assert not one.buys(str(root))  # it is away
    assert one.other(str(root)) is None
    root.mkdir()
    clock.now += 2
    assert one.buys(str(root))
    assert two.buys(str(root.with_name("aside")))


def test_a_root_that_is_no_longer_watched_is_given_back(
    make: Callable[..., Buyers], tmp_path: Path, root: Path
) -> None:
    one, two = make(), make()
    assert one.buys(str(root))
    one.follow([])
    assert not list((tmp_path / "locks").iterdir())
    assert two.buys(str(root))


def test_without_a_place_for_locks_it_buys_and_says_so(
    make: Callable[..., Buyers], tmp_path: Path, root: Path
) -> None:
    one = make(folder=tmp_path / "nowhere")
    assert one.buys(str(root))
    trouble = one.trouble(str(root))
    assert isinstance(trouble, FileNotFoundError)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_a_stranger_laid_in_place_of_a_lock_is_not_followed_and_holds_nothing_up(
    make: Callable[..., Buyers], clock: Clock, tmp_path: Path, root: Path, kind: str
) -> None:
    found = root.stat()
    place = tmp_path / "locks" / f"sorad-{found.st_dev:x}-{found.st_ino:x}.lock"
    aside = tmp_path / "aside"
    aside.write_text("dear")
    {"link": lambda: place.symlink_to(aside), "pipe": lambda: os.mkfifo(place), "folder": place.mkdir}[kind]()
    one = make()
    assert one.buys(str(root))
    assert one.trouble(str(root)) is not None
    assert aside.read_text() == "dear"


def test_a_note_is_believed_only_while_its_process_lives(
    make: Callable[..., Buyers], tmp_path: Path, root: Path
) -> None:
    locks = tmp_path / "locks"
    one = make("first")
    assert one.buys(str(root))
    assert glance(str(root), "second", locks) == Buyer(os.getpid(), "run", "first")
    assert glance(str(root / "inner"), "second", locks) == Buyer(os.getpid(), "run", "first")
    assert glance(str(root), "first", locks) is None
    (note,) = [file for file in locks.iterdir() if file.stat().st_size]
    for false in (
        b"[]",
        b"{",
        b"\xff",
        b'{"pid": 1, "birth": "x", "chain": [], "command": "\\u001b"}',
        b"[" * 9000,
    ):
        note.write_bytes(false)
        assert glance(str(root), "second", locks) is None


def test_the_folder_of_locks_is_chosen_by_its_rights(tmp_path: Path) -> None:
    assert shared_folder({"SORAD_LOCK_DIR": str(tmp_path)}) == tmp_path
    chosen = shared_folder({})
    assert chosen.is_dir()


def test_what_was_removed_while_it_was_waited_for_is_not_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    first = lock(path, exclusive=True)
    assert first is not None
    assert lock(path, exclusive=True) is None
    assert lock(path, exclusive=False) is None
    path.unlink()
    second = lock(path, exclusive=True)
    assert second is not None
    assert second.stands()
    assert not first.stands()
    first.close()
    assert second.stands()  # it removed nobody else's file
    second.close()
    assert not path.exists()


@pytest.mark.parametrize("claim", ["auto", "always", "never"])
def test_of_two_processes_of_one_claim_one_buys_and_only_that_one_can_claim(
    make: Callable[..., Buyers], clock: Clock, tmp_path: Path, root: Path, claim: str
) -> None:
    """They are one machine, so the claim in the folder is that of both."""
    machine, watch = Machine("a" * 16, "pc", "b" * 16), Watch(path=root, claim=claim)  # type: ignore[arg-type]
    ledgers = [SqliteLedger.open(tmp_path / name / "ledger.sqlite3") for name in ("first", "second")]
    first, second = (
        Claims([watch], ledger, clock, machine, settle=0.0, buyers=make(name))  # type: ignore[arg-type]
        for ledger, name in zip(ledgers, ("first", "second"))
    )
    place = str(root)
    first.may_buy(place)
    clock.now += 2
    assert (first.may_buy(place), second.may_buy(place)) == (True, False)
    assert (first.stands_by(place), second.stands_by(place)) == (False, True)
    told = [one.code for one in (second.waits(place), second.take(place)) if one is not None]
    assert told[0] == "claim.other_process"
    assert told[1] == ("claim.never" if claim == "never" else "claim.other_process")
    for ledger in ledgers:
        ledger.close()
