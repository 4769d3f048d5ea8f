"""A note on a real disk, and somebody who writes it at any moment: nothing of theirs is lost."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sorad.notes.merge import END, merged, users_part
from sorad.notes.writing import LARGEST, Note, Odd

STEPS = ["link", "linked", "checked", "renamed", "read", "bring", "again"]


class Editor:
    """Somebody who edits the note: into the file that it opened, which it truncates first, in pieces."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.words: list[str] = []
        self._file: Optional[object] = None
        self._rest = ""

    def open_and_truncate(self) -> None:
        if self._file is None:
            text = self.path.read_text("utf-8")
            self.words.append(f"word{len(self.words)}")
            self._rest = f"{text}{'' if text.endswith(chr(10)) else chr(10)}{self.words[-1]}\n"
            self._file = self.path.open("w", encoding="utf-8", newline="")

    @property
    def is_at_rest(self) -> bool:
        return self._file is None

    def write_half(self) -> None:
        if self._file is not None:
            half = len(self._rest) // 2
            self._file.write(self._rest[:half])  # type: ignore[attr-defined]
            self._file.flush()  # type: ignore[attr-defined]
            self._rest = self._rest[half:]

    def finish(self) -> None:
        if self._file is not None:
            self._file.write(self._rest)  # type: ignore[attr-defined]
            self._file.close()  # type: ignore[attr-defined]
            self._file = None

    def save_at_once(self) -> None:
        self.open_and_truncate()
        self.finish()


ACTS: list[Callable[[Editor], None]] = [
    Editor.open_and_truncate,
    Editor.write_half,
    Editor.finish,
    Editor.save_at_once,
]


def all_words(folder: Path) -> str:
    return "".join(path.read_text("utf-8") for path in folder.glob("[!.]*.md"))


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 3), st.sampled_from(range(4))), max_size=8))
def test_whatever_is_written_at_the_same_moment_is_kept(acts: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "film_takes.md"
        path.write_text(merged("# Mine\n", {}, ["first"]), "utf-8")
        editor, due, turns = Editor(path), list(acts), dict.fromkeys(STEPS, 0)

        def step(name: str) -> None:
            at, turns[name] = turns[name], turns[name] + 1
            for act in [one for one in due if one[:2] == (name, at)]:
                due.remove(act)
                ACTS[act[2]](editor)
            if name == "again" and at % 2:  # who is slow is done within a few seconds
                editor.finish()

        note = Note(path, lambda seconds: None, step)
        for number in range(4):
            seen = note.read()
            assert seen is not None
            if editor.is_at_rest:  # else the note was not still for three seconds
                note.write(seen, partial(merged_with, f"block {number}"))
        editor.finish()
        step("again")
        seen = note.read()
        if seen is not None and seen.text:
            note.write(seen, partial(merged_with, "last"))
        editor.finish()
        told = all_words(Path(home))
        assert "# Mine" in told
        for word in editor.words:
            assert f"{word}\n" in told, (acts, told)
        assert not list(Path(home).glob(".*")), list(Path(home).iterdir())


def merged_with(line: str, text: str) -> str:
    return merged(text, {"sorad_state": "done"}, [line])


def test_a_note_is_made_only_where_there_is_none(tmp_path: Path) -> None:
    note = Note(tmp_path / "film_takes.md", lambda seconds: None)
    assert note.make("one")
    assert not note.make("two")
    assert note.path.read_text("utf-8") == "one"
    assert [one.name for one in tmp_path.iterdir()] == ["film_takes.md"]


def test_an_empty_note_is_left_to_who_is_about_to_write_it(tmp_path: Path) -> None:
    note = Note(tmp_path / "film_takes.md", lambda seconds: None)
    note.path.touch()
    seen = note.read()
    assert seen is not None
    assert not note.write(seen, partial(merged_with, "x"))
    assert note.path.read_bytes() == b""


@pytest.mark.parametrize("what", ["latin", "large", "folder", "link"])
def test_what_is_no_note_is_said_and_left_alone(tmp_path: Path, what: str) -> None:
    note = Note(tmp_path / "film_takes.md", lambda seconds: None)
    if what == "folder":
        note.path.mkdir()
    elif what == "link":
        note.path.symlink_to(tmp_path / "elsewhere.md")
    else:
        note.path.write_bytes(b"\xff\xfe caf\xe9" if what == "latin" else b"x" * (LARGEST + 1))
    with pytest.raises(Odd) as caught:
        note.read()
    assert caught.value.problem.code == "note.odd"


class Killed(BaseException):
    """The process ends: nothing that it would have tidied up is."""


@pytest.mark.parametrize("step", ["make", "link", "linked", "checked", "renamed", "read", "again"])
@pytest.mark.parametrize("deleted", [False, True])
def test_no_file_of_a_process_that_was_killed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, deleted: bool
) -> None:
    """Also where the user deleted the note since: nothing of it comes back."""

    def killed(name: str) -> None:
        if name == step:
            monkeypatch.setattr("sorad.notes.writing.remove", lambda path: None)
            raise Killed

    note = Note(tmp_path / "film_takes.md", lambda seconds: None, killed)
    text = merged("", {}, ["x"])
    if step == "make":
        act = partial(note.make, text)
    else:
        note.path.write_text(text, "utf-8")
        seen = note.read()
        assert seen is not None
        act = partial(note.write, seen, partial(merged_with, "y"))
    with pytest.raises(Killed):
        act()
    monkeypatch.undo()
    assert note.is_untidy()
    if deleted:
        note.path.unlink(missing_ok=True)
    again = Note(note.path, lambda seconds: None)
    again.tidy(partial(merged_with, "z"))
    assert not again.is_untidy()
    there = [] if deleted or step == "make" else ["film_takes.md"]
    assert [one.name for one in tmp_path.iterdir()] == there


def test_what_a_process_left_that_ended_between_two_steps_is_looked_after(tmp_path: Path) -> None:
    note = Note(tmp_path / "film_takes.md", lambda seconds: None)
    note.path.write_text(merged("mine\n", {}, ["x"]), "utf-8")
    note.old.write_text(merged("mine, newer\n", {}, ["x"]), "utf-8")
    note.tidy(partial(merged_with, "y"))
    assert not note.old.exists()
    (kept,) = tmp_path.glob("*kept*")
    assert "mine, newer\n" in users_part(kept.read_text("utf-8"))
    assert END in note.path.read_text("utf-8")
