"""`sorad claim` and `sorad spend`, as a person runs them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sorad.claim.claims import Claims
from sorad.claim.doubles import Double, tell, unseen
from sorad.claim.machine import Machine
from sorad.claim.note import NAME, Claim, read, write
from sorad.cli.look.spend import sums
from sorad.cli.main import main
from sorad.clock import SystemClock
from sorad.config.model import Watch
from sorad.engine.run.commands import Commands
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Change, Purchase, Storyboard, Want
from sorad.lock import acquire
from sorad.model import Request, State

OTHER = Claim("f" * 16, 3, "studio")


class House:
    """A config, a vault, a ledger."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.vault, self.state = home / "vault", home / "state"
        self.vault.mkdir()
        self.config = home / "config.toml"
        self.config.write_text(
            f"state_dir = {str(self.state)!r}\n[[watch]]\npath = {str(self.vault)!r}\n"
            "[provider]\nkind = 'simulator'\n"
        )
        self._capsys = capsys

    def run(self, *words: str) -> tuple[int, str, str]:
        code = main(["--lang", "en", "--config", str(self.config), *words])
        out, err = self._capsys.readouterr()
        return code, out, err

    def ledger(self) -> SqliteLedger:
        self.state.mkdir(exist_ok=True)
        return SqliteLedger.open(self.state / "ledger.sqlite3")


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> House:
    return House(tmp_path, capsys)


# --- claim ------------------------------------------------------------------------------------------------


def test_claim_writes_the_note_itself_where_no_daemon_runs(house: House) -> None:
    (house.vault / NAME).write_text("mine\n" + write("", OTHER))
    code, out, err = house.run("claim", str(house.vault))
    assert (code, err) == (0, "")
    assert "buys in" in out
    text = (house.vault / NAME).read_text()
    (claim,) = read(text).claims
    assert claim.generation == OTHER.generation + 1
    assert claim.machine == json.loads((house.state / "machine.json").read_text())["id"]
    assert text.startswith("mine\n")

    code, out, _err = house.run("claim", str(house.vault / "film"), "--release")
    assert code == 0
    assert "no longer" in out
    assert read((house.vault / NAME).read_text()).claims[0].released


def test_claim_refuses_what_it_cannot_do(house: House, tmp_path: Path) -> None:
    code, _out, err = house.run("claim", str(tmp_path / "elsewhere"))
    assert code == 1
    assert "not in a watched folder" in err
    code, _out, err = house.run("claim", str(house.vault), "--release")
    assert code == 1
    assert "no claim" in err
    assert not (house.vault / NAME).exists()


def test_claim_of_a_folder_above_all_roots_is_refused(house: House) -> None:
    for path in (house.vault.parent, Path("/")):
        code, _out, err = house.run("claim", str(path))
        assert code == 1
        assert "not in a watched folder" in err
    assert not (house.vault / NAME).exists()


def test_claim_of_the_obsidian_vault_above_a_root_is_one_of_the_root(house: House) -> None:
    settings = house.vault.parent / ".obsidian"
    settings.mkdir()
    (settings / "app.json").write_text("{}")
    assert house.run("claim", str(house.vault.parent))[0] == 0
    assert read((house.vault.parent / NAME).read_text()).claims
    assert house.run("claim", str(house.vault.parent.parent))[0] == 1


class Running:
    """As much of a daemon as answers commands."""

    def __init__(self, house: House) -> None:
        self.ledger = house.ledger()
        self._lock = acquire(house.state, "run")
        watch = Watch(path=house.vault)
        clock = SystemClock()
        self.claims = Claims([watch], self.ledger, clock, Machine("a" * 16, "pc"))

        class StepContext:
            ledger = self.ledger

        StepContext.clock = clock  # type: ignore[attr-defined]
        commands = Commands(StepContext(), lambda path: None, self.claims)  # type: ignore[arg-type]
        self._stop = threading.Event()

        def work() -> None:
            while not self._stop.wait(0.02):
                commands.run()

        self._thread = threading.Thread(target=work)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._lock.release()
        self.ledger.close()


@pytest.fixture
def running(house: House) -> Iterator[Running]:
    one = Running(house)
    yield one
    one.close()


def test_claim_asks_the_daemon_where_one_runs(house: House, running: Running) -> None:
    code, _out, err = house.run("claim", str(house.vault))
    assert (code, err) == (0, "")
    (claim,) = read((house.vault / NAME).read_text()).claims
    assert claim.machine == "a" * 16
    assert running.claims.standing(str(house.vault)).value == "ours"
    assert house.run("claim", str(house.vault), "--release")[0] == 0
    code, _out, err = house.run("claim", str(house.vault), "--release")
    assert code == 1
    assert "no claim" in err


def test_the_daemon_refuses_a_folder_above_all_roots_as_well(house: House, running: Running) -> None:
    code, _out, err = house.run("claim", str(house.vault.parent))
    assert code == 1
    assert "not in a watched folder" in err
    assert running.claims.standing(str(house.vault)).value == "none"


