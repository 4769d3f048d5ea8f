"""What a TAB offers: asked as a shell asks, and by real shells where they are installed."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sorad import messages
from sorad.cli.commands import COMMANDS, parser_of
from sorad.cli.complete import VALUES
from sorad.cli.look.list import STATES
from sorad.cli.shared.arguments import Parser
from sorad.model import State

NO_VALUE = {  # numbers, addresses, names: nothing a shell could know
    "lang", "n", "segment", "segments", "adopt", "base_url", "seconds", "key_env", "host", "port",
    "files_port", "speed", "task_seconds", "size", "balance", "capacity", "fault", "seed", "key", "url_seconds",
    "user", "per_day", "pictures", "label_size", "label_seconds",
}  # fmt: skip


def asked(house, *words: str, shell: str = "fish", lang: str = "en") -> tuple[str, dict[str, str]]:
    """What the shell is to offer besides, and the candidates with their descriptions."""
    house.capsys.readouterr()
    from sorad.cli.main import main

    code = main(["__complete", shell, "--lang", lang, "--config", str(house.config), *words])
    out, err = house.capsys.readouterr()
    assert (code, err) == (0, "")
    besides, *lines = out.splitlines()
    return besides, dict((*line.split("\t"), "")[:2] for line in lines)


# --- what is asked for ------------------------------------------------------------------------------------


def test_complete_commands_with_what_they_do(house):
    assert asked(house, "sta") == ("-", {"status": "is it well, what needs you"})
    assert set(asked(house, "")[1]) == set(COMMANDS)


def test_complete_descriptions_are_in_the_users_language(house):
    assert any(char >= "\u4e00" for char in asked(house, "status", "--he", lang="zh")[1]["--help"])


def test_complete_options_that_were_not_given_yet(house):
    found = asked(house, "status", "--json", "--")[1]
    assert "--watch" in found
    assert "--json" not in found
    assert "--state" in asked(house, "list", "--state", "done", "--")[1]  # may be repeated


@pytest.mark.parametrize("words", [["--state", ""], ["--state="], ["--json", "--state", ""]])
def test_complete_states(house, words):
    found = set(asked(house, "list", *words)[1])
    assert {word.rpartition("=")[2] for word in found} == set(STATES)


def test_complete_a_value_behind_an_equals_sign_as_each_shell_has_it(house):
    assert set(asked(house, "list", "--state=fa")[1]) == {"--state=failed"}
    assert set(asked(house, "list", "--state", "=", "fa", shell="bash")[1]) == {"failed"}
    assert set(asked(house, "list", "--state", "=", shell="bash")[1]) == set(STATES)


def test_complete_takes_newest_first_with_what_they_are(house):
    house.takes(12, State.DONE, name="storyboard_ep01.json")
    found = asked(house, "show", "")[1]
    assert list(found)[:3] == ["12", "11", "10"]
    assert found["12"] == "done, segment 12, take 1 of vault/storyboard_ep01.json"
    assert set(asked(house, "show", "1")[1]) == {"1", "10", "11", "12"}
    assert set(asked(house, "log", "--take", "12")[1]) == {"12"}


def test_complete_only_the_takes_that_a_command_is_for(house):
    house.takes(2, State.FAILED, name="a.json")
    house.takes(2, State.UNKNOWN, name="b.json")
    house.takes(1, State.HELD, name="c.json")
    house.takes(1, State.DONE, name="d.json")
    assert set(asked(house, "retry", "")[1]) == {"1", "2"}
    assert set(asked(house, "resolve", "")[1]) == {"3", "4"}
    assert set(asked(house, "cancel", "")[1]) == {"1", "2", "5"}
    assert "5" in asked(house, "approve", "")[1]
    assert "6" not in asked(house, "approve", "")[1]
    assert len(asked(house, "redo", "")[1]) == 6


def test_complete_storyboards_as_they_were_begun(house, monkeypatch):
    path = house.board(name="第一集/storyboard a.json")
    assert path in asked(house, "list", "--storyboard", "")[1]
    assert asked(house, "validate", path[:-4]) == ("files", {path: "0 segments"})
    monkeypatch.chdir(house.home)
    assert set(asked(house, "plan", "vault/")[1]) == {"vault/第一集/storyboard a.json"}
    monkeypatch.setenv("HOME", str(house.home))
    assert set(asked(house, "plan", "~/va")[1]) == {"~/vault/第一集/storyboard a.json"}
    assert set(asked(house, "plan", '"vault/第', shell="bash")[1]) == {"vault/第一集/storyboard a.json"}
    assert set(asked(house, "plan", "vault/第一集/storyboard\\ ", shell="bash")[1])


def test_complete_providers_and_models_that_the_config_names(house):
    house.config.write_text(
        f'state_dir = "{house.state_dir}"\n'
        '[[provider]]\nkind = "kling"\n[[provider]]\nname = "wan abroad"\nkind = "dashscope"\nmodel = "wan-next"\n'
        '[[provider]]\nname = "gate"\nkind = "openai_videos"\nmodel = "sora-2"\n[[provider]]\nkind = "sora_hk"\n'
        '[[model]]\nname = "ours"\nprovider = "gate"\n[[model]]\nname = "everybodys"\n',
        "utf-8",
    )
    assert list(asked(house, "retarget", "1", "--provider", "")[1]) == [
        "kling",
        "wan abroad",
        "gate",
        "sora_hk",
    ]
    assert list(asked(house, "retarget", "1", "--provider=wa")[1]) == ["--provider=wan abroad"]
    assert list(asked(house, "retarget", "1", "--provider", "gate", "--model", "")[1]) == [
        "sora-2", "ours", "everybodys",
    ]  # fmt: skip
    assert list(asked(house, "retarget", "1", "--provider", "wan abroad", "--model", "wan")[1])[:2] == [
        "wan-next", "wan3.0-video",
    ]  # fmt: skip
    assert list(asked(house, "retarget", "1", "--provider", "sora_hk", "--model", "")[1]) == ["everybodys"]
    assert {"ours", "kling-3.0"} <= set(asked(house, "retarget", "1", "--model", "")[1])
    assert list(asked(house, "init", "--provider", "ark", "--model", "doubao-seedance-2-5")[1]) == [
        "doubao-seedance-2-5-260628"
    ]
    house.config.write_text("provider = 3\nmodel = [[1]]\n", "utf-8")
    assert asked(house, "retarget", "1", "--provider", "") == ("-", {})
    assert asked(house, "retarget", "1", "--model", "") == ("-", {})


def test_complete_offers_files_and_folders_where_they_belong(house):
    for words, besides in (
        (["plan", ""], "files"),
        (["init", "--path", ""], "folders"),
        (["scan", ""], "folders"),
        (["--config", ""], "files"),
        (["show", ""], "-"),
        (["simulate", "--port", ""], "-"),
    ):
        assert asked(house, *words)[0] == besides, words


def test_complete_stops_after_the_last_argument(house):
    house.takes(2)
    found = set(asked(house, "show", "1", "")[1])
    assert "--json" in found
    assert not {"1", "2"} & found


def test_complete_goes_down_into_commands_of_commands(house):
    parser = Parser(prog="sorad")
    rows = parser.add_subparsers()
    rows.add_parser("install", help="put it there").add_argument("--now", action="store_true", help="at once")
    from sorad.cli.complete import Line, _options, _parsed, _positional

    found, waiting, given = _parsed(parser, ["install"])
    assert (waiting, given, _positional(found, given)) == (None, 0, None)
    names = [one.value for one in _options(found, Line(("install",), "--", None))]
    assert names == ["--help", "--now"]


def test_every_value_of_every_command_was_thought_of():
    """A new argument is either one of a few choices, in VALUES, or known to have nothing to offer."""
    forgotten = []

    def look(name: str, parser: argparse.ArgumentParser) -> None:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for below in action.choices.values():
                    look(name, below)
            elif action.nargs != 0 and not action.choices and action.dest not in {*VALUES, *NO_VALUE}:
                forgotten.append((name, action.dest))

    messages.set_language("en")
    for name in COMMANDS:
        look(name, parser_of(name))
    assert forgotten == []


# --- when things are not as they should be -----------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [["nonsense", ""], ["list", "--nonsense=", ""], ["list", "--nonsense=x"], []]
)
def test_complete_knows_nothing_of_nonsense(house, words):
    assert not [value for value in asked(house, *words, "x")[1] if value.startswith("x")]


@pytest.mark.parametrize("text", [None, "state_dir = 3\n", "[[", "\x00"])
def test_complete_says_nothing_about_a_config_or_ledger_that_is_broken(house, text):
    if text is None:
        house.state_dir.mkdir()
        (house.state_dir / "ledger.sqlite3").write_bytes(b"no database" * 400)
    else:
        house.config.write_text(text, "utf-8")
    assert asked(house, "plan", "") == ("files", {})
    assert asked(house, "show", "") == ("-", {})
    assert set(asked(house, "list", "--state", "do")[1]) == {"downloading", "done"}


def test_complete_keeps_quiet_about_a_bug(house, monkeypatch, capsys):
    from sorad.cli.main import main

    monkeypatch.setattr("sorad.cli.complete._answer", lambda line: 1 / 0)
    assert main(["__complete", "bash", "x"]) == 1
    assert tuple(capsys.readouterr()) == ("", "")


def test_complete_waits_for_no_writer_and_leaves_the_ledger_as_it_is(house):
    house.takes(1)
    ledger = house.state_dir / "ledger.sqlite3"
    files = {file: file.read_bytes() for file in house.state_dir.iterdir() if "shm" not in file.name}
    with house.ledger._db.transaction():
        assert set(asked(house, "show", "")[1]) == {"1"}
    assert ledger in files
    assert files == {file: file.read_bytes() for file in files}


def test_complete_loads_next_to_nothing(house):
    house.takes(1)
    code = (
        "import sys; from sorad.cli.main import main; "
        f"main(['__complete', 'bash', '--config', {str(house.config)!r}, 'show', '']); "
        "heavy = {'pydantic', 'rich', 'loguru', 'requests', 'watchdog', 'argcomplete', 'psutil', 'filelock'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"1\tqueued" in ran.stdout


# --- real shells ------------------------------------------------------------------------------------------


@pytest.fixture
def env(house):
    """What a shell starts with: a `sorad` on the path, and the house's config."""
    folder = house.home / "bin"
    folder.mkdir()
    sorad = folder / "sorad"
    sorad.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sorad "$@"\n')
    sorad.chmod(0o755)
    return {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": str(house.home),
        "SORAD_CONFIG": str(house.config),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "en",
        "TERM": "xterm",
    }


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_a_real_shell_completes(house, env, name):
    if shutil.which(name) is None:
        pytest.skip(f"no {name} here")
    from cli_shell import Shell

    odd = house.board(name="第一集/storyboard：it's a b.json")
    colon = house.board(name="c:d/storyboard.json")
    house.takes(2, State.FAILED, name="storyboard_f.json")
    shell = Shell(name, house.home, env)
    try:
        assert shell.complete("sorad stat") == ["sorad", "status"]
        assert shell.complete("sorad list --state fai") == ["sorad", "list", "--state", "failed"]
        assert shell.complete("sorad list --state=fai") == ["sorad", "list", "--state=failed"]
        for begun in (f"{house.vault}/第", f'"{house.vault}/第', f"'{house.vault}/第"):
            assert shell.complete(f"sorad plan {begun}") == ["sorad", "plan", odd]
        assert shell.complete(f"sorad plan {house.vault}/c") == ["sorad", "plan", colon]
        assert shell.complete("sorad scan vau")[:2] == ["sorad", "scan"]
        assert shell.complete("sorad scan vau")[2].rstrip("/") == "vault"
        assert shell.complete("sorad --config conf") == ["sorad", "--config", "config.toml"]
        shown = shell.list("sorad retry ", "1")
        if name == "zsh":
            shell.list("sorad retry ", "failed, segment 1, take 1 of vault/storyboard_f.json")
        assert "Traceback" not in shown
        house.config.write_text("[[", "utf-8")
        assert shell.complete("sorad retry ") == ["sorad", "retry"]
    finally:
        shell.close()


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
def test_a_real_fish_completes(house, env):
    odd = house.board(name="第一集/storyboard：it's a b.json")
    house.takes(2, State.FAILED, name="storyboard_f.json")

    def fish(line: str) -> list[str]:
        script = "sorad completion fish | source; complete -C $line"
        ran = subprocess.run(
            ["fish", "--no-config", "-c", script],
            env={**env, "line": line},
            capture_output=True,
            timeout=120,
            cwd=house.home,
        )
        assert ran.stderr == b""
        return ran.stdout.decode().splitlines()

    assert [line.split("\t")[0] for line in fish("sorad stat")] == ["status"]
    assert fish("sorad list --state=fai") == ["--state=failed"]
    assert [line.split("\t")[0] for line in fish("sorad retry ")] == ["2", "1"]
    assert "storyboard_f.json" in fish("sorad retry ")[0]
    assert [line.split("\t")[0] for line in fish(f"sorad plan {house.vault}/第")] == [odd]
    assert [line.split("\t")[0] for line in fish("sorad scan vau")] == ["vault/"]
    assert [line.split("\t")[0] for line in fish("sorad --config conf")] == ["config.toml"]


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_scripts_are_good_syntax(house, name):
    if shutil.which(name) is None:
        pytest.skip(f"no {name} here")
    ran = house.sorad("completion", name)
    checked = subprocess.run([name, "-n"], input=ran.out.encode(), capture_output=True, timeout=120)
    assert (ran.code, checked.returncode, checked.stderr) == (0, 0, b"")
