"""Installing under systemd, with stand-ins for its programs: what is written, asked, said and undone."""

from __future__ import annotations

import pytest
from service_fakes import FAILED, UP, Stage

from sorad.messages import set_language
from sorad.problems import SoradError
from sorad.service import manifest, query, systemd
from sorad.service.systemd import Systemd


@pytest.fixture
def stage(tmp_path):
    set_language("en")
    return Stage(tmp_path)


def install(stage: Stage, manager: Systemd, *roots: str, linger: bool = False) -> None:
    systemd.install(manager, stage.setting(*(roots or ("Vault",))), stage.say, stage.sleep, linger=linger)


def refused(call, *arguments, **more) -> SoradError:
    with pytest.raises(SoradError) as caught:
        call(*arguments, **more)
    return caught.value


def test_install_writes_enables_starts_and_waits_and_uninstall_leaves_nothing(stage):
    manager = Systemd(stage.linux(), system=False)
    stage.config("Vault")
    before = stage.files()
    stage.says("shown", "ActiveState=inactive\nInvocationID=\n")
    install(stage, manager)
    assert stage.calls("systemctl") == [
        "--user daemon-reload",
        "--user enable sorad.service",
        "--user restart --no-block sorad.service",
    ]
    assert "sorad.service is ready" in stage.said
    drop_in = manager.drop_in_path.read_text()
    assert f'ReadWritePaths="-{stage.home}/Vault"' in drop_in
    assert "ProtectHome=read-only" in drop_in
    assert manager.unit_path.read_text().startswith("# sorad as a service of one user")

    systemd.uninstall(manager, stage.say)
    assert "--user disable --now sorad.service" in stage.calls("systemctl")
    assert stage.files() == before


def test_install_anew_after_the_folders_changed_renews_the_drop_in(stage):
    host = stage.linux()
    manager = Systemd(host, system=False)
    install(stage, manager)
    more = stage.config("Vault", "Second")
    assert query.state(more, host).drift == (f"{stage.home}/Second",)
    install(stage, manager, "Vault", "Second")
    found = query.state(more, host)
    assert (found.drift, found.outdated, found.running, found.enabled) == ((), False, True, True)
    assert query.troubles(found) == []


def test_uninstall_keeps_what_a_person_changed_and_says_so(stage):
    manager = Systemd(stage.linux(), system=False)
    install(stage, manager)
    manager.unit_path.write_text("[Service]\nNice=5\n")
    assert query.state(None, manager.host).changed == (str(manager.unit_path),)
    systemd.uninstall(manager, stage.say)
    assert manager.unit_path.read_text() == "[Service]\nNice=5\n"
    assert any("kept" in line and str(manager.unit_path) in line for line in stage.said)
    assert not manager.drop_in_path.exists()
    assert not manager.manifest_path.exists()


def test_install_anew_keeps_a_copy_of_what_a_person_changed(stage):
    manager = Systemd(stage.linux(), system=False)
    install(stage, manager)
    manager.drop_in_path.write_text("[Service]\nNice=5\n")
    install(stage, manager)
    copy = manager.drop_in_path.with_name("10-install.conf.old")
    assert copy.read_text() == "[Service]\nNice=5\n"
    assert any(str(copy) in line for line in stage.said)
    assert "ExecStart=" in manager.drop_in_path.read_text()


def test_install_touches_no_unit_that_sorad_did_not_write(stage):
    manager = Systemd(stage.linux(), system=False)
    manager.unit_path.parent.mkdir(parents=True)
    manager.unit_path.write_text("[Service]\nExecStart=/home/alice/bin/mine\n")
    error = refused(install, stage, manager)
    assert error.problem.code == "service.foreign"
    assert manager.unit_path.read_text() == "[Service]\nExecStart=/home/alice/bin/mine\n"
    assert not manager.drop_in_path.exists()


def test_install_that_systemctl_refuses_is_told_and_can_be_undone(stage):
    manager = Systemd(stage.linux(), system=False)
    stage.config("Vault")
    before = stage.files()
    stage.says("refuses_enable", "Failed to enable unit: Access denied\n")
    error = refused(install, stage, manager)
    assert error.problem.code == "service.refused"
    assert "Access denied" in str(error)
    systemd.uninstall(manager, stage.say)
    assert stage.files() == before


