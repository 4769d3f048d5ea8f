"""sorad under a real systemd: installed by its own command, ready, working, frozen, reloaded, stopped, removed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from service_machine import REPOSITORY, Machine, why_not

REASON = why_not()
pytestmark = [
    pytest.mark.skipif(REASON is not None, reason=f"no systemd can be booted here: {REASON}"),
    pytest.mark.timeout(180),
]

PYTHON = sys.executable
SORAD = f"PYTHONPATH={REPOSITORY} {PYTHON} -m sorad --lang en"
HOME, VAULT = "/home/alice", "/home/alice/My Vault"
CONFIG = """
state_dir = "~/.local/state/sorad"
[[watch]]
path = "~/My Vault"
settle_seconds = 0.2
edit_seconds = 0.2
[provider]
kind = "simulator"
base_url = "http://127.0.0.1:8799/v1"
[limits]
jitter_seconds = [0.0, 0.05]
[polling]
first_after = 0.2
every = 0.2
[disk]
min_free = "1 MB"
"""
STORYBOARD = '{"segments": [{"segment_index": 1, "prompt_text": "Rain, %s.", "duration_seconds": 10}]}'
# Everything that the unit does in minutes, in seconds.
HURRY = "[Service]\nWatchdogSec=4\nTimeoutAbortSec=1\nRestartSec=0.3\n"


@pytest.fixture
def machine(tmp_path: Path):
    found = Machine(tmp_path)
    try:
        found.run("useradd --create-home --shell /bin/sh --user-group alice && chmod 755 /home/alice")
        found.write(f"{HOME}/.config/sorad/config.toml", CONFIG)
        found.run(f"mkdir '{VAULT}' && chown -R alice: {HOME}")
        found.run(
            f"systemd-run --quiet --unit=simulator --setenv=PYTHONPATH={REPOSITORY} {PYTHON} -m sorad simulate"
            " --port 8799 --task-seconds 0.2 0.5 --size 100KB"
        )
        yield found
    finally:
        found.close()


def shown(machine: Machine, scope: str, unit: str) -> dict[str, str]:
    lines = machine.run(f"systemctl {scope} show {unit}").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def deliver(machine: Machine, name: str) -> str:
    """Put a storyboard into the vault as alice would; the video that came of it."""
    board = STORYBOARD % name
    machine.run(f"mkdir '{VAULT}/{name}'; echo '{board}' > '{VAULT}/{name}/storyboard.json'", user="alice")
    found: list[str] = []

    def look() -> bool:
        found[:] = machine.run(f"find '{VAULT}/{name}' -name '*_S001_T1_*.mp4'").splitlines()
        return bool(found)

    machine.until(look, 30, f"the video of {name}")
    return found[0]


def findings(machine: Machine) -> dict[str, dict[str, object]]:
    """What the daemon saw of its sandbox from inside, by name."""
    note = json.loads(machine.run(f"cat {HOME}/.local/state/sorad/holder.json"))
    machine.until(lambda: '"sandbox"' in machine.run(f"cat {note['pulse']}"), 10, "the findings")
    told = json.loads(machine.run(f"cat {note['pulse']}"))["more"]["sandbox"]
    return {" ".join([one["name"], *([one["path"]] if one["name"] == "root" else [])]): one for one in told}


def test_systemd_system_service_from_its_installation_to_its_removal(machine: Machine) -> None:
    unit = "sorad@alice.service"
    before = machine.run("find /etc/systemd /var/lib/sorad -type f 2>/dev/null | sort", check=False)
    machine.write(f"/etc/systemd/system/{unit}.d/50-hurry.conf", HURRY)

    said = machine.run(f"{SORAD} service install --system --user alice")
    assert "service uninstall --system --user alice` undoes this" in said
    assert f"{unit} is ready" in said
    first = shown(machine, "", unit)
    assert (first["ActiveState"], first["User"], first["UMask"]) == ("active", "alice", "0022")

    assert machine.run(f"stat -c '%U %a' {HOME}/.local/state/sorad") == "alice 700\n"
    video = deliver(machine, "ep01")
    owners = machine.run(f"cd '{VAULT}'; stat -c '%U:%G %a' '{video}' \"$(dirname '{video}')\"")
    assert owners.split("\n")[:2] == ["alice:alice 644", "alice:alice 755"]

    machine.until(
        lambda: shown(machine, "", unit)["StatusText"] == "0 under way, 0 waiting, 1 done, 0 failed",
        10,
        "the line for systemctl status",
    )
    told = json.loads(machine.run(f"{SORAD} status --json", user="alice"))
    assert (told["daemon"]["running"], told["daemon"]["healthy"]) == (True, True)
    seen = findings(machine)
    assert [name for name, one in seen.items() if not one["ok"]] == []
    expected = {f"root {VAULT}": "writable", "state_dir": "writable", "home": "read-only", "usr": "read-only"}
    expected |= {"etc": "read-only", "privileges": "no", "syscalls": "denied", "processes": "yes"}
    assert {name: seen[name]["seen"] for name in expected} == expected
    inside = f"nsenter --target {first['MainPID']} --mount --user --setuid $(id -u alice) -- env --chdir=/"
    for path, works in (
        (VAULT, True),
        (HOME, False),
        ("/etc", False),
        ("/var/tmp/x", False),
        ("/opt", False),
    ):
        ended = machine.run(f"{inside} touch '{path}/probe.tmp' && echo written", check=False)
        assert ("written" in ended) is works, path

    machine.run(f"kill -STOP {first['MainPID']}")
    machine.until(
        lambda: (
            (now := shown(machine, "", unit))["MainPID"] not in ("0", first["MainPID"])
            and now["ActiveState"] == "active"
        ),
        30,
        "the restart by the watchdog",
    )
    assert "watchdog" in machine.run(f"journalctl -u {unit} --no-pager").lower()
    deliver(machine, "ep02")

    pid = shown(machine, "", unit)["MainPID"]
    machine.run(f"mkdir '{VAULT} 2'; chown alice: '{VAULT} 2'")
    machine.write(f"{HOME}/.config/sorad/config.toml", CONFIG + '\n[[watch]]\npath = "~/My Vault 2"\n')
    machine.run(f"systemctl reload {unit}")
    machine.until(
        lambda: "My Vault 2" in machine.run(f"cd {HOME}; {SORAD} status --json", user="alice", check=False),
        20,
        "the reload",
    )
    assert shown(machine, "", unit)["MainPID"] == pid
    drift = machine.run(f"{SORAD} service status --system --user alice", user="alice", check=False)
    assert "may not write to /home/alice/My Vault 2" in drift
    machine.until(
        lambda: findings(machine).get(f"root {VAULT} 2", {}).get("seen") == "read-only",
        10,
        "the look at the new folder",
    )
    machine.run(f"{SORAD} service install --system --user alice")
    assert all(one["ok"] for one in findings(machine).values())

    machine.write(f"{HOME}/.config/sorad/config.toml", CONFIG + "\n[nonsense]\nx = 1\n")
    machine.run(f"systemctl restart {unit}", check=False)
    machine.until(lambda: shown(machine, "", unit)["ActiveState"] == "failed", 20, "the end by a bad config")
    ended = shown(machine, "", unit)
    assert (ended["ExecMainStatus"], ended["NRestarts"]) == ("78", "0")
    told = machine.run(f"{SORAD} service status --system --user alice", user="alice", check=False)
    assert "because of its config" in told

    machine.write(f"{HOME}/.config/sorad/config.toml", CONFIG)
    machine.run(f"{SORAD} service install --system --user alice")
    took = machine.run(f"date +%s.%N; systemctl stop {unit}; date +%s.%N").split()
    assert float(took[1]) - float(took[0]) < 10
    assert shown(machine, "", unit)["Result"] == "success"

    machine.run(f"{SORAD} service uninstall --system --user alice")
    machine.run(f"rm -r /etc/systemd/system/{unit}.d")
    after = machine.run("find /etc/systemd /var/lib/sorad -type f 2>/dev/null | sort", check=False)
    assert after == before
    assert shown(machine, "", unit).get("UnitFileState", "") in ("", "disabled")
    assert machine.run("ls /etc/systemd/system/multi-user.target.wants 2>/dev/null", check=False) == ""


def test_systemd_user_service_from_its_installation_to_its_removal(machine: Machine) -> None:
    refused = machine.run(f"{SORAD} service install", user="alice", check=False)
    assert "No systemd runs for the user alice" in refused
    assert "loginctl enable-linger alice" in refused
    machine.run("systemctl start user@$(id -u alice)")
    before = machine.run("find . -type f -not -path '*/__pycache__/*' | sort", user="alice")

    said = machine.run(f"{SORAD} service install --linger", user="alice")
    assert "sorad.service is ready" in said
    assert "lingering" in said
    assert shown(machine, "--user -M alice@", "sorad.service")["ActiveState"] == "active"
    deliver(machine, "ep01")
    seen = findings(machine)
    assert [name for name, one in seen.items() if not one["ok"]] == []
    assert seen["home"]["seen"] == "read-only"  # this machine lets users make namespaces
    told = machine.run(f"{SORAD} service status", user="alice")
    assert re.search(r"sorad.service: running since .* \(process \d+\)", told)

    machine.run(f"{SORAD} service reload", user="alice")
    gone = machine.run(f"{SORAD} service uninstall", user="alice")
    assert "Lingering is switched off again" in gone
    assert machine.run(f"{SORAD} service status", user="alice", check=False).startswith("not installed")
    left = machine.run("find . -type f -not -path '*/__pycache__/*' | sort", user="alice")
    made = set(left.splitlines()) - set(before.splitlines())
    assert [name for name in made if "/.local/state/sorad/" not in name and "/My Vault/" not in name] == []
    assert machine.run("find .config -name '*systemd*'", user="alice") == ""

    # without lingering the user's manager ends soon
    machine.run("loginctl enable-linger alice && systemctl start user@$(id -u alice)")
    machine.run(f"chmod 500 {HOME}/.local/state/sorad; rm -f {HOME}/.local/state/sorad/sorad.lock")
    failed = machine.run(f"{SORAD} service install", user="alice", check=False)
    assert "sorad.service does not run: exit-code, 1." in failed
    assert "No lock can be taken" in failed  # its own words, out of the journal
    machine.run(f"{SORAD} service uninstall", user="alice")
