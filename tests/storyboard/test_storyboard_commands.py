"""`sorad validate` and `sorad schema`."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sorad.cli.setup import schema, validate
from sorad.model import Request
from sorad.problems import Problem
from sorad.storyboard.schema import json_schema

SAMPLES = Path(__file__).parents[1] / "samples"


def refuse_five_seconds(request: Request) -> list[Problem]:
    return [Problem("request.seconds", "5 s is not offered.", "Use 10.")] if request.seconds == 5 else []


@pytest.fixture(autouse=True)
def _a_provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sorad.providers.sellers.validator_of", lambda config: refuse_five_seconds)
    monkeypatch.setattr("sorad.cli.shared.settings.find_config", lambda explicit, env: None)
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config")
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    for command in (validate, schema):
        command.add(subparsers, [common])
    args = parser.parse_args(arguments)
    code: int = args.handler(args)
    return code, capsys.readouterr().out


def test_good_files_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    path = SAMPLES / "storyboard_demo.json"
    assert run(capsys, "validate", str(path)) == (0, f"{path}: good; 2 segments, 2 takes\n")


def test_problems_are_told_with_file_and_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "storyboard.json"
    path.write_text(
        '{"segments": [\n{"segment_index": 1,\n"is_pro": "no", "duration_seconds": 5}\n]}', "utf-8"
    )
    code, said = run(capsys, "validate", str(path), str(SAMPLES / "storyboard_assets_template.json"))
    assert code == 1
    assert said.splitlines() == [
        f"{path}:2: segment 1, prompt_text: prompt_text is missing. "
        "Describe the video in words, in quotation marks.",
        f'{path}:3: segment 1, is_pro: "no" is neither true nor false. '
        "Write true or false, without quotation marks.",
        f"{SAMPLES / 'storyboard_assets_template.json'}:17: segment 1: 5 s is not offered. Use 10.",
    ]


def test_a_folder_is_walked_as_the_daemon_does(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for place in ("a", "a/.trash", "a/b"):
        (tmp_path / place).mkdir(parents=True)
        shutil.copy(SAMPLES / "storyboard_demo.json", tmp_path / place / "Storyboard x.JSON")
    (tmp_path / "a" / "other.json").write_text("{", "utf-8")
    code, said = run(capsys, "validate", "a")
    assert code == 0
    assert [line.split(":")[0] for line in said.splitlines()] == [
        "a/Storyboard x.JSON",
        "a/b/Storyboard x.JSON",
    ]


@pytest.mark.parametrize("name", ["missing.json", "empty"])
def test_what_is_not_there_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    code, said = run(capsys, "validate", name, str(SAMPLES / "storyboard_demo.json"))
    assert code == 2
    assert said.startswith(f"{name}: There ")
    assert len(said.splitlines()) == 2


def test_a_name_that_the_daemon_passes_over_is_mentioned(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copy(SAMPLES / "storyboard_demo.json", tmp_path / "story.json")
    code, said = run(capsys, "validate", "story.json")
    assert code == 0
    assert "storyboard*.json" in said.splitlines()[1]


def test_json_for_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "storyboard.json").write_text('{"segments":\n5}', "utf-8")
    code, said = run(capsys, "validate", "--json", "storyboard.json", str(SAMPLES / "storyboard_demo.json"))
    found: list[dict[str, Any]] = json.loads(said)
    assert code == 1
    assert [(one["ok"], one["segments"], one["takes"]) for one in found] == [(False, 0, 0), (True, 2, 2)]
    (problem,) = found[0]["problems"]
    assert problem["message"] == "5 is not a list."
    assert (problem["code"], problem["where"], problem["line"]) == ("storyboard.segments", "segments", 1)
    assert problem["fix"] == 'A storyboard is an object with a list of segments: {"segments": [...]}.'


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "schema")
    assert (code, json.loads(said)) == (0, json_schema())


def test_the_schema_is_written_beside_storyboards(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "ep").mkdir()
    (tmp_path / "ep" / "storyboard.json").write_text("{}")
    written = tmp_path / "ep" / "sorad.schema.json"
    for _again in range(2):
        assert run(capsys, "schema", "--write", str(tmp_path)) == (0, f"{written}\n")
        assert json.loads(written.read_text("utf-8")) == json_schema()
    assert sorted(one.name for one in (tmp_path / "ep").iterdir()) == ["sorad.schema.json", "storyboard.json"]


@pytest.mark.parametrize("content", ["{}", "no JSON", '{"$id": "https://x.test/other"}'])
def test_a_file_of_another_make_is_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str
) -> None:
    (tmp_path / "storyboard.json").write_text("{}")
    there = tmp_path / "sorad.schema.json"
    there.write_text(content)
    code, said = run(capsys, "schema", "--write", str(tmp_path))
    assert (code, there.read_text()) == (1, content)
    assert "not written" in said
