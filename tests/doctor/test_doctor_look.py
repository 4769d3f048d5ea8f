"""What the doctor sees of real folders, of a made-up /proc, and that it leaves nothing behind."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sorad import lock
from sorad.config.model import Watch
from sorad.doctor import context, daemon, disk, inotify, labels, ledger, root, writable
from sorad.doctor.context import Context, within
from sorad.doctor.inotify import INSTANCES, WATCHES
from sorad.ledger.connection import Connection
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Storyboard, Want
from sorad.model import Request, State
from sorad.simulator.mp4 import labels_of as simulated
from sorad.simulator.mp4 import movie

LINUX = pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="needs Linux's /proc")


def look(path: Path, **members: object) -> root.Look:
    return root.look(Watch(path=path, **members), [])  # type: ignore[arg-type]


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    (folder / "ep1").mkdir(parents=True)
    (folder / ".obsidian/plugins").mkdir(parents=True)
    (folder / "ep1/storyboard_a.json").write_text("{}")
    return folder


def test_a_vault(vault: Path) -> None:
    seen = look(vault)
    assert seen.offline is None
    assert seen.found is not None
    assert [one.path for one in seen.found.files] == [str(vault / "ep1/storyboard_a.json")]
    assert seen.found.folders == 2
    assert seen.watchable == 4, "a watcher watches the hidden folders as well"
    assert (seen.obstacle, seen.locked, seen.too_long, seen.case_clashes) == ("", (), (), ())


def test_a_missing_folder_is_offline(tmp_path: Path) -> None:
    offline = look(tmp_path / "none").offline
    assert offline is not None
    assert offline.code == "root.missing"


def test_names_that_only_differ_by_case(vault: Path) -> None:
    (vault / "ep1/Storyboard_A.json").write_text("{}")
    if len(list((vault / "ep1").iterdir())) == 1:
        pytest.skip("the file system here takes them for one")
    assert look(vault).case_clashes == (
        (str(vault / "ep1/Storyboard_A.json"), str(vault / "ep1/storyboard_a.json")),
    )
    assert look(vault).same_case is False


def test_a_name_too_long_for_the_folder_of_its_videos(vault: Path) -> None:
    most = os.pathconf(vault, "PC_NAME_MAX")
    stem = "storyboard_".ljust(most - len(".json"), "x")
    (vault / f"{stem}.json").write_text("{}")
    assert look(vault).too_long == (str(vault / f"{stem}.json"),)
    assert look(vault, output_mode="centralized", output_dir=vault.parent / "out").too_long == ()


def test_videos_that_go_elsewhere_need_the_right_there(vault: Path) -> None:
    seen = look(vault, output_mode="centralized", output_dir=vault.parent / "out/deep")
    assert seen.output == str(vault.parent), "the nearest folder that is there"
    assert not (vault.parent / "out").exists()


def test_a_storyboard_in_the_cloud(vault: Path) -> None:
    (vault / "ep1/.storyboard_b.json.icloud").write_bytes(b"x")
    seen = look(vault)
    assert seen.found is not None
    assert [one.path for one in seen.found.files if one.placeholder] == [str(vault / "ep1/storyboard_b.json")]


# --- writing ----------------------------------------------------------------------------------------------


def contents(folder: Path) -> tuple[list[str], int]:
    return sorted(one.name for one in folder.iterdir()), folder.stat().st_mtime_ns


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="this system names every file")
def test_trying_to_write_leaves_a_folder_as_it_was(vault: Path) -> None:
    before = contents(vault)
    assert writable.obstacle(vault) == ""
    assert contents(vault) == before


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EISDIR])
def test_where_files_need_a_name_it_is_one_that_nobody_picks_up(
    vault: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    from sorad.vault.names import is_temporary

    made: list[str] = []
    really = os.open

    def refuse(path: object, flags: int, mode: int = 0o777) -> int:
        if flags & getattr(os, "O_TMPFILE", 0) == getattr(os, "O_TMPFILE", -1):
            raise OSError(code, os.strerror(code))
        made.append(str(path))
        return really(str(path), flags, mode)

    monkeypatch.setattr(writable.os, "open", refuse)
    assert writable.obstacle(vault) == ""
    assert len(made) == 1
    name = Path(made[0]).name
    assert is_temporary(name)
    assert not name.startswith(".")
    assert name.startswith("~")
    assert name.endswith(".tmp")
    assert sorted(one.name for one in vault.iterdir()) == [".obsidian", "ep1"]


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A vault that is mounted read-only: modes mean nothing to root."""
    folder = tmp_path / "ro"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("nothing can be mounted here")
    (folder / "storyboard_a.json").write_text("{}")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_read_only_mount(read_only: Path) -> None:
    seen = look(read_only)
    assert seen.obstacle == os.strerror(errno.EROFS)
    assert seen.locked == (str(read_only),)