def test_install_shows_the_last_words_of_a_service_that_does_not_start(stage):
    manager = Systemd(stage.linux(), system=False)
    stage.says("after", FAILED)
    stage.says("journalctl.out", "sorad: the disk is gone\n")
    error = refused(install, stage, manager)
    assert error.problem.code == "service.not_started"
    assert "  sorad: the disk is gone" in stage.said


def test_install_waits_for_the_new_process_and_not_for_the_one_that_is_still_seen(stage):
    manager = Systemd(stage.linux(), system=False)
    stage.says("shown", UP.replace("=NEW", "=old"))
    stage.says("after", UP.replace("=NEW", "=old"))
    assert refused(install, stage, manager).problem.code == "service.not_ready"
    assert stage.slept == pytest.approx(systemd.READY_WITHIN, abs=1)


def test_install_says_what_the_starting_daemon_says(stage):
    manager = Systemd(stage.linux(), system=False)
    stage.says(
        "after", "ActiveState=activating\nSubState=start\nInvocationID=NEW\nStatusText=looking at 3 folders\n"
    )

    def sleep(seconds: float) -> None:
        stage.says("shown", UP)

    systemd.install(manager, stage.setting("Vault"), stage.say, sleep)
    assert stage.said.index("  looking at 3 folders") < stage.said.index("sorad.service is ready")


def test_install_without_namespaces_leaves_the_file_system_open_and_says_so(stage):
    manager = Systemd(stage.linux(), system=False)
    stage.says("refuses_systemd-run", "")
    install(stage, manager)
    assert "ReadWritePaths" not in manager.drop_in_path.read_text()
    assert any("namespaces" in line for line in stage.said)
    assert query.state(stage.config("Vault", "Second"), manager.host).drift == ()  # nothing is closed


# --- lingering ----------------------------------------------------------------------------------------------


def test_lingering_is_only_advised_unless_it_is_asked_for(stage):
    manager = Systemd(stage.linux(), system=False)
    install(stage, manager)
    assert stage.calls("loginctl") == []
    assert any("sudo loginctl enable-linger alice" in line for line in stage.said)
    install(stage, manager, linger=True)
    systemd.uninstall(manager, stage.say)
    verbs = [call.replace("--no-ask-password ", "") for call in stage.calls("loginctl")]
    assert verbs == ["enable-linger alice", "disable-linger alice"]


def test_lingering_that_was_on_before_stays_on(stage):
    manager = Systemd(stage.linux(), system=False)
    (stage.root / "var/lib/systemd/linger").mkdir(parents=True)
    (stage.root / "var/lib/systemd/linger/alice").touch()
    install(stage, manager, linger=True)
    systemd.uninstall(manager, stage.say)
    assert stage.calls("loginctl") == []
    assert query.state(None, manager.host).lingers is True


# --- where there can be none --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "text", "advice"),
    [
        ("proc/sys/kernel/osrelease", "5.15.90-microsoft-standard-WSL2", "/etc/wsl.conf"),
        (".dockerenv", "", "container"),
        ("etc/hostname", "box", "init system"),
    ],
)
def test_without_systemd_it_is_said_what_to_do_instead(stage, file, text, advice):
    host = stage.linux()
    (stage.root / "run/systemd/system").rmdir()
    (stage.root / file).parent.mkdir(parents=True, exist_ok=True)
    (stage.root / file).write_text(text)
    for system in (False, True):
        problem = Systemd(host, system=system).missing()
        assert problem is not None
        assert problem.code == "service.no_systemd"
        assert advice in problem.fix_text()
    assert query.state(None, host).missing is not None


def test_without_a_manager_of_the_user_it_is_said_how_to_get_one(stage):
    problem = Systemd(stage.linux(manager=False), system=False).missing()
    assert problem is not None
    assert problem.code == "service.no_user_manager"
    assert "loginctl enable-linger alice" in problem.fix_text()
    assert "--system" in problem.fix_text()


