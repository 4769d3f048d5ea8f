"""Where the API key is looked for, and that it never shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sorad import masking
from sorad.config.key import KeySource
from sorad.config.load import load
from sorad.config.model import ProviderConfig
from sorad.messages import set_language
from sorad.problems import SoradError

KEY = "sk-4f9aQz81LmNoPqRsTuVw"


@pytest.fixture(autouse=True)
def _english(monkeypatch):
    set_language("en")
    monkeypatch.setattr(masking, "_secrets", ())


def source(folder: Path, env=None, **provider) -> KeySource:
    return KeySource(ProviderConfig(**provider), env or {}, folder)


def test_key_the_first_place_counts(tmp_path):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (tmp_path / "key").write_text("from-file")
    (tmp_path / ".env").write_text("SORA_API_KEY='from-dotenv'\n")
    env = {"CREDENTIALS_DIRECTORY": str(credentials), "SORA_API_KEY": "from-env"}
    found = []
    for prepare in (
        lambda: (credentials / "sora_api_key").write_text("from-credential\n"),
        lambda: (credentials / "sora_api_key").unlink(),
        lambda: None,
        lambda: env.pop("SORA_API_KEY"),
    ):
        prepare()
        file = tmp_path / "key" if len(found) < 2 else None
        key = source(tmp_path, env, api_key_file=file).find()
        found.append((key.source, key.value))
    assert found == [
        ("credential", "from-credential"),
        ("file", "from-file"),
        ("env", "from-env"),
        ("dotenv", "from-dotenv"),
    ]


def test_key_credential_may_bear_the_name_of_the_variable(tmp_path):
    (tmp_path / "gw_key").write_text(KEY)
    assert source(tmp_path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}, api_key_env="GW_KEY")() == KEY


def test_key_mended_in_its_file_is_used_without_a_restart(tmp_path):
    file = tmp_path / "key"
    file.write_text("old-key-1")
    keys = source(tmp_path, api_key_file=file)
    assert keys() == "old-key-1"
    file.write_text("new-key-22")
    assert keys() == "new-key-22"
    file.unlink()
    with pytest.raises(SoradError) as caught:
        keys()
    assert caught.value.problem.code == "key.unreadable"


@pytest.mark.parametrize("text", [f"{KEY}\n", f"  {KEY} \r\n", f'"{KEY}"\n', f"\ufeff{KEY}", f"“{KEY}”"])
def test_key_is_freed_of_what_came_with_it(tmp_path, text):
    (tmp_path / "key").write_text(text, "utf-8")
    assert source(tmp_path, api_key_file=tmp_path / "key")() == KEY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sk-abc def12345", "spaces or line breaks"),
        ("sk-abcdef\nsk-ghijkl", "spaces or line breaks"),
        ("sk-密钥密钥密钥", "characters"),
        ("sk-abcdef\x07gh", "characters"),
        (f"SORA_API_KEY={KEY}", "equals sign"),
        (f"Bearer {KEY}", "Bearer"),
        ("sk-******", "masked copy"),
        ("x" * 5000, "too long"),
    ],
)
def test_key_that_is_none_is_a_clear_error_without_the_key_in_it(tmp_path, text, said):
    (tmp_path / "key").write_text(text, "utf-8")
    with pytest.raises(SoradError) as caught:
        source(tmp_path, api_key_file=tmp_path / "key")()
    assert caught.value.exit_code == 78
    assert caught.value.problem.code == "key.malformed"
    assert said in str(caught.value)
    assert text not in str(caught.value)


def test_key_missing_tells_every_way_to_give_one(tmp_path):
    with pytest.raises(SoradError) as caught:
        source(tmp_path, {"SORA_API_KEY": "  "})()
    assert caught.value.exit_code == 78
    for way in ("SORA_API_KEY", ".env", "api_key_file", "sora_api_key", "sorad demo"):
        assert way in str(caught.value)


def test_a_simulator_gets_the_key_that_its_config_names(tmp_path):
    named = {"kind": "simulator", "api_key_env": "SORA_API_KEY"}
    assert source(tmp_path, {"SORA_API_KEY": KEY}, **named)() == KEY
    assert source(tmp_path, {}, **named)() == ""


def test_a_key_that_no_config_names_goes_to_no_simulator(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(f'[[watch]]\npath = "{tmp_path.as_posix()}"\n[provider]\nkind = "simulator"\n')
    assert KeySource(load(file).provider, {"SORA_API_KEY": KEY}, tmp_path)() == ""


def test_key_of_the_simulator_is_none_even_where_there_is_one(tmp_path):
    assert source(tmp_path, {"SORA_API_KEY": KEY}, kind="simulator")() == ""


def test_key_shows_nowhere(tmp_path):
    keys = source(tmp_path, {"SORA_API_KEY": "unlikely-key-0815"})
    key = keys.find()
    assert "0815" not in f"{keys!r} {key!r} {key}"
    assert "0815" not in masking.mask("the header was unlikely-key-0815")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_key_file_that_others_can_read_is_warned_about(tmp_path):
    file = tmp_path / "key"
    file.write_text(KEY)
    keys = source(tmp_path, api_key_file=file)
    file.chmod(0o640)
    (warning,) = keys.warnings()
    assert f"chmod 600 {file}" in warning.fix_text()
    file.chmod(0o600)
    assert keys.warnings() == ()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o644, 0o666, 0o602])
def test_key_file_that_everybody_can_read_or_change_is_not_used(tmp_path, monkeypatch, mode):
    file = tmp_path / "key"
    file.write_text(KEY)
    file.chmod(mode)
    keys = source(tmp_path, {"SORA_API_KEY": "from-env"}, api_key_file=file)
    assert keys() == KEY  # pytest's own folders keep the others out
    monkeypatch.setattr(Path, "parents", property(lambda _path: ()))  # as if every folder above were open
    with pytest.raises(SoradError) as caught:
        keys()
    assert (caught.value.exit_code, caught.value.problem.code) == (78, "key.exposed")
    assert f"chmod 600 {file}" in caught.value.problem.fix_text()
    file.chmod(0o640)
    assert keys() == KEY
