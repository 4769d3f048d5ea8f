"""What the folders mean against the ledger, as tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from sorad.config.model import Watch
from sorad.ledger.values import Storyboard
from sorad.vault.compare import compare, not_ours
from sorad.vault.roots import Roots
from sorad.vault.scan import Scan, Seen


def board(path: str = "/r/storyboard.json", **members) -> Storyboard:
    values = {
        "id": 1,
        "root": "/r",
        "path": path,
        "size": 1,
        "mtime_ns": 1,
        "content": "",
        "state": "ok",
        "rules": "now",
    }
    return Storyboard(**{**values, **members})


SEEN = Seen("/r/storyboard.json", 1, 1)


@pytest.mark.parametrize(
    ("files", "boards", "read", "missing"),
    [
        ([SEEN], [], True, False),
        ([SEEN], [board()], False, False),
        ([SEEN], [board(state="invalid")], False, False),
        ([SEEN], [board(size=2)], True, False),
        ([SEEN], [board(mtime_ns=2)], True, False),
        ([SEEN], [board(rules="before")], True, False),
        ([SEEN], [board(root="/")], True, False),
        ([SEEN], [board(state="gone")], True, False),
        ([], [board()], False, True),
        ([], [board(state="gone")], False, False),
        ([Seen(SEEN.path, 0, 0, placeholder=True)], [board()], False, False),
        ([Seen(SEEN.path, 0, 0, placeholder=True)], [], False, False),
    ],
)
def test_what_is_to_be_done(files, boards, read: bool, missing: bool) -> None:
    changes = compare(Scan(files), boards, "/r", "now")
    assert (bool(changes.read), bool(changes.missing)) == (read, missing)


def test_below_an_unreadable_folder_nothing_is_missing() -> None:
    boards = [board("/r/dark/storyboard.json"), board("/r/darker/storyboard.json")]
    changes = compare(Scan(errors=[("/r/dark", "denied")]), boards, "/r", "now")
    assert [one.path for one in changes.missing] == ["/r/darker/storyboard.json"]


def test_a_look_below_a_folder_tells_nothing_of_the_rest() -> None:
    boards = [board("/r/a/storyboard.json"), board("/r/b/storyboard.json")]
    changes = compare(Scan(), boards, "/r", "now", "/r/a")
    assert [one.path for one in changes.missing] == ["/r/a/storyboard.json"]


@pytest.mark.parametrize(
    ("files", "empty", "known", "familiar", "code"),
    [
        ([], True, True, True, "root.empty"),
        ([], True, False, False, None),
        ([], False, True, True, None),
        ([], False, True, False, "root.replaced"),
        ([], False, False, False, None),
        ([SEEN], False, True, False, None),
    ],
)
def test_whether_a_folder_is_taken_for_the_root(files, empty, known, familiar, code) -> None:
    problem = not_ours(Scan(files, empty=empty), "/r", known=known, familiar=familiar)
    assert (problem.code if problem is not None else None) == code


def test_paths_belong_to_the_deepest_root_however_it_is_written(tmp_path: Path) -> None:
    outer, inner, link = tmp_path / "outer", tmp_path / "outer" / "inner", tmp_path / "link"
    inner.mkdir(parents=True)
    link.symlink_to(inner)
    roots = Roots([Watch(path=outer), Watch(path=link), Watch(path=inner)])
    assert list(roots.watches) == [str(outer), str(link)]
    assert roots.locate(str(outer / "x.json")) == (str(outer), str(outer / "x.json"))
    assert roots.locate(str(inner / "x.json")) == (str(link), str(link / "x.json"))
    assert roots.locate(str(link / "x.json")) == (str(link), str(link / "x.json"))
    assert roots.locate(str(link)) == (str(link), str(link))
    assert roots.locate(str(tmp_path / "outermost")) is None
