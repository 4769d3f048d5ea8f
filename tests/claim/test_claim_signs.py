"""Signs of a sync service, and where a vault begins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sorad.claim.sync_signs import sync_service, vault_of


def make(root: Path, name: str, content: str | None = None) -> None:
    path = root / name
    if content is None:
        path.mkdir(parents=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")


@pytest.mark.parametrize(
    ("name", "content", "service"),
    [
        (".stfolder", None, "Syncthing"),
        (".stfolder", "", "Syncthing"),
        (".stversions", None, "Syncthing"),
        (".dropbox", "{}", "Dropbox"),
        (".dropbox", None, ""),  # settings in a home folder
        (".nextcloudsync.log", "", "Nextcloud"),
        (".sync/ID", "x", "Resilio Sync"),
        ("desktop.ini", "[.ShellClassInfo]\nIconResource=C:\\OneDrive.exe", "onedrive"),
        ("desktop.ini", "[.ShellClassInfo]\nIconResource=imageres.dll", ""),
        ("nothing.md", "", ""),
    ],
)
@pytest.mark.parametrize("below", ["", "films/one"])
def test_a_mark_of_a_service(
    tmp_path: Path, name: str, content: str | None, service: str, below: str
) -> None:
    make(tmp_path, name, content)
    (tmp_path / below).mkdir(parents=True, exist_ok=True)
    assert sync_service(tmp_path / below) == service


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("Dropbox", "Dropbox"),
        ("OneDrive - Studio", "onedrive - studio"),
        ("iCloud~md~obsidian", "icloud~md~obsidian"),
        ("坚果云", "坚果云"),
        ("Nextcloud", "Nextcloud"),
        ("Google Drive", "Google Drive"),
        ("Films", ""),
    ],
)
def test_a_usual_name(tmp_path: Path, name: str, service: str) -> None:
    folder = tmp_path / name / "Vault"
    folder.mkdir(parents=True)
    assert sync_service(folder) == service


@pytest.mark.parametrize(
    ("file", "content", "service"),
    [
        ("core-plugins.json", json.dumps({"sync": True}), "Obsidian Sync"),
        ("core-plugins.json", json.dumps({"sync": False, "graph": True}), ""),
        ("core-plugins.json", json.dumps(["graph", "sync"]), "Obsidian Sync"),
        ("core-plugins.json", "{", ""),
        ("plugins/remotely-save/main.js", "", "remotely-save"),
        ("plugins/calendar/main.js", "", ""),
    ],
)
@pytest.mark.parametrize("settings", [".obsidian", ".my-settings"])
def test_what_obsidian_syncs_with(
    tmp_path: Path, file: str, content: str, service: str, settings: str
) -> None:
    make(tmp_path, f"{settings}/app.json", "{}")
    make(tmp_path, f"{settings}/{file}", content)
    assert sync_service(tmp_path) == service


def test_the_claim_is_for_the_vault_that_a_root_lies_in(tmp_path: Path) -> None:
    make(tmp_path, "Vault/.obsidian/app.json", "{}")
    (tmp_path / "Vault/ep/one").mkdir(parents=True)
    assert vault_of(tmp_path / "Vault/ep/one") == tmp_path / "Vault"
    assert vault_of(tmp_path / "Vault") == tmp_path / "Vault"
    (tmp_path / "plain/.git").mkdir(parents=True)
    assert vault_of(tmp_path / "plain") == tmp_path / "plain"


def test_a_folder_that_is_not_there_has_no_signs(tmp_path: Path) -> None:
    assert sync_service(tmp_path / "away") == ""
