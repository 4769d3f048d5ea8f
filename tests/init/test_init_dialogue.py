"""Whole dialogues of `sorad init` on a real terminal: both languages, wrong answers, no network, second thoughts."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("pty")

from init_dialogue import Dialogue
from init_machine import stop

from sorad.config.load import load
from sorad.simulator import Simulator

ROOT = Path(__file__).parents[2]
MACHINE = Path(__file__).with_name("init_machine.py")
CHOICE, YES_NO = r"\[1\] > ", r"\[[Yy]/[Nn]\] "
KEY, WRONG = "sk-good-4f9aQz81LmNoPqRs", "sk-wrong-4f9aQz81LmNoPqRs"
CTRL_C, CTRL_D = "\x03", "\x04"


class Operator:
    """Somebody new: a home with a vault that Obsidian knows, a machine with systemd, a simulator as the API."""

    def __init__(self, folder: Path) -> None:
        self.home, self.root = folder / "home", folder / "machine"
        self.vault = self.home / "剧集 Vault"
        self.vault.mkdir(parents=True)
        vaults = {"a": {"path": str(self.vault), "ts": 1}}
        (self.home / ".config/obsidian").mkdir(parents=True)
        (self.home / ".config/obsidian/obsidian.json").write_text(json.dumps({"vaults": vaults}), "utf-8")
        self.simulator = Simulator(key=KEY, task_seconds=(0.1, 0.2), file_size=50_000)
        self.simulator.start()
        self.closed = "http://127.0.0.1:9/v1"
        self.env = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "LANG": "en_US.UTF-8",
            "LC_CTYPE": "C.UTF-8",
            "TERM": "xterm",
            "COLUMNS": "80",
        }
        self._open: list[Dialogue] = []

    @property
    def config(self) -> Path:
        return self.home / ".config/sorad/config.toml"

    @property
    def key_file(self) -> Path:
        return self.config.parent / "api_key"

    def sorad(self, *words: str, **env: str) -> Dialogue:
        argv = [sys.executable, str(MACHINE), str(self.root), *words]
        self._open.append(Dialogue(argv, {**self.env, **env}, self.home))
        return self._open[-1]

    def init(self, *flags: str, base_url: str = "", **env: str) -> Dialogue:
        address = base_url or self.simulator.base_url
        return self.sorad("init", "--base-url", address, "--per-day", "5", *flags, **env)

    def close(self) -> None:
        for dialogue in self._open:
            dialogue.close()
        stop(self.root)
        self.simulator.stop()


@pytest.fixture
def operator(tmp_path):
    made = Operator(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("choice", "written", "good"),
    [("en", "The config is written", "The key is good"), ("zh", "配置已写好", "")],
)
def test_init_from_nothing_to_a_service_that_has_delivered(operator, choice, written, good):
    talk = operator.init()
    talk.answer(CHOICE, choice)
    talk.answer(r"\[1\]: ", "")  # the vault that Obsidian knows
    talk.answer(CHOICE, "1")  # sora.hk's format
    talk.answer(CHOICE, "1")  # the key, pasted
    talk.answer("not shown|不会显示", KEY)
    talk.expect(good)
    talk.answer(CHOICE, "2")  # whenever the machine runs
    talk.answer(YES_NO, "y")  # an example
    talk.expect(written)
    talk.expect(r"sorad status --watch")
    assert talk.end() == 0
    assert KEY not in talk.text
    assert (operator.root / "var/lib/systemd/linger/mei").exists()
    assert load(operator.config).language == choice
    for file in (operator.config, operator.key_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    videos = operator.vault / "sorad_example/storyboard_example_assets/Segment_1"
    until(lambda: list(videos.glob("*.mp4")))
    status = operator.sorad("status")
    assert status.end() == 0, status.text


def test_init_asks_again_until_each_answer_makes_sense(operator):
    talk = operator.sorad("init", NOT_MINE="")
    talk.answer(CHOICE, "9")
    talk.expect("1 to 2|1 到 2")
    talk.answer(CHOICE, "français")
    talk.answer(CHOICE, "en")
    for wrong, said in (
        ("7", "There is no number 7"),
        ("0", "There is no number 0"),
        ("nowhere", "There is no folder"),
        (str(operator.home / ".config/obsidian/obsidian.json"), "There is no folder"),
    ):
        talk.answer(r"\[1\]: ", wrong)
        talk.expect(said)
    talk.answer(r"\[1\]: ", "1")
    talk.answer(CHOICE, "sora")
    talk.expect(r"1 to \d")
    talk.answer(CHOICE, "openai_videos")
    for wrong in ("gateway", "ftp://x", "https://user:pass@x/v1"):
        talk.answer("gateway: ", wrong)
        talk.expect(r"not the\s+address of an API")
    talk.answer("gateway: ", operator.closed)
    talk.answer("model, as in veo-3.1-fast: ", "veo")
    talk.answer(r"\[4,8,12\]: ", "four")
    talk.expect("no lengths")
    talk.answer(r"\[4,8,12\]: ", "0")
    talk.expect("no lengths")
    talk.answer(r"\[4,8,12\]: ", "4, 8")
    talk.answer(CHOICE, "3")
    talk.expect("1 to 2")
    talk.answer(CHOICE, "1")
    for wrong, said in (
        ("", ""),
        ("Bearer " + KEY, "the word Bearer"),
        ("SORA_API_KEY=" + KEY, "begins with a name"),
        ("sk-***", "masked copy"),
    ):
        talk.answer("not shown", wrong)
        talk.expect(said)
    talk.answer("not shown", WRONG)
    talk.expect("could not be checked now")  # nobody listens there
    talk.answer(CHOICE, "1")  # another address
    talk.answer("gateway: ", operator.simulator.base_url)
    talk.answer(CHOICE, "1")
    talk.answer("not shown", WRONG)
    talk.expect("refuses the API key")
    talk.answer(CHOICE, "1")  # another key
    talk.answer(CHOICE, "2")
    talk.answer(r"\[SORA_API_KEY\]: ", KEY)
    talk.expect(r"is not the name of a\s+variable")
    talk.answer(r"\[SORA_API_KEY\]: ", "NOT_MINE")
    talk.expect(r"\$NOT_MINE is not set here")
    talk.answer(CHOICE, "maybe")
    talk.expect("1 to 3")
    talk.answer(CHOICE, "3")
    talk.answer(YES_NO, "perhaps")
    talk.expect("y or n")
    talk.answer(YES_NO, "")
    talk.expect("What comes next")
    assert talk.end() == 0
    assert KEY not in operator.config.read_text("utf-8")
    provider = load(operator.config).provider
    assert (provider.base_url, provider.seconds) == (operator.simulator.base_url, (4, 8))
    assert (provider.api_key_env, provider.api_key_file) == ("NOT_MINE", None)
    assert not list(operator.vault.iterdir())
    assert not (operator.root / "pid").exists()


@pytest.mark.parametrize("keys", [CTRL_C, CTRL_D])
@pytest.mark.parametrize("at", range(6))
def test_init_stopped_at_any_question_has_changed_nothing(operator, at, keys):
    talk = operator.init()
    questions = [
        (CHOICE, "en"),
        (r"\[1\]: ", "1"),
        (CHOICE, "1"),
        (CHOICE, "1"),
        ("not shown", KEY),
        (CHOICE, "1"),
        (YES_NO, "n"),
    ]
    for question, answer in questions[:at]:
        talk.answer(question, answer)
    talk.expect(questions[at][0])
    talk.insist(keys, "nothing was written|没有写入")
    assert talk.end() == 130
    assert not operator.config.parent.exists()
    assert not (operator.home / ".config/systemd").exists()


def test_init_without_a_network_says_so_and_goes_on(operator):
    talk = operator.init("--no-service", "--no-example", base_url=operator.closed)
    talk.answer(CHOICE, "en")
    talk.answer(r"\[1\]: ", "1")
    talk.answer(CHOICE, "1")
    talk.answer(CHOICE, "1")
    talk.answer("not shown", KEY)
    talk.expect("could not be checked now")
    assert talk.end() == 0
    assert operator.config.exists()


def test_init_with_the_simulator_says_how_to_start_it(operator):
    talk = operator.init("--no-service", "--no-example", "--provider", "simulator", base_url=operator.closed)
    talk.answer(CHOICE, "en")
    talk.answer(r"\[1\]: ", "1")
    talk.expect("sorad simulate")
    assert talk.end() == 0


def test_init_brings_a_key_of_the_shell_to_the_service(operator):
    talk = operator.init(SORA_API_KEY=KEY)
    talk.answer(CHOICE, "en")
    talk.answer(r"\[1\]: ", "1")
    talk.answer(CHOICE, "1")
    talk.answer(CHOICE, "2")
    talk.answer(r"\[SORA_API_KEY\]: ", "")
    talk.expect("The key is good")
    talk.answer(CHOICE, "1")
    talk.expect("does not see the variables")
    talk.answer(YES_NO, "")
    talk.answer(YES_NO, "")
    talk.expect("is ready")
    assert talk.end() == 0
    assert operator.key_file.read_text() == f"{KEY}\n"
    assert load(operator.config).provider.api_key_file == operator.key_file


def test_init_once_more_keeps_what_is_there_and_goes_on_to_the_service(operator):
    operator.config.parent.mkdir(parents=True)
    operator.key_file.write_text(WRONG)
    text = (
        f'language = "en"\n[[watch]]\npath = {json.dumps(str(operator.vault))}\n'
        f'[provider]\nbase_url = "{operator.simulator.base_url}"\napi_key_file = "api_key"\n'
    )
    operator.config.write_text(text, "utf-8")
    talk = operator.sorad("init")
    talk.expect("There is a config already")
    talk.expect(operator.vault.name)
    talk.answer(CHOICE, "1")
    talk.expect("refuses the API key")
    talk.answer(CHOICE, "3")
    talk.answer(YES_NO, "")
    talk.expect("What comes next")
    assert talk.end() == 0
    assert operator.config.read_text("utf-8") == text
    again = operator.init("--no-service", "--no-example")
    again.answer(CHOICE, "2")
    again.answer(CHOICE, "en")
    again.answer(r"\[1\]: ", "1")
    again.answer(CHOICE, "1")
    again.answer(CHOICE, "1")  # the key that is there
    again.expect("refuses the API key")
    again.answer(CHOICE, "1")
    again.answer(CHOICE, "2")
    again.answer("not shown", KEY)
    again.expect("The key is good")
    assert again.end() == 0
    assert operator.config.with_name("config.toml.bak").read_text("utf-8") == text
    assert (
        operator.key_file.read_text().strip(),
        operator.key_file.with_name("api_key.bak").read_text(),
    ) == (
        KEY,
        WRONG,
    )


def test_init_says_what_would_be_bought_at_once_and_then_starts_nothing_by_itself(operator):
    segments = [{"segment_index": number, "prompt_text": f"Rain, {number}."} for number in (1, 2, 3)]
    (operator.vault / "storyboard.json").write_text(json.dumps({"segments": segments}), "utf-8")
    talk = operator.init()
    for question, answer in (
        (CHOICE, "en"),
        (r"\[1\]: ", ""),
        (CHOICE, "1"),
        (CHOICE, "1"),
        ("not shown", KEY),
    ):
        talk.answer(question, answer)
    talk.expect(r"3 takes; they are bought as soon as\s+sorad\s+runs.\s+Price: 0.09 USD")
    talk.answer(CHOICE, "")
    talk.answer(YES_NO, "")
    talk.expect("sorad plan")
    assert talk.end() == 0
    assert not (operator.root / "pid").exists()


def test_init_once_more_lets_a_running_service_run(operator):
    flags = ("--yes", "--lang", "en", "--path", str(operator.vault), "--service", "--no-check")
    assert operator.init(*flags, SORA_API_KEY=KEY).end() == 0
    pid = (operator.root / "pid").read_text()
    talk = operator.sorad("init", "--lang", "en", "--no-example", SORA_API_KEY=KEY)
    talk.answer(CHOICE, "")
    talk.expect("sorad.service runs already")
    talk.answer(YES_NO, "")
    talk.expect("What comes next")
    assert talk.end() == 0
    assert (operator.root / "pid").read_text() == pid


def test_init_with_a_mistake_in_the_config_shows_it(operator):
    operator.config.parent.mkdir(parents=True)
    operator.config.write_text('language = "en"\n[[watch]\n', "utf-8")
    talk = operator.sorad("init")
    talk.expect("config.toml:2")
    talk.answer(CHOICE, "1")
    assert talk.end() == 130
    assert operator.config.read_text("utf-8") == 'language = "en"\n[[watch]\n'


def test_init_where_there_can_be_no_service_does_not_ask_for_one(operator):
    talk = operator.init("--no-example", NO_SYSTEMD="1")
    talk.answer(CHOICE, "en")
    talk.answer(r"\[1\]: ", "1")
    talk.answer(CHOICE, "simulator")
    talk.expect("sorad cannot be a service here. systemd does not run")
    talk.expect("sorad run")
    assert talk.end() == 0


def test_init_never_replaces_a_storyboard(operator):
    mine = operator.vault / "sorad_example/storyboard_example.json"
    mine.parent.mkdir()
    mine.write_text("mine")
    talk = operator.init("--no-service", "--provider", "simulator")
    talk.answer(CHOICE, "en")
    talk.answer(r"\[1\]: ", "1")
    talk.answer(YES_NO, "y")
    talk.expect("stays as it is")
    assert talk.end() == 0
    assert mine.read_text() == "mine"


def test_init_by_flags_refuses_a_wrong_key_and_takes_it_unchecked(operator):
    flags = ("--yes", "--lang", "en", "--path", str(operator.vault))
    talk = operator.init(*flags, SORA_API_KEY=WRONG)
    talk.expect("refuses the API key")
    assert talk.end() == 1
    assert not operator.config.exists()
    assert operator.init(*flags, "--no-check", SORA_API_KEY=WRONG).end() == 0
    good = operator.init(*flags, "--force", SORA_API_KEY=KEY)
    good.expect(r"The key is good.\nBalance: 1000.00 USD")
    assert good.end() == 0


def test_init_by_flags_installs_the_service(operator):
    flags = ("--yes", "--path", str(operator.vault), "--provider", "simulator", "--service", "--example")
    operator.simulator.stop()
    operator.simulator = Simulator(key=None)
    operator.simulator.start()
    talk = operator.init("--lang", "en", *flags)
    talk.expect("is ready")
    assert talk.end() == 0
    assert (operator.vault / "sorad_example/storyboard_example.json").exists()


def until(condition, seconds: float = 30.0) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
