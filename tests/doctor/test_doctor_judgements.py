"""What the doctor makes of what it saw: facts in, findings out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.condition import Part
from sorad.config.key import Key
from sorad.config.model import Config, ProviderConfig, Watch
from sorad.doctor import (
    account,
    daemon,
    disk,
    folders,
    inotify,
    ledger,
    media,
    proxy,
    service,
    state,
    storyboards,
    versions,
)
from sorad.doctor.account import AccountAnswers
from sorad.doctor.context import Context
from sorad.doctor.disk import Room
from sorad.doctor.examination import TITLES
from sorad.doctor.finding import Finding, Level, exit_code, ok, problem, warning
from sorad.doctor.inotify import INSTANCES, WATCHES, Limit
from sorad.doctor.proxy import Way
from sorad.doctor.report import clean
from sorad.doctor.root import Look
from sorad.health.complaint import Complaint
from sorad.health.pulse import Pulse
from sorad.ledger.values import RootRow
from sorad.lock import Holder
from sorad.problems import Problem
from sorad.providers.base import Trouble
from sorad.providers.errors import faults
from sorad.providers.wire.answer import Heard
from sorad.service import ServiceState
from sorad.vault.scan import Scan, Seen

GB = 1_000_000_000


def told(found: Iterable[Finding]) -> list[tuple[str, str]]:
    """Code and level of each, and each can be shown."""
    listed = list(found)
    for one in listed:
        assert one.check in TITLES
        assert "{" not in one.problem.text() + one.problem.fix_text(), one
        assert one.level is Level.OK or one.problem.text()
    return [(one.code, one.level.value) for one in listed]


# --- the exit code ----------------------------------------------------------------------------------------

STOPPED = problem("daemon", "daemon.not_running", "x")


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([], 0),
        ([ok("key", "a", "x"), warning("key", "b", "x")], 0),
        ([ok("key", "a", "x"), STOPPED, warning("key", "b", "x")], 3),
        ([STOPPED, problem("key", "c", "x")], 1),
        ([problem("key", "c", "x")], 1),
    ],
)
def test_the_exit_code(found: list[Finding], code: int) -> None:
    assert exit_code(found) == code


# --- key, provider, balance, clock ------------------------------------------------------------------------

ANSWER = Heard(200, 1_000.0, 1_000.0, 0.1)
WELL = AccountAnswers(
    "sora_hk",
    "api.example",
    Key("sk-x", "env", "$SORA_API_KEY"),
    tried=True,
    heard=ANSWER,
    balance=5_000_000,
    has_balance=True,
    currency="USD",
)


def fault(trouble: Trouble) -> AccountAnswers:
    return replace(WELL, fault=faults.fault(trouble, "their words"), balance=None)


@pytest.mark.parametrize(
    ("asked", "key", "provider", "balance"),
    [
        (WELL, ("key.ok", "ok"), ("provider.ok", "ok"), ("balance.ok", "ok")),
        (fault(Trouble.KEY), ("provider.key", "problem"), ("provider.ok", "ok"), None),
        (fault(Trouble.BALANCE), ("key.ok", "ok"), ("provider.ok", "ok"), ("provider.balance", "problem")),
        (fault(Trouble.SERVER), ("key.unproved", "warning"), ("provider.server", "problem"), None),
        (fault(Trouble.TRANSPORT), ("key.unproved", "warning"), ("provider.network", "problem"), None),
        (fault(Trouble.RETIRED), ("key.unproved", "warning"), ("provider.retired", "problem"), None),
        (fault(Trouble.RATE), ("key.unproved", "warning"), ("provider.rate", "warning"), None),
        (replace(WELL, tried=False), ("key.not_tried", "ok"), None, None),
        (replace(WELL, key=None, tried=False), ("key.missing", "problem"), None, None),
        (
            replace(WELL, heard=replace(ANSWER, status=404), has_balance=False, balance=None),
            ("key.untried", "ok"),
            ("provider.ok", "ok"),
            ("balance.unknown", "ok"),
        ),
        (
            replace(
                WELL, kind="kling", heard=replace(ANSWER, status=404)
            ),  # asked for a task that is nobody's
            ("key.ok", "ok"),
            ("provider.ok", "ok"),
            ("balance.ok", "ok"),
        ),
        (replace(WELL, balance=0), ("key.ok", "ok"), ("provider.ok", "ok"), ("balance.empty", "problem")),
        (
            replace(WELL, waiting=9, due=5_000_001),
            ("key.ok", "ok"),
            ("provider.ok", "ok"),
            ("balance.short", "warning"),
        ),
        (
            replace(WELL, waiting=9, due=5_000_000),
            ("key.ok", "ok"),
            ("provider.ok", "ok"),
            ("balance.ok", "ok"),
        ),
        (
            replace(WELL, kind="simulator", key=None),
            ("key.simulator", "ok"),
            ("provider.ok", "ok"),
            ("balance.ok", "ok"),
        ),
        (
            replace(fault(Trouble.KEY), kind="simulator"),
            ("provider.key", "problem"),
            ("provider.ok", "ok"),
            None,
        ),
    ],
)
def test_the_account(
    asked: AccountAnswers,
    key: tuple[str, str],
    provider: tuple[str, str] | None,
    balance: tuple[str, str] | None,
) -> None:
    assert told(account.judge_key(asked, ProviderConfig())) == [key]
    assert told(account.judge_provider(asked)) == [one for one in (provider,) if one]
    assert told(account.judge_balance(asked)) == [one for one in (balance,) if one]


@given(st.floats(-1e6, 1e6), st.floats(0, 10), st.floats(0, 1))
def test_an_exact_clock_is_never_called_wrong_however_slow_the_answer(
    start: float, took: float, when: float
) -> None:
    # the server looks at its clock somewhere between, and tells whole seconds
    heard = Heard(
        200, float(int(start + took * when // 1)) if start + took * when >= 0 else None, start, took
    )
    if heard.date is not None:
        assert abs(account.behind(heard)) < 1e-6


@pytest.mark.parametrize(
    ("off", "code", "level"),
    [
        (0, "clock.ok", "ok"),
        (59, "clock.ok", "ok"),
        (62, "clock.off", "warning"),
        (-62, "clock.off", "warning"),
        (599, "clock.off", "warning"),
        (602, "clock.wrong", "problem"),
        (-602, "clock.wrong", "problem"),
    ],
)
def test_the_clock(off: float, code: str, level: str) -> None:
    assert told(account.judge_clock(Heard(200, 1_000_000.0 + off, 1_000_000.0, 0.1))) == [(code, level)]


def test_a_cached_or_missing_date_says_nothing_of_the_clock() -> None:
    assert told(account.judge_clock(replace(ANSWER, date=None))) == [("clock.unknown", "ok")]
    assert told(account.judge_clock(None)) == []


# --- proxies ----------------------------------------------------------------------------------------------

STRAIGHT, HTTP = Way("proxy", "", ""), Way("proxy", "", "http://127.0.0.1:7890")
SOCKS = Way("download_proxy", "socks5://h:1", "socks5://h:1")


@pytest.mark.parametrize(
    ("ways", "socks", "service", "codes"),
    [
        ((STRAIGHT, STRAIGHT), False, True, [("proxy.none", "ok")]),
        ((HTTP, HTTP), False, False, [("proxy.ok", "ok")]),
        ((HTTP, STRAIGHT), False, True, [("proxy.environment", "warning"), ("proxy.two", "ok")]),
        ((STRAIGHT, SOCKS), False, False, [("proxy.socks", "problem")]),
        ((STRAIGHT, SOCKS), True, True, [("proxy.two", "ok")]),
    ],
)
def test_proxies(ways: tuple[Way, Way], socks: bool, service: bool, codes: list[tuple[str, str]]) -> None:
    assert told(proxy.judge(ways, socks=socks, service=service)) == codes


def test_the_password_of_a_proxy_is_not_shown() -> None:
    way = Way("proxy", "socks5://me:pa55@h:1", "socks5://me:pa55@h:1")
    found = [
        *proxy.judge((way, way), socks=False, service=False),
        *proxy.judge((way, way), socks=True, service=False),
    ]
    assert found
    assert not any("pa55" in str(one.problem) for one in found)


def test_the_ways_follow_the_config_and_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1080")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    config = ProviderConfig(base_url="https://api.example/v1", download_proxy="none")
    api, downloads = proxy.look(config)
    assert (api.url, api.from_environment) == ("socks5://127.0.0.1:1080", True)
    assert (downloads.url, downloads.from_environment) == ("", False)


# --- inotify ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "used", "needed", "level"),
    [
        (8192, 100, 500, "ok"),
        (8192, 100, 7000, "warning"),
        (8192, 100, 8093, "problem"),
        (8192, 8192, 1, "problem"),
    ],
)
def test_watches(most: int, used: int, needed: int, level: str) -> None:
    (found,) = inotify.judge([Limit(WATCHES, most, used, needed)])
    assert found.level.value == level
    if level != "ok":
        lines = found.problem.fix_text().splitlines()
        assert "  sudo sysctl -w fs.inotify.max_user_watches=524288" in lines
        assert any(
            "/etc/sysctl.d/" in line and "fs.inotify.max_user_watches=524288" in line for line in lines
        )


def test_watchers_are_told_of_only_where_they_are_short() -> None:
    assert told(inotify.judge([Limit(INSTANCES, 128, 10, 2)])) == []
    assert told(inotify.judge([Limit(INSTANCES, 128, 127, 2)])) == [("inotify.max_user_instances", "problem")]


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_recommended_limit_is_twice_what_is_needed(used: int, needed: int) -> None:
    assert Limit(WATCHES, 8192, used, needed).recommended >= 2 * (used + needed)


# --- roots ------------------------------------------------------------------------------------------------

WATCH = Watch(path=Path("/v"))
SEEN = Scan(files=[Seen("/v/storyboard.json", 1, 1)], identity="1:2", walked=["/v"])
GOOD = Look("/v", found=SEEN, kind="ext4", watchable=3, output="/v")
GONE = Look("/v", offline=Problem("root.missing", "away"))


@pytest.mark.parametrize(
    ("look", "codes"),
    [
        (GOOD, [("root.ok", "ok")]),
        (replace(GOOD, found=None), [("root.ok", "ok")]),
        (replace(GOOD, events=False, kind="nfs4"), [("root.ok", "ok")]),
        (Look("/v", hung=True), [("root.hung", "problem")]),
        (GONE, [("root.missing", "problem")]),
        (replace(GOOD, obstacle="Read-only file system"), [("root.not_writable", "problem")]),
        (replace(GOOD, locked=("/v/a",)), [("root.locked_folder", "problem")]),
        (replace(GOOD, too_long=("/v/a",)), [("root.long_name", "problem")]),
        (replace(GOOD, case_clashes=(("/v/a", "/v/A"),)), [("root.twins", "warning"), ("root.ok", "ok")]),
        (
            replace(GOOD, found=replace(SEEN, conflicts=[f"/v/{n}" for n in range(5)])),
            [("vault.conflict", "warning")] * 4 + [("root.ok", "ok")],
        ),
        (
            replace(GOOD, found=replace(SEEN, files=[Seen("/v/storyboard.json", 0, 0, placeholder=True)])),
            [("vault.placeholder", "warning"), ("root.ok", "ok")],
        ),
        (
            replace(GOOD, found=replace(SEEN, errors=[("/v/dark", "Permission denied")])),
            [("vault.unreadable", "warning"), ("root.ok", "ok")],
        ),
    ],
)
def test_a_root(look: Look, codes: list[tuple[str, str]]) -> None:
    assert told(folders.judge(WATCH, look)) == codes


@pytest.mark.parametrize(
    ("watch", "look", "words"),
    [
        (WATCH, GOOD, "changes are reported (ext4)"),
        (WATCH, replace(GOOD, events=False, kind="nfs4"), "polled, as nfs4 reports no changes"),
        (WATCH.model_copy(update={"polling": "always"}), GOOD, "polled, as the config asks"),
        (
            WATCH.model_copy(update={"polling": "never"}),
            replace(GOOD, events=False, kind="9p"),
            "polling is off",
        ),
        (WATCH, replace(GOOD, same_case=True), "large and small letters are the same"),
        (WATCH, replace(GOOD, output="/out"), "videos go to /out"),
    ],
)
def test_how_a_root_is_watched_is_told(watch: Watch, look: Look, words: str) -> None:
    (found,) = folders.judge(watch, look)
    assert words in found.problem.text()


def test_a_synced_root_where_everybody_may_buy() -> None:
    watch = WATCH.model_copy(update={"claim": "never"})
    synced = replace(GOOD, service="Syncthing")
    assert ("root.synced_unclaimed", "warning") in told(folders.judge(watch, synced))
    assert told(folders.judge(WATCH, synced)) == [("root.ok", "ok")]


BROKEN = Problem("watch.limit", "too many folders")


@pytest.mark.parametrize(
    ("look", "row", "codes"),
    [
        (GOOD, RootRow("/v", "watching", "1:2"), []),
        (GOOD, RootRow("/v", "polling", "1:2", Problem("root.no_events", "nfs")), []),
        (GOOD, None, [("root.not_watched", "problem")]),
        (GOOD, RootRow("/v", "offline", ""), [("root.unseen", "problem")]),
        (GONE, RootRow("/v", "offline", ""), []),
        (GONE, RootRow("/v", "watching", ""), [("root.not_noticed", "warning")]),
        (GOOD, RootRow("/v", "polling", "", BROKEN), [("watch.limit", "problem")]),
    ],
)
def test_what_the_daemon_says_of_a_root_must_be_what_is_seen(
    look: Look, row: RootRow | None, codes: list[tuple[str, str]]
) -> None:
    assert told(folders.judge_daemon(look, row)) == codes


def test_an_empty_folder_where_storyboards_were_is_a_mount_point() -> None:
    empty = replace(GOOD, found=Scan(identity="9:9", empty=True))
    assert told(folders.judge_identity(empty, None, known=True)) == [("root.empty", "problem")]
    assert told(folders.judge_identity(empty, None, known=False)) == []
    assert told(folders.judge_identity(GOOD, RootRow("/v", "watching", "1:2"), known=True)) == []


def claim(state: str, buys: bool, problem_of: Problem | None) -> dict[str, object]:
    text = problem_of.to_json() if problem_of else None
    return {"path": "/v", "state": state, "buys": buys, "owner": "x", "since": None, "problem": text}


@pytest.mark.parametrize(
    ("row", "codes"),
    [
        (claim("ours", True, None), [("root.claimed", "ok")]),
        (claim("none", True, None), []),
        (claim("other", False, Problem("claim.other", "x")), [("claim.other", "warning")]),
        (claim("conflict", False, Problem("claim.conflict", "x")), [("claim.conflict", "problem")]),
    ],
)
def test_who_buys(row: dict[str, object], codes: list[tuple[str, str]]) -> None:
    assert told(folders.judge_claim(WATCH, GOOD, [row])) == codes


def test_a_root_inside_another_is_told(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    found = folders.nested([Watch(path=tmp_path / "a"), Watch(path=tmp_path / "a/b")])
    assert told(found) == [("root.nested", "ok")]


@pytest.mark.parametrize("there", [True, False])
def test_pictures_are_an_extra_and_no_trouble(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = None if there else Problem("media.extra", "not here.", "Run: {command}", {"command": "pip"})
    monkeypatch.setattr("sorad.doctor.media.missing", lambda: lacking)
    context = Context(0.0, config=Config())
    (found,) = media.check(context)
    assert told([found]) == [("media.ok" if there else "media.none", "ok")]
    assert there or "Run: pip" in found.problem.text()
    off = Config.model_validate({"media": {"posters": False, "checks": False}})
    assert list(media.check(replace(context, config=off))) == []


@pytest.mark.parametrize(
    ("read", "codes"),
    [
        (storyboards.Read(0), [("storyboards.none", "warning")]),
        (storyboards.Read(2, 2), [("storyboards.ok", "ok")]),
        (storyboards.Read(2, 2, ("/v/storyboard.json",)), [("storyboards.invalid", "problem")]),
        (storyboards.Read(None), []),
        (storyboards.Read(2, 2, pictured=True), [("storyboards.ok", "ok"), ("media.extra", "warning")]),
        (
            storyboards.Read(2, 2, absent=("/v/a.mp4",)),
            [("storyboards.ok", "ok"), ("storyboards.absent", "warning")],
        ),
    ],
)
def test_storyboards(
    read: storyboards.Read, codes: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert told(storyboards.judge(read)) == codes


# --- disks, state_dir, ledger -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "needed", "codes"),
    [
        (Room("/v", 9 * GB, 1, True, True), 0, [("disk.ok", "ok")]),
        (Room("/v", 2 * GB, None, True, False), 0, [("disk.low", "warning")]),
        (Room("/v", 2 * GB - 1, 1, True, False), 0, [("disk.full", "problem")]),
        (Room("/v", 9 * GB, 1, True, False), 10 * GB, [("disk.full", "problem")]),
        (Room("/v", 9 * GB, 0, True, False), 0, [("disk.files", "problem")]),
        (Room("/s", GB, 1, False, True), 9 * GB, [("disk.ok", "ok")]),
        (Room("/s", 100_000_000, 1, False, True), 0, [("disk.low", "warning")]),
        (Room("/s", 1_000, 1, False, True), 0, [("disk.full", "problem")]),
    ],
)
def test_disks(one: Room, needed: int, codes: list[tuple[str, str]]) -> None:
    assert told(disk.judge([one], 2 * GB, needed)) == codes


HERE = state.Look("/s", exists=True, log="/s/logs/sorad.log", log_size=5)


@pytest.mark.parametrize(
    ("seen", "codes"),
    [
        (HERE, [("state_dir.ok", "ok"), ("log.ok", "ok")]),
        (state.Look("/s"), [("state_dir.new", "ok")]),
        (replace(HERE, obstacle="no"), [("state_dir.not_writable", "problem"), ("log.ok", "ok")]),
        (replace(HERE, kind="nfs4", log_size=0), [("state_dir.network", "problem")]),
        (replace(HERE, service="Dropbox", log_size=0), [("state_dir.synced", "warning")]),
        (
            replace(HERE, open_to_others=True, log_size=0),
            [("state_dir.open", "warning"), ("state_dir.ok", "ok")],
        ),
        (replace(HERE, log_obstacle="no"), [("state_dir.ok", "ok"), ("log.not_writable", "problem")]),
    ],
)
def test_state_dir(seen: state.Look, codes: list[tuple[str, str]]) -> None:
    assert told(state.judge(seen)) == codes


@pytest.mark.parametrize(
    ("seen", "running", "code"),
    [
        (ledger.Look("/l"), False, ("ledger.new", "ok")),
        (ledger.Look("/l"), True, ("ledger.gone", "problem")),
        (ledger.Look("/l", True, None, 999, 3), True, ("ledger.ok", "ok")),
        (ledger.Look("/l", True, None, 999, 3, whole=False), True, ("ledger.ok", "ok")),
        (ledger.Look("/l", True, None, 0, 3), True, ("ledger.older_daemon", "problem")),
        (ledger.Look("/l", True, None, 0, 3), False, ("ledger.ok", "ok")),
        (ledger.Look("/l", True, Problem("ledger.damaged", "x")), True, ("ledger.damaged", "problem")),
    ],
)
def test_the_ledger(seen: ledger.Look, running: bool, code: tuple[str, str]) -> None:
    assert told(ledger.judge(seen, running=running)) == [code]


# --- daemon -----------------------------------------------------------------------------------------------

HOLDER = Holder(7, 0.0, "run", "here", "b")
LIVE = daemon.Look(HOLDER, pulse=Pulse(1.0, parts=(Part("engine", 0.1, 45.0),)), user=1, me=1, host="here")


@pytest.mark.parametrize(
    ("seen", "codes"),
    [
        (LIVE, [("lock.ok", "ok"), ("daemon.ok", "ok")]),
        (replace(LIVE, user=2), [("lock.ok", "ok"), ("lock.other_user", "warning"), ("daemon.ok", "ok")]),
        (replace(LIVE, pulse=Pulse(1_000.0)), [("lock.ok", "ok")]),
        (replace(LIVE, pulse=Pulse(1.0, ready=False)), [("lock.ok", "ok")]),
        (
            replace(LIVE, pulse=Pulse(1.0, parts=(Part("vault", 99.0, 45.0, state="hung"),))),
            [("lock.ok", "ok")],
        ),
        (daemon.Look(host="here"), [("lock.free", "ok")]),
        (daemon.Look(stale=HOLDER, host="here"), [("lock.stale", "warning")]),
        (daemon.Look(stale=HOLDER, host="there"), [("lock.other_host", "problem")]),
        (daemon.Look(stale=HOLDER, locked=True, host="here"), [("lock.without_note", "problem")]),
    ],
)
def test_the_lock_and_its_holder(seen: daemon.Look, codes: list[tuple[str, str]]) -> None:
    assert told(daemon.judge(seen)) == codes


FROZEN = Complaint(Problem("daemon.frozen", "frozen"))
FAILED = Complaint(Problem("provider.moderation", "it says: a secret prompt"))
NOTE = Complaint(Problem("paused", "x"), heavy=False)
STOPPED_COMPLAINT = Complaint(Problem("daemon.not_running", "x"))


@pytest.mark.parametrize(
    ("found", "running", "codes"),
    [
        ([], True, [("status.ok", "ok")]),
        ([NOTE], True, [("status.ok", "ok")]),
        ([FROZEN], True, [("daemon.frozen", "problem")]),
        ([FAILED, NOTE], True, [("status.problems", "problem")]),
        ([STOPPED_COMPLAINT, FAILED], False, [("daemon.not_running", "problem")]),
    ],
)
def test_what_status_calls_a_problem_is_none_less_here(
    found: list[Complaint], running: bool, codes: list[tuple[str, str]]
) -> None:
    findings = list(daemon.judge_status(found, running=running))
    assert told(findings) == codes
    assert not any("secret" in str(one.problem) for one in findings)


# --- versions, and what is shown --------------------------------------------------------------------------


def test_the_bug_of_older_sqlites_is_explained() -> None:
    old, new = versions.judge_sqlite((3, 40, 1), "3.40.1"), versions.judge_sqlite((3, 51, 3), "3.51.3")
    assert "WAL" in old.problem.text()
    assert old.level is new.level is Level.OK
    assert "WAL" not in new.problem.text()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/me/vault", "~/vault"),
        ("/home/me", "~"),
        ("/home/me.", "~."),
        ("/home/meier/vault", "/home/meier/vault"),
        ("/mnt/home/me/x", "/mnt/home/me/x"),
        ("chmod 600 /home/me/key", "chmod 600 ~/key"),
        ("密钥来自/home/me/key。", "密钥来自~/key。"),
        ("file:///home/me/x", "file://~/x"),
        ("Bearer sk-abcdefgh123", "Bearer sk-******"),
    ],
)
def test_the_home_folder_is_not_named(text: str, shown: str) -> None:
    assert clean(text, ["/home/me"]) == shown


def test_another_user_is_told_from_the_same() -> None:
    assert daemon._owner(Path(f"/proc/{os.getpid()}")) in (os.getuid(), None)


# --- service ----------------------------------------------------------------------------------------------

UP = ServiceState("systemd-user", "sorad.service", True, True, "active", 7, lingers=True, config="/c.toml")
DOWN = replace(UP, active="inactive", pid=0)


@pytest.mark.parametrize(
    ("found", "holder", "codes"),
    [
        (ServiceState(), None, [("service.none", "ok")]),
        (ServiceState(missing=Problem("service.no_systemd", "none here")), None, [("service.none", "ok")]),
        (UP, HOLDER, [("service.ok", "ok")]),
        (replace(UP, pid=8), HOLDER, [("service.not_the_holder", "problem")]),
        (DOWN, None, [("service.stopped", "warning")]),
        (replace(DOWN, active="activating"), None, [("service.starting", "warning")]),
        (replace(DOWN, active="failed", result="signal"), None, [("service.failed", "problem")]),
        (replace(DOWN, active="failed", exit_status=78), None, [("service.config", "problem")]),
        (replace(UP, drift=("/new",)), HOLDER, [("service.drift", "problem")]),
        (replace(UP, outdated=True), HOLDER, [("service.outdated", "warning"), ("service.ok", "ok")]),
        (replace(UP, enabled=False), HOLDER, [("service.disabled", "warning"), ("service.ok", "ok")]),
        (replace(UP, config="/other.toml"), HOLDER, [("service.other_config", "warning")]),
        (
            replace(UP, restarts=3, result="watchdog"),
            HOLDER,
            [("service.ok", "ok"), ("service.restarts", "warning")],
        ),
    ],
)
def test_the_service(found: ServiceState, holder: Holder | None, codes: list[tuple[str, str]]) -> None:
    assert told(service.judge(found, holder, Path("/c.toml"))) == codes


@pytest.mark.parametrize(
    ("found", "codes"),
    [
        (UP, [("lingering.on", "ok")]),
        (replace(UP, lingers=False), [("lingering.off", "warning")]),
        (replace(UP, lingers=None), []),
        (ServiceState(lingers=False), []),
    ],
)
def test_lingering(found: ServiceState, codes: list[tuple[str, str]]) -> None:
    assert told(service.judge_lingering(found)) == codes


def looked(code: str = "") -> dict[str, object]:
    found: dict[str, object] = {"name": "root", "seen": "writable", "ok": not code}
    return {**found, "problem": Problem(code, "x").to_json()} if code else found


@pytest.mark.parametrize(
    ("found", "codes"),
    [
        (None, []),
        ([looked()], [("sandbox.ok", "ok")]),
        ([looked(), looked("sandbox.read_only")], [("sandbox.read_only", "problem")]),
        ([looked("sandbox.open")], [("sandbox.open", "warning")]),
    ],
)
def test_the_sandbox(found: list[dict[str, object]] | None, codes: list[tuple[str, str]]) -> None:
    assert told(service.judge_sandbox(found)) == codes


def test_a_service_may_have_a_key_that_this_shell_has_not() -> None:
    none = replace(WELL, key=None, tried=False)
    found = account.judge_key(none, ProviderConfig(), running_service=True)
    assert told(found) == [("key.elsewhere", "warning")]


@pytest.mark.parametrize(
    ("version", "expected"), [("", []), ("1.80.5", [("gateway.repeats", Level.WARNING)])]
)
def test_a_gateway_that_repeats_by_itself_is_warned_of(
    version: str, expected: list[tuple[str, Level]]
) -> None:
    assert told(account.judge_gateway(replace(WELL, gateway=version))) == expected
