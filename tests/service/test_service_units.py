"""The units as they are shipped and rendered: systemd's own checks, quoting, and where they come from."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.config.load import tomllib
from sorad.config.model import Config, Watch
from sorad.messages import set_language
from sorad.problems import SoradError
from sorad.service import quoting, render
from sorad.service.render import Setting

SERVICE = Path(__file__).parents[2] / "service"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@pytest.fixture(autouse=True)
def _english():
    set_language("en")


def setting(**changes) -> Setting:
    paths = (Path("/srv/state"), Path("/srv/My Vault"), Path("/srv/库 100%"), Path('/srv/it\'s "odd" \\'))
    given = {"command": ("/bin/true", "run", "--config", "/srv/a $b/config.toml")}
    given |= {"config": Path("/srv/a $b/config.toml"), "writable": paths, "environment": {"LANG": "C.UTF-8"}}
    return Setting(**{**given, **changes})


def laid_out(folder: Path, unit: str, drop_in: str) -> Path:
    """A unit and its drop-in as they lie on a machine; the path of the unit."""
    template = "sorad@.service" if unit.startswith("sorad@") else unit
    (folder / f"{unit}.d").mkdir(parents=True)
    (folder / template).write_text(render.shipped(template), "utf-8")
    (folder / f"{unit}.d" / render.DROP_IN).write_text(drop_in, "utf-8")
    return folder / template


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ANALYZE, *arguments],
        env={"SYSTEMD_UNIT_PATH": f"{folder}:", "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@needs_systemd
def test_system_unit_is_clean_and_closed(tmp_path):
    laid_out(tmp_path, "sorad@root.service", render.system_drop_in(setting()))
    verified = analyze(tmp_path, "verify", "sorad@root.service")
    assert (verified.returncode, verified.stderr) == (0, "")
    scored = analyze(tmp_path, "security", "--offline=true", "--no-pager", "sorad@root.service")
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", scored.stdout)
    assert found is not None, scored.stderr
    assert float(found[1]) <= 1.5


@needs_systemd
@pytest.mark.parametrize("closed", [True, False])
def test_user_unit_is_clean(tmp_path, closed):
    laid_out(tmp_path, "sorad.service", render.user_drop_in(setting(), closed=closed))
    verified = analyze(tmp_path, "--user", "verify", "sorad.service")
    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.parametrize("unit", ["sorad.service", "sorad@.service"])
def test_units_hold_what_the_daemon_counts_on(unit):
    text = render.shipped(unit)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    wanted = {"Type=notify", "NotifyAccess=main", "WatchdogSec=180", "RestartPreventExitStatus=78"}
    wanted |= {"Restart=on-failure", 'ExecReload=/bin/sh -c "kill -HUP $MAINPID"', "TimeoutStopSec=30"}
    assert wanted - set(lines) == set()
    assert not any(line.startswith(("ProcSubset=", "UMask=0077")) for line in lines)
    assert any(line.startswith("RuntimeDirectory=") for line in lines)
    assert "LoadCredential=sora_api_key" in text


def test_system_unit_gives_the_vault_normal_permissions():
    assert "\nUMask=0022\n" in render.shipped("sorad@.service")


def test_units_come_with_the_wheel():
    project = tomllib.loads((SERVICE.parent / "pyproject.toml").read_text("utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["service"] == "sorad/service/units"
    shipped = {path.name for path in SERVICE.iterdir()}
    assert shipped == {render.USER_UNIT, render.SYSTEM_UNIT, render.LAUNCH_AGENT}


# --- what may be written ------------------------------------------------------------------------------------


def test_writable_are_the_watched_folders_the_outputs_and_sorads_own(tmp_path):
    central = Watch(path=tmp_path / "b", output_mode="centralized", output_dir=tmp_path / "videos")
    inner = Watch(path=tmp_path / "a" / "inner")
    config = Config(watch=(Watch(path=tmp_path / "a"), central, inner), state_dir=tmp_path / "state")
    assert set(render.writable(config)) == {tmp_path / name for name in ("a", "b", "videos", "state")}


def test_writable_leaves_out_an_output_folder_that_is_not_used(tmp_path):
    watch = Watch(path=tmp_path / "a", output_dir=tmp_path / "videos")
    assert tmp_path / "videos" not in render.writable(Config(watch=(watch,), state_dir=tmp_path / "s"))


def test_uncovered_follows_links(tmp_path):
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert render.uncovered((tmp_path / "link" / "inner",), (tmp_path / "real",)) == ()
    assert render.uncovered((tmp_path / "real",), (tmp_path / "link" / "inner",)) == (tmp_path / "real",)


def test_private_tmp_is_off_only_where_something_needed_lies_in_tmp():
    assert "PrivateTmp=no" not in render.system_drop_in(setting(command=("/opt/sorad", "run")))
    inside = setting(command=("/opt/sorad", "run"), writable=(Path("/tmp/vault"),))
    assert "PrivateTmp=no" in render.system_drop_in(inside)


def test_credential_is_handed_over_by_systemd():
    text = render.system_drop_in(setting(credential=Path("/etc/sorad/100%.key")))
    assert "LoadCredential=sora_api_key:/etc/sorad/100%%.key\n" in text


# --- quoting ------------------------------------------------------------------------------------------------

plain = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)


def unquoted(text: str) -> str:
    """What systemd makes of one quoted word: independent of how it was quoted."""
    assert text[0] == text[-1] == '"'
    body = re.sub(r"\\(.)", r"\1", text[1:-1])
    assert not re.search(r'(?<!\\)(\\\\)*"', text[1:-1])
    return body.replace("%%", "%")


@given(plain)
def test_what_is_quoted_is_read_as_it_was(value):
    assert unquoted(quoting.listed(value)) == value
    assert unquoted(quoting.executable(value)) == value
    assert unquoted(quoting.argument(value)).replace("$$", "$") == value
    assert unquoted(quoting.assignment("NAME", value)) == f"NAME={value}"


@pytest.mark.parametrize("sign", ["\n", "\r", "\0", "\x1b", "\x7f", "\udce9"])
@pytest.mark.parametrize("write", [quoting.path, quoting.listed, quoting.executable, quoting.argument])
def test_no_path_can_begin_a_line_of_its_own(write, sign):
    with pytest.raises(SoradError) as caught:
        write(f"/srv/a{sign}ExecStartPre=+/bin/evil")
    assert caught.value.problem.code == "service.path"
    assert sign not in str(caught.value)


@pytest.mark.parametrize("value", ["/srv/ends\\", "/srv/blank "])
def test_a_path_without_quotes_must_not_run_into_the_next_line(value):
    with pytest.raises(SoradError):
        quoting.path(value)
