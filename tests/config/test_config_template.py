"""The config that `sorad init` writes: every key is there, in one language, and it loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from sorad.config import template
from sorad.config.errors import keys_of, tables_of
from sorad.config.load import load, tomllib
from sorad.config.model import Config
from sorad.config.template import Answers, render
from sorad.messages import set_language

CHINESE = re.compile("[\u3400-\u9fff]")
KEY = re.compile(r"(?m)^(?:# )?(\w+) = ")
KINDS = {
    "sora_hk": Answers((Path("/a b"), Path("/c")), api_key_file=Path("/k")),
    "openai_videos": Answers(
        (Path("/a"),), kind="openai_videos", base_url="https://x/v1", model="veo", seconds=(4,)
    ),
    "simulator": Answers((Path("/a"),), kind="simulator"),
}


@pytest.fixture(params=["en", "zh"])
def lang(request):
    yield set_language(request.param)
    set_language("en")


def tables() -> dict[str, type[BaseModel]]:
    return tables_of(Config)


def parts(text: str) -> dict[str, str]:
    """The text of each table by its name; the first of several."""
    cut = re.split(r"(?m)^(?:# )?\[+(\w+)\]+", text)
    found: dict[str, str] = {"": cut[0]}
    for name, part in zip(cut[1::2], cut[2::2]):
        found.setdefault(name, part)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_new_config_names_every_key_of_every_table(lang, kind):
    text = parts(render(KINDS[kind]))
    for name, model in tables().items():
        assert set(keys_of(model)) <= set(KEY.findall(text[name])), name
    assert set(keys_of(Config)) - tables().keys() <= set(KEY.findall(text[""]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_new_config_says_nothing_but_the_answers(lang, kind, tmp_path):
    answers = KINDS[kind]
    file = tmp_path / "config.toml"
    file.write_text(render(answers), "utf-8")
    config = load(file)
    assert [watch.path for watch in config.watch] == list(answers.paths)
    written = tomllib.loads(file.read_text("utf-8"))
    assert {name for name, table in written.items() if table} == {"language", "watch", "provider"}
    for name in tables().keys() - {"watch", "provider"}:
        assert getattr(config, name) == Config.model_fields[name].get_default(call_default_factory=True), name


def test_each_comment_of_the_new_config_can_be_made_a_setting(lang, tmp_path):
    text = re.sub(r"(?m)^# (\w+ = |\[\[model)", r"\1", render(KINDS["openai_videos"]))
    needed = {"watch": {"path", "output_mode"}, "provider": {"model", "seconds"}, "disk": {"min_free"}}
    raw = tomllib.loads(text)
    for name, keys in needed.items():
        table = raw[name][0] if name == "watch" else raw[name]
        assert keys <= table.keys()


def test_the_new_config_speaks_one_language(lang):
    lines = [line for line in render(KINDS["sora_hk"]).splitlines() if "#" in line]
    english = [line for line in lines if not CHINESE.search(line)]
    if lang == "en":
        # what is typed, as in a URL with a Chinese name, stays
        assert [line for line in lines if CHINESE.search(line) and '"' not in line] == []
    else:
        assert len(english) < len(lines) / 2
        assert "监视" in "".join(lines)


@pytest.mark.parametrize(
    ("line", "english", "chinese"),
    [
        ("# how long / 多久", "# how long", "# 多久"),
        ("# 多久", "", "# 多久"),
        ("# how long", "# how long", "# how long"),
        ("# auto, zh, en / 语言", "# auto, zh, en", "# 语言"),
        ('# as in "x" / 如 "x"', '# as in "x"', '# 如 "x"'),
        ('#   "x://"   a bot / 机器人', '#   "x://"   a bot', '#   "x://"   机器人'),
        ('#   "x://"   Bark', '#   "x://"   Bark', '#   "x://"   Bark'),
    ],
)
def test_a_comment_in_two_languages_is_parted(line, english, chinese):
    assert template._chosen(line, False) == english
    assert template._chosen(line, True) == chinese


def test_the_example_lies_where_an_installed_sorad_finds_it():
    """In a wheel the example lies beside the template; pyproject puts it there."""
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    packed = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert packed["config.example.toml"] == "sorad/config/example.toml"
    assert template.example() == (Path(__file__).parents[2] / "config.example.toml").read_text("utf-8")
