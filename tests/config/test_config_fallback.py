"""``fallback``: names of other providers, and no way back."""

from __future__ import annotations

from pathlib import Path

import pytest

from sorad.config.errors import ConfigError
from sorad.config.load import load


def config(folder: Path, **fallbacks: str) -> Path:
    """A config with these providers, each with its fallback."""
    tables = [
        f'[[provider]]\nname = "{name}"\nkind = "simulator"\nfallback = {value}'
        for name, value in fallbacks.items()
    ]
    file = folder / "config.toml"
    file.write_text(f'[[watch]]\npath = "{folder.as_posix()}"\n' + "\n".join(tables), "utf-8")
    return file


@pytest.mark.parametrize(
    ("fallbacks", "codes"),
    [
        ({"a": '["b", "c"]', "b": '["c"]', "c": "[]"}, []),
        ({"a": "[]"}, []),
        ({"a": '["a"]', "b": "[]"}, ["config.fallback_self"]),
        ({"a": '["b", "nobody"]', "b": "[]"}, ["config.no_provider"]),
        ({"a": '["b"]', "b": '["a"]'}, ["config.fallback_circle"] * 2),
        ({"a": '["b"]', "b": '["c"]', "c": '["b"]'}, ["config.fallback_circle"] * 2),
        ({"a": '"b"', "b": "[]"}, ["config.type"]),
    ],
)
def test_a_fallback_leads_to_others_and_never_back(
    tmp_path: Path, fallbacks: dict[str, str], codes: list[str]
) -> None:
    file = config(tmp_path, **fallbacks)
    if not codes:
        assert {
            one.title: "[" + ", ".join(f'"{name}"' for name in one.fallback) + "]"
            for one in load(file).providers
        } == fallbacks
        return
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert caught.value.exit_code == 78
    found = [one.code for one in caught.value.problems]
    assert found == codes or (codes == ["config.type"] and len(found) == 1)
    for problem in caught.value.problems:
        assert "config.toml:" in problem.text()
        assert problem.fix_text()