def test_status_shows_whose_a_root_is(house: House, running: Running) -> None:
    from sorad.ledger.values import RootRow

    (house.vault / NAME).write_text(write("", OTHER))
    running.ledger.put_root(RootRow(str(house.vault), "watching", ""))
    assert not running.claims.may_buy(str(house.vault))
    _code, out, _err = house.run("status", "--json")
    report = json.loads(out)
    assert report["roots"][0]["claim"]["state"] == "other"
    assert report["roots"][0]["claim"]["owner"] == "studio"
    (problem,) = [one for one in report["problems"] if one["code"] == "claim.other"]
    assert "studio" in problem["message"]
    assert (problem["level"], report["daemon"]["healthy"]) == ("note", True)


# --- spend ------------------------------------------------------------------------------------------------


def purchase(day: str = "2026-11-23 10:00", **members: Any) -> Purchase:
    at = time.mktime(time.strptime(day, "%Y-%m-%d %H:%M"))
    told: dict[str, Any] = {"storyboard": "/v/a.json", "state": State.DONE, "estimate": 500, "cost": 480}
    told.update(members)
    return Purchase(
        1, "/v", told["storyboard"], 1, 1, told["state"], "", "", told["estimate"], told["cost"], at
    )


MIXED = [
    purchase("2026-11-23 00:00"),
    purchase("2026-11-23 23:59", storyboard="/v/b.json"),
    purchase("2026-11-24 00:00", state=State.FAILED, cost=0),
    purchase("2026-11-24 12:00", state=State.GENERATING, estimate=None, cost=300),
    purchase("2026-11-24 12:00", estimate=None, cost=None),
]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("day", {"2026-11-23": (2, 1000, 960, 0), "2026-11-24": (3, 800, 300, 1)}),
        ("storyboard", {"/v/a.json": (4, 1300, 780, 1), "/v/b.json": (1, 500, 480, 0)}),
        ("state", {"done": (3, 1000, 960, 1), "failed": (1, 500, 0, 0), "generating": (1, 300, 300, 0)}),
    ],
)
def test_spend_sums_by(by: str, expected: dict[str, tuple[int, int, int, int]]) -> None:
    found = sums(MIXED, by)
    told = {key: (one.purchases, one.estimated, one.actual, one.unpriced) for key, one in found.items()}
    assert told == expected
    assert list(found) == sorted(found)


@pytest.fixture
def bought(house: House) -> House:
    ledger = house.ledger()
    now = time.time()
    for number, cost in ((1, 480_000), (2, 520_000)):
        request = Request(f"a cat {number}")
        want = Want(1, 1, request, request.fingerprint(), str(house.vault / f"{number}.mp4"))
        path = str(house.vault / f"storyboard{number}.json")
        ledger.apply(Storyboard(0, str(house.vault), path, 1, 1, f"c{number}", "ok"), [want], now)
        (take,) = ledger.takes(storyboard=path)
        take = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True, cost=500_000), now)
        ledger.record(
            take,
            Change(State.GENERATING, "accepted", remote_id=f"t{number}", cost=cost, accepted_at=now),
            now,
        )
    ledger.remember("currency", "CNY")
    ledger.close()
    return house


def test_spend_in_json(bought: House) -> None:
    code, out, _err = bought.run("spend", "--by", "storyboard", "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["currency"], told["by"]) == ("CNY", "storyboard")
    assert [row["actual"] for row in told["rows"]] == [0.48, 0.52]
    assert told["total"] == {
        "purchases": 2,
        "estimated": 1.0,
        "actual": 1.0,
        "unpriced": 0,
        "possible": 0.0,
        "repeated": 0.0,
    }


@pytest.mark.parametrize("by", ["day", "storyboard", "state"])
def test_spend_for_people(bought: House, by: str) -> None:
    code, out, _err = bought.run("spend", "--by", by)
    lines = out.splitlines()
    assert code == 0
    assert "CNY" in lines[-1]
    assert lines[-1].split()[-3:] == ["2", "1.00", "1.00"]
    assert len({len(line) for line in lines}) == 1


def test_spend_before_anything_was_bought(house: House) -> None:
    house.ledger().close()
    assert "Nothing" in house.run("spend")[1]


def test_what_two_computers_paid_for_is_in_spend_and_ends_with_resolve(bought: House) -> None:
    ledger = bought.ledger()
    (first, *_more) = ledger.takes()
    tell(ledger, Double(first.id, str(bought.vault), "t1", 480_000, "t9", "studio", 700_000, "CNY"))
    ledger.close()
    assert json.loads(bought.run("spend", "--json")[1])["by_others"] == {"CNY": 0.7}
    assert "0.70 CNY" in bought.run("spend")[1]
    assert bought.run("resolve", "--seen", "999")[0] == 0
    running = Running(bought)
    try:
        code, out, err = bought.run("resolve", "--seen", str(first.id))
    finally:
        running.close()
    assert (code, err) == (0, "")
    assert all(word in out for word in ("t1", "t9", "studio", "0.48", "0.70"))
    ledger = bought.ledger()
    assert unseen(ledger) == []
    ledger.close()
    assert json.loads(bought.run("spend", "--json")[1])["by_others"] == {"CNY": 0.7}


def test_a_claim_shows_what_two_computers_paid_for(bought: House) -> None:
    ledger = bought.ledger()
    tell(ledger, Double(1, str(bought.vault), "t1", 480_000, "t9", "studio", None, ""))
    ledger.close()
    code, out, _err = bought.run("claim", str(bought.vault))
    assert code == 0
    assert all(word in out for word in ("t1", "t9", "studio", "? CNY"))
    ledger = bought.ledger()
    assert unseen(ledger) == []
    ledger.close()
