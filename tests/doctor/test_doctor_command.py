"""`sorad doctor` as a whole: against real folders, a real ledger, and a provider that fails as real ones do."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest
from doctor_patient import PROMPT, Examined, Patient

from sorad import lock
from sorad.layout import video_path
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import RootRow, Storyboard, Want
from sorad.model import Request
from sorad.receipts.receipt import DONE, GENERATING, Receipt, write_receipt
from sorad.simulator import KEY


def seen(folder: Path) -> dict[str, int]:
    """Everything below a folder, with the time of its last change."""
    return {str(path): path.lstat().st_mtime_ns for path in sorted(folder.rglob("*"))} | {
        str(folder): folder.stat().st_mtime_ns
    }


# --- health -----------------------------------------------------------------------------------------------


def test_all_is_well_but_for_the_daemon(patient: Patient) -> None:
    found = patient.examine()
    assert found.bad() == set()
    assert found.codes("problem") == {"daemon.not_running"}
    assert found.code == found.json["exit"] == 3
    assert {"config", "key", "provider", "balance", "clock", "proxy", "root", "disk", "ledger", "lock"} <= {
        one["check"] for one in found.json["checks"]
    }


def test_nothing_is_changed_and_nothing_is_bought(patient: Patient) -> None:
    SqliteLedger.open(patient.state_dir / "ledger.sqlite3").close()
    ledger = (patient.state_dir / "ledger.sqlite3").read_bytes()
    patient.write_config()
    before = seen(patient.vault)
    patient.examine(write=False)
    patient.examine(write=False)
    assert seen(patient.vault) == before
    assert (patient.state_dir / "ledger.sqlite3").read_bytes() == ledger
    assert patient.simulator.accepted == []


def test_without_a_config_it_says_how_to_make_one(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SORA_API_KEY")
    code = subprocess.run(
        [sys.executable, "-m", "sorad", "--lang", "en", "doctor", "--json"],
        capture_output=True,
        text=True,
        cwd=patient.home,
        check=False,
    )
    found = Examined(code.returncode, code.stdout, code.stderr)
    assert found.code == 1
    assert found.of("config")[0]["code"] == "config.none"
    assert "sorad init" in found.of("config")[0]["fix"]
    assert found.of("versions")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("state_dir = [", "config.syntax"),
        ('[provider]\nkind = "sora_hk"\nbase_urll = "x"\n[[watch]]\npath = "vault"', "config.unknown_key"),
        ('[[watch]]\npath = "vault"\ntakes = 0', "config.greater_than_equal"),
    ],
)
def test_a_broken_config_is_named_and_the_rest_is_checked(patient: Patient, text: str, code: str) -> None:
    patient.config.write_text(text, "utf-8")
    found = patient.examine("--offline", write=False)
    assert found.code == 1
    assert code in {one["code"] for one in found.of("config")}
    assert found.of("versions")


@pytest.mark.parametrize("mistake", ["[[watch]\n", "[limits]\nconcurency = 3\n", "[watchh]\n"])
def test_a_daemon_that_goes_on_with_the_config_it_read_is_seen(patient: Patient, mistake: str) -> None:
    patient.write_config()
    with lock.acquire(patient.state_dir, "run"):
        patient.config.write_text(f"{patient.config.read_text()}\n{mistake}")
        found = patient.examine("--offline", write=False)
    assert found.levels("config") == {"problem"}
    assert found.of("lock")[0]["code"] == "lock.ok"


def test_a_misspelt_address_sends_the_key_nowhere(patient: Patient) -> None:
    # with the default in its place the key of a gateway would go to sora.hk
    patient.settings["provider"] = {"kind": "sora_hk", "base_urll": patient.simulator.base_url}
    assert not patient.examine().of("provider")
    patient.settings["provider"] = {"kind": "sora_hk"}
    patient.settings["providr"] = {"base_url": patient.simulator.base_url}
    found = patient.examine()
    assert not found.of("provider")
    assert not found.of("key")
    assert found.of("root"), "what can be checked is"


def test_a_config_that_is_named_and_not_there(patient: Patient) -> None:
    found = patient.examine(write=False)
    assert found.code == 1
    assert found.of("config")[0]["code"] == "config.not_found"


# --- key, balance, clock ----------------------------------------------------------------------------------


def test_a_refused_key(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SORA_API_KEY", "sk-anotherone123")
    found = patient.examine()
    assert found.levels("key") == {"problem"}
    assert found.of("key")[0]["code"] == "provider.key"
    assert found.levels("provider") == {"ok"}
    assert found.code == 1


def test_no_key(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SORA_API_KEY")
    found = patient.examine()
    assert found.of("key")[0]["code"] == "key.missing"
    assert not found.of("provider"), "no request leaves without one"


def test_a_key_in_the_place_of_its_variables_name_is_not_shown(patient: Patient) -> None:
    patient.settings["provider"]["api_key_env"] = "a8f5f167f44f4964e6c998dee827110c"
    found = patient.examine()
    assert found.of("key")[0]["code"] == "key.in_config"
    assert "a8f5f167f44f4964e6c998dee827110c" not in found.out


def test_a_key_file_that_others_can_read(patient: Patient) -> None:
    file = patient.home / "key"
    file.write_text(KEY)
    file.chmod(0o640)
    patient.settings["provider"]["api_key_file"] = str(file)
    found = patient.examine()
    assert {one["code"] for one in found.of("key")} == {"key.readable", "key.ok"}
    assert "chmod 600 ~/key" in found.out


def test_an_empty_balance(patient: Patient) -> None:
    patient.simulator.account.balance = 0
    assert patient.examine().bad() == {"balance.empty"}


def test_a_balance_too_small_for_what_waits(patient: Patient) -> None:
    patient.simulator.account.balance = 5
    queue(patient, count=2)
    found = patient.examine()
    assert found.bad() == {"balance.short"}
    assert "0.06 USD" in found.of("balance")[0]["message"]


def queue(patient: Patient, count: int) -> None:
    ledger = SqliteLedger.open(patient.state_dir / "ledger.sqlite3")
    requests = [Request(f"{PROMPT} {number}") for number in range(1, count + 1)]
    wants = [
        Want(number, 1, request, request.fingerprint(), f"/v/{number}.mp4")
        for number, request in enumerate(requests, start=1)
    ]
    path = str(patient.vault / "ep1/storyboard_a.json")
    ledger.apply(Storyboard(0, str(patient.vault), path, 1, 1, "x", "ok", segments=count), wants, time.time())
    ledger.close()


@pytest.mark.parametrize(
    ("seconds", "code", "level"),
    [(30, "clock.ok", "ok"), (300, "clock.off", "warning"), (3600, "clock.wrong", "problem")],
)
def test_a_wrong_clock_is_seen_in_the_answer_that_was_asked_for_anyway(
    patient: Patient, seconds: int, code: str, level: str
) -> None:
    patient.simulator.faults.add("clock_skew", seconds=float(seconds))
    clock = patient.examine().of("clock")
    assert [(one["code"], one["level"]) for one in clock] == [(code, level)]
    if level != "ok":
        assert f"{seconds / 60:.1f} minutes behind" in clock[0]["message"]


def test_a_provider_that_cannot_be_reached(patient: Patient) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        patient.settings["provider"]["base_url"] = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        found = patient.examine()
    assert found.bad() == {"provider.network", "key.unproved"}
    assert found.levels("key") == {"warning"}
    assert not found.of("balance")


def test_a_provider_in_trouble_keeps_its_own_words(patient: Patient) -> None:
    patient.simulator.faults.add("server", target="account")
    found = patient.examine()
    assert found.of("provider")[0]["code"] == "provider.server"
    assert found.code == 1


def test_a_gateway_without_a_free_call_is_not_said_to_accept_the_key(patient: Patient) -> None:
    patient.settings["provider"] |= {"kind": "openai_videos", "model": "veo-3.1", "seconds": [4, 8, 10]}
    patient.simulator.faults.add("key", target="any", status=404)
    found = patient.examine()
    assert found.of("key")[0]["code"] == "key.untried"
    assert found.of("balance")[0]["code"] == "balance.unknown"


def test_offline_asks_nobody(patient: Patient) -> None:
    found = patient.examine("--offline")
    assert patient.simulator.stats()["requests"] == {}
    assert not found.of("clock")
    assert not found.of("balance")
    assert found.of("key")[0]["code"] == "key.not_tried"


def test_a_proxy_is_used_for_the_call(patient: Patient) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        patient.settings["provider"]["proxy"] = f"http://user:pa55word@127.0.0.1:{free.getsockname()[1]}"
        found = patient.examine()
    assert "provider.network" in found.bad()
    assert "pa55word" not in found.out


# --- ledger and lock --------------------------------------------------------------------------------------


def test_a_damaged_ledger(patient: Patient) -> None:
    path = patient.state_dir / "ledger.sqlite3"
    SqliteLedger.open(path).close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x5a" * (len(data) - 4096)
    path.write_bytes(data)
    found = patient.examine("--offline")
    assert found.levels("ledger") == {"problem"}
    assert found.of("ledger")[0]["code"] == "ledger.damaged"


def test_a_ledger_of_a_newer_sorad(patient: Patient) -> None:
    import sqlite3

    path = patient.state_dir / "ledger.sqlite3"
    SqliteLedger.open(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 9999")
    db.commit()
    db.close()
    assert patient.examine("--offline").of("ledger")[0]["code"] == "ledger.newer"


def test_what_was_rebuilt_is_said(patient: Patient) -> None:
    from sorad.messages import N_
    from sorad.problems import Problem

    ledger = SqliteLedger.open(patient.state_dir / "ledger.sqlite3")
    notice = Problem("ledger.rebuilt", N_("Done."), N_("Nothing to do."))
    ledger.remember("notices", [notice.to_json()])
    ledger.close()
    found = patient.examine("--offline")
    assert ("ledger.rebuilt", "warning") in {(one["code"], one["level"]) for one in found.of("ledger")}


def test_the_note_of_a_killed_sorad(patient: Patient) -> None:
    held = lock.acquire(patient.state_dir, "run")
    note = patient.state_dir / "holder.json"
    told = {**json.loads(note.read_text()), "birth": "gone", "pid": 999_999_999}
    held.release()
    note.write_text(json.dumps(told))
    found = patient.examine("--offline")
    assert found.bad() == {"lock.stale"}
    assert found.code == 3


def test_a_lock_without_a_note(patient: Patient) -> None:
    held = lock.acquire(patient.state_dir, "run")
    (patient.state_dir / "holder.json").unlink()
    try:
        found = patient.examine("--offline")
    finally:
        held.release()
    assert "lock.without_note" in found.bad()


# --- the running daemon -----------------------------------------------------------------------------------


@pytest.fixture
def daemon(patient: Patient) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts `sorad run` and waits until it has looked through its folders."""
    running: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        patient.write_config()
        command = [sys.executable, "-m", "sorad", "--config", str(patient.config), "run"]
        running.append(
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=patient.home)
        )
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            found = patient.examine("--offline", write=False)
            if found.levels("daemon") == found.levels("sandbox") == {"ok"}:
                return running[-1]
            time.sleep(0.1)
        raise AssertionError(patient.examine("--offline", write=False).out)

    yield start
    for one in running:
        one.send_signal(signal.SIGCONT)
        one.kill()
        one.wait()


