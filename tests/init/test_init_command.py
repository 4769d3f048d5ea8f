"""`sorad init`: the config that comes out of the answers, and what it never does."""

from __future__ import annotations

import argparse
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.cli.setup import init
from sorad.config.key import KeySource
from sorad.config.load import load, tomllib
from sorad.config.obsidian import known_vaults
from sorad.config.template import Answers, render
from sorad.messages import set_language
from sorad.problems import SoradError

KEY = "sk-4f9aQz81LmNoPqRsTuVw"


class Terminal:
    """Runs the command with a home of its own, answering what is asked."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = tmp_path / "home"
        self.vault = self.home / "Vault"
        self.vault.mkdir(parents=True)
        self.config = tmp_path / "conf" / "config.toml"
        self._patch = monkeypatch
        for name in ("HOME", "USERPROFILE"):
            monkeypatch.setenv(name, str(self.home))
        for name in (
            "SORA_API_KEY",
            "SORAD_CONFIG",
            "CREDENTIALS_DIRECTORY",
            "XDG_CONFIG_HOME",
            "WSL_DISTRO_NAME",
        ):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.chdir(tmp_path)

    def run(self, *flags: str, answers: list[str] | None = None, key: str = "", per_day: str = "0") -> int:
        common = argparse.ArgumentParser(add_help=False)
        common.add_argument("--config")
        common.add_argument("--lang")
        parser = argparse.ArgumentParser()
        init.add(parser.add_subparsers(), [common])
        given_answers = iter(answers or [])

        def answer(_prompt: str = "") -> str:
            try:
                return next(given_answers)
            except StopIteration:
                raise EOFError from None

        self._patch.setattr("builtins.input", answer)
        self._patch.setattr("getpass.getpass", lambda _prompt: key)
        self._patch.setattr("sys.stdin", argparse.Namespace(isatty=lambda: answers is not None))
        quiet = ["--no-check", "--no-service", "--no-example", *(["--per-day", per_day] if per_day else [])]
        args = parser.parse_args(["init", "--config", str(self.config), *quiet, *flags])
        return args.handler(args)


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    set_language("en")
    yield Terminal(tmp_path, monkeypatch)
    set_language("en")


def test_init_asks_for_a_daily_budget_until_it_is_one(terminal, capsys):
    answers = ["en", str(terminal.vault), "sora_hk", "file", "lots", "-1", "nan", "7.5"]
    assert terminal.run(answers=answers, key=KEY, per_day="") == 0
    assert load(terminal.config).budget.per_day == 7.5
    assert capsys.readouterr().out.count("is no amount of money") == 3


@pytest.mark.parametrize(("answer", "limit"), [("", 20.0), ("0", None)])
def test_init_suggests_a_daily_budget_and_takes_none_for_an_answer(terminal, answer, limit):
    answers = ["en", str(terminal.vault), "sora_hk", "file", answer]
    assert terminal.run(answers=answers, key=KEY, per_day="") == 0
    assert load(terminal.config).budget.per_day == limit


def test_init_by_flags_takes_a_daily_budget(terminal):
    flags = ["--yes", "--path", str(terminal.vault), "--provider", "sora_hk"]
    assert terminal.run(*flags, per_day="3") == 0
    assert load(terminal.config).budget.per_day == 3.0


def obsidian_list(folder: Path, vaults: dict) -> None:
    (folder / "obsidian").mkdir(parents=True)
    (folder / "obsidian" / "obsidian.json").write_text(json.dumps({"vaults": vaults}), "utf-8")


def test_init_by_flags_writes_a_config_that_loads(terminal, capsys):
    assert terminal.run("--yes", "--path", str(terminal.vault), "--provider", "simulator") == 0
    config = load(terminal.config)
    assert [watch.path for watch in config.watch] == [terminal.vault]
    assert config.provider.kind == "simulator"
    assert f"sorad run --config {terminal.config}" in capsys.readouterr().out
    assert not list(terminal.config.parent.glob(".*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_init_files_are_for_their_owner_alone(terminal):
    terminal.run(answers=["en", str(terminal.vault), "sora_hk", "file"], key=f"  {KEY}\n")
    terminal.run("--force", answers=["en", str(terminal.vault), "sora_hk", "file"], key=f"{KEY}2")
    assert (terminal.config.parent / "api_key.bak").read_text() == f"{KEY}\n"
    for file in terminal.config.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_init_without_a_terminal_names_the_missing_flags(terminal):
    with pytest.raises(SoradError) as caught:
        terminal.run("--provider", "openai_videos", "--model", "m")
    assert caught.value.exit_code == 2
    assert "--path, --base-url, --seconds" in str(caught.value)
    assert not terminal.config.exists()


def test_init_never_replaces_a_config_unless_forced_and_keeps_the_old_one(terminal):
    flags = ("--yes", "--path", str(terminal.vault), "--provider", "simulator")
    terminal.config.parent.mkdir()
    terminal.config.write_text("# mine\n")
    with pytest.raises(SoradError) as caught:
        terminal.run(*flags)
    assert caught.value.problem.code == "init.exists"
    assert terminal.config.read_text() == "# mine\n"
    assert terminal.run(*flags, "--force") == 0
    assert (terminal.config.parent / "config.toml.bak").read_text() == "# mine\n"
    assert load(terminal.config).provider.kind == "simulator"


def test_init_writes_nothing_where_the_result_would_not_load(terminal):
    flags = ("--yes", "--path", str(terminal.vault), "--provider", "openai_videos", "--seconds", "4")
    with pytest.raises(SoradError) as caught:
        terminal.run(*flags, "--model", "m", "--base-url", "nonsense")
    assert caught.value.exit_code == 78
    assert "base_url" in str(caught.value)
    assert ".tmp" not in str(caught.value)
    assert list(terminal.config.parent.iterdir()) == []


def test_init_asks_and_keeps_the_pasted_key_out_of_the_config(terminal, capsys):
    other = terminal.home / "Other vault"
    other.mkdir()
    vaults = {"a": {"path": str(terminal.vault), "ts": 1}, "b": {"path": str(other), "ts": 2}}
    obsidian_list(terminal.home / ".config", vaults)
    obsidian_list(terminal.home / "Library" / "Application Support", vaults)
    answers = ["1", "nowhere", "7", "1, 2", "1", "1"]
    assert terminal.run(answers=answers, key=f'"{KEY}"') == 0
    config = load(terminal.config)
    assert config.language == "en"
    assert [watch.path for watch in config.watch] == [other, terminal.vault]
    assert KEY not in terminal.config.read_text("utf-8")
    assert KeySource(config.provider)() == KEY
    output = capsys.readouterr().out
    assert "There is no folder" in output
    assert "There is no number 7" in output
    assert KEY not in output


def test_init_asks_for_what_a_gateway_needs(terminal):
    answers = [
        "en",
        str(terminal.vault),
        "openai_videos",
        "https://gw.example/v1",
        "veo",
        "four",
        "4, 8",
        "env",
        "GW_KEY",
    ]
    assert terminal.run(answers=answers) == 0
    provider = load(terminal.config).provider
    assert (provider.base_url, provider.model, provider.seconds) == ("https://gw.example/v1", "veo", (4, 8))
    assert (provider.api_key_env, provider.api_key_file) == ("GW_KEY", None)


def test_init_asks_only_for_what_no_flag_says(terminal):
    flags = ("--lang", "en", "--path", str(terminal.vault), "--provider", "sora_hk", "--key-env", "MY_KEY")
    assert terminal.run(*flags, answers=[]) == 0
    assert load(terminal.config).provider.api_key_env == "MY_KEY"


def test_init_broken_off_writes_nothing(terminal, capsys):
    assert terminal.run(answers=["en", str(terminal.vault)]) == 130
    assert "nothing was written" in capsys.readouterr().out
    assert not terminal.config.exists()


def test_init_where_nothing_can_be_written_says_so(terminal):
    terminal.config.parent.write_text("a file in the way")
    with pytest.raises(SoradError) as caught:
        terminal.run("--yes", "--path", str(terminal.vault), "--provider", "simulator")
    assert caught.value.problem.code == "init.unwritable"


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.sampled_from(["sora_hk", "openai_videos"]),
)
def test_init_any_path_and_name_survive_the_file(text, kind):
    answers = Answers(paths=(Path(text),), kind=kind, model=text, base_url="https://x", seconds=(4,))
    raw = tomllib.loads(render(answers))
    assert raw["watch"][0]["path"] == str(Path(text))
    assert kind == "sora_hk" or raw["provider"]["model"] == text


@pytest.mark.parametrize(
    ("platform", "folder", "env"),
    [
        ("linux", ".config", {}),
        ("linux", "elsewhere", {"XDG_CONFIG_HOME": "elsewhere"}),
        ("linux", ".var/app/md.obsidian.Obsidian/config", {}),
        ("linux", "snap/obsidian/current/.config", {}),
        ("darwin", "Library/Application Support", {}),
        ("win32", "AppData/Roaming", {}),
        ("win32", "roaming", {"APPDATA": "roaming"}),
    ],
)
def test_init_finds_vaults_where_obsidian_lists_them(tmp_path, platform, folder, env):
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    entries = {
        name: {"path": str(tmp_path / name), "ts": ts} for name, ts in (("old", 1), ("new", 2), ("gone", 3))
    }
    obsidian_list(tmp_path / folder, {**entries, "odd": {"path": 3}, "odder": 4})
    env = {name: str(tmp_path / value) for name, value in env.items()}
    assert known_vaults(tmp_path, env, platform) == [tmp_path / "new", tmp_path / "old"]


def test_init_finds_the_vaults_of_windows_from_within_wsl(tmp_path):
    drives = tmp_path / "mnt"
    vault = drives / "c" / "Users" / "Mei Li" / "Documents" / "剧集"
    vault.mkdir(parents=True)
    (tmp_path / "home" / "Vault").mkdir(parents=True)
    entries = {
        "a": {"path": "C:\\Users\\Mei Li\\Documents\\剧集", "ts": 2},
        "b": {"path": f"\\\\wsl$\\Ubuntu{tmp_path}/home/Vault".replace("/", "\\"), "ts": 1},
        "c": {"path": "\\\\wsl$\\Debian\\tmp", "ts": 3},
        "d": {"path": "\\\\server\\share", "ts": 4},
    }
    obsidian_list(drives / "c" / "Users" / "Mei Li" / "AppData" / "Roaming", entries)
    env = {"WSL_DISTRO_NAME": "Ubuntu"}
    assert known_vaults(tmp_path, env, "linux", drives) == [vault, tmp_path / "home" / "Vault"]
    assert known_vaults(tmp_path, {}, "linux", drives) == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"vaults": []}', "\xff"])
def test_init_a_damaged_list_of_vaults_is_no_list(tmp_path, text):
    obsidian_list(tmp_path / ".config", {})
    (tmp_path / ".config" / "obsidian" / "obsidian.json").write_bytes(text.encode("latin-1"))
    assert known_vaults(tmp_path, {}, "linux") == []
