"""Names of files, prompts and a provider's words steer no terminal, whichever command shows them."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from sorad.cli.commands import COMMANDS
from sorad.model import State
from sorad.problems import Problem

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m[red]\u202eevil\u2066"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
SAID = Problem("provider.failed", "It says: {said}", "Nothing to do.", {"said": f"{EVIL}\nall is well"})

# What each command is called with; ``B``: the storyboard's path. The others show nothing of a user's files.
CALLS = {
    "list": [[], ["--json"], ["--state", "failed"]],
    "show": [["1"], ["1", "--json"]],
    "status": [[], ["--json"], ["--all"]],
    "spend": [[], ["--json"], ["--by", "storyboard"], ["--compare"], ["--compare", "--json"]],
    "providers": [[], ["--json"]],
    "log": [[], ["--take", "1"]],
    "plan": [[], ["B"], ["--json"]],
    "once": [["--dry-run"], ["--dry-run", "--input-dir", "B"]],
    "validate": [["B"], ["--json", "B"]],
    "convert": [["B"]],
    "retry": [["B"], ["1"]],
    "cancel": [["B"], ["--storyboard", "B"], ["1"]],
    "redo": [["B"], ["1"]],
    "retarget": [["B", "--provider", "simulator", "--yes"], ["1", "--provider", EVIL]],
    "approve": [["B"]],
    "choose": [["1"], ["--none", "1"]],
    "note": [["B"]],
    "gallery": [[], ["B"]],
    "open": [["1"], ["B"]],
    "export": [["B", "--to", "srt"]],
    "sheet": [["B"]],
    "cut": [["B"]],
    "resolve": [["1", "--adopt", EVIL, "--yes"], ["1", "--drop", "--yes"]],
    "pause": [[]],
    "resume": [[]],
    "scan": [[], ["B"]],
    "claim": [["B"]],
    "doctor": [["--offline"], ["--offline", "--json"]],
}
SHOW_NOTHING_OF_FILES = {"demo", "run", "init", "service", "notify", "schema", "simulate", "completion"}


def test_every_command_is_tried() -> None:
    assert CALLS.keys() | SHOW_NOTHING_OF_FILES == COMMANDS.keys()


@pytest.fixture
def board(house) -> str:
    """A storyboard with an evil name and text on the disk, and takes of it with a provider's evil words."""
    path = Path(house.vault) / f"storyboard_{EVIL}.json"
    shots = [{"segment_index": 1, "prompt_text": f"a cat {EVIL}", "duration_seconds": EVIL, EVIL: 1}]
    path.write_text(json.dumps({"segments": shots}), "utf-8")
    house.root("offline", Problem("root.missing", "{path} is away.", "", {"path": f"{house.vault}/{EVIL}"}))
    house.takes(1, State.FAILED, name=path.name, error=SAID, request_id="r1")
    house.takes(1, State.UNKNOWN, name=f"{EVIL}.json", error=SAID)
    log = house.state_dir / "logs" / "sorad.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"2026-11-23 10:00:00.000 | INFO | take 1: {EVIL}\n", "utf-8")
    return str(path)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("command", "words"), [(name, words) for name, calls in CALLS.items() for words in calls], ids=str
)
def test_nothing_in_files_steers_the_terminal(house, board, command, words, lang) -> None:
    ran = house.sorad(command, *(board if word == "B" else word for word in words), lang=lang)
    assert STEERING.findall(ran.out + ran.err) == []
    assert ran.out + ran.err or command in ("once",)
    assert "Traceback" not in ran.err
    assert ran.code != 70


def test_json_says_the_names_as_they_are(house, board) -> None:
    assert EVIL in json.loads(house.sorad("list", "--json").out)[0]["storyboard"]


def test_commands_write_through_one_place() -> None:
    """What prints by itself would forget to clean what it prints."""
    own = {"common.py", "ask.py"}  # they are that place
    for path in (Path(__file__).parents[2] / "sorad" / "cli").rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        prints = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
        # a flush alone, and a simulator's own lines, carry nothing of others
        shown = [call.lineno for call in prints if call.args]
        assert path.name in own or shown == [], path
