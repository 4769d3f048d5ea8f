"""What the daemon sees of its sandbox: the truth, without a trace in any vault."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sorad.config.model import Config, Watch
from sorad.messages import set_language
from sorad.service import sandbox


@pytest.fixture(autouse=True)
def _english():
    set_language("en")


@pytest.fixture
def config(tmp_path) -> Config:
    for name in ("vault", "videos", "state"):
        (tmp_path / name).mkdir()
    watch = Watch(path=tmp_path / "vault", output_mode="centralized", output_dir=tmp_path / "videos")
    return Config(watch=(watch,), state_dir=tmp_path / "state")


def seen(config: Config, **env: str) -> dict[str, str]:
    return {one["name"]: one["seen"] for one in sandbox.findings(config, env)}


def test_sandbox_without_a_promise_only_what_sorad_needs_is_looked_at(config):
    assert seen(config) == {
        "state_dir": "writable",
        "root": "writable",
        "output": "writable",
        "processes": "yes",
        "network": "yes",
    }
    assert sandbox.problems(sandbox.findings(config, {})) == []


def test_sandbox_is_looked_at_without_a_trace(config, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "vault", tmp_path / "videos")}
    sandbox.findings(config, {})
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert list((tmp_path / "state").iterdir()) == []


def test_sandbox_findings_are_plain_json(config):
    found = sandbox.findings(config, {"SORAD_SANDBOX": "full"})
    assert json.loads(json.dumps(found)) == found


def test_sandbox_folder_that_is_away_is_no_matter_of_the_sandbox(config, tmp_path):
    (tmp_path / "vault").rmdir()
    found = sandbox.findings(config, {})
    assert [one["seen"] for one in found if one["name"] == "root"] == ["away"]
    assert sandbox.problems(found) == []


def test_sandbox_that_is_promised_and_not_there_is_told(config, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    status = {"CapBnd": "000001ffffffffff", "CapEff": "0", "NoNewPrivs": "0", "Seccomp": "0"}
    monkeypatch.setattr(sandbox, "read_status", lambda: status)
    told = [problem.code for problem in sandbox.problems(sandbox.findings(config, {"SORAD_SANDBOX": "full"}))]
    assert told.count("sandbox.loose") == 2
    assert "sandbox.open" in told


def test_sandbox_of_files_alone_promises_nothing_about_privileges(config, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))  # the state_dir lies in it, but it itself is open
    found = sandbox.findings(config, {"SORAD_SANDBOX": "files"})
    assert {"home", "usr", "etc"} <= {one["name"] for one in found}
    assert not {"privileges", "syscalls"} & {one["name"] for one in found}


def test_sandbox_home_that_is_watched_itself_must_not_be_closed(config, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "vault"))
    assert "home" not in seen(config, SORAD_SANDBOX="full")


def test_sandbox_that_takes_the_network_is_told(config, monkeypatch):
    def denied(*_arguments):
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", denied)
    found = sandbox.findings(config, {})
    (problem,) = sandbox.problems(found)
    assert problem.code == "sandbox.network"
    assert "AF_INET6" in problem.text()


LOOK = """
import json, sys
from pathlib import Path
from sorad.config.model import Config, Watch
from sorad.service.sandbox import findings
root, state = Path(sys.argv[1]), Path(sys.argv[2])
print(json.dumps(findings(Config(watch=(Watch(path=root),), state_dir=state), {})))
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="only root can mount a folder read-only",
)
@pytest.mark.parametrize("place", ["vault", "state"])
def test_sandbox_that_takes_a_folder_is_told_though_root_asks(tmp_path: Path, place: str):
    for name in ("vault", "state"):
        (tmp_path / name).mkdir()
    closed = tmp_path / place
    mount = f"mount --bind '{closed}' '{closed}' && mount -o remount,bind,ro '{closed}' && exec \"$@\""
    apart = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh"]
    ended = subprocess.run(
        [*apart, sys.executable, "-c", LOOK, str(tmp_path / "vault"), str(tmp_path / "state")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    (problem,) = sandbox.problems(json.loads(ended.stdout))
    assert problem.code == "sandbox.read_only"
    assert str(closed) in problem.text()