def test_a_full_disk(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        with pytest.raises(OSError, match="space"):
            (folder / "big").write_bytes(b"x" * 1_000_000)
        assert writable.obstacle(folder) == os.strerror(errno.ENOSPC)
        config = Watch(path=folder)
        from sorad.config.model import Config

        (seen,) = disk.look(Context(0.0, config=Config(watch=(config,))))
        assert seen.free == 0
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_share_that_hangs_holds_nobody_up() -> None:
    release = threading.Event()
    began = time.monotonic()
    assert within(0.05, release.wait) is None
    assert time.monotonic() - began < 5
    release.set()


def test_a_config_that_names_a_hanging_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(context, "ANSWER", 0.05)
    monkeypatch.setattr(context, "load", lambda _path: release.wait())
    (tmp_path / "config.toml").write_text("")
    found = context.look_around(str(tmp_path / "config.toml"), 0.0, offline=True, env={})
    release.set()
    assert [one.code for one in found.mistakes] == ["config.hung"]


def test_what_a_look_raises_is_raised_where_it_was_asked_for() -> None:
    def fail() -> None:
        raise PermissionError(errno.EACCES, "no")

    with pytest.raises(PermissionError):
        within(5, fail)


# --- /proc ------------------------------------------------------------------------------------------------


def fake_proc(folder: Path, watches: int, instances: int, processes: dict[int, list[int]]) -> Path:
    """``processes``: by pid, how many folders each of its watchers watches."""
    (folder / "sys/fs/inotify").mkdir(parents=True)
    (folder / "sys/fs/inotify" / WATCHES).write_text(f"{watches}\n")
    (folder / "sys/fs/inotify" / INSTANCES).write_text(f"{instances}\n")
    for pid, watchers in {os.getpid(): [], **processes}.items():
        (folder / f"{pid}/fd").mkdir(parents=True)
        (folder / f"{pid}/fdinfo").mkdir()
        (folder / f"{pid}/fd/0").symlink_to("/dev/null")
        for number, count in enumerate(watchers, start=3):
            (folder / f"{pid}/fd/{number}").symlink_to("anon_inode:inotify")
            (folder / f"{pid}/fdinfo/{number}").write_text("pos: 0\n" + "inotify wd:1 ino:2\n" * count)
    return folder


def test_the_watches_of_other_programs_count_and_the_daemons_own_do_not(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path, 8192, 128, {11: [10, 5], 12: [], 13: [7], 14: [1000]})
    watches, instances = inotify.look([40, 2], 14, proc)
    assert (watches.most, watches.used, watches.needed) == (8192, 22, 42)
    assert (instances.most, instances.used, instances.needed) == (128, 3, 2)
    assert inotify.look([1], None, proc)[0].used == 1022


def test_without_inotify_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert inotify.look([1], None, tmp_path) == []


@LINUX
def test_the_real_proc_can_be_read() -> None:
    watches, instances = inotify.look([1], None)
    assert watches.most > 0
    assert instances.most > 0


@LINUX
def test_a_lock_is_seen_without_asking_for_it(tmp_path: Path) -> None:
    path = lock.lock_path(tmp_path)
    assert not daemon.is_locked(path)
    with lock.acquire(tmp_path, "run"):
        assert daemon.is_locked(path)
    assert not daemon.is_locked(path)


# --- the ledger -------------------------------------------------------------------------------------------


def test_a_ledger_in_use_is_looked_over_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    owner = SqliteLedger.open(path)
    try:
        owner.remember("x", 1)
        wal = Path(f"{path}-wal").stat().st_size
        assert wal > 0
        seen = ledger.look(path)
        assert (seen.wrong, seen.whole, seen.takes) == (None, True, 0)
        assert Path(f"{path}-wal").stat().st_size == wal, "not checkpointed"
        owner.remember("x", 2)
    finally:
        owner.close()


def test_a_large_ledger_is_looked_at_for_as_long_as_patience_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.sqlite3"
    SqliteLedger.open(path).close()

    def endless(db: Connection) -> None:
        db.row("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c")

    monkeypatch.setattr(ledger, "check_sound", endless)
    monkeypatch.setattr(ledger, "PATIENCE", 0.05)
    seen = ledger.look(path)
    assert seen.wrong is None
    assert seen.whole is False


def test_a_ledger_that_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.mkdir()
    wrong = ledger.look(path).wrong
    assert wrong is not None
    assert wrong.code.startswith("ledger.")


def test_labels_in_the_last_videos_are_counted_by_provider(tmp_path: Path) -> None:
    books = SqliteLedger.open(tmp_path / "ledger.sqlite3")
    board = Storyboard(0, str(tmp_path), str(tmp_path / "storyboard.json"), 1, 1, "h", "ok")
    wants = []
    for number, how in enumerate(("both", "aigc", ""), 1):
        video = tmp_path / f"{number}.mp4"
        marks = simulated(how, "t")
        film = movie("t", "x", seconds=1, orientation="horizontal", size=9_000, labels=marks)
        video.write_bytes(film.bytes())
        request = Request(f"{number}")
        wants.append(
            Want(
                number,
                1,
                request,
                request.fingerprint(),
                str(video),
                State.DONE,
                provider="ark",
                finished_at=9.0,
            )
        )
    books.apply(board, wants, 1.0)
    (tmp_path / "3.mp4").rename(tmp_path / "4.mp4")
    found = labels.look(Context(1.0, state_dir=tmp_path))
    books.close()
    (told,) = labels.judge(found)
    assert told.problem.params == {"provider": "ark", "count": 2, "aigc": 2, "c2pa": 1}
    assert list(labels.check(Context(1.0, state_dir=tmp_path / "none"))) == []