def test_a_manager_that_the_shell_does_not_know_of_is_found(stage):
    host = stage.linux()
    assert "XDG_RUNTIME_DIR" not in host.env
    manager = Systemd(host, system=False)
    assert manager.missing() is None
    stage.says("systemd-run.out", "")
    (stage.folder.parent / "bin/systemctl").write_text('#!/bin/sh\necho "$XDG_RUNTIME_DIR" > "$STAGE/told"\n')
    manager.systemctl("show")
    assert (stage.folder / "told").read_text().strip() == str(stage.root / "run/user/1001")


# --- the system service -------------------------------------------------------------------------------------


def test_system_template_stays_as_long_as_another_user_has_it(stage):
    managers = [
        Systemd(stage.linux(name, uid=uid), system=True) for name, uid in (("alice", 1001), ("bob", 1002))
    ]
    for manager in managers:
        install(stage, manager)
    alice, bob = managers
    assert alice.unit_path == bob.unit_path
    systemd.uninstall(alice, stage.say)
    assert bob.unit_path.exists()
    assert not alice.drop_in_path.parent.exists()
    systemd.uninstall(bob, stage.say)
    assert not bob.unit_path.exists()


def test_system_notes_lie_where_only_root_writes(stage):
    manager = Systemd(stage.linux(), system=True)
    install(stage, manager)
    assert manager.manifest_path == stage.root / "var/lib/sorad/service-alice.json"
    note = manifest.load(manager.manifest_path)
    assert note is not None
    assert set(note.files) == {str(manager.unit_path), str(manager.drop_in_path)}
    assert stage.calls("loginctl") == []


@pytest.mark.parametrize("user", ["alice", "Alice-B", "a.b", "u_1"])
def test_user_names_that_stand_for_themselves_in_a_unit(user):
    assert systemd.is_fit(user)


@pytest.mark.parametrize("user", ["", "-x", "a b", "a/b", "a%i", "a@b", "ä"])
def test_user_names_that_do_not(user):
    assert not systemd.is_fit(user)


# --- how it stands ------------------------------------------------------------------------------------------


def test_state_tells_a_service_that_failed_and_why(stage):
    manager = Systemd(stage.linux(), system=False)
    install(stage, manager)
    stage.says(
        "shown",
        "ActiveState=failed\nUnitFileState=enabled\nResult=exit-code\nExecMainStatus=78\nNRestarts=0\n",
    )
    found = query.state(None, manager.host)
    assert (found.active, found.exit_status, found.running) == ("failed", 78, False)
    assert [problem.code for problem in query.troubles(found)] == ["service.config"]
    stage.says(
        "shown",
        "ActiveState=failed\nUnitFileState=disabled\nResult=watchdog\nExecMainStatus=6\nNRestarts=4\n",
    )
    codes = [problem.code for problem in query.troubles(query.state(None, manager.host))]
    assert codes == ["service.failed", "service.disabled"]


def test_state_of_a_machine_without_it_costs_no_call(stage):
    found = query.state(None, stage.linux())
    assert (found.installed, found.missing) == (False, None)
    assert not (stage.folder / "calls").exists()


def test_state_with_a_damaged_note_is_told_and_raises_nothing(stage):
    manager = Systemd(stage.linux(), system=False)
    install(stage, manager)
    manager.manifest_path.write_text("{")
    found = query.state(None, manager.host)
    assert found.missing is not None
    assert found.missing.code == "service.manifest"


def test_unit_of_another_version_is_outdated_until_it_is_installed_anew(stage):
    manager = Systemd(stage.linux(), system=False)
    install(stage, manager)
    text = manager.unit_path.read_text().replace("WatchdogSec=180", "WatchdogSec=90")
    manager.unit_path.write_text(text)
    note = manifest.load(manager.manifest_path)
    assert note is not None
    note.files[str(manager.unit_path)] = manifest._hash(text.encode())  # as an older sorad left it
    manifest.save(note, manager.manifest_path)
    assert [one.code for one in query.troubles(query.state(None, manager.host))] == ["service.outdated"]
    install(stage, manager)
    assert query.troubles(query.state(None, manager.host)) == []
    assert not manager.unit_path.with_name("sorad.service.old").exists()
