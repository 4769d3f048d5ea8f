"""`sorad providers`: what is known of each, without asking; with --check, what each answers."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from sorad.budget import day_began
from sorad.cli.main import main
from sorad.ledger.place import ledger_path
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Storyboard, Want
from sorad.model import Request
from sorad.problems import Problem
from sorad.simulator.server import Simulator

URL = "http://127.0.0.1:1/v1"
CONFIG = """
language = "en"
state_dir = "{state}"
[[provider]]
name = "home"
kind = "simulator"
base_url = "{base_url}"
[[provider]]
name = "gateway"
kind = "openai_videos"
base_url = "http://127.0.0.1:{port}/v1"
api_key_env = "GATEWAY_KEY"
model = "veo-3.1-fast"
seconds = [4, 8]
price_per_second = 0.5
currency = "CNY"
lists_tasks = false
[[watch]]
path = "{vault}"
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEWAY_KEY", "sk-gateway-0123456789")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    file = tmp_path / "config.toml"
    (tmp_path / "state").mkdir()
    file.write_text(
        CONFIG.format(state=tmp_path / "state", vault=tmp_path / "vault", base_url=URL, port=port)
    )
    return file


def rows(capsys: pytest.CaptureFixture[str], config: Path, *words: str) -> tuple[int, list[dict]]:
    code = main(["providers", "--config", str(config), "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_each_provider_is_told_without_asking(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, (home, gateway) = rows(capsys, config)
    assert (code, home["name"], home["kind"], home["problem"]) == (0, "home", "simulator", None)
    assert home["balance"] is None
    assert (gateway["key"], gateway["models"], gateway["find"]) == ("$GATEWAY_KEY", ["veo-3.1-fast"], "none")
    assert (gateway["price"], gateway["seconds"], gateway["currency"]) == (2.0, 4, "CNY")


def test_what_the_daemon_saw_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ledger_path(config.parent / "state")
    ledger = SqliteLedger.open(place)
    told = {"kind": "openai_videos", "base_url": "u", "account": "a", "currency": "CNY", "concurrency": 5}
    home = {**told, "name": "home", "key": ""}
    ledger.remember("providers", [home, {**told, "name": "gateway", "key": "k"}])
    problem = Problem("provider.balance", "no money").to_json()
    ledger.remember("halt:k", {"code": "balance", "since": day_began(1e9), "until": 0.0, "problem": problem})
    ledger.close()
    _code, (first, second) = rows(capsys, config)
    assert (first["halt"], second["halt"]) == (None, "provider.balance")
    assert main(["providers", "--config", str(config)]) == 0
    assert "0, stopped" in capsys.readouterr().out


def test_what_waits_for_a_provider_that_is_not_there_is_told(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = SqliteLedger.open(ledger_path(config.parent / "state"))
    told = {
        "kind": "simulator",
        "base_url": "u",
        "account": "a",
        "currency": "USD",
        "concurrency": 5,
        "key": "",
    }
    ledger.remember("providers", [{**told, "name": "home"}])
    request = Request("a cat")
    wants = [
        Want(number, 1, request, request.fingerprint(), f"/v/{number}.mp4", target=target)
        for number, target in enumerate(["", "home", "gone", "gone"])
    ]
    ledger.apply(Storyboard(0, "/v", "/v/storyboard.json", 1, 1, "c", "ok"), wants, 1e9)
    ledger.close()
    main(["status", "--config", str(config), "--json"])
    problems = json.loads(capsys.readouterr().out)["problems"]
    (told_of,) = [one for one in problems if one["code"] == "take.no_provider"]
    assert "no provider gone: 2 takes" in told_of["message"]


def test_a_check_asks_and_fails_where_one_does(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator(balance=5.0) as simulator:
        text = config.read_text().replace(
            config.read_text().split('base_url = "')[1].split('"')[0], simulator.base_url, 1
        )
        config.write_text(text)
        code, (home, gateway) = rows(capsys, config, "--check")
    assert (home["balance"], home["problem"], home["price"]) == (5.0, None, 0.03)
    assert (code, gateway["problem"]["code"]) == (1, "provider.network")


def test_a_missing_key_is_told(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEWAY_KEY")
    code, (_home, gateway) = rows(capsys, config)
    assert (code, gateway["key"], gateway["problem"]["code"]) == (0, "", "key.missing")
