"""The frame: help, languages, and every end that is not a result."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sorad import __version__
from sorad.cli.commands import COMMANDS
from sorad.cli.main import main
from sorad.cli.setup.service import _ACTIONS
from sorad.cli.shared.columns import width
from sorad.messages import _

# argparse's own English; none of it may show in Chinese.
ARGPARSE = (
    "usage:",
    "options:",
    "optional arguments",
    "positional",
    "show this",
    "error:",
    "required",
    "invalid",
    "expected",
    "choose from",
    "unrecognized",
    "not allowed",
)


def run_process(*words: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "sorad", *words], capture_output=True, timeout=120, env={**os.environ, **env}
    )


@pytest.mark.parametrize(("lang", "group"), [("en", "Looking"), ("zh", "查看")])
def test_help_shows_every_command_by_group_on_one_screen(house, lang, group):
    ran = house.sorad("--help", lang=lang)
    assert ran.code == 0
    assert group in ran.out
    for name, row in COMMANDS.items():
        assert re.search(rf"(?m)(^|  ){name}  ? *{re.escape(_(row.help))}( {{2}}|$)", ran.out), name
    lines = ran.out.splitlines()
    assert len(lines) < 24  # and the prompt
    assert max(map(width, lines)) < 80


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_no_command_is_the_same_as_help(house, words):
    assert house.sorad(*words).out == house.sorad("--help").out


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_that_fits_80_columns(house, name, lang):
    ran = house.sorad(name, "--help", lang=lang)
    assert (ran.code, ran.err) == (0, "")
    assert max(map(width, ran.out.splitlines())) <= 80
    if lang == "zh":
        assert not [word for word in ARGPARSE if word in ran.out]
        assert "用法" in ran.out
    else:
        assert ran.out.startswith("usage: sorad")


@pytest.mark.parametrize(("lang", "heading"), [("en", "everywhere:"), ("zh", "通用选项：")])
def test_the_help_of_a_command_with_actions_names_each_and_what_it_does(house, lang, heading):
    lines = house.sorad("service", "--help", lang=lang).out.splitlines()
    assert heading in lines
    told = {
        line.split()[0]: line.split(maxsplit=1)[1]
        for line in lines
        if line.startswith("    ") and line.split()[1:]
    }
    for action, text in _ACTIONS.items():
        assert _(text).startswith(told[action])


def test_help_columns_line_up_in_chinese(house):
    lines = house.sorad("log", "--help", lang="zh").out.splitlines()
    starts = {
        width(line[: line.rindex("  ") + 2])
        for line in lines
        if line.startswith("  -") and "  " in line.strip()
    }
    assert len(starts) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["resolve"],
        ["resolve", "3"],
        ["resolve", "x", "--drop"],
        ["resolve", "3", "--drop", "--resend"],
        ["list", "--state", "nonsense"],
        ["log", "-n"],
        ["log", "-n", "-5"],
        ["status", "--nonsense"],
        ["status", "extra"],
        ["--nonsense"],
        ["status", "--lang", "fr"],
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_wrong_usage_is_told_in_either_language(house, words, lang):
    ran = house.sorad(*words, lang=lang)
    assert ran.code == 2
    assert "sorad" in ran.err
    assert "Traceback" not in ran.err
    if lang == "zh":
        assert not [word for word in ARGPARSE if word in ran.err.lower()]


def test_version(house):
    assert house.sorad("--version").out == f"sorad {__version__}\n"


def test_a_mistyped_command_is_corrected(house):
    ran = house.sorad("statsu")
    assert ran.code == 2
    assert "Did you mean sorad status?" in ran.err


# --- language ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "config", "locale", "chinese"),
    [
        ("zh", "en", "en_US.UTF-8", True),
        ("en", "zh", "zh_CN.UTF-8", False),
        ("", "zh", "en_US.UTF-8", True),
        ("", "en", "zh_CN.UTF-8", False),
        ("", "auto", "en_US.UTF-8", False),
        ("", "auto", "zh_CN.UTF-8", True),
        ("", "", "en_GB.UTF-8", False),
        ("", "", "C", False),
        ("", "", "C.UTF-8", False),
        ("", "", "POSIX", False),
        ("", "", "fr_FR.UTF-8", False),
        ("", "", "zh_TW.Big5", True),
        ("", "", "", True),
    ],
)
def test_language_by_flag_then_config_then_locale(house, monkeypatch, flag, config, locale, chinese):
    monkeypatch.setenv("LANG", locale)
    line = f'language = "{config}"\n' if config else ""
    house.config.write_text(line + house.config.read_text("utf-8"), "utf-8")
    assert ("查看" in house.sorad("--help", lang=flag).out) is chinese


@pytest.mark.parametrize(
    ("variables", "chinese"),
    [
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh_CN:en"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C", "LANGUAGE": "zh_CN"}, False),
        ({"LANG": "", "LANGUAGE": "en"}, False),
    ],
)
def test_the_variables_of_the_locale_rank_as_in_gettext(house, monkeypatch, variables, chinese):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("查看" in house.sorad("--help", lang="").out) is chinese


def test_language_may_stand_behind_the_command(house):
    assert "用法" in house.sorad("status", "--help", "--lang", "zh", lang="").out


def test_only_the_top_of_the_config_names_the_language(house):
    house.config.write_text('[prompt]\nlanguage = "zh"\n', "utf-8")
    assert "Looking" in house.sorad("--help", lang="").out


def test_a_broken_config_still_tells_the_language(house):
    house.config.write_text('language = "zh"\n[[watch\n', "utf-8")
    ran = house.sorad("list", lang="")
    assert ran.code == 78
    assert any("\u4e00" <= char <= "\u9fff" for char in ran.err)


# --- what goes wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["list", "pause", "log", "run", "plan"])
@pytest.mark.parametrize(
    "text", ["[[watch\n", "state_dir = 3\n", 'state_dir = ""\n', 'state_dir = "$NOWHERE_SET/x"\n', "\x00"]
)
def test_a_broken_config_ends_with_78_and_a_sentence(house, command, text):
    house.config.write_text(text, "utf-8")
    ran = house.sorad(command)
    assert ran.code == 78
    assert str(house.config) in ran.err
    assert "Traceback" not in ran.err


def test_a_named_config_that_is_not_there_ends_with_78(house):
    house.config.unlink()
    ran = house.sorad("list")
    assert ran.code == 78
    assert "There is no configuration file" in ran.err


def test_no_config_at_all_means_the_usual_places(house, capsys):
    house.config.unlink()
    assert main(["--lang", "en", "list"]) == 3
    assert "There is nothing here yet" in capsys.readouterr().err


def test_state_dir_is_found_as_the_daemon_finds_it(house, monkeypatch):
    from argparse import Namespace

    from sorad.cli.shared.common import state_dir
    from sorad.config.load import load

    monkeypatch.setenv("STATES", "states/of/mine")
    for written in ("state", "../x", "~/state", "$STATES/sorad", "/var/x//y/..", "a b"):
        house.config.write_text(f'state_dir = "{written}"\n', "utf-8")
        expected = load(house.config, need_watch=False).state_dir
        assert state_dir(Namespace(config=str(house.config))) == expected
    house.config.write_text("", "utf-8")
    assert state_dir(Namespace(config=str(house.config))) == load(house.config, need_watch=False).state_dir


def test_a_missing_ledger_is_a_sentence(house):
    for command in (["list"], ["show", "1"], ["retry"], ["pause"]):
        ran = house.sorad(*command)
        assert ran.code == 3
        assert "There is nothing here yet" in ran.err


def test_a_newer_ledger_is_a_sentence(house):
    import sqlite3

    house.ledger.close()
    with sqlite3.connect(house.state_dir / "ledger.sqlite3") as db:
        db.execute("PRAGMA user_version = 99")
    for command in ("list", "pause"):
        ran = house.sorad(command)
        assert ran.code == 1
        assert "A newer sorad wrote the ledger" in ran.err
    ran = house.sorad("status", "--json")
    assert ran.code == 3
    assert "ledger.newer" in [problem["code"] for problem in ran.json["problems"]]


def test_a_damaged_ledger_is_a_sentence(house):
    house.state_dir.mkdir()
    (house.state_dir / "ledger.sqlite3").write_bytes(b"this is no database" * 100)
    ran = house.sorad("list")
    assert ran.code == 1
    assert "The ledger is damaged" in ran.err
    assert "receipts" in ran.err


def test_ctrl_c_ends_with_130(house, monkeypatch):
    monkeypatch.setattr("sorad.cli.setup.schema.handler", raises(KeyboardInterrupt()))
    assert house.sorad("schema").code == 130


def test_a_bug_is_an_apology_without_a_traceback(house, monkeypatch):
    monkeypatch.setattr("sorad.cli.setup.schema.handler", raises(ZeroDivisionError("oh")))
    ran = house.sorad("schema")
    assert ran.code == 70
    assert "Sorry" in ran.err
    assert str(house.state_dir / "logs" / "sorad.log") in ran.err
    assert "Traceback" not in ran.err


def test_a_bug_shows_its_traceback_where_it_was_asked_for(house, monkeypatch):
    monkeypatch.setattr("sorad.cli.setup.schema.handler", raises(ZeroDivisionError("oh")))
    monkeypatch.setenv("SORAD_DEBUG", "1")
    ran = house.sorad("schema")
    assert ran.code == 70
    assert "Traceback" in ran.err


def test_a_console_that_knows_no_chinese_gets_question_marks(house):
    ran = run_process("--lang", "zh", "--help", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ran.returncode == 0
    assert b"?" in ran.stdout
    assert ran.stderr == b""


@pytest.mark.parametrize("words", [["list", "--json"], ["status", "--help"], ["--help"]])
def test_a_reader_that_goes_away_is_no_error(house, words):
    house.takes(300)
    process = subprocess.Popen(
        [sys.executable, "-m", "sorad", "--config", str(house.config), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(120) in (0, 141)  # argparse itself keeps quiet about it
    assert err == b""


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from sorad.cli.main import main; main(['--help']); "
        "heavy = {'pydantic', 'rich', 'loguru', 'requests', 'sqlite3', 'watchdog', 'tomllib', 'tomli'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_looking_and_control_load_neither_pydantic_nor_requests(house):
    house.takes(1)
    code = (
        "import sys; from sorad.cli.main import main; "
        f"config = ['--config', {str(house.config)!r}]; "
        "main([*config, 'status']); main([*config, 'list']); main([*config, 'pause']); "
        "sys.exit(', '.join({'pydantic', 'rich', 'requests', 'watchdog'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_a_plan_with_known_prices_and_a_check_load_nothing_that_makes_exchanges(house, monkeypatch):
    house.config.write_text('state_dir = "state"\n[[watch]]\npath = "vault"\n[provider]\nkind = "ark"\n')
    board = house.config.parent / "vault" / "storyboard_one.json"
    board.write_text(
        '{"segments": [{"segment_index": 1, "prompt_text": "a lighthouse", "duration_seconds": 5}]}'
    )
    code = (
        "import sys; from sorad.cli.main import main; "
        f"config = ['--config', {str(house.config)!r}]; "
        f"done = main([*config, 'validate', {str(board)!r}]), main([*config, 'plan', {str(board)!r}]); "
        "heavy = {'requests', 'urllib3', 'urllib.request', 'http.client', 'rich', 'watchdog', 'psutil'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or done != (0, 0))"
    )
    monkeypatch.setenv("SORA_API_KEY", "sk-x")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_every_command_of_the_table_is_there():
    for row in COMMANDS.values():
        assert (Path(main.__code__.co_filename).parent / f"{row.module.replace('.', '/')}.py").is_file()


def raises(error: BaseException):
    def handler(args):
        raise error

    return handler


# --- hands that slip ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "en", "zh"),
    [
        (["status", "--jsn"], "did you mean --json?", "是不是想写 --json？"),
        (["service", "install", "--lingre"], "unrecognized arguments: --lingre", "不认识的参数：--lingre"),
        (["show", "abc"], "'abc' is no number", "'abc' 不是数字"),
        (["resolve", "12a", "--drop"], "'12a' is no number", "'12a' 不是数字"),
    ],
)
def test_a_slip_is_told_by_the_command_itself(house, words, en, zh):
    for lang, told in (("en", en), ("zh", zh)):
        ran = house.sorad(*words, lang=lang)
        assert ran.code == 2
        assert told in ran.err
        assert f"sorad {words[0]}" in ran.err.splitlines()[0]
        assert not [word for word in ARGPARSE if lang == "zh" and word in ran.err]


@pytest.mark.parametrize("words", [["--dry-run"], ["--input-dir", "x"], ["--input-dir=x", "--force"]])
def test_options_of_once_without_its_name_are_told_with_the_whole_command(house, words):
    ran = house.sorad(*words)
    assert ran.code == 2
    assert f"`sorad once --config {house.config} {' '.join(words)}`" in ran.err.replace("--lang en ", "")


def test_a_folder_in_place_of_the_config_is_called_one(house, capsys):
    assert main(["--lang", "en", "--config", str(house.home), "run"]) == 78
    assert "is a folder" in capsys.readouterr().err


def test_a_plan_tells_what_the_daemon_would_not_see(house):
    for place in (house.home / "elsewhere", Path(house.vault)):
        place.mkdir(exist_ok=True)
        (place / "storyboard.json").write_text(
            '{"segments": [{"segment_index": 1, "prompt_text": "x"}]}', "utf-8"
        )
        told = "Not below a watched folder" in house.sorad("plan", str(place)).out
        assert told == (place.name == "elsewhere")
    (house.home / "empty").mkdir()
    assert "named storyboard*.json" in house.sorad("plan", str(house.home / "empty")).out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_cannot_be_written_is_no_mistake_of_ours(house):
    told = {
        ending: subprocess.run(
            [
                "sh",
                "-c",
                f'"$0" -m sorad --lang en --config "$1" --help {ending}',
                sys.executable,
                str(house.config),
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
        for ending in ("> /dev/full", ">&-")
    }
    assert "cannot be written: No space left on device" in told["> /dev/full"].stderr
    assert (told["> /dev/full"].returncode, told[">&-"].returncode, told[">&-"].stderr) == (1, 0, "")
