"""`sorad plan` tells the truth about money, folders and names; questions about money carry the price."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sorad.cli.main import main
from sorad.cli.shared import common
from sorad.cli.shared.columns import form
from sorad.health.facts import Facts
from sorad.health.report import report
from sorad.ledger.sqlite import SqliteLedger
from sorad.messages import set_language
from sorad.model import Request

BOARD = {
    "segments": [
        {"segment_index": 1, "prompt_text": "A cat\nthat sits " + "for long " * 20},
        {
            "segment_index": 2,
            "prompt_text": "B",
            "duration_seconds": 15,
            "resolution": "vertical",
        },
    ]
}


class House:
    """A config with prices, and a folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.vault = folder / "vault"
        self.vault.mkdir()
        (self.vault / "storyboard_a.json").write_text(json.dumps(BOARD), "utf-8")
        (folder / "key").write_text("sk-x", "utf-8")
        (folder / "key").chmod(0o600)
        self.configure()

    def configure(self, more: str = "", provider: str = "") -> None:
        provider = provider or (
            'kind = "openai_videos"\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\nmodel_pro = "n"\n'
            "lists_tasks = true\n"
            'seconds = [10, 15]\nprice_per_second = 0.05\napi_key_file = "key"'
        )
        (self.folder / "config.toml").write_text(
            f'state_dir = "state"\n[[watch]]\npath = "vault"\n{more}\n[provider]\n{provider}\n', "utf-8"
        )

    def sorad(self, *words: str) -> tuple[int, str]:
        code = main(["--lang", "en", *words, "--config", str(self.folder / "config.toml")])
        return code, self.capsys.readouterr().out


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.delenv("SORA_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    return House(tmp_path, capsys)


def notes(house: House) -> list[str]:
    _code, said = house.sorad("plan", "--json")
    return [note["code"] for note in json.loads(said)["notes"]]


def test_the_plan_shows_length_direction_model_and_how_the_prompt_begins(house: House) -> None:
    code, said = house.sorad("plan")
    assert code == 0
    one, two = (line for line in said.splitlines() if line.startswith("  + "))
    assert one.startswith("  + segment 1, take 1  0.50 USD  10 seconds, horizontal  A cat that sits for long")
    assert one.endswith("…")
    assert two == "  + segment 2, take 1  0.75 USD  15 seconds, vertical  B"
    assert "2 takes would be bought: 1.25 USD" in said


def test_a_root_that_is_away_hides_none_that_is_there(house: House) -> None:
    house.configure('[[watch]]\npath = "gone"')
    code, said = house.sorad("plan")
    assert code == 1
    assert "2 takes would be bought" in said
    assert "gone is not there" in said
    assert "goes on at the next start" in said  # no daemon runs that would go on by itself


def test_names_that_are_never_read_are_told(house: House) -> None:
    for name in ("分镜_01.json", "storyboard_1.json.txt", "notes.txt", "data.json"):
        (house.vault / name).write_text("{}", "utf-8")
    _code, said = house.sorad("plan")
    (line,) = [line for line in said.splitlines() if line.startswith("! Passed over")]
    assert "分镜_01.json" in line
    assert "storyboard_1.json.txt" in line
    assert "notes" not in line
    assert "data" not in line


@pytest.mark.parametrize(
    ("budget", "code"),
    [("approve_above = 0.9", "plan.approve"), ("per_day = 0.9", "plan.day"), ("per_day = 1.25", "")],
)
def test_what_the_budget_holds_is_told(house: House, budget: str, code: str) -> None:
    house.configure(f"[budget]\n{budget}")
    assert notes(house) == ([code] if code else [])


def test_why_a_price_is_not_known(house: House) -> None:
    house.configure(provider='kind = "sora_hk"\nbase_url = "http://127.0.0.1:1/v1"')
    _code, said = house.sorad("plan")
    assert "2 takes would be bought: price not known" in said
    assert "no key to ask with" in said
    house.configure(provider='kind = "sora_hk"\nbase_url = "http://127.0.0.1:1/v1"\napi_key_file = "key"')
    _code, said = house.sorad("plan")
    assert "The price is not known: 127.0.0.1 cannot be reached" in said


def test_force_asks_with_the_price_where_a_person_sits(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "n"

    monkeypatch.setattr("sorad.cli.work.once.asks", lambda: True)
    monkeypatch.setattr(common, "asks", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    code, _said = house.sorad("once", "--force")
    assert (code, asked) == (0, ["Buy 2 takes, for 1.25 USD? [y/N] "])
    assert not (house.folder / "state" / "ledger.sqlite3").exists()


def test_the_better_model_is_named() -> None:
    set_language("en")
    assert form(Request("x", pro=True, seconds=15)) == "15 seconds, horizontal, pro"


def test_status_has_the_limit_beside_what_was_spent(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "ledger.sqlite3")
    from sorad.health.facts import from_ledger

    ledger.remember("limits", {"concurrency": 20, "per_day": 3.5})
    facts: Facts = from_ledger(ledger, None, 1_800_000_000.0)
    spend: dict[str, Any] = report(facts)["spend"]
    ledger.close()
    assert spend["per_day"] == 3.5


def test_where_a_lost_create_cannot_be_found_that_is_told_before(house: House) -> None:
    house.configure(
        provider='kind = "openai_videos"\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\nmodel_pro = "n"\n'
        'seconds = [10, 15]\nprice_per_second = 0.05\napi_key_file = "key"'
    )
    assert notes(house) == ["provider.unfindable"]
