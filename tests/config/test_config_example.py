"""config.example.toml: loads as it is, and names every key with its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sorad.config.errors import keys_of, tables_of
from sorad.config.load import load, tomllib
from sorad.config.model import Config, Watch, default_state_dir

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
DEFAULTS = Config()
NO_DEFAULT = re.compile(r"(?m)^# (\w+) = ")


def tables():
    yield "", Config
    yield from tables_of(Config).items()


def text_of(table: str) -> str:
    parts = re.split(r"(?m)^(?:# )?\[+(\w+)\]+", EXAMPLE.read_text("utf-8"))
    return dict(zip(["", *parts[1::2]], parts[0::2]))[table]


def test_example_loads_and_says_nothing_but_the_defaults():
    config = load(EXAMPLE)
    for name in Config.model_fields:
        if name not in ("watch", "state_dir"):
            assert getattr(config, name) == getattr(DEFAULTS, name), name
    assert config.state_dir == default_state_dir()
    assert config.watch[0].model_copy(update={"path": Path("x")}) == Watch(path=Path("x"))


@pytest.mark.parametrize(
    ("table", "kind"), list(tables()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_example_names_every_key_and_comments_out_those_without_a_default(table, kind):
    raw = tomllib.loads(EXAMPLE.read_text("utf-8"))
    section = raw if not table else raw.get(table, {})
    written = set(section[0] if isinstance(section, list) else section)
    commented = set(NO_DEFAULT.findall(text_of(table)))
    sections = {name for name, _kind in tables()} if not table else set()
    assert (written | commented | sections) - {""} == set(keys_of(kind)) | (sections - {""})
    assert not written & commented
    absent = section == {} and table  # a table of which there need be none
    optional = {name for name, field in kind.model_fields.items() if absent or field.default is None}
    assert commented - {"state_dir"} == optional


def test_example_is_commented_in_both_languages():
    comments = "".join(re.findall(r"#.*", EXAMPLE.read_text("utf-8")))
    assert re.search(r"[\u4e00-\u9fff]{4}", comments)
    assert re.search(r"[A-Za-z]{4} [A-Za-z]{4}", comments)
