"""What a unit calls, and whether it is there: a table of units, and services whose program went away."""

from __future__ import annotations

import json
import plistlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from service_fakes import Stage

from sorad.messages import set_language
from sorad.service import launchd, programs, query, render, systemd
from sorad.service.launchd import Launchd
from sorad.service.systemd import Systemd

SHIPPED = {"ExecStart": "/usr/bin/env", "ExecReload": "/bin/sh"}


@pytest.mark.parametrize(
    ("texts", "called"),
    [
        ([render.shipped(render.USER_UNIT)], SHIPPED),
        ([render.shipped(render.SYSTEM_UNIT)], SHIPPED),
        (
            [render.shipped(render.USER_UNIT), 'ExecStart=\nExecStart="/a b/sorad" "run"\n'],
            {**SHIPPED, "ExecStart": "/a b/sorad"},
        ),
        (['ExecStart="/50%%/\\"x\\"/sorad" run'], {"ExecStart": '/50%/"x"/sorad'}),
        (["ExecStart=%h/bin/sorad run"], {}),  # only systemd knows
        (
            ["ExecStart=-/opt/sorad run\nExecStopPost=+/bin/true"],
            {"ExecStart": "/opt/sorad", "ExecStopPost": "/bin/true"},
        ),
        (["ExecReload=/bin/kill -HUP $MAINPID", "ExecReload="], {}),
        (["# ExecStart=/no\n[Service]\n"], {}),
    ],
)
def test_what_a_unit_calls(texts, called):
    assert programs.of_units(texts) == called


@pytest.mark.parametrize(
    "plist", [b"", b"mine", b"<plist>", plistlib.dumps(["x"]), plistlib.dumps({"Label": "x"})]
)
def test_an_agent_that_cannot_be_read_calls_nothing(plist):
    assert programs.of_agent(plist) == {}


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("en")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def installed(stage: Stage, kind: str) -> Systemd | Launchd:
    if kind == "launchd":
        stage.says("new_job", "gui/501/sorad.daemon = {\n\tstate = running\n\tpid = 42\n}\n")
        agent = Launchd(stage.mac())
        launchd.install(agent, stage.setting("Vault"), stage.say, stage.sleep)
        return agent
    manager = Systemd(stage.linux(), system=False)
    systemd.install(manager, stage.setting("Vault"), stage.say, stage.sleep)
    return manager


def told(manager: Systemd | Launchd) -> list[str]:
    of_status = query.lacking(Path(json.loads(manager.manifest_path.read_text())["config"]), manager.host)
    of_doctor = [one for one in query.troubles(query.state(None, manager.host)) if one in of_status]
    assert of_doctor == of_status
    return [one.text() for one in of_status]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", ["systemd", "launchd"])
def test_a_service_whose_program_is_gone_is_told_before_it_is_missed(stage, kind, lang):
    manager = installed(stage, kind)
    assert told(manager) == []
    set_language(lang)
    gone = stage.folder / "venv" / "bin" / "python3"
    for script in (f"#!{gone}\n", f'#!/bin/sh\n\'\'\'exec\' "{gone}" "$0" "$@"\n'):
        stage.program.write_text(script)
        (said,) = told(manager)
        assert str(gone) in said
        assert str(stage.program) in said
    stage.program.unlink()
    (said,) = told(manager)
    assert str(stage.program) in said
    stage.program.write_bytes(b"\x7fELF")
    assert told(manager) == []


def test_what_a_reload_needs_is_told_too(stage):
    manager = installed(stage, "systemd")
    more = manager.drop_in_path.with_name("50-mine.conf")
    more.write_text("[Service]\nExecReload=\nExecReload=/no/such/kill -HUP $MAINPID\n")
    (said,) = told(manager)
    assert "/no/such/kill (ExecReload)" in said
    more.unlink()
    assert told(manager) == []


def test_the_service_of_another_config_is_none_of_ours(stage):
    manager = installed(stage, "systemd")
    stage.program.unlink()
    assert query.lacking(stage.home / "other.toml", manager.host) == []