def test_with_the_daemon_running_all_is_well(
    patient: Patient, daemon: Callable[[], subprocess.Popen[bytes]]
) -> None:
    process = daemon()
    found = patient.examine(write=False)
    assert found.bad() == set(), found.out
    assert found.code == 0
    assert f"process {process.pid}" in found.of("lock")[0]["message"]
    assert "All is well." in patient.run().out

    # a folder that came into the config meanwhile is not watched, and that is said
    patient.watch.append({"path": str(patient.home / "second")})
    (patient.home / "second").mkdir()
    found = patient.examine()
    assert {"root.not_watched"} == found.bad()

    # and the other way round
    patient.watch = patient.watch[1:]
    assert {"root.not_watched", "root.still_watched", "storyboards.none"} == patient.examine().bad()


def test_a_frozen_daemon_is_no_healthy_one(
    patient: Patient, daemon: Callable[[], subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sorad.health.pulse as pulse

    process = daemon()
    process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(pulse, "OVERDUE", -4.0)  # scaled: a second without a sign of life will do
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        found = patient.examine("--offline", write=False)
        if found.code == 1:
            break
        time.sleep(0.2)
    assert "daemon.frozen" in found.bad()
    assert not any(one["code"] in ("daemon.ok", "status.ok") for one in found.json["checks"])


# --- what leaves the house --------------------------------------------------------------------------------


def test_the_report_is_free_of_keys_prompts_and_the_name_of_the_home(
    patient: Patient, daemon: Callable[[], subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-very-secret-0123456789"
    monkeypatch.setenv("SORA_API_KEY", key)  # refused: the provider's own words come along
    patient.board("ep2/storyboard_b.json", json.dumps({"segments": [{"prompt_text": PROMPT, "takes": -1}]}))
    patient.board("ep1/storyboard_a (conflicted copy).json")
    patient.board("ep1/.storyboard_c.json.icloud", "")
    patient.settings["provider"]["download_proxy"] = "http://me:hunter22@127.0.0.1:9"
    patient.settings["notify"] = {"urls": ["json://127.0.0.1:9/topicsecret"]}
    daemon()
    for found in (patient.examine(write=False), patient.run(), patient.run(lang="zh")):
        for secret in (key, "very-secret", PROMPT, "Qandahar", "hunter22", "topicsecret", str(patient.home)):
            assert secret not in found.out + found.err, secret
        assert "~/vault" in found.out
    assert {"provider.key", "storyboards.invalid", "vault.conflict", "vault.placeholder"} <= patient.examine(
        write=False
    ).bad()


def test_receipts_whose_videos_are_not_there_are_told(patient: Patient) -> None:
    board = patient.board("ep1/storyboard_a.json")
    request = Request(PROMPT)
    for number, state in ((1, DONE), (2, DONE), (3, GENERATING)):
        video = video_path(board.parent / "storyboard_a_assets", number, 1, request.fingerprint())
        write_receipt(
            video, Receipt(request, request.fingerprint(), number, 1, state, f"t{number}"), base=board.parent
        )
    video_path(board.parent / "storyboard_a_assets", 2, 1, request.fingerprint()).write_bytes(b"there")
    found = patient.examine()
    assert "storyboards.absent" in found.bad()
    assert "_S001_T1_" in found.out


# --- how it looks -----------------------------------------------------------------------------------------


def test_piped_it_is_one_line_a_finding(patient: Patient) -> None:
    patient.write_config()
    found = patient.run("--offline")
    lines = found.out.splitlines()
    assert "ok: lock: Nobody holds it." in lines
    assert lines[-1] == "1 problem, 0 warnings."
    assert all(line.startswith(("ok: ", "warning: ", "problem: ", "    ", "1 problem")) for line in lines)


@pytest.mark.skipif(shutil.which("script") is None, reason="needs a terminal to be made")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_in_a_terminal_no_line_is_wider_than_it(patient: Patient, lang: str) -> None:
    import re

    from sorad.cli.shared.columns import width

    patient.watch.append({"path": str(patient.home / "away")})
    patient.write_config()
    command = f"stty cols 80; {sys.executable} -m sorad --lang {lang} --config config.toml doctor --offline"
    ran = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        capture_output=True,
        cwd=patient.home,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", ran.stdout.decode()).replace("\r", "").splitlines()
    assert any("✗" in line for line in lines)
    assert any("✓" in line for line in lines)
    assert [line for line in lines if width(line) > 80] == []


def test_a_root_that_the_daemon_calls_offline_and_is_there(patient: Patient) -> None:
    held = lock.acquire(patient.state_dir, "run")
    try:
        ledger = SqliteLedger.open(patient.state_dir / "ledger.sqlite3")
        ledger.put_root(RootRow(str(patient.vault), "offline", ""))
        ledger.close()
        found = patient.examine("--offline")
    finally:
        held.release()
    assert "root.unseen" in found.bad()
    assert dataclasses.is_dataclass(held.holder)
