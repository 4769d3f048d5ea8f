"""`sorad service` as it is typed: what it refuses before it writes anything, and what it shows."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from service_fakes import UP, Stage

from sorad.cli.main import main
from sorad.cli.setup import service as command
from sorad.lock import acquire
from sorad.messages import set_language
from sorad.problems import SoradError
from sorad.service import host as hosts
from sorad.service import problems, query, target
from sorad.service.systemd import Systemd

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the service manager is systemd")


@pytest.fixture
def stage(tmp_path):
    set_language("en")
    return Stage(tmp_path)


@pytest.fixture
def config(stage) -> Path:
    (stage.home / "Vault").mkdir()
    file = stage.home / "config.toml"
    file.write_text(
        f'state_dir = "{stage.home}/state"\n[[watch]]\npath = "{stage.home}/Vault"\n'
        '[provider]\nkind = "simulator"\nbase_url = "http://127.0.0.1:9/v1"\n'
    )
    return file


@pytest.fixture
def as_here(stage, monkeypatch):
    """Make the stage the machine that the command finds itself on."""

    def put(host: hosts.Host) -> None:
        monkeypatch.setattr(hosts, "here", lambda: host)
        monkeypatch.setattr(query, "here", lambda: host)
        monkeypatch.setenv("HOME", str(stage.home))

    return put


def sorad(*words: object) -> int:
    return main(["--lang", "en", *map(str, words)])


@linux
def test_service_from_install_to_uninstall_as_it_is_typed(stage, config, as_here, capsys):
    as_here(stage.linux())
    assert sorad("--config", config, "service", "status") == 3
    assert "not installed" in capsys.readouterr().out
    assert sorad("--config", config, "service", "install") == 0
    out = capsys.readouterr().out
    assert "sorad.service is ready" in out
    assert "sorad service uninstall" in out
    assert (stage.home / "state").stat().st_mode & 0o777 == 0o700  # a sandbox opens only what is there
    assert sorad("--config", config, "service", "status") == 0
    out = capsys.readouterr().out
    assert out.startswith("sorad.service: running")
    assert "ends when you log out" in out
    assert sorad("--config", config, "service", "status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["unit"] == "sorad.service"
    assert sorad("--config", config, "service", "uninstall") == 0
    assert sorad("--config", config, "service", "uninstall") == 0
    assert "Nothing is installed here." in capsys.readouterr().out
    assert not (stage.home / ".config/systemd").exists()


@linux
def test_service_show_writes_nothing(stage, config, as_here, capsys):
    as_here(stage.linux())
    before = stage.files()
    assert sorad("--config", config, "service", "show") == 0
    out = capsys.readouterr().out
    assert "# sorad as a service of one user" in out
    assert f'"run" "--config" "{config}"' in out
    assert '"--lang" "en"' in out
    assert stage.files() == before


@linux
def test_service_with_a_mistake_in_the_config_installs_nothing(stage, config, as_here, capsys):
    as_here(stage.linux())
    config.write_text(config.read_text() + "\n[nonsense]\n")
    before = stage.files()
    assert sorad("--config", config, "service", "install") == 78
    assert "nonsense" in capsys.readouterr().err
    assert stage.files() == before


@linux
def test_service_install_beside_a_running_sorad_is_refused(stage, config, as_here, capsys):
    as_here(stage.linux())
    with acquire(stage.home / "state", "run"):
        assert sorad("--config", config, "service", "install") == 1
    assert f"process {os.getpid()}" in capsys.readouterr().err
    assert stage.calls("systemctl") == []
    stage.says("shown", UP.replace("MainPID=42", f"MainPID={os.getpid()}"))
    with acquire(stage.home / "state", "run"):  # the service itself, which is only renewed
        assert sorad("--config", config, "service", "install") == 0


@linux
def test_service_install_beside_the_other_kind_is_refused(stage, config, as_here, capsys):
    host = stage.linux()
    as_here(host)
    other = Systemd(host, system=True)
    other.manifest_path.parent.mkdir(parents=True)
    other.manifest_path.write_text('{"unit": "sorad@alice.service"}')
    assert sorad("--config", config, "service", "install") == 1
    told = capsys.readouterr().err
    assert "sorad@alice.service already" in told
    assert "sudo" in told
    assert "service uninstall --system" in told


@linux
def test_service_install_warns_of_a_key_that_only_the_shell_has(stage, config, as_here, capsys):
    stage.env["SORA_API_KEY"] = "sk-0123456789abcdef"
    as_here(stage.linux())
    config.write_text(config.read_text().replace("simulator", "sora_hk"))
    assert sorad("--config", config, "service", "install") == 0
    told = capsys.readouterr()
    assert "only in $SORA_API_KEY, which a service does not see" in told.err
    assert str(stage.home / ".config/sorad/environment") in told.err
    assert "0123456789abcdef" not in told.out + told.err
    (stage.home / ".config/sorad").mkdir()
    (stage.home / ".config/sorad/environment").write_text("SORA_API_KEY=sk-0123456789abcdef\n")
    assert sorad("--config", config, "service", "install") == 0
    assert "does not see" not in capsys.readouterr().err


@linux
def test_service_install_warns_of_a_folder_that_is_away(stage, config, as_here, capsys):
    as_here(stage.linux())
    (stage.home / "Vault").rmdir()
    assert sorad("--config", config, "service", "install") == 0
    assert f"{stage.home}/Vault is not there now" in capsys.readouterr().err
    assert not (stage.home / "Vault").exists()


@linux
def test_service_for_the_system_is_refused_without_root_with_the_command_to_type(
    stage, config, as_here, capsys
):
    me = pwd.getpwuid(os.getuid()).pw_name
    as_here(stage.linux(me))
    assert sorad("--config", config, "service", "install", "--system") == 1
    told = capsys.readouterr().err
    assert "sudo " in told
    assert f"service install --system --user {me} --config {config}" in told
    assert stage.calls("systemctl") == []


@linux
@pytest.mark.parametrize(
    ("words", "env", "uid", "code"),
    [
        (["install"], {"SUDO_USER": "alice"}, 0, "service.sudo"),
        (["install", "--system"], {}, 0, "service.which_user"),
        (["install", "--system", "--user", "nobody-of-that-name"], {}, 0, "service.no_user"),
        (["install", "--user", "alice"], {}, 1001, "service.user_flag"),
    ],
)
def test_service_that_is_meant_for_somebody_else_is_asked_about(
    stage, config, as_here, words, env, uid, code
):
    stage.env.update(env)
    as_here(stage.linux(uid=uid))
    with pytest.raises(SoradError) as caught:
        command.handler(parsed(["service", *words, "--config", str(config)]))
    assert caught.value.problem.code == code


def parsed(words):
    from sorad.cli.main import parser_of

    return parser_of("service").parse_args(words[1:])


def test_service_on_windows_says_what_to_do_instead():
    problem = problems.windows('"C:\\Program Files\\sorad.exe" run')
    assert "schtasks /Create" in problem.fix_text()
    assert '\\"C:\\Program Files\\sorad.exe\\" run' in problem.fix_text()


def test_service_on_a_system_with_a_manager_of_its_own_says_so():
    host = hosts.Host("freebsd14", 1001, Path("/home/alice"), "alice", {})
    found = query.state(None, host)
    assert found.missing is not None
    assert found.missing.code == "service.platform"


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
def test_service_reload_asks_the_process_itself(stage, config, capsys):
    assert sorad("--config", config, "service", "reload") == 3
    got: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _frame: got.append(number))
    try:
        with acquire(stage.home / "state", "run"):
            assert sorad("--config", config, "service", "reload") == 0
        with acquire(stage.home / "state", "once"):  # which takes a SIGHUP for its end
            assert sorad("--config", config, "service", "reload") == 3
    finally:
        signal.signal(signal.SIGHUP, before)
    assert got == [signal.SIGHUP]


# --- the command that is written into the unit ----------------------------------------------------------------


def test_command_is_the_script_beside_the_interpreter(tmp_path, monkeypatch):
    script = tmp_path / "sorad"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert target.command() == ((str(script),), {})


def test_command_without_a_script_is_the_interpreter_that_is_told_where_the_package_lies(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(sys, "argv", [str(Path(target.__file__))])
    program, environment = target.command()
    assert program == (str(tmp_path / "python"), "-m", "sorad")
    assert (Path(environment["PYTHONPATH"]) / "sorad" / "__main__.py").is_file()


def test_command_works_from_anywhere(tmp_path):
    program, environment = target.command()
    ended = subprocess.run(
        [*program, "--version"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.stdout.startswith("sorad ")


@linux
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_command_that_the_user_cannot_run_is_refused_for_a_system_service(stage, tmp_path):
    program = tmp_path / "sorad"
    program.write_text("#!/bin/sh\necho sorad 1\n")
    program.chmod(0o700)
    host = hosts.Host("linux", 0, stage.home, "nobody", stage.env, stage.root)
    setting = stage.setting("Vault")
    with pytest.raises(SoradError) as caught:
        target.check_runs_as(host, target.replace(setting, command=(str(program), "run")))
    assert caught.value.problem.code == "service.cannot_run"
    assert "Permission denied" in str(caught.value)
    assert "/opt/sorad" in caught.value.problem.fix_text()
