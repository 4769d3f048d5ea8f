"""Installing under launchd, with a stand-in for launchctl: the plist, the calls, and what macOS makes awkward."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest
from service_fakes import JOB, Stage

from sorad.messages import set_language
from sorad.problems import SoradError
from sorad.service import launchd, query, render
from sorad.service.launchd import Launchd


@pytest.fixture
def stage(tmp_path):
    set_language("en")
    return Stage(tmp_path)


def install(stage: Stage, *roots: str) -> Launchd:
    manager = Launchd(stage.mac())
    launchd.install(manager, stage.setting(*(roots or ("Vault",))), stage.say, stage.sleep)
    return manager


def test_agent_plist_has_the_keys_that_launchd_knows_with_their_kinds(stage):
    manager = install(stage)
    raw = manager.plist_path.read_bytes()
    assert raw.startswith(b"<?xml")
    plist = plistlib.loads(raw)
    assert plist["Label"] == "sorad.daemon"
    assert manager.plist_path == stage.home / "Library/LaunchAgents/sorad.daemon.plist"  # named as its label
    config = str(stage.home / ".config/sorad/config.toml")
    assert plist["ProgramArguments"] == [str(stage.program), "run", "--config", config]
    assert plist["RunAtLoad"] is True
    assert plist["KeepAlive"] == {"SuccessfulExit": False}
    assert plist["ThrottleInterval"] == 60
    assert plist["ExitTimeOut"] == 30  # longer than sorad's own 8 s
    assert plist["ProcessType"] == "Standard"  # Background would slow its network and disk
    assert plist["StandardErrorPath"] == plist["StandardOutPath"] == str(manager.log_path)
    assert plist["EnvironmentVariables"]["PYTHONUNBUFFERED"] == "1"
    known = {"Label", "ProgramArguments", "RunAtLoad", "KeepAlive", "ThrottleInterval", "ExitTimeOut"}
    known |= {
        "ProcessType",
        "StandardErrorPath",
        "StandardOutPath",
        "EnvironmentVariables",
        "WorkingDirectory",
    }
    assert set(plist) == known


def test_agent_is_loaded_in_the_domain_of_the_login_and_taken_out_without_a_trace(stage):
    stage.config("Vault")
    before = stage.files()
    manager = install(stage)
    assert stage.calls("launchctl") == [
        "enable gui/501/sorad.daemon",
        f"bootstrap gui/501 {manager.plist_path}",
    ]
    assert manager.log_path.parent.is_dir()  # launchd makes no folder for its log
    launchd.uninstall(manager, stage.say, stage.sleep)
    assert stage.calls("launchctl")[-1] == "bootout gui/501/sorad.daemon"
    assert stage.files() == before


def test_agent_that_is_installed_anew_waits_until_the_old_one_is_gone(stage):
    install(stage)
    install(stage)  # the stand-in refuses a bootstrap while the old job is still there
    assert stage.calls("launchctl").count("bootout gui/501/sorad.daemon") == 1
    assert stage.said.count("sorad.daemon runs, and starts at each login") == 2


def test_agent_without_a_login_at_the_screen_says_so(stage):
    stage.says("refuses_bootstrap", "Bootstrap failed: 125: Domain does not support specified action\n")
    with pytest.raises(SoradError) as caught:
        install(stage)
    assert caught.value.problem.code == "service.no_session"
    assert "Log in there once" in caught.value.problem.fix_text()


def test_agent_that_launchd_refuses_for_another_reason_tells_it(stage):
    stage.says("refuses_bootstrap", "Bootstrap failed: 5: Input/output error\n")
    with pytest.raises(SoradError) as caught:
        install(stage)
    assert caught.value.problem.code == "service.refused"
    assert "Input/output error" in str(caught.value)


def test_agent_that_ends_at_once_shows_its_last_words(stage):
    ended = JOB.replace("state = running", "state = spawn scheduled").replace(
        "(never exited)", "78: EX_CONFIG"
    )
    stage.says("new_job", ended)
    manager = Launchd(stage.mac())
    manager.log_path.parent.mkdir(parents=True)
    manager.log_path.write_text("sorad: there is no key takse.\n")
    with pytest.raises(SoradError) as caught:
        launchd.install(manager, stage.setting("Vault"), stage.say, stage.sleep)
    assert caught.value.problem.code == "service.not_started"
    assert "  sorad: there is no key takse." in stage.said
    found = query.state(None, manager.host)
    assert (found.active, found.exit_status) == ("failed", 78)
    assert [problem.code for problem in query.troubles(found)] == ["service.config"]


def test_agent_state_is_read_from_what_launchctl_prints(stage):
    manager = install(stage)
    found = query.state(stage.config("Vault", "Second"), manager.host)
    assert (found.kind, found.running, found.pid, found.restarts, found.lingers) == (
        "launchd",
        True,
        42,
        2,
        None,
    )
    assert found.drift == ()  # launchd closes nothing
    assert found.log == str(stage.home / "Library/Logs/sorad/launchd.log")


def test_agent_that_was_changed_by_a_person_is_kept(stage):
    manager = install(stage)
    manager.plist_path.write_text("mine")
    launchd.uninstall(manager, stage.say, stage.sleep)
    assert manager.plist_path.read_text() == "mine"
    assert any("kept" in line for line in stage.said)


def test_private_folders_of_macos_are_named_with_what_to_allow(stage):
    install(stage, "Documents")
    advice = next(line for line in stage.said if "Full Disk Access" in line)
    assert str(stage.home / "Documents") in advice
    assert str(stage.program) in advice
    assert any("launchd.log" in line for line in stage.said)


@pytest.mark.parametrize(
    ("path", "private"),
    [
        ("Documents/Vault", True),
        ("Desktop", True),
        ("Library/Mobile Documents/iCloud~md~obsidian/Documents/Vault", True),
        ("Vault", False),
        ("Documents2/Vault", False),
    ],
)
def test_which_folders_macos_guards(path, private):
    home = Path("/Users/alice")
    assert bool(launchd.private_folders((home / path,), home)) is private
    assert launchd.private_folders((Path("/Volumes/Disk/Vault"),), home) != []


def test_shipped_plist_is_well_formed_and_says_what_it_is():
    text = render.shipped(render.LAUNCH_AGENT)
    assert plistlib.loads(text.encode())["Label"] == render.LABEL
    assert "launchd" in text
