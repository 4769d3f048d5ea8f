"""A picture leaves this machine only from folders that the user has named, all links resolved."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import sorad.files.allowed_folders as inside_module
from sorad.config.load import load
from sorad.config.model import Config, Watch
from sorad.files.allowed_folders import Outside, open_inside
from sorad.intake.rules import pictures_of
from sorad.model import Request
from sorad.problems import Problem
from sorad.providers.wire.pictures import Picture, read_picture
from sorad.storyboard.image import Image, Pictures, find_image

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with a picture of its own, and one outside."""
    (tmp_path / "vault" / "sub").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    for file in ("vault/in.png", "elsewhere/out.png"):
        (tmp_path / file).write_bytes(PNG)
    return tmp_path / "vault"


def find(reference: str, vault: Path, *folders: Path, named: Sequence[Path] = ()) -> Image | Problem:
    return find_image(reference, vault / "sub", Pictures(folders or (vault,), tuple(named)))


@pytest.mark.parametrize(
    "form", ["../in.png", "{vault}/in.png", "file://{vault}/in.png", "link.png", "../loop/in.png"]
)
def test_what_lies_in_the_vault_is_sent_however_it_is_named(vault: Path, form: str) -> None:
    (vault / "sub" / "link.png").symlink_to(vault / "in.png")
    (vault / "loop").symlink_to(vault)
    assert isinstance(find(form.format(vault=vault), vault), Image)


@pytest.mark.parametrize(
    "form",
    [
        "../../elsewhere/out.png",
        "{out}",
        "file://{out}",
        "link.png",
        "folder/out.png",
        "chain.png",
        "../sub/link.png",
    ],
)
def test_what_lies_outside_is_not_sent_however_it_is_named(vault: Path, form: str) -> None:
    out = vault.parent / "elsewhere" / "out.png"
    (vault / "sub" / "link.png").symlink_to(out)
    (vault / "sub" / "chain.png").symlink_to("link.png")
    (vault / "sub" / "folder").symlink_to(out.parent)
    found = find(form.format(out=out), vault)
    assert isinstance(found, Problem)
    assert found.code == "storyboard.image"
    line = f'picture_folders = ["{out.parent.resolve()}"]'
    assert line in found.fix_text()
    assert isinstance(find(form.format(out=out), vault, named=[out.parent]), Image), (
        "the line that was named helps"
    )


def test_the_line_keeps_the_folders_that_are_there(vault: Path, tmp_path: Path) -> None:
    found = find("../../elsewhere/out.png", vault, named=[tmp_path / "猫"])
    assert isinstance(found, Problem)
    assert f'["{tmp_path / "猫"}", "{(tmp_path / "elsewhere").resolve()}"]' in found.fix_text()


def test_roots_that_are_links_are_resolved_too(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(vault)
    assert isinstance(find("../in.png", vault, tmp_path / "way"), Image)
    assert isinstance(find(str(tmp_path / "way" / "in.png"), vault), Image)
    assert isinstance(find(str(vault / "in.png"), vault, tmp_path / "gone", tmp_path / "way"), Image)


def test_a_name_that_begins_alike_is_another_folder(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "vault2").mkdir()
    (tmp_path / "vault2" / "out.png").write_bytes(PNG)
    assert isinstance(find(str(tmp_path / "vault2" / "out.png"), vault), Problem)


def test_without_proc_the_same_is_told(vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_thing(path: Any) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(inside_module.os, "readlink", no_such_thing)
    monkeypatch.setattr(inside_module.sys, "platform", "other")
    open_inside(vault / "in.png", [vault]).close()
    with pytest.raises(Outside):
        open_inside(tmp_path / "elsewhere" / "out.png", [vault])


# --- when it is sent --------------------------------------------------------------------------------------


def request_for(path: Path) -> Request:
    return Request("a", image=f"sha256:{hashlib.sha256(PNG).hexdigest()}", image_path=str(path))


def test_it_is_judged_again_on_the_file_that_is_sent(vault: Path, tmp_path: Path) -> None:
    request = request_for(vault / "in.png")
    assert isinstance(read_picture(request.image, request.image_path, [vault]), Picture)
    (vault / "in.png").unlink()
    (vault / "in.png").symlink_to(tmp_path / "elsewhere" / "out.png")  # the same content, even
    found = read_picture(request.image, request.image_path, [vault])
    assert isinstance(found, Problem)
    assert found.code == "provider.picture"
    assert isinstance(
        read_picture(request.image, request.image_path, [vault, tmp_path / "elsewhere"]), Picture
    )


def test_a_pipe_in_place_of_a_picture_is_not_waited_for(vault: Path) -> None:
    (vault / "in.png").unlink()
    os.mkfifo(vault / "in.png")
    request = request_for(vault / "in.png")
    assert isinstance(read_picture(request.image, request.image_path, [vault]), Problem)


def test_a_link_that_is_swapped_while_it_is_judged_changes_nothing(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = vault / "link.png"
    link.symlink_to(tmp_path / "elsewhere" / "out.png")
    opened = inside_module.open_file

    def swapped(path: Path) -> Any:
        file = opened(path)
        link.unlink()
        link.symlink_to(vault / "in.png")  # by name it lies inside by now
        return file

    monkeypatch.setattr(inside_module, "open_file", swapped)
    with pytest.raises(Outside):
        open_inside(link, [vault])


# --- whose folders ----------------------------------------------------------------------------------------


def test_folders_are_those_of_all_roots_and_of_the_key(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[[watch]]\npath = "a"\n[[watch]]\npath = "b"\n[storyboards]\npicture_folders = ["~/p", "rel"]\n',
        "utf-8",
    )
    config = load(tmp_path / "config.toml")
    assert pictures_of(config, config.watch[0]) == Pictures(
        (tmp_path / "a", tmp_path / "b"), (Path("~/p").expanduser(), tmp_path / "rel")
    )


def test_a_folder_that_is_not_watched_counts_with_the_vault_around_it(tmp_path: Path) -> None:
    board = tmp_path / "vault" / "film" / "ep1"
    board.mkdir(parents=True)
    (tmp_path / "vault" / ".obsidian").mkdir()
    (tmp_path / "vault" / ".obsidian" / "app.json").write_text("{}")
    config = Config(watch=(Watch(path=tmp_path / "other"),))
    assert pictures_of(config, Watch(path=board)).allowed == (tmp_path / "other", board, tmp_path / "vault")


def test_the_whole_home_folder_is_no_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".tool").mkdir()
    (tmp_path / ".tool" / "app.json").write_text("{}")
    monkeypatch.setenv("HOME", str(tmp_path))
    board = tmp_path / "Downloads"
    board.mkdir()
    assert pictures_of(Config(), Watch(path=board)).allowed == (board,)


def test_a_storyboard_that_names_one_is_refused_with_its_field(vault: Path) -> None:
    from sorad.storyboard.read import Rules, read_bytes

    rules = Rules(5_000_000, 10, 10, 1, False, lambda request: [], Pictures((vault,)))
    text = json.dumps(
        {"segments": [{"segment_index": 1, "prompt_text": "x", "image_url": "../../elsewhere/out.png"}]}
    )
    (problem,) = read_bytes(text.encode(), vault / "sub", rules).problems
    assert (problem.code, problem.where) == ("storyboard.image", "segments[0].image_url")
